/** Small facts about who has a leaf in a group: in the records, in the engine's answers and in its refusals. */

import type { Joined, Member } from "../crypto/api";
import { equal } from "../crypto/bytes";
import type { ConversationRecord, GroupDevice, GroupRecord } from "../store";
import type { Envelope } from "../wire/frames";
import { AppError, type Id } from "./api";
import { cryptoCode } from "./errors";
import { idText } from "./ids";
import { devicesNamed, fromEntry } from "./standing";

export const devicesOf = (members: readonly Member[]): GroupDevice[] =>
  members.map((member) => ({ person: idText(member.person), device: idText(member.device) }));

/**
 * How long a request to be let in counts. A sibling may let the device in before the order that answers the request is
 * carried out, which then gives it another leaf and another Welcome.
 */
export const ASKED_MS = 10 * 60 * 1000;

export const hasAsked = ({ rejoin }: ConversationRecord, now: number): boolean =>
  rejoin !== null && now - rejoin.at < ASKED_MS;

/** Whether another device of this person stood in the tree before the commit that let this one in. */
export function hasSibling(joined: Joined, { body }: Envelope, device: Uint8Array): boolean {
  const own = joined.members.find((member) => equal(member.device, device));
  const named = new Set(devicesNamed([body]));
  return joined.members.some(
    (member) =>
      own !== undefined &&
      equal(member.person, own.person) &&
      !equal(member.device, device) &&
      !named.has(idText(member.device)),
  );
}

/** The record of a group that a Welcome lets this device into, at `now`. */
export function enteredGroup(
  conversation: ConversationRecord,
  envelope: Envelope,
  joined: Joined,
  now: number,
): GroupRecord {
  return {
    conversation: conversation.id,
    generation: envelope.generation,
    groupId: joined.groupId,
    epoch: joined.epoch,
    state: joined.state,
    pending: null,
    devices: devicesOf(joined.members),
    membership: conversation.kind === "group" ? joined.membership.map(fromEntry) : [],
    suite: joined.policy.suite,
    sizeClass: joined.policy.sizeClass,
    founder: idText(envelope.device),
    createdHere: false,
    renewedAt: now,
    healed: false,
    lost: null,
    broken: null,
    executed: [],
  };
}

/**
 * A generation that this device has no leaf in; `lost`: why its Welcome could not be taken; `membership`: who was in
 * before it, as far as this device has seen (`admission.ts`).
 */
export function lostGroup(
  { id }: ConversationRecord,
  envelope: Envelope,
  lost: string | null,
  membership: GroupRecord["membership"],
): GroupRecord {
  return {
    conversation: id,
    generation: envelope.generation,
    groupId: null,
    epoch: 0,
    state: null,
    pending: null,
    devices: [],
    membership,
    suite: 0,
    sizeClass: "normal",
    founder: idText(envelope.device),
    createdHere: false,
    renewedAt: 0,
    healed: true,
    lost,
    broken: null,
    executed: [],
  };
}

export function personOf(joined: Joined, device: Uint8Array): Id {
  const member = joined.members.find((one) => equal(one.device, device));
  if (!member) throw new AppError("internal");
  return idText(member.person);
}

/** Whose chain the engine misses; null for any other error. */
export function unlistedPerson(error: unknown): Id | null {
  if (cryptoCode(error) !== "device_not_listed") return null;
  const { detail } = error as Error & { detail?: Readonly<Record<string, unknown>> };
  const person = detail?.["person"];
  return typeof person === "string" ? person : null;
}
