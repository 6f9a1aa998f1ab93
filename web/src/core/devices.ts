import type { Event } from "../wire/frames";
import type { Announcer } from "./announce";
import { Pairings } from "./approval-old";
import { Composer } from "./composer";
import type { Context } from "./context";
import { History } from "./history";
import type { Identities } from "./identities";
import { idText } from "./ids";
import { type Conversations, OwnDevices } from "./own-devices";
import type { People } from "./people";
import { Reports } from "./reports";
import { SelfSync } from "./selfsync";
import { Synced } from "./synced";

/** The leading tab's work around identities and devices of one's own; what it does is on disk, and shown by any tab. */
export class Devices {
  readonly #pairings: Pairings;
  readonly #own: OwnDevices;
  readonly #history: History;
  readonly #selfSync: SelfSync;
  readonly #reports: Reports;
  #end: () => void = () => undefined;

  constructor(
    private readonly context: Context,
    private readonly people: People,
    private readonly identities: Identities,
    private readonly announcer: Announcer,
    private readonly conversations: Conversations,
  ) {
    this.#pairings = new Pairings(context, identities);
    this.#own = new OwnDevices(context, identities, conversations, new Synced(context));
    this.#history = new History(context, identities, () => this.#own.settled());
    this.#selfSync = new SelfSync(context, new Composer(context));
    this.#reports = new Reports(context, identities);
  }

  start(): void {
    const { context } = this;
    this.#end = context.bus.listen((notice) => {
      if (notice.t === "own-device") this.#own.now();
      else if (notice.t === "synced") this.#selfSync.soon();
      else if (notice.t === "transfer") context.background("history", this.#history.poke());
      else if (notice.t === "used") context.background("pairings", this.#pairings.poke());
      else if (notice.t === "reports") context.background("reports", this.#reports.verify());
      else if (notice.t === "ask-in")
        context.background("ask in", this.conversations.askIn(notice.conversation));
    });
  }

  stop(): void {
    this.#end();
    this.#pairings.stop();
    this.#own.stop();
    this.#history.stop();
    this.#selfSync.stop();
  }

  /** The connection has begun and the logs are read. */
  resumed(): void {
    const { context } = this;
    context.bus.publish({ t: "chain", person: null });
    context.background("trust", this.identities.trust.refresh());
    context.background("pairings", this.#pairings.poke());
    context.background("history", this.#history.poke());
    context.background("own devices", this.#selfSync.poke());
    context.background("reports", this.#reports.verify());
    this.#own.now();
  }

  async event(event: Event): Promise<void> {
    switch (event.t) {
      case "pairing_waiting":
        await this.#pairings.poke();
        return;
      case "person_changed":
        await this.people.changed(idText(event.person));
        return;
      case "reset_requested":
        await this.announcer.resetRequested(idText(event.person), event.earliest);
        return;
      case "identity_changed":
        this.context.bus.publish({ t: "chain", person: idText(event.person) });
        // A device of our own came or went, by what another one did.
        if (idText(event.person) === this.context.self.person) this.#own.soon();
    }
  }
}
