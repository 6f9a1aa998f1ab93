import {
  Batch,
  type ConversationRecord,
  type GroupChange,
  type GroupRecord,
  numbered,
  type PendingCommit,
  type Stored,
} from "../store";
import { isTransient, TransportError } from "../transport";
import { AppError, type Id } from "./api";
import { type Place, placeOf } from "./contention";
import type { Context } from "./context";
import { RolledBack } from "./errors";
import { idBytes } from "./ids";

/** Catches up with a conversation's log to its end; given by `Sync`, which knows the way. */
export type CatchUp = (conversation: Id) => Promise<void>;

/** A conversation with its group in force, as they are on disk. */
export interface View {
  record: ConversationRecord;
  blind: string;
  /** null while nothing has begun, or where this device was never in. */
  group: GroupRecord | null;
  /** The group's row, for compare-and-swap. */
  stored: Stored<GroupRecord> | null;
}

/**
 * What became of a commit of our own. `code`: why the server refused it for good; null when another's won. `place`:
 * ours in the line of those who lost the epoch, where the server has given one.
 */
export type Outcome =
  { kind: "nothing" } | { kind: "adopted" } | { kind: "lost"; code: string | null; place: Place | null };

export const NO_CHANGE: GroupChange = { added: [], removed: [], roles: [], orders: [] };

/** Reads a conversation and its group in force. Throws `AppError("not_found")`. */
export async function readView({ store }: Context, conversation: Id): Promise<View> {
  const blind = await store.conversation(conversation);
  const record = (await store.get("conversations", blind))?.value;
  if (!record) throw new AppError("not_found");
  const { generation } = record;
  const stored = generation === 0 ? null : await store.get("groups", numbered(blind, generation));
  return { record, blind, group: stored?.value ?? null, stored };
}

/**
 * Commits of our own on their way. Each lives through these states, all of them on disk:
 *
 *     (none) --made--> pending --sent, and its hash appears in the log--> adopted: state := pending.state
 *                         |----another's commit appears in the log------> dropped (Log, Joins)
 *                         '----refused for good-------------------------> dropped here
 *
 * `pending` holds the frame byte for byte with its counter, and the Welcome. After a crash in `pending` the log is read
 * first: if the commit is in it, it is adopted; if not, the same frame is sent again, which the server answers with the
 * first seq when it had it already. The state before stays in force until adoption, so nothing is ever encrypted in an
 * epoch that does not exist. A refused frame consumes no counter: the next frame takes the same number.
 *
 * Whoever makes or sends one holds the conversation's place in `context.senders`, as the outbox does while it sends: so
 * counters leave in their order, and nothing new is encrypted between a commit and its answer.
 */
export class Pendings {
  constructor(
    private readonly context: Context,
    private readonly catchUp: CatchUp,
  ) {}

  /** Counters that are spoken for: what the server has consumed, and every frame that is on its way. */
  async lastCounter(record: ConversationRecord, blind: string): Promise<number> {
    const outbox = await this.context.store.range("outbox", { group: blind });
    const groups = await this.context.store.all("groups", `${blind}/`);
    return Math.max(
      record.counter,
      ...outbox.map((row) => row.value.frame?.counter ?? 0),
      ...groups.map((row) => row.value.pending?.counter ?? 0),
    );
  }

  /** The commit that waits for its place in the log, in the group in force or as the beginning of the next one. */
  async find(conversation: Id): Promise<{ key: string; generation: number; pending: PendingCommit } | null> {
    const { record, blind, group } = await readView(this.context, conversation);
    if (group?.pending) {
      const { generation } = record;
      return { key: numbered(blind, generation), generation, pending: group.pending };
    }
    const generation = record.generation + 1;
    const key = numbered(blind, generation);
    const next = await this.context.store.get("groups", key);
    return next?.value.pending ? { key, generation, pending: next.value.pending } : null;
  }

  /**
   * Sends what is pending, if anything is, and reads the log. Throws `TransportError` when nobody can say yet what
   * became of it (it stays pending) and `RolledBack` when the server knows its counter with another body.
   */
  async settle(conversation: Id): Promise<Outcome> {
    const found = await this.find(conversation);
    if (!found) return { kind: "nothing" };
    const { key, generation, pending } = found;
    let refusal: TransportError | null = null;
    try {
      await this.#send(conversation, generation, pending);
    } catch (error) {
      // Busy, too fast, no answer: the same frame again later.
      if (!(error instanceof TransportError) || isTransient(error)) throw error;
      if (error.code === "counter_old") throw new RolledBack();
      this.context.journal.note(pending.kind, error.code);
      refusal = error;
    }
    await this.catchUp(conversation);
    // A refused frame consumes no counter, so a consumed one is the proof that the log holds this commit.
    const { record } = await readView(this.context, conversation);
    if (record.counter >= pending.counter) return { kind: "adopted" };
    if (refusal) await this.#drop(conversation, key, pending, refusal);
    return { kind: "lost", code: refusal?.code ?? null, place: refusal && placeOf(refusal) };
  }

  async #send(conversation: Id, generation: number, pending: PendingCommit): Promise<void> {
    const header = { conversation: idBytes(conversation), generation, counter: pending.counter };
    const { epoch, policy, commit, welcome } = pending;
    if (pending.kind === "begin")
      await this.context.link.request("begin", {
        ...header,
        policy: policy ?? new Uint8Array(),
        commit,
        welcome,
      });
    else await this.context.link.request("commit", { ...header, epoch, body: commit, welcome });
  }

  /** Lets go of a pending commit that the server has refused, if the log has not settled it meanwhile. */
  async #drop(conversation: Id, key: string, pending: PendingCommit, refusal: TransportError): Promise<void> {
    const { store, lanes, fence } = this.context;
    await lanes.run(conversation, async () => {
      const stored = await store.get("groups", key);
      if (stored?.value.pending?.counter !== pending.counter) return;
      const batch = new Batch();
      if (pending.kind === "begin") batch.remove("groups", key, { expect: stored.revision });
      else batch.put("groups", key, { ...stored.value, pending: null }, { expect: stored.revision });
      await store.commit(batch, { fence });
    });
    if (refusal.code === "counter_gap") await believeCounter(this.context, conversation, refusal);
  }
}

/** The server has consumed fewer counters than we believe (it was restored): go on from what it says. */
export async function believeCounter(
  { store }: Context,
  conversation: Id,
  { detail }: TransportError,
): Promise<void> {
  const last = detail["last"];
  if (typeof last !== "number" || !Number.isSafeInteger(last) || last < 0) return;
  const blind = await store.conversation(conversation);
  await store.update("conversations", blind, (record) => record && { ...record, counter: last });
}
