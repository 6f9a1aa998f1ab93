import type { Event } from "../wire/frames";
import type { Announcer } from "./announce";
import { Pairings } from "./approval-old";
import { numbered } from "../store";
import type { Id } from "./api";
import { Composer } from "./composer";
import type { Context } from "./context";
import { History } from "./history";
import type { Identities } from "./identities";
import { idText } from "./ids";
import { type Conversations, OwnDevices } from "./own-devices";
import type { People } from "./people";
import { Reporting } from "./reporting";
import { SelfSync } from "./selfsync";
import { Synced } from "./synced";

/** How often one's own keys are looked after; asked is once a day. */
const WATCH_MS = 60 * 60_000;

/** The leading tab's work around identities and devices of one's own; what it does is on disk, and shown by any tab. */
export class DevicesWork {
  readonly #pairings: Pairings;
  readonly #own: OwnDevices;
  readonly #history: History;
  readonly #selfSync: SelfSync;
  readonly #reports: Reporting;
  #end: () => void = () => undefined;
  #daily: ReturnType<typeof setInterval> | undefined;

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
    this.#reports = new Reporting(context, identities);
  }

  start(): void {
    const { context } = this;
    this.#daily = setInterval(() => {
      this.#watchKeys();
    }, WATCH_MS);
    this.#end = context.bus.listen((notice) => {
      if (notice.t === "own-device") this.#own.now();
      else if (notice.t === "synced") this.#selfSync.soon();
      else if (notice.t === "transfer") context.background("history", this.#history.poke());
      else if (notice.t === "used") context.background("pairings", this.#pairings.answer());
      else if (notice.t === "reports") context.background("reports", this.#reports.verify());
    });
  }

  #watchKeys(): void {
    const refresh = (person: Id) => this.identities.refresh(person);
    this.context.background("own keys", this.context.keyLog.watchOwn(refresh));
  }

  stop(): void {
    clearInterval(this.#daily);
    this.#end();
    this.#pairings.stop();
    this.#own.stop();
    this.#history.stop();
    this.#selfSync.stop();
  }

  /** The connection has begun and the logs are read. */
  resumed(): void {
    const { context } = this;
    context.background("trust", this.identities.trust.refresh());
    this.#watchKeys();
    context.bus.publish({ t: "resets" });
    context.background("pairings", this.#pairings.poke());
    context.background("history", this.#history.poke());
    context.background("own devices", this.#selfSync.poke());
    context.background("reports", this.#reports.verify());
    this.#own.now();
  }

  /** This device wants to be in a conversation in which it has no leaf. */
  async askIn(conversation: Id): Promise<void> {
    const { store } = this.context;
    const blind = await store.conversation(conversation);
    const record = (await store.get("conversations", blind))?.value;
    if (!record || record.server.generation === 0) return;
    const group = await store.get("groups", numbered(blind, record.generation));
    if (!group?.value.state) await this.conversations.askIn(conversation);
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
        this.context.bus.publish({ t: "resets" });
        return;
      case "identity_changed":
        this.context.bus.publish({ t: "chain", person: idText(event.person) });
        // A device of our own came or went, by what another one did.
        if (idText(event.person) === this.context.self.person) this.#own.soon();
    }
  }
}
