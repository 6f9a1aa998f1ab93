import { decodeHistory } from "../crypto/history-lists";
import { parseStatement } from "../crypto/identity";
import { equal } from "../crypto/bytes";
import { Batch, type MessageRecord, named, type Stored, StoreError, type TransferRecord } from "../store";
import { isTransient, retryAfter, TransportError } from "../transport";
import type { Id } from "./api";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import { rememberConversation } from "./catchup";
import { fromHistory, readConversation } from "./history-items";
import type { Identities } from "./identities";
import { idBytes } from "./ids";

/** The server keeps chunks this long. */
const LIFETIME_MS = 14 * 24 * 60 * 60 * 1000;
const FIRST_WAIT_MS = 3_000;
const MAX_WAIT_MS = 60_000;

/**
 * Takes the history that the approving device sends, chunk after chunk. A chunk's rows and the number of the next one
 * are written together, so a restart goes on where it stopped. What is here already is never overwritten: a copied row
 * is another device's word, our own was decrypted here. With the last chunk the private transfer key is erased.
 */
export class HistoryReceiver {
  #wait = FIRST_WAIT_MS;

  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
  ) {}

  /** Milliseconds until it should be tried again, or null when there is nothing more to do. */
  async run(pairing: Id, stopped: () => boolean): Promise<number | null> {
    try {
      return await this.#run(pairing, stopped);
    } catch (error) {
      // The person has stopped it while a chunk was on its way.
      if ((await this.context.store.get("transfers", pairing))?.value.state === "cancelled") return null;
      if (isTransient(error)) return (retryAfter(error) ?? 0) * 1_000 || this.#longer();
      // A row of the chunk came along in the log just now, or another tab has written: read again, take it again.
      if (error instanceof StoreError && error.code === "conflict") return this.#longer();
      const code = cryptoCode(error) ?? (error instanceof TransportError ? error.code : null);
      if (code === null) throw error;
      await this.#refused(pairing, code);
      return null;
    }
  }

  async #run(pairing: Id, stopped: () => boolean): Promise<number | null> {
    const { context } = this;
    const first = (await context.store.get("transfers", pairing))?.value;
    if (!first) return null;
    if (context.now() - first.startedAt > LIFETIME_MS) {
      await this.#end(pairing, "failed");
      return null;
    }
    const from = await this.#approver(first);
    const { chunks, last } = await context.api.history(pairing);
    for (;;) {
      if (stopped()) return null;
      const stored = await context.store.get("transfers", pairing);
      if (!stored || stored.value.key.length === 0) return null;
      const { index } = stored.value;
      if (last !== null && index > last) {
        await this.#finished(pairing);
        return null;
      }
      if (!chunks.includes(index)) break;
      await this.#take(stored, from, index === last);
      this.#wait = FIRST_WAIT_MS;
    }
    return this.#longer();
  }

  async #take(stored: Stored<TransferRecord>, from: Uint8Array, last: boolean): Promise<void> {
    const { context } = this;
    const { store, env, api } = context;
    const { pairing, index, key, done } = stored.value;
    const chunk = await api.historyChunk(pairing, index);
    const plaintext = await env.engine.openHistory({
      privateKey: key,
      from,
      pairing: idBytes(pairing),
      index,
      last,
      chunk,
    });
    const { conversations, messages } = decodeHistory(plaintext);
    for (const value of conversations) await this.#conversation(value);
    const batch = new Batch();
    const changed = new Map<Id, { ids: string[]; at: number }>();
    for (const value of messages) {
      const read = fromHistory(value, context.self.person);
      if (!read) {
        context.journal.note("history", "item");
        continue;
      }
      const { conversation, record } = read;
      const blind = await store.conversation(conversation);
      // Told twice in one chunk is told once: the second would be in its own way for good.
      const twice = changed.get(conversation)?.ids.includes(record.id) === true;
      if (twice || (await this.#isKnown(blind, record))) continue;
      const { order } = record;
      batch.put("messages", named(blind, record.id), record, { group: blind, order, expect: 0 });
      const entry = changed.get(conversation) ?? { ids: [], at: 0 };
      entry.ids.push(record.id);
      if (record.kind === "text") entry.at = Math.max(entry.at, Math.min(record.at, context.now()));
      changed.set(conversation, entry);
    }
    const next: TransferRecord = {
      ...stored.value,
      index: index + 1,
      done: done + messages.length,
      total: last ? done + messages.length : null,
      state: "running",
    };
    batch.put("transfers", pairing, next, { expect: stored.revision });
    await store.commit(batch);
    for (const [conversation, { ids, at }] of changed) {
      const blind = await store.conversation(conversation);
      const gone = await this.#noLongerElsewhere(blind);
      await store.update("conversations", blind, (row) => (row && row.at < at ? { ...row, at } : null));
      context.bus.publish({ t: "messages", conversation, ids: [...ids, ...gone] });
    }
    context.bus.publish({ t: "history" });
  }

  /**
   * A group's name and picture, where nothing is known of them here; and a conversation that is over, of which no server
   * tells a new device. Both are kept before the chunk counts as taken, and a second time changes nothing.
   */
  async #conversation(value: unknown): Promise<void> {
    const { context } = this;
    const { store, bus } = context;
    const told = readConversation(value);
    if (!told) {
      context.journal.note("history", "conversation");
      return;
    }
    const { id, kind, persons, out, profile } = told;
    const blind = await store.conversation(id);
    if (profile) await store.update("profiles", blind, (known) => (known ? null : profile));
    if (out && !(await store.get("conversations", blind))) {
      const nothing = { generation: 0, epoch: 0, groupId: null, blocked: false, orders: 0, frozenSeq: null };
      await rememberConversation(context, { id, kind, persons, lastSeq: 0, ...nothing, left: true }, true);
      // Its place in the list is that of its last message, which comes with the rows.
      await store.update("conversations", blind, (row) => row && { ...row, at: 0 });
    }
    bus.publish({ t: "conversation", conversation: id });
  }

  /** The transfer was ended: because the person wanted none, or because something about it does not hold. */
  async #refused(pairing: Id, code: string): Promise<void> {
    const { store, journal, bus } = this.context;
    const index = (await store.get("transfers", pairing))?.value.index ?? 0;
    if (code === "pairing_refused" && index === 0) {
      await store.commit(new Batch().remove("transfers", pairing));
      bus.publish({ t: "history" });
      return;
    }
    journal.note("history", code);
    await this.#end(pairing, "failed");
  }

  /** By its id, or by its place in the log under another one. */
  async #isKnown(blind: string, record: MessageRecord): Promise<boolean> {
    const { store } = this.context;
    if (await store.get("messages", named(blind, record.id))) return true;
    if (record.seq === null) return false;
    const there = await store.range("messages", { group: blind, from: record.order, to: record.order });
    return there.some((row) => row.value.seq === record.seq);
  }

  /** The line "what came before is not on this device" is no longer true. Returns the ids of the lines removed. */
  async #noLongerElsewhere(blind: string): Promise<string[]> {
    const { store } = this.context;
    const rows = await store.all("messages", `${blind}/history-elsewhere-`);
    const batch = new Batch();
    for (const { key } of rows) batch.remove("messages", key);
    if (!batch.empty) await store.commit(batch);
    return rows.map((row) => row.value.id);
  }

  async #finished(pairing: Id): Promise<void> {
    await this.#end(pairing, "done");
    await this.context.api.endHistory(pairing).catch((error: unknown) => {
      // The fortnight ends it, too.
      if (!(error instanceof TransportError)) throw error;
      this.context.journal.note("history", error.code);
    });
  }

  /** Erases the private key: what was sealed to it can be opened by nobody any more. */
  async #end(pairing: Id, state: "done" | "failed"): Promise<void> {
    const { store, bus } = this.context;
    await store.update("transfers", pairing, (record) =>
      record && record.state !== "cancelled"
        ? { ...record, state, key: new Uint8Array(), total: record.done }
        : null,
    );
    bus.publish({ t: "history" });
  }

  /** Who approved this device: the signer of the statement that lists it first. */
  async #approver({ device }: TransferRecord): Promise<Uint8Array> {
    const { self, store } = this.context;
    await this.identities.refresh(self.person);
    const chain = await store.get("chains", await store.person(self.person));
    for (const bytes of chain?.value.statements ?? []) {
      const { statement, signatures } = parseStatement(bytes);
      const [signer] = signatures;
      if (statement.devices.some((entry) => equal(entry.id, idBytes(device))) && signer) return signer.key;
    }
    throw new TransportError("not_found");
  }

  #longer(): number {
    const wait = this.#wait;
    this.#wait = Math.min(wait * 1.5, MAX_WAIT_MS);
    return wait;
  }
}
