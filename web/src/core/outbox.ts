import { sha256 } from "../crypto/bytes";
import { Batch, named, numbered, type OutboxRecord, type Stored, StoreError } from "../store";
import { isTransient, retryAfter, TransportError } from "../transport";
import type { Sent } from "../wire/frames";
import type { Id } from "./api";
import type { Context } from "./context";
import { cryptoCode, passes, RolledBack, toAppError } from "./errors";
import type { CatchUp, Groups } from "./groups";
import { type Identities, rosterOf } from "./identities";
import { idBytes } from "./ids";
import { Pump } from "./lanes";
import { believeCounter } from "./pending";
import { speakers } from "./standing";
import { askOpen } from "./told";

/** Messages sent without waiting for each other's answer. */
const WINDOW = 8;
/** Conflicts in a row after which the server's word is waited for instead of asked again. */
const MAX_CONFLICTS = 5;
const PARKED_S = 30;
/** In conversations of up to this many persons everybody's chain is asked for once a connection. */
const FEW = 50;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** The session ended: everything stays as it is until there is a new one. */
const SESSION_OVER: ReadonlySet<string> = new Set(["not_signed_in", "device_revoked", "hello_first"]);
/** The group or the epoch moved on under the frame: make it anew. */
const STALE: ReadonlySet<string> = new Set([
  "generation_conflict",
  "epoch_conflict",
  "removal_due",
  "counter_gap",
]);

/**
 * What the person has said, on its way to the server's disk, exactly once. Every state is on disk before the next thing
 * happens, so a kill at any await leaves one of these, and the next leader goes on from it:
 *
 *     queued   the text is on disk (`Composer`, any tab). Nothing has left.
 *       | encrypt; one transaction {frame with counter, MLS state}, compare-and-swap on the state, leader's fence
 *     sealed   frame = {counter, generation, epoch, body}. It leaves only now, and again byte for byte after a loss:
 *       |      the server answers (conversation, device, counter) with the first seq.
 *       |--refused as stale--> the log is read to its end; if the frame is in it, it was sent; if not, back to queued.
 *       |                      The refused counter was not consumed and is taken again. The used MLS generation is
 *       |                      never taken again: the state on disk is past it.
 *       |--refused for good--> failed (code), until `retry` (queued) or `discard`.
 *       |--busy, no answer---> stays sealed; the same bytes again later.
 *     acked    seq and server time are known; the message's row has its place.
 *       | the own envelope comes along in the log (maybe before the answer: then sealed → gone at once)
 *     (gone)   removed in the transaction that moves the cursor (`Log`).
 *
 * Nothing is encrypted before the log has been read to its end on this connection: a copy of this database may have
 * spoken since, and would have used the very keys that come next here.
 *
 * A counter that the server knows with another body (`counter_old`) proves that this database is an old copy.
 */
export class Outbox {
  readonly #pumps = new Map<Id, Pump>();
  readonly #timers = new Map<Id, ReturnType<typeof setTimeout>>();
  readonly #retries = new Map<Id, number>();

  constructor(
    private readonly context: Context,
    private readonly groups: Groups,
    private readonly identities: Identities,
    private readonly catchUp: CatchUp,
    /** Whether the conversation's log has been read to its end on this connection. */
    private readonly isCurrent: (conversation: Id) => boolean,
  ) {}

  /** Sends what is queued in a conversation; the promise ends when nothing more can be done now. Leader only. */
  poke(conversation: Id): Promise<void> {
    let pump = this.#pumps.get(conversation);
    if (!pump) {
      pump = new Pump(() => this.#pump(conversation));
      this.#pumps.set(conversation, pump);
    }
    return pump.poke();
  }

  /** Conversations that have something on the way. */
  async waiting(): Promise<Id[]> {
    const rows = await this.context.store.all("outbox");
    const live = rows.filter((row) => row.value.phase === "queued" || row.value.phase === "sealed");
    return [...new Set(live.map((row) => row.value.conversation))];
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#retries.clear();
  }

  async #pump(conversation: Id): Promise<void> {
    const { context } = this;
    if (!context.leads || context.link.state.kind !== "ready") return;
    try {
      await this.#run(conversation);
      this.#retries.delete(conversation);
    } catch (error) {
      if (error instanceof RolledBack) context.onRolledBack();
      else if (passes(error)) this.#later(conversation, retryAfter(error));
      else if (error instanceof TransportError && SESSION_OVER.has(error.code))
        context.journal.note("outbox", error.code);
      // Another tab leads: whoever called must know, for this one goes on only when it leads again.
      else if (error instanceof StoreError && error.code === "fenced") throw error;
      else if (error instanceof StoreError) context.journal.note("outbox", error.code);
      else await this.#failQueued(conversation, error);
    }
  }

  async #run(conversation: Id): Promise<void> {
    let healing = false;
    for (let conflicts = 0; conflicts < MAX_CONFLICTS;) {
      const blind = await this.context.store.conversation(conversation);
      const rows = await this.context.store.range("outbox", { group: blind });
      const live = rows.filter((row) => row.value.phase === "queued" || row.value.phase === "sealed");
      if (live.length === 0) return;
      // What has perhaps left already comes first, unchanged; only then is anything new encrypted.
      if (!live.some((row) => row.value.phase === "sealed")) {
        if (!this.isCurrent(conversation)) await this.catchUp(conversation);
        if (!(await this.groups.ensure(conversation))) {
          // An event says when it is time (a Welcome, a new device); this is for the one that got lost.
          this.#later(conversation, PARKED_S);
          return;
        }
        if (!healing && (await this.groups.needsHealing(conversation))) {
          healing = true;
          await this.groups.heal(conversation);
          continue;
        }
      }
      if (await this.context.senders.run(conversation, () => this.#sealAndSend(conversation))) conflicts = 0;
      else conflicts += 1;
    }
    this.#later(conversation, null);
  }

  /** One window of frames on its way; false when nothing could be sent as it was. Holds the sender's place. */
  async #sealAndSend(conversation: Id): Promise<boolean> {
    let sealed = await this.#sealed(conversation);
    if (sealed.length === 0)
      sealed = await this.context.lanes.run(conversation, () => this.#seal(conversation));
    return sealed.length > 0 && (await this.#send(conversation, sealed));
  }

  /** Sends what has perhaps left already, in front of a commit of our own. The caller holds the sender's place. */
  async flush(conversation: Id): Promise<void> {
    for (let tries = 0; tries < MAX_CONFLICTS; tries++) {
      const sealed = await this.#sealed(conversation);
      if (sealed.length === 0) return;
      await this.#send(conversation, sealed);
    }
    throw new TransportError("busy");
  }

  async #sealed(conversation: Id): Promise<Stored<OutboxRecord>[]> {
    const { store } = this.context;
    const rows = await store.range("outbox", { group: await store.conversation(conversation) });
    return rows.filter((row) => row.value.phase === "sealed").slice(0, WINDOW);
  }

  /** queued → sealed, for as many as fit the window, in one transaction with the MLS state. */
  async #seal(conversation: Id): Promise<Stored<OutboxRecord>[]> {
    const { context } = this;
    const { store } = context;
    const blind = await store.conversation(conversation);
    const stored = await store.get("conversations", blind);
    if (!stored) return [];
    const record = stored.value;
    const groupKey = numbered(blind, record.generation);
    const group = await store.get("groups", groupKey);
    if (!group?.value.state || group.value.pending || record.server.blocked) return [];
    if (!this.isCurrent(conversation)) return [];
    const rows = await store.range("outbox", { group: blind });
    const queued = rows.filter((row) => row.value.phase === "queued").slice(0, WINDOW);
    const persons = [
      ...new Set([...speakers(record, group.value), ...group.value.devices.map((one) => one.person)]),
    ];
    // In a large group the server's word that a leaf must go, and every commit in the log, stand for asking each chain.
    const chains = await (persons.length <= FEW
      ? this.identities.chains(persons)
      : this.identities.pinnedChains(persons));
    const roster = rosterOf(await context.keyLog.judge(chains, (person) => this.identities.refresh(person)));
    let counter = await this.groups.pendings.lastCounter(record, blind);
    let { state } = group.value;
    const batch = new Batch();
    const sealed: Stored<OutboxRecord>[] = [];
    for (const row of queued) {
      const encrypted = await context.env.engine
        .encrypt({
          state,
          content: row.value.content,
          seen: { seq: record.cursor, transcript: record.transcript },
          roster,
          now: context.now(),
        })
        .catch(async (error: unknown) => {
          throw await context.keyLog.orLater(error);
        });
      state = encrypted.state;
      counter += 1;
      const frame = {
        counter,
        generation: record.generation,
        epoch: group.value.epoch,
        body: encrypted.body,
        bodyHash: await sha256(encrypted.body),
      };
      const value: OutboxRecord = { ...row.value, phase: "sealed", frame };
      batch.put("outbox", row.key, value, { expect: row.revision, group: blind, order: value.order });
      sealed.push({ key: row.key, value, revision: row.revision + 1 });
    }
    if (sealed.length === 0) return [];
    batch.put("groups", groupKey, { ...group.value, state }, { expect: group.revision });
    await store.commit(batch, { fence: context.fence });
    return sealed;
  }

  /** Sends sealed frames in their order; false when one was stale and the rest must be made anew. */
  async #send(conversation: Id, sealed: readonly Stored<OutboxRecord>[]): Promise<boolean> {
    const { context } = this;
    const inOrder = [...sealed].sort((a, b) => (a.value.frame?.counter ?? 0) - (b.value.frame?.counter ?? 0));
    const answers = await Promise.allSettled(
      inOrder.map(({ value: { frame } }) => {
        if (!frame) throw new TypeError("a sealed row has a frame");
        const { counter, generation, epoch, body } = frame;
        const header = { conversation: idBytes(conversation), generation, epoch, counter };
        return context.link.request("send", { ...header, body });
      }),
    );
    const sent = answers.flatMap((answer, i) => {
      const row = inOrder[i];
      return answer.status === "fulfilled" && row ? [{ row, answer: answer.value }] : [];
    });
    if (sent.length > 0) await context.lanes.run(conversation, () => this.#acked(conversation, sent));
    const index = answers.findIndex((answer) => answer.status === "rejected");
    const refusal = answers[index];
    const row = inOrder[index];
    if (refusal?.status !== "rejected" || !row) return true;
    const error: unknown = refusal.reason;
    if (!(error instanceof TransportError) || isTransient(error) || SESSION_OVER.has(error.code)) throw error;
    if (error.code === "counter_old") throw new RolledBack();
    context.journal.note("send", error.code);
    // The log decides: whatever of ours is in it has been sent, whatever is not was never stored.
    await this.catchUp(conversation);
    await context.lanes.run(conversation, () => this.#noteWaste(conversation, row.value));
    if (error.code === "removal_due") await askOpen(this.context, conversation);
    if (error.code === "counter_gap") await believeCounter(context, conversation, error);
    if (!STALE.has(error.code)) await this.#fail(conversation, row.value.message, error.code);
    await context.lanes.run(conversation, () => this.#unseal(conversation));
    return false;
  }

  /** sealed → acked: the message has its seq. Rows that the log has already taken are gone, and stay so. */
  async #acked(
    conversation: Id,
    sent: readonly { row: Stored<OutboxRecord>; answer: Sent }[],
  ): Promise<void> {
    const { store, bus, fence } = this.context;
    const blind = await store.conversation(conversation);
    const stored = await store.get("conversations", blind);
    if (!stored) return;
    const record = structuredClone(stored.value);
    const batch = new Batch();
    const ids: string[] = [];
    for (const { row, answer } of sent) {
      record.counter = Math.max(record.counter, row.value.frame?.counter ?? 0);
      record.at = Math.max(record.at, answer.time);
      const current = await store.get("outbox", row.key);
      if (current?.value.phase !== "sealed") continue;
      const value: OutboxRecord = { ...current.value, phase: "acked", seq: answer.seq };
      batch.put("outbox", row.key, value, { expect: current.revision, group: blind, order: value.order });
      const message = await store.get("messages", row.key);
      if (!message) continue;
      const placed = { ...message.value, order: answer.seq, seq: answer.seq, failed: null };
      batch.put("messages", row.key, placed, { group: blind, order: answer.seq, expect: message.revision });
      ids.push(value.message);
    }
    batch.put("conversations", blind, record, { expect: stored.revision });
    await store.commit(batch, { fence });
    bus.publish({ t: "messages", conversation, ids });
  }

  /** The key of a refused frame is spent: the group's leaf is renewed before the next message of the same epoch. */
  async #noteWaste(conversation: Id, { frame }: OutboxRecord): Promise<void> {
    if (!frame) return;
    const { store, fence } = this.context;
    const key = numbered(await store.conversation(conversation), frame.generation);
    const group = await store.get("groups", key);
    if (group?.value.epoch !== frame.epoch || group.value.wasted === frame.epoch) return;
    const batch = new Batch().put(
      "groups",
      key,
      { ...group.value, wasted: frame.epoch },
      { expect: group.revision },
    );
    await store.commit(batch, { fence });
  }

  /** Every sealed row back to queued. Called when the log has been read to its end and the server refused. */
  async #unseal(conversation: Id): Promise<void> {
    const { store, fence } = this.context;
    const blind = await store.conversation(conversation);
    const batch = new Batch();
    for (const row of await store.range("outbox", { group: blind })) {
      if (row.value.phase !== "sealed") continue;
      const value: OutboxRecord = { ...row.value, phase: "queued", frame: null };
      batch.put("outbox", row.key, value, { expect: row.revision, group: blind, order: value.order });
    }
    if (!batch.empty) await store.commit(batch, { fence });
  }

  async #fail(conversation: Id, message: Id, code: string): Promise<void> {
    const { store, bus } = this.context;
    const blind = await store.conversation(conversation);
    const key = named(blind, message);
    const [row, text] = [await store.get("outbox", key), await store.get("messages", key)];
    if (!row || row.value.phase === "acked") return;
    if (!text) {
      // Nobody sees it and nobody could try it again.
      this.context.journal.note("post", code);
      await store.commit(new Batch().remove("outbox", key, { expect: row.revision }), {
        fence: this.context.fence,
      });
      bus.publish({ t: "messages", conversation, ids: [message] });
      return;
    }
    const place = { group: blind, order: row.value.order };
    const value: OutboxRecord = { ...row.value, phase: "failed", frame: null, code };
    const batch = new Batch()
      .put("outbox", key, value, { ...place, expect: row.revision })
      .put("messages", key, { ...text.value, failed: code }, place);
    await store.commit(batch, { fence: this.context.fence });
    bus.publish({ t: "messages", conversation, ids: [message] });
  }

  /** A group cannot be made or used, and time will not change that: say so at every message that waits for it. */
  async #failQueued(conversation: Id, error: unknown): Promise<void> {
    const revoked = cryptoCode(error) === "device_revoked" || cryptoCode(error) === "device_expired";
    if (revoked) {
      // The partner's device has gone; the server will say that the group is blocked, and a successor follows.
      await askOpen(this.context, conversation);
      this.#later(conversation, null);
      return;
    }
    const { code } = toAppError(error);
    this.context.journal.note("outbox", cryptoCode(error) ?? code);
    const blind = await this.context.store.conversation(conversation);
    for (const row of await this.context.store.range("outbox", { group: blind }))
      if (row.value.phase === "queued") await this.#fail(conversation, row.value.message, code);
  }

  /** Tries again after a while that doubles, or after what the server named. */
  #later(conversation: Id, retryAfter: number | null): void {
    const before = this.#retries.get(conversation) ?? 0;
    this.#retries.set(conversation, before + 1);
    const doubling =
      Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** before) * (0.5 + this.context.env.random() / 2);
    clearTimeout(this.#timers.get(conversation));
    const timer = setTimeout(
      () => void this.poke(conversation),
      retryAfter === null ? doubling : retryAfter * 1_000,
    );
    this.#timers.set(conversation, timer);
  }
}
