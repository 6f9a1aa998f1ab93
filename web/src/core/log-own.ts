import { equal, toHex } from "../crypto/bytes";
import { decodeContent } from "../crypto/content";
import { type GroupRecord, named, numbered } from "../store";
import type { Envelope } from "../wire/frames";
import type { Context } from "./context";
import { RolledBack } from "./errors";
import { idText } from "./ids";
import { devicesOf } from "./leaves";
import { tellCommit } from "./notices";
import { carriedOut, type Orders } from "./orders";
import { takeGroupProfile } from "./received";
import { speakers } from "./standing";
import type { Place, Step } from "./step";
import { settleServer } from "./told";

/** What of a conversation's log this device has itself sent: `Log` applies it from what was kept at sending. */

/** An own message that has come round: the outbox lets go of it. */
export async function applyOwnMessage(
  context: Context,
  step: Step,
  group: GroupRecord | null,
  envelope: Envelope,
  place: Place,
): Promise<void> {
  const rows = await context.store.range("outbox", { group: step.blind });
  const sent = rows.find((row) => row.value.frame?.counter === envelope.counter);
  if (!sent?.value.frame) {
    step.foreignToUs(envelope, place);
    return;
  }
  if (!equal(sent.value.frame.bodyHash, place.bodyHash)) throw new RolledBack();
  step.row(envelope.seq, place, "own");
  step.batch.remove("outbox", sent.key, { expect: sent.revision });
  const stored = await context.store.get("messages", named(step.blind, sent.value.message));
  if (stored) step.message({ ...stored.value, order: envelope.seq, seq: envelope.seq, failed: null });
  else await applyOwnPost(context, step, group, envelope, sent.value.content);
}

/** Own content that is no row on the screen comes into force with its place in the log. */
async function applyOwnPost(
  context: Context,
  step: Step,
  group: GroupRecord | null,
  envelope: Envelope,
  bytes: Uint8Array,
): Promise<void> {
  const content = decodeContent(bytes);
  if (content.t !== "profile") return;
  const said = { content, sender: context.self.person, group };
  await takeGroupProfile(context, step, said, { seq: envelope.seq, time: envelope.time });
}

/** A commit of our own: adopt the state that was kept for it. */
export async function applyOwnCommit(
  context: Context,
  orders: Orders,
  step: Step,
  envelope: Envelope,
): Promise<void> {
  const { conversation } = step;
  const place = await step.advance(envelope);
  const key = numbered(step.blind, envelope.generation);
  const stored = await context.store.get("groups", key);
  const pending = stored?.value.pending;
  if (!stored || !pending || pending.kind === "begin" || !equal(pending.bodyHash, place.bodyHash)) {
    step.foreignToUs(envelope, place);
    return;
  }
  step.row(envelope.seq, place, "own");
  const { members } = await context.env.engine.describe(pending.state);
  const { change } = pending;
  const isKnown = (hash: Uint8Array): boolean =>
    orders.known(stored.value).some(({ order }) => equal(order.hash, hash));
  // Made before this process began: what they say must be asked for again.
  if (!change.orders.every(isKnown)) await orders.refetch(conversation.id, stored.value);
  const executed = change.orders.map(toHex);
  // Only an UpdatePath renews our leaf; a commit that does nothing but add may go without one.
  const renewed = change.removed.length > 0 || change.added.length === 0;
  const group: GroupRecord = {
    ...stored.value,
    state: pending.state,
    epoch: pending.epoch + 1,
    pending: null,
    broken: null,
    devices: devicesOf(members),
    membership: pending.membership,
    executed: [...stored.value.executed, ...carriedOut(orders.known(stored.value), executed)],
    healed: renewed || stored.value.healed,
    renewedAt: renewed ? context.now() : stored.value.renewedAt,
  };
  if (conversation.kind === "group") conversation.persons = speakers(conversation, group);
  const { person: by } = context.self;
  const { seq, time } = envelope;
  settleServer(conversation, { seq, epoch: group.epoch, executed: change.orders.length });
  tellCommit(step, {
    ...{ seq, time, by, kind: conversation.kind, change, self: by },
    before: stored.value.membership,
    after: group.membership,
    leaving: leavingOf(orders, group, executed),
  });
  step.batch.put("groups", key, group, { expect: stored.revision });
}

/** Who goes by an own wish with the orders that a commit has carried out (their hashes, in hex). */
export function leavingOf(orders: Orders, group: GroupRecord, executed: readonly string[]): Set<string> {
  return new Set(
    orders
      .known(group)
      .flatMap(({ order }) =>
        order.action === "leave" && executed.includes(toHex(order.hash)) ? [idText(order.person)] : [],
      ),
  );
}
