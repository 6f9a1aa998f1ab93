import type { TransferPlace, TransferRecord } from "../store";
import type { HistoryState, Id } from "./api";
import type { Context } from "./context";
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

/** Nothing more will be sent or taken. */
export const isOver = ({ state }: TransferRecord): boolean => state !== "running" && state !== "waiting";

/** A finished transfer is shown this long, so that the person sees its end. */
const SHOWN_MS = 60 * 60 * 1000;

/** How transfers of history stand, read from the table in any tab; the leader's `History` moves them. */
export class HistoryView {
  readonly state = new Value<HistoryState | null>(null);
  #end: () => void = () => undefined;

  constructor(private readonly context: Context) {}

  async start(): Promise<void> {
    this.#end = this.context.bus.listen((notice) => {
      if (notice.t === "history") this.context.background("history", this.#show());
    });
    await this.#show();
  }

  stop(): void {
    this.#end();
  }

  /**
   * Ends what is under way, on both sides: what was copied stays, what is stored on the server is deleted there, and the key
   * that opens it here.
   */
  async cancel(): Promise<void> {
    const { store, api, bus } = this.context;
    for (const { value } of await store.all("transfers")) {
      if (isOver(value)) continue;
      await api.endHistory(value.pairing);
      await store.update("transfers", value.pairing, (row) => {
        if (!row || row.state === "done") return null;
        const key = row.role === "receiving" ? new Uint8Array() : row.key;
        return { ...row, key, plan: null, state: "cancelled" };
      });
    }
    bus.publish({ t: "history" });
    await this.#show();
  }

  async #show(): Promise<void> {
    const rows = (await this.context.store.all("transfers")).map((row) => row.value);
    // Whether anything comes at all, the new device learns from the first chunk.
    const begun = rows.filter(
      (row) => row.state !== "cancelled" && (row.role === "sending" || row.index > 0),
    );
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
    if (state === "cancelled") return;
    this.state.set({ role, progress: { done, total }, state });
  }
}
