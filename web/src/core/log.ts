import type { Processed } from "../crypto/api";
import { equal } from "../crypto/bytes";
import {
  type ConversationRecord,
  type GroupRecord,
  named,
  numbered,
  type Stored,
  StoreError,
} from "../store";
import { APPLICATION, BEGIN, COMMIT, type Envelope } from "../wire/frames";
import type { Context } from "./context";
import { RolledBack } from "./errors";
import type { Identities } from "./identities";
import type { Joins } from "./joins";
import { takeMessage, takeWaiting, waitingId } from "./received";
import { type Place, Step } from "./step";

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
      await this.#applyOwnCommit(step, first);
    } else {
      const run: Envelope[] = [];
      for (const envelope of rest) {
        const ownCommit = envelope.kind === COMMIT && this.context.isOwnDevice(envelope.device);
        const apart = envelope.kind === BEGIN || ownCommit;
        if (envelope.seq !== first.seq + run.length || apart || run.length === MAX_STEP) break;
        run.push(envelope);
      }
      await this.#applyRun(step, run);
    }
    await step.commit();
  }

  /** Messages, and commits by others, of the generation in force. */
  async #applyRun(step: Step, run: readonly Envelope[]): Promise<void> {
    const { context } = this;
    const { conversation } = step;
    const groupKey = numbered(step.blind, conversation.generation);
    const stored = await context.store.get("groups", groupKey);
    const group = stored?.value ?? null;
    const foreign = run.filter(
      (envelope) => !context.isOwnDevice(envelope.device) && envelope.generation === conversation.generation,
    );
    const results = group?.state
      ? await this.#process(conversation, group, foreign)
      : new Map<number, Processed>();
    for (const envelope of run) {
      const place = await step.advance(envelope);
      if (context.isOwnDevice(envelope.device)) await this.#applyOwnMessage(step, envelope, place);
      else if (envelope.generation !== conversation.generation)
        step.row(envelope.seq, place, "refused", { code: "generation" });
      else if (group?.lost && envelope.kind === APPLICATION) takeWaiting(step, envelope, group.lost, place);
      else await this.#applyResult(step, envelope, results.get(envelope.seq), place);
      step.conversation.server.epoch = Math.max(step.conversation.server.epoch, envelope.epoch);
    }
    if (group && stored) step.batch.put("groups", groupKey, group, { expect: stored.revision });
  }

  /** Runs the engine over the batch and moves `group` on. */
  async #process(
    conversation: ConversationRecord,
    group: GroupRecord,
    envelopes: readonly Envelope[],
  ): Promise<Map<number, Processed>> {
    if (!group.state || !group.groupId || envelopes.length === 0) return new Map();
    const devices = envelopes.map((envelope) => envelope.device);
    const roster = await this.identities.pinnedRoster(conversation.persons, devices);
    const { state, results } = await this.context.env.engine.process({
      state: group.state,
      groupId: group.groupId,
      envelopes: envelopes.map(({ seq, epoch, kind, device, body }) => ({
        seq,
        epoch,
        kind: kind === APPLICATION ? ("application" as const) : ("commit" as const),
        sender: device,
        body,
      })),
      roster,
      now: this.context.now(),
    });
    group.state = state;
    for (const result of results) {
      if (result.kind !== "commit") continue;
      group.epoch = result.epoch;
      // Another's commit won this epoch: ours can never be adopted.
      group.pending = null;
    }
    return new Map(results.map((result) => [result.seq, result]));
  }

  async #applyResult(
    step: Step,
    envelope: Envelope,
    result: Processed | undefined,
    place: Place,
  ): Promise<void> {
    const { seq } = envelope;
    switch (result?.kind) {
      case undefined:
        // A generation that this device has no leaf in.
        step.row(seq, place, "elsewhere");
        return;
      case "application":
        await takeMessage(this.context, step, result, place);
        await step.checkSeen(result.seen, seq, envelope.time);
        return;
      case "commit":
        step.row(seq, place, "applied");
        step.conversation.server.epoch = result.epoch;
        await step.checkSeen(result.seen, seq, envelope.time);
        return;
      case "waiting":
        takeWaiting(step, envelope, result.code, place);
        return;
      case "refused":
        step.row(seq, place, "refused", { code: result.code });
    }
  }

  /** An own message that has come round: the outbox lets go of it. */
  async #applyOwnMessage(step: Step, envelope: Envelope, place: Place): Promise<void> {
    const rows = await this.context.store.range("outbox", { group: step.blind });
    const sent = rows.find((row) => row.value.frame?.counter === envelope.counter);
    if (!sent?.value.frame) {
      step.foreignToUs(envelope, place);
      return;
    }
    if (!equal(sent.value.frame.bodyHash, place.bodyHash)) throw new RolledBack();
    step.row(envelope.seq, place, "own");
    step.batch.remove("outbox", sent.key, { expect: sent.revision });
    const stored = await this.context.store.get("messages", named(step.blind, sent.value.message));
    if (stored) step.message({ ...stored.value, order: envelope.seq, seq: envelope.seq, failed: null });
  }

  /** A healing commit of our own: adopt the state that was kept for it. */
  async #applyOwnCommit(step: Step, envelope: Envelope): Promise<void> {
    const place = await step.advance(envelope);
    const key = numbered(step.blind, envelope.generation);
    const group = await this.context.store.get("groups", key);
    const pending = group?.value.pending;
    if (!group || !pending || pending.kind !== "heal" || !equal(pending.bodyHash, place.bodyHash)) {
      step.foreignToUs(envelope, place);
      return;
    }
    step.row(envelope.seq, place, "own");
    const epoch = pending.epoch + 1;
    step.conversation.server.epoch = epoch;
    const adopted = {
      state: pending.state,
      epoch,
      pending: null,
      healed: true,
      renewedAt: this.context.now(),
    };
    step.batch.put("groups", key, { ...group.value, ...adopted }, { expect: group.revision });
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
        await takeMessage(this.context, step, result, place);
        await step.checkSeen(result.seen, value.seq, value.envelope?.time ?? 0);
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
