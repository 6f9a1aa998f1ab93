/** Begin and commit as a server judges them, and what an accepted one does to a conversation. */

import type { Id } from "../../src/core/api";
import { idBytes, idText } from "../../src/core/ids";
import type { MembershipEntry } from "../../src/crypto/api";
import { encodeBeginBody } from "../../src/crypto/begin-body";
import { equal, toHex } from "../../src/crypto/bytes";
import { groupIdOf, parsePolicy } from "../../src/crypto/policy";
import { TransportError } from "../../src/transport";
import type { RequestFields } from "../../src/transport";
import type * as wire from "../../src/wire/frames";
import type { Device, ServerDouble } from "./double";
import { applyCommit, type ReadCommit, readCommit, refused, type Seat } from "./double-frames";
import type { DoubleOrder, Talk } from "./double-talk";
import { judgeBeginOf, judgeCommitOf } from "./double-judge";

type Made = Pick<wire.Envelope, "generation" | "epoch" | "kind" | "counter" | "body">;

/** A part of a Welcome on its way into a mailbox. */
export interface Delivery {
  device: Device;
  mail: Omit<wire.Mail, "seq" | "log_seq">;
}

export interface Accepted {
  /** The answer of the first time, when the frame was told again. */
  known?: wire.Sent | null;
  made: Made;
  /** What the envelope at `seq` changes; returns what goes to the newcomers. */
  effect?: ((seq: number) => Delivery[]) | undefined;
}

/** Devices whose leaves must go: revoked or expired. */
export function goneOf(server: ServerDouble, talk: Talk): Set<Id> {
  const gone = new Set<Id>();
  for (const { person, device } of talk.leaves.values())
    if (!server.living(person).includes(device)) gone.add(device);
  return gone;
}

export async function acceptCommit(
  server: ServerDouble,
  talk: Talk,
  from: Device,
  frame: RequestFields["commit"],
): Promise<Accepted> {
  const { generation, epoch, counter, body } = frame;
  const made = { generation, epoch, kind: 2 as const, counter, body };
  const known = talk.known(from.device, 2, counter, body);
  if (known) return { known, made };
  if (!talk.isMember(from.person)) throw new TransportError("not_a_member");
  if (generation !== talk.generation || !talk.groupId) throw new TransportError("generation_conflict");
  const commit = await readCommit(body, talk.suite);
  if (epoch !== talk.epoch) throw lostEpoch(server, talk, from, commit);
  if (!equal(commit.groupId, talk.groupId) || commit.epoch !== epoch) throw refused("epoch");
  if (talk.leaves.get(commit.leaf)?.device !== from.device) throw refused("sender");
  demandLiving(server, from, commit);
  const executed = namedOrders(server, talk, commit);
  const membership = await judgeCommitOf(server, talk, from.person, commit, executed);
  const after = applyCommit(talk.leaves, commit);
  const members = talk.kind === "group" ? membership.map(({ person }) => idText(person)) : talk.persons;
  demandDue(server, talk, executed, after, new Set(members));
  const effect = (seq: number): Delivery[] => {
    talk.epoch = epoch + 1;
    talk.blocked = false;
    talk.contention.won(from.device);
    for (const order of executed) order.executed = seq;
    settle(talk, after, membership, seq);
    closeMoot(talk, seq);
    return deliveries(server, talk, commit, frame.welcome);
  };
  return { made, effect };
}

/** Who will make the commit anew stands in line; one that only heals is not made anew. */
function lostEpoch(server: ServerDouble, talk: Talk, from: Device, commit: ReadCommit): TransportError {
  const now = { generation: talk.generation, epoch: talk.epoch };
  const { added, removed, roles, orderHashes } = commit;
  if (added.length + removed.length + roles.length + orderHashes.length === 0)
    return new TransportError("epoch_conflict", null, now);
  const { ahead, wait } = talk.contention.lost(from.device, server.hurried());
  return new TransportError("epoch_conflict", wait, { ...now, ahead });
}

export async function acceptBegin(
  server: ServerDouble,
  talk: Talk,
  from: Device,
  frame: RequestFields["begin"],
): Promise<Accepted> {
  const body = encodeBeginBody({ policy: frame.policy, commit: frame.commit });
  const { generation, counter } = frame;
  const made = { generation, epoch: 0, kind: 3 as const, counter, body };
  const known = talk.known(from.device, 3, counter, body);
  if (known) return { known, made };
  if (!talk.isMember(from.person)) throw new TransportError("not_a_member");
  if (generation !== talk.generation + 1) throw new TransportError("generation_conflict");
  demandMayBegin(server, talk, from);
  const policy = parsePolicy(frame.policy);
  const groupId = await groupIdOf(frame.policy);
  if (policy.kind !== talk.kind || idText(policy.conversation) !== talk.id)
    throw new TransportError("policy_refused");
  const commit = await readCommit(frame.commit, policy.suite);
  if (!equal(commit.groupId, groupId) || commit.epoch !== 0 || commit.leaf !== 0) throw refused("epoch");
  demandLiving(server, from, commit);
  const alone = new Map<number, Seat>([[0, { person: from.person, device: from.device }]]);
  const after = applyCommit(alone, commit);
  const membership = await judgeBeginOf(server, talk, from.person, commit, after);
  const effect = (seq: number): Delivery[] => {
    for (const order of talk.orders) order.executed ??= seq;
    Object.assign(talk, {
      generation,
      groupId,
      epoch: 1,
      blocked: false,
      frozenSeq: null,
      suite: policy.suite,
    });
    talk.slots.clear();
    settle(talk, after, membership, seq);
    return deliveries(server, talk, commit, frame.welcome);
  };
  return { made, effect };
}

/** No device that lives has a leaf, the asking one left aside: nobody can commit. */
export const isAbandoned = (server: ServerDouble, talk: Talk, from: Device): boolean =>
  [...talk.leaves.values()].every(
    ({ person, device }) => device === from.device || !server.living(person).includes(device),
  );

function demandMayBegin(server: ServerDouble, talk: Talk, from: Device): void {
  if (talk.generation === 0) return;
  if (talk.kind === "group" && isAbandoned(server, talk, from)) return;
  const role = talk.participants.get(from.person)?.role;
  const admins = [...talk.participants.values()].some((one) => one.left === null && one.role === "admin");
  const allowed =
    talk.kind === "direct" || talk.kind === "self"
      ? talk.blocked
      : role === "admin" || (talk.frozenSeq !== null && !admins);
  if (!allowed) throw new TransportError("successor_not_allowed");
}

/** Newcomers are living devices of their persons, by KeyPackages that were handed to the committer. */
function demandLiving(server: ServerDouble, from: Device, commit: ReadCommit): void {
  for (const { person, device, ref } of commit.added) {
    if (!server.living(person).includes(device)) throw refused("device_not_listed");
    const to = server.claimed.get(toHex(ref));
    if (to === undefined || (to !== null && to !== from.device)) throw refused("key_package_not_claimed");
  }
}

function namedOrders(server: ServerDouble, talk: Talk, commit: ReadCommit): DoubleOrder[] {
  return commit.orderHashes.map((hash) => {
    const order = talk.openOrders(server.now()).find((one) => equal(one.hash, hash));
    if (!order) throw refused("orders");
    return order;
  });
}

/** Nobody who is out keeps a leaf, and nobody who may be let in waits for longer than a commit. */
function demandDue(
  server: ServerDouble,
  talk: Talk,
  executed: readonly DoubleOrder[],
  after: ReadonlyMap<number, Seat>,
  members: ReadonlySet<Id>,
): void {
  const seated = new Set([...after.values()].map((seat) => seat.device));
  for (const order of talk.openOrders(server.now())) {
    if (executed.includes(order)) continue;
    const [person, device] = [idText(order.person), idText(order.device)];
    if (order.action !== "add") throw new TransportError("removal_due");
    if (seated.has(device) || !members.has(person) || !server.living(person).includes(device)) continue;
    const packages = server.devices.find((one) => one.device === device)?.packages ?? [];
    if (packages.some((one) => one.suite === talk.suite && one.notAfter > server.now()))
      throw new TransportError("order_due");
  }
  for (const { person, device } of after.values())
    if (!server.living(person).includes(device)) throw new TransportError("removal_due");
}

/** Adds whose device is in without having been named, or whose person is out, are done with. */
function closeMoot(talk: Talk, seq: number): void {
  for (const order of talk.orders)
    if (order.action === "add" && order.executed === null) {
      const moot = talk.leafOf(idText(order.device)) !== null || !talk.isMember(idText(order.person));
      if (moot) order.executed = seq;
    }
}

function settle(
  talk: Talk,
  leaves: Map<number, Seat>,
  membership: readonly MembershipEntry[],
  seq: number,
): void {
  talk.seat(leaves, seq);
  if (talk.kind !== "group") return;
  const now = new Map(membership.map((entry) => [idText(entry.person), entry]));
  for (const [person, participant] of talk.participants)
    if (!now.has(person) && participant.left === null) participant.left = seq;
  for (const [person, { role, base }] of now) talk.participants.set(person, { role, base, left: null });
}

function deliveries(
  server: ServerDouble,
  talk: Talk,
  commit: ReadCommit,
  welcome: Uint8Array | null,
): Delivery[] {
  // A KeyPackage serves once; a last resort stays.
  for (const { ref } of commit.added)
    if (server.claimed.get(toHex(ref)) !== null) server.claimed.delete(toHex(ref));
  if (!welcome) return [];
  return commit.added.map(({ device, ref }) => ({
    device: server.device(device),
    mail: { conversation: idBytes(talk.id), generation: talk.generation, key_package_ref: ref, welcome },
  }));
}
