import { Batch } from "../store";
import type { Context } from "./context";
import { HistoryReceiver } from "./history-receiver";
import { HistorySender } from "./history-sender";
import type { Identities } from "./identities";
import { Pump } from "./lanes";
import { isOver } from "./transfers";

/** A transfer that has ended is forgotten after this time; it was shown, and holds no secret any more. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** Moves transfers of history between devices of one person, as far as the connection allows. Leader only. */
export class History {
  readonly #sender: HistorySender;
  readonly #receiver: HistoryReceiver;
  readonly #pump = new Pump(() => this.#run());
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;

  constructor(
    private readonly context: Context,
    identities: Identities,
    /** Ends when a new device of one's own is in the conversations: until then, messages pass it by. */
    admitted: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.#sender = new HistorySender(context, admitted);
    this.#receiver = new HistoryReceiver(context, identities);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Goes on with every transfer as far as it can. */
  poke(): Promise<void> {
    return this.#pump.poke();
  }

  async #run(): Promise<void> {
    const { context } = this;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    let wait: number | null = null;
    for (const { value } of await context.store.all("transfers")) {
      if (this.#stopped || !context.leads || context.link.state.kind !== "ready") return;
      if (isOver(value)) {
        if (context.now() - value.startedAt > KEPT_MS)
          await context.store.commit(new Batch().remove("transfers", value.pairing));
        continue;
      }
      const side = value.role === "sending" ? this.#sender : this.#receiver;
      const again = await side.run(value.pairing, () => this.#stopped || !context.leads);
      if (again !== null) wait = Math.min(wait ?? again, again);
    }
    if (wait === null || this.#stopped) return;
    this.#timer = setTimeout(() => {
      context.background("history", this.poke());
    }, wait);
  }
}
