import { type TransferPlace, type TransferRecord } from "../store";
import type { HistoryState, Id } from "./api";
import type { Context } from "./context";
import { HistoryReceiver } from "./history-receiver";
import { HistorySender } from "./history-sender";
import type { Identities } from "./identities";
import { Pump } from "./lanes";
import { Value } from "./readable";

export const NOWHERE: TransferPlace = { pass: 0, next: 0, conversations: [] };

export function newTransfer(input: {
  pairing: Id;
  role: "sending" | "receiving";
  device: Id;
  key: Uint8Array;
  now: number;
}): TransferRecord {
  const { pairing, role, device, key, now } = input;
  const fresh = { index: 0, place: NOWHERE, plan: null, done: 0, total: null, state: "running" as const };
  return { pairing, role, device, key, ...fresh, startedAt: now };
}

/** A finished transfer is shown this long, so that the person sees its end. */
const SHOWN_MS = 60 * 60 * 1000;

/** Transfers of history between devices of one person: shown in every tab, moved by the leader's. */
export class History {
  readonly state = new Value<HistoryState | null>(null);
  readonly #sender: HistorySender;
  readonly #receiver: HistoryReceiver;
  readonly #pump = new Pump(() => this.#run());
  #timer: ReturnType<typeof setTimeout> | null = null;
  #end: () => void = () => undefined;
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

  async start(): Promise<void> {
    this.#end = this.context.bus.listen((notice) => {
      if (notice.t === "history") this.context.background("history", this.#show());
    });
    await this.#show();
  }

  stop(): void {
    this.#stopped = true;
    this.#end();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Goes on with every transfer as far as it can. Leader only. */
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
      if (value.state === "done" || value.state === "failed") continue;
      const side = value.role === "sending" ? this.#sender : this.#receiver;
      const again = await side.run(value.pairing, () => this.#stopped || !context.leads);
      if (again !== null) wait = Math.min(wait ?? again, again);
    }
    if (wait === null || this.#stopped) return;
    this.#timer = setTimeout(() => {
      context.background("history", this.poke());
    }, wait);
  }

  async #show(): Promise<void> {
    const rows = (await this.context.store.all("transfers")).map((row) => row.value);
    // Whether anything comes at all, the new device learns from the first chunk.
    const begun = rows.filter((row) => row.role === "sending" || row.index > 0);
    const recent = begun.filter(
      (row) => row.state !== "done" || this.context.now() - row.startedAt < SHOWN_MS,
    );
    recent.sort((a, b) => b.startedAt - a.startedAt);
    const shown = recent.find((row) => row.state === "running" || row.state === "waiting") ?? recent[0];
    if (!shown) {
      this.state.set(null);
      return;
    }
    const { role, done, total, state } = shown;
    this.state.set({ role, progress: { done, total }, state });
  }
}
