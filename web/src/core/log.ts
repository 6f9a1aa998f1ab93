import type { Processed } from "../crypto/api";
import { toHex } from "../crypto/bytes";
import { type ConversationRecord, type GroupRecord, numbered, type Stored, StoreError } from "../store";
import { APPLICATION, BEGIN, COMMIT, type Envelope } from "../wire/frames";
import type { JudgedCommit } from "./admission";
import type { Context } from "./context";
import { idText } from "./ids";
import type { Identities } from "./identities";
import type { Joins } from "./joins";
import { HARMLESS, isDoubtful, moveDevices } from "./judged";
import { devicesOf, hasAsked } from "./leaves";
import { applyOwnCommit, applyOwnMessage, leavingOf } from "./log-own";
import { tellCommit } from "./notices";
import { carriedOut, isDone, type Orders } from "./orders";
import { takeMessage, takeWaiting } from "./received";
import { fromEntry, judgingToRead, personsNamed, speakers } from "./standing";
import { type Place, Step, waitingId } from "./step";
import { settleServer } from "./told";

/** Envelopes that are applied in one transaction: a batch decodes and saves the MLS state once. */
const MAX_STEP = 200;

/**
 * Applies a conversation's log in the order of seq, each envelope once.
 *
 * What a step writes in its one transaction: the cursor and T, a log row per envelope, the messages, the group's state,
 * adopted or dropped pending commits, the own messages that have arrived, and (in `Joins`) the erased KeyPackage. A
 * crash before it changes nothing, so the same envelopes come again; a crash after it leaves the cursor behind them, so
 * they are not asked for again. MLS therefore never sees an envelope twice.
 *
 * Call under the conversation's lane.
 */
export class Log {
  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
    private readonly joins: Joins,
    private readonly orders: Orders,
  ) {}

  /**
   * Applies what follows the cursor. False when something is missing before the first envelope: fetch, then call again.
   * Throws `TransportError` when an identity chain cannot be had now; nothing is lost, the cursor has not moved.
   */
  async apply(blind: string, envelopes: readonly Envelope[]): Promise<boolean> {
    for (;;) {
      const stored = await this.context.store.get("conversations", blind);
      if (!stored) return false;
      const rest = envelopes.filter((envelope) => envelope.seq > stored.value.cursor);
      rest.sort((a, b) => a.seq - b.seq);
      const [first] = rest;
      if (!first) return true;
      if (first.seq !== stored.value.cursor + 1) return false;
      try {
        await this.#step(stored, first, rest);
      } catch (error) {
        // Somebody else wrote the row (a discarded message, a new state from the server): read again, decide again.
        if (!(error instanceof StoreError) || error.code !== "conflict") throw error;
      }
    }
  }

  async #step(stored: Stored<ConversationRecord>, first: Envelope, rest: readonly Envelope[]): Promise<void> {
    const step = new Step(this.context, stored);
    if (first.kind === BEGIN) {
      await this.joins.apply(step, first);
    } else if (first.kind === COMMIT && this.context.isOwnDevice(first.device)) {
      await applyOwnCommit(this.context, this.orders, step, first);
    } else {
      const welcomed = await this.#welcomed(stored, rest);
      if (welcomed.has(first.seq)) {
        await (await this.#letIn(stored, step, first)).commit();
        return;
      }
      const run: Envelope[] = [];
      for (const envelope of rest) {
        const ownCommit = envelope.kind === COMMIT && this.context.isOwnDevice(envelope.device);
        const apart = envelope.kind === BEGIN || ownCommit || welcomed.has(envelope.seq);
        if (envelope.seq !== first.seq + run.length || apart || run.length === MAX_STEP) break;
        run.push(envelope);
      }
      await this.#applyRun(step, run);
    }
    await step.commit();
  }

  /**
   * Commits that let this device in, for the first time or again. Only a device without a leaf, or one that has asked, can
   * be let in: for the others the mailbox is not asked.
   */
  async #welcomed(
    stored: Stored<ConversationRecord>,
    rest: readonly Envelope[],
  ): Promise<ReadonlySet<number>> {
    const { key, value } = stored;
    if (!rest.some(({ kind, device }) => kind === COMMIT && !this.context.isOwnDevice(device))) return NOBODY;
    const group = await this.context.store.get("groups", numbered(key, value.generation));
    if (group?.value.state && !hasAsked(value, this.context.now())) return NOBODY;
    return this.joins.welcomed(key, true);
  }

  /**
   * The step of a commit that came with a Welcome. Where that is refused, who stands in the tree that the commit ends takes
   * it as everybody there does: it takes this device's leaf, or is refused itself.
   */
  async #letIn(stored: Stored<ConversationRecord>, step: Step, commit: Envelope): Promise<Step> {
    if (await this.joins.applyCommit(step, commit)) return step;
    const { generation, epoch, seq } = commit;
    const group = (await this.context.store.get("groups", numbered(stored.key, generation)))?.value;
    const inForce = generation === stored.value.generation && group?.epoch === epoch;
    if (!inForce || !group.state || group.broken) return step;
    const judged = new Step(this.context, stored);
    await this.#applyRun(judged, [commit]);
    judged.batch.remove("mail", numbered(stored.key, seq));
    return judged;
  }

  /** Messages, and commits by others, of the generation in force. */
  async #applyRun(step: Step, run: readonly Envelope[]): Promise<void> {
    const { context } = this;
    const { conversation } = step;
    const groupKey = numbered(step.blind, conversation.generation);
    const stored = await context.store.get("groups", groupKey);
    const group = stored ? structuredClone(stored.value) : null;
    const foreign = run.filter(
      (envelope) => !context.isOwnDevice(envelope.device) && envelope.generation === conversation.generation,
    );
    const results = group?.state
      ? await this.#process(conversation, group, foreign)
      : new Map<number, Processed>();
    for (const envelope of run) {
      const place = await step.advance(envelope);
      if (context.isOwnDevice(envelope.device)) await applyOwnMessage(context, step, group, envelope, place);
      else if (envelope.generation !== conversation.generation)
        step.row(envelope.seq, place, "refused", { code: "generation" });
      else if (group?.lost && envelope.kind === APPLICATION) takeWaiting(step, envelope, group.lost, place);
      else await this.#applyResult(step, group, envelope, results.get(envelope.seq), place);
      step.conversation.server.epoch = Math.max(step.conversation.server.epoch, envelope.epoch);
      // Out of the tree: what follows is another step's, which may find a Welcome.
      if (group && this.#removesUs(results.get(envelope.seq))) break;
    }
    if (group && stored) step.batch.put("groups", groupKey, group, { expect: stored.revision });
  }

  /** Runs the engine over the batch and moves `group`'s state on. */
  async #process(
    conversation: ConversationRecord,
    group: GroupRecord,
    envelopes: readonly Envelope[],
  ): Promise<Map<number, Processed>> {
    const { state, groupId } = group;
    if (!state || !groupId || envelopes.length === 0) return new Map();
    const mustKnow = envelopes.map((envelope) => envelope.device);
    const commits = envelopes.filter(({ kind }) => kind === COMMIT).map(({ body }) => body);
    const named = conversation.kind === "group" ? personsNamed(commits) : [];
    const judge = async (again: boolean) => {
      const orders = again ? await this.orders.refetch(conversation.id, group) : this.orders.known(group);
      const unused = orders.filter(({ order }) => !isDone(group, order));
      const input = { record: conversation, group, named, mustKnow, orders: unused, again };
      const { roster, standing } = await judgingToRead(this.identities, input);
      return this.context.env.engine.process({
        state,
        groupId,
        envelopes: envelopes.map(({ seq, epoch, kind, device, body }) => ({
          seq,
          epoch,
          kind: kind === APPLICATION ? ("application" as const) : ("commit" as const),
          sender: device,
          body,
        })),
        roster,
        standing,
        now: this.context.now(),
      });
    };
    let answer = await judge(false);
    // Judged by chains or orders that are too old: once more with what the server has now.
    if (answer.results.some((result) => isDoubtful(result))) answer = await judge(true);
    group.state = answer.state;
    return new Map(answer.results.map((result) => [result.seq, result]));
  }

  async #applyResult(
    step: Step,
    group: GroupRecord | null,
    envelope: Envelope,
    result: Processed | undefined,
    place: Place,
  ): Promise<void> {
    const { seq } = envelope;
    const isCommit = envelope.kind === COMMIT;
    switch (result?.kind) {
      case undefined:
        // A generation that this device has no leaf in.
        step.row(seq, place, "elsewhere");
        if (isCommit)
          step.conversation.server.epoch = Math.max(step.conversation.server.epoch, envelope.epoch + 1);
        return;
      case "application":
        await takeMessage(this.context, step, result, place, envelope.time, group);
        await step.checkSeen(result.seen, seq, envelope.time);
        step.noteSkipped(result.skipped, seq, envelope.time);
        return;
      case "commit":
        step.row(seq, place, "applied");
        if (group) await this.#takeCommit(step, group, envelope, result);
        await step.checkSeen(result.seen, seq, envelope.time);
        this.#compareKeyLogs(result);
        return;
      case "waiting":
        if (!isCommit) takeWaiting(step, envelope, result.code, place);
        else this.#unusable(step, group, envelope, result.code, place);
        return;
      case "refused":
        if (isCommit && group?.epoch === envelope.epoch && !HARMLESS.has(result.code))
          this.#unusable(step, group, envelope, result.code, place);
        else step.row(seq, place, "refused", { code: result.code });
    }
  }

  /** Members compare the key logs that they are shown: a server that shows two is found out by them. */
  #compareKeyLogs({ seen, committer }: JudgedCommit): void {
    const { context } = this;
    if (!seen.checkpoint) return;
    const { person, device } = committer;
    const heard = context.keyLog.heard(seen.checkpoint, idText(person), idText(device));
    context.background("key log", heard);
  }

  /** Another's commit: who is in now, as what; and perhaps we are not. */
  async #takeCommit(step: Step, group: GroupRecord, envelope: Envelope, result: JudgedCommit): Promise<void> {
    const { seq, time } = envelope;
    const { conversation } = step;
    const by = idText(result.committer.person);
    const again = result.readmits ? await this.joins.readmitted(step, envelope, group, result) : null;
    const removed = devicesOf(result.removed);
    // Out and in again in one: nothing to tell of, and nothing missed.
    const told = again ? removed.filter(({ device }) => device !== this.context.self.device) : removed;
    const change = { added: devicesOf(result.added), removed: told };
    const before = group.membership;
    const executed = result.orderHashes.map(toHex);
    const leaving = leavingOf(this.orders, group, executed);
    group.epoch = result.epoch;
    // Another's commit won this epoch: ours can never be adopted.
    group.pending = null;
    group.broken = null;
    if (conversation.kind === "group") group.membership = result.membership.map(fromEntry);
    moveDevices(group, change);
    group.executed = [...group.executed, ...carriedOut(this.orders.known(group), executed)];
    settleServer(conversation, { seq, epoch: result.epoch, executed: executed.length });
    const { self } = this.context;
    tellCommit(step, {
      ...{ seq, time, by, kind: conversation.kind, before, change },
      after: group.membership,
      leaving,
      self: self.person,
    });
    if (conversation.kind === "group") conversation.persons = speakers(conversation, group);
    if (again) Object.assign(group, again, { executed: group.executed });
    if (again || !this.#removesUs(result)) return;
    // Gone with the transaction that says so: nothing of what follows can be read with what was here.
    group.state = null;
    const member =
      conversation.kind !== "group" || group.membership.some(({ person }) => person === self.person);
    conversation.standing = member ? "waiting" : "out";
    conversation.awaySince = time;
  }

  /** The group's own epoch ends with a commit that this device cannot take: nothing after it can be read here. */
  #unusable(
    step: Step,
    group: GroupRecord | null,
    { seq, epoch }: Envelope,
    code: string,
    place: Place,
  ): void {
    step.row(seq, place, "refused", { code });
    const { server } = step.conversation;
    server.epoch = Math.max(server.epoch, epoch + 1);
    if (group) group.broken = { seq, code };
  }

  #removesUs(result: Processed | undefined): boolean {
    if (result?.kind !== "commit") return false;
    const { removed } = result;
    return removed.some(({ device }) => this.context.isOwnDevice(device));
  }

  /** Tries the waiting envelopes of a conversation again: a chain or an epoch may have come since. */
  async retryWaiting(blind: string): Promise<void> {
    const stored = await this.context.store.get("conversations", blind);
    if (!stored || stored.value.waiting.length === 0) return;
    const step = new Step(this.context, stored);
    const groupKey = numbered(blind, stored.value.generation);
    const storedGroup = await this.context.store.get("groups", groupKey);
    if (!storedGroup?.value.state) return;
    const group = storedGroup.value;
    const keys = stored.value.waiting.map((seq) => numbered(blind, seq));
    const rows = await this.context.store.many("log", keys);
    const envelopes = rows.flatMap(({ value: { seq, envelope } }) =>
      envelope?.generation === group.generation
        ? [{ ...envelope, kind: APPLICATION, seq, counter: 0 } as Envelope]
        : [],
    );
    const results = await this.#process(stored.value, group, envelopes);
    for (const { value } of rows) {
      const result = results.get(value.seq);
      if (!result || result.kind === "waiting") continue;
      const place = { hash: value.hash, transcript: value.transcript, bodyHash: new Uint8Array() };
      step.conversation.waiting = step.conversation.waiting.filter((seq) => seq !== value.seq);
      step.conversation.unread = step.conversation.unread.filter((seq) => seq !== value.seq);
      step.forgetMessage(waitingId(value.seq));
      if (result.kind === "application") {
        const time = value.envelope?.time ?? 0;
        await takeMessage(this.context, step, result, place, time, group);
        await step.checkSeen(result.seen, value.seq, time);
      } else {
        const code = result.kind === "refused" ? result.code : "content_type";
        step.row(value.seq, place, "refused", { code });
      }
    }
    if (step.batch.empty) return;
    step.batch.put("groups", groupKey, group, { expect: storedGroup.revision });
    await step.commit();
  }
}

const NOBODY: ReadonlySet<number> = new Set();
