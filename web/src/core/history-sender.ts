import { encode } from "@msgpack/msgpack";
import { encodeHistory } from "../crypto/history-lists";
import { type MessageRecord, type Stored, type TransferPlace, type TransferRecord } from "../store";
import { isTransient, retryAfter, TransportError } from "../transport";
import type { Id } from "./api";
import type { Context } from "./context";
import {
  describeConversation,
  type HistoryConversation,
  type HistoryMessage,
  toHistory,
} from "./history-items";
import { idBytes } from "./ids";
import { isOver } from "./transfers";

/** Of each conversation in the first pass: what somebody reads first after opening it. */
const FIRST_PAGE = 60;
const PAGE = 200;
/** Bytes of messages in one chunk. Its plaintext may have 256 kB, and one message more may pass this mark. */
const BUDGET = 110_000;
/** Bytes of one conversation's first page, so that one talkative one does not hold the others up. */
const FIRST_BUDGET = 60_000;
/** Orders from here on belong to what has not been sent. */
const SENT = 2 ** 51;
const RETRY_MS = 10_000;
const ADMISSION_PATIENCE_MS = 60_000;
const MAX_CHUNKS = 1_000;

interface Built {
  plaintext: Uint8Array;
  place: TransferPlace;
  last: boolean;
  messages: number;
}

type Rows = Stored<MessageRecord>[];

/**
 * Sends what this device knows to a device that it has approved, newest first: the last page of every conversation, then
 * the rest of each, then what has come meanwhile. A chunk's end is written down before it leaves. After a crash the
 * same chunk is made again; the server refuses other bytes under a number that it has (`conflict`), and then the end
 * that was written down holds.
 */
export class HistorySender {
  constructor(
    private readonly context: Context,
    private readonly admitted: () => Promise<void>,
  ) {}

  /** Milliseconds until it should be tried again, or null when there is nothing more to do. */
  async run(pairing: Id, stopped: () => boolean): Promise<number | null> {
    const { context } = this;
    for (;;) {
      if (stopped()) return null;
      const record = (await context.store.get("transfers", pairing))?.value;
      if (!record || isOver(record)) return null;
      try {
        if (await this.#step(await this.#begun(record))) return null;
      } catch (error) {
        const now = (await context.store.get("transfers", pairing))?.value;
        if (now?.state === "cancelled") return null;
        if (isTransient(error)) {
          await this.#change(pairing, { state: "waiting" });
          return (retryAfter(error) ?? 0) * 1_000 || RETRY_MS;
        }
        if (!(error instanceof TransportError)) throw error;
        // The new device has everything, wants no more, is gone, or the fortnight is over.
        context.journal.note("history", error.code);
        const whole = error.code === "pairing_refused" && now?.plan?.last === true;
        await this.#change(pairing, { state: whole ? "done" : "failed" });
        return null;
      }
    }
  }

  /** The list of conversations is made once, in the order in which they were used last. */
  async #begun(record: TransferRecord): Promise<TransferRecord> {
    if (record.place.conversations.length > 0 || record.index > 0) return record;
    const { store } = this.context;
    const rows = (await store.all("conversations")).map((row) => row.value);
    const shown = rows.filter((row) => row.kind !== "self").sort((a, b) => b.at - a.at);
    const conversations = shown.map(({ id }) => ({ id, low: SENT, high: SENT }));
    const total = await store.count("messages");
    return this.#change(record.pairing, { place: { pass: 0, next: 0, conversations }, total });
  }

  /** One chunk; true when it was the last. */
  async #step(record: TransferRecord): Promise<boolean> {
    const { context } = this;
    const { pairing, index } = record;
    const built = await this.#build(record);
    const before = record.plan;
    const { place, last, messages } = built;
    if (!before) await this.#change(pairing, { plan: { place, last, messages } });
    const chunk = await context.env.engine.sealHistory({
      keys: context.self.keys,
      to: record.key,
      pairing: idBytes(pairing),
      index,
      last,
      plaintext: built.plaintext,
    });
    let reached = { place, last, messages };
    try {
      await context.api.putHistory(pairing, index, chunk, last);
    } catch (error) {
      if (!(error instanceof TransportError) || error.code !== "conflict") throw error;
      reached = before ?? reached;
    }
    await this.#change(pairing, {
      index: index + 1,
      place: reached.place,
      plan: null,
      done: record.done + reached.messages,
      state: reached.last ? "done" : "running",
      ...(reached.last ? { total: record.done + reached.messages } : {}),
    });
    return reached.last;
  }

  async #build(record: TransferRecord): Promise<Built> {
    const place = structuredClone(record.place);
    const messages: HistoryMessage[] = [];
    const conversations: HistoryConversation[] = [];
    let left = BUDGET;
    const full = record.index + 1 >= MAX_CHUNKS;
    while (place.pass < 3 && left > 0) {
      const target = place.conversations[place.next];
      if (!target) {
        place.pass += 1;
        place.next = 0;
        // What is said from now on reaches the new device by itself, if it is in the conversations.
        if (place.pass === 2) await this.#admitted();
        continue;
      }
      if (place.pass === 0) {
        const described = await this.#describe(target.id);
        const size = described ? encode(described).length : 0;
        // A picture and many names: with what is in already, one message more might not fit.
        if (size > left) break;
        if (described) conversations.push(described);
        left -= size;
      }
      const taken = await this.#take(place.pass, target, left);
      messages.push(...taken.messages);
      left -= taken.bytes;
      if (taken.complete) place.next += 1;
      else break;
    }
    const last = place.pass === 3 || full;
    const plaintext = encodeHistory({ conversations, messages });
    return { plaintext, place, last, messages: messages.length };
  }

  /** The next messages of one conversation, and whether this pass is through with it. Moves its bounds. */
  async #take(
    pass: number,
    target: TransferPlace["conversations"][number],
    budget: number,
  ): Promise<{ messages: HistoryMessage[]; bytes: number; complete: boolean }> {
    const rows = await this.#rows(pass, target);
    const allowed = pass === 0 ? Math.min(budget, FIRST_BUDGET) : budget;
    const messages: HistoryMessage[] = [];
    let bytes = 0;
    let taken = 0;
    // Rows of one order go together: the bounds cannot part them.
    for (const group of byOrder(rows.found)) {
      const items = (await Promise.all(group.map((row) => toHistory(row.value)))).filter(
        (one) => one !== null,
      );
      const size = items.reduce((sum, item) => sum + encode(item).length, 0);
      if (bytes + size > allowed && taken > 0) break;
      messages.push(...items);
      bytes += size;
      taken += group.length;
      const at = group[0]?.value.order ?? 0;
      if (pass === 2) target.high = Math.max(target.high, at);
      else target.low = at;
    }
    if (pass === 0) target.high = rows.found[0]?.value.order ?? 0;
    const complete = pass === 0 || (rows.all && taken === rows.found.length);
    return { messages, bytes, complete };
  }

  async #rows(
    pass: number,
    target: TransferPlace["conversations"][number],
  ): Promise<{ found: Rows; all: boolean }> {
    const { store } = this.context;
    const group = await store.conversation(target.id);
    const limit = pass === 0 ? FIRST_PAGE : PAGE;
    const bounds = pass === 2 ? { from: target.high, to: SENT } : { to: Math.min(target.low, SENT) };
    const rows = await store.range("messages", { group, ...bounds, limit, descending: pass !== 2 });
    const all = rows.length < limit;
    const fresh = rows.filter((row) =>
      pass === 2 ? row.value.order > target.high : pass === 0 || row.value.order < target.low,
    );
    const end = fresh.at(-1)?.value.order;
    // Cut off in the middle of an order: that order comes whole with the next page.
    const whole = all ? fresh : fresh.filter((row) => row.value.order !== end);
    return { found: whole.length > 0 ? whole : fresh, all };
  }

  async #describe(id: Id): Promise<HistoryConversation | null> {
    const { store } = this.context;
    const blind = await store.conversation(id);
    const record = (await store.get("conversations", blind))?.value;
    return record ? describeConversation(record, (await store.get("profiles", blind))?.value ?? null) : null;
  }

  async #admitted(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ADMISSION_PATIENCE_MS);
    });
    await Promise.race([this.admitted().catch(() => undefined), patience]);
    clearTimeout(timer);
  }

  /** Throws `TransportError("not_found")` for a transfer that was cancelled, which stays so. */
  async #change(pairing: Id, change: Partial<TransferRecord>): Promise<TransferRecord> {
    const { store, bus } = this.context;
    const changed = await store.update("transfers", pairing, (record) =>
      record && record.state !== "cancelled" ? { ...record, ...change } : null,
    );
    bus.publish({ t: "history" });
    if (!changed || changed.state === "cancelled") throw new TransportError("not_found");
    return changed;
  }
}

function byOrder(rows: Rows): Rows[] {
  const groups: Rows[] = [];
  for (const row of rows) {
    const current = groups.at(-1);
    if (current?.[0]?.value.order === row.value.order) current.push(row);
    else groups.push([row]);
  }
  return groups;
}
