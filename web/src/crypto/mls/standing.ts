/** What the rules of membership (`membership.ts`) are asked about a commit, a begin and a newcomer's snapshot. */

import type {
  GroupPolicy,
  Member,
  MembershipEntry,
  RoleChange,
  RosterDevice,
  Standing,
  Uuid,
  VerifiedOrder,
} from "../api";
import { equal } from "../bytes";
import { CryptoError, demand } from "../errors";
import { demandSnapshot, fixedMembership, judge, judgeBegin, type ListedDevice } from "../membership";
import { encodeGroupProfile, parseGroupProfile } from "../profile";
import type { DeviceIdentity } from "./credential";
import type { Roster } from "./roster";

/** A commit's effect, from its maker or from its frame. */
export interface Change {
  committer: Member;
  /** The tree before the commit. */
  members: readonly Member[];
  removed: readonly Member[];
  added: readonly (DeviceIdentity & { signatureKey: Uint8Array })[];
  roles: readonly RoleChange[];
  orderHashes: readonly Uint8Array[];
}

const NOTHING: Standing = { membership: [], bases: [], orders: [] };

/** Membership as it was: of a group from the core's record, of the others fixed by the policy. */
function before(policy: GroupPolicy, own: Uuid, standing: Standing | undefined): MembershipEntry[] {
  if (policy.kind === "group") return standing?.membership ?? [];
  return fixedMembership(policy.kind === "direct" ? policy.persons : [own]);
}

/** The roster's entry, which `demandSoundGroup` or the guards have found before. */
function listed(roster: Roster, { person, device, signatureKey }: Change["added"][number]): RosterDevice {
  const entry = roster.find(person, device, signatureKey);
  if (entry === undefined) throw new CryptoError("device_not_listed");
  return entry;
}

/**
 * The standing after a commit: the new membership, and without the orders that it has executed, which count once.
 *
 * @param now milliseconds UTC, not before the server's time of the commit: by then a device has expired or not.
 * @throws CryptoError `membership_refused`; `orders_unknown` when the commit names an order that `standing` lacks.
 */
export function judgeChange(
  policy: GroupPolicy,
  change: Change,
  roster: Roster,
  standing: Standing | undefined,
  now: number,
): Standing {
  // Without the map a right commit would be refused for good, and this device would be cut off.
  demand(policy.kind !== "group" || standing !== undefined, "out_of_range");
  const { bases, orders: known } = standing ?? NOTHING;
  const orders = change.orderHashes.map((hash): VerifiedOrder => {
    const order = known.find((one) => equal(one.hash, hash));
    if (order === undefined) throw new CryptoError("orders_unknown");
    return order;
  });
  demand(new Set(orders).size === orders.length, "membership_refused", { rule: "orders" });
  const isGone = (member: Member): boolean => {
    const { revokedAt, expiresAt } = listed(roster, member);
    return revokedAt !== null || (expiresAt !== null && expiresAt <= now);
  };
  const membership = judge({
    kind: policy.kind,
    committer: change.committer.person,
    before: before(policy, change.committer.person, standing),
    leaves: change.members.map(({ leaf, ...member }) => ({ leaf, ...listed(roster, member) })),
    removed: change.removed.map(({ leaf }) => leaf),
    added: change.added.map((device) => listed(roster, device)),
    roles: change.roles,
    orders,
    gone: change.removed.filter(isGone),
    bases,
  });
  const served = (order: VerifiedOrder): boolean =>
    orders.some((done) => done === order || sameWish(done, order));
  return { membership, bases, orders: known.filter((order) => !served(order)) };
}

/** Two orders by one request to leave: its person may have been taken in again since the first was carried out. */
const sameWish = (a: VerifiedOrder, b: VerifiedOrder): boolean =>
  a.action === "leave" && b.action === "leave" && equal(a.request, b.request);

/** The membership that a begin makes; `tree` with the founder. Throws `membership_refused`. */
export function judgeFirst(
  policy: GroupPolicy,
  committer: Uuid,
  tree: Change["added"],
  roles: readonly RoleChange[],
  roster: Roster,
  standing: Standing | undefined,
): MembershipEntry[] {
  return judgeBegin({
    kind: policy.kind,
    committer,
    before: before(policy, committer, standing),
    tree: tree.map((device) => listed(roster, device)),
    roles,
    bases: standing?.bases ?? [],
  });
}

/**
 * The profile for newcomers: in a group with the membership as it is after the commit, otherwise nothing.
 *
 * @throws CryptoError `profile_malformed`.
 */
export function profileFor(policy: GroupPolicy, profile: Uint8Array, members: MembershipEntry[]): Uint8Array {
  if (policy.kind === "group") return encodeGroupProfile({ ...parseGroupProfile(profile), members });
  demand(profile.length === 0, "profile_malformed");
  return profile;
}

/**
 * The membership that a newcomer is told by the profile of its Welcome: it must fit the tree.
 *
 * What cannot be checked here is the role of each: the member who adds vouches for it with a signature, and one who lies
 * about its own is found out by its first act as an admin, which the others refuse.
 *
 * @throws CryptoError `profile_malformed` or `membership_refused`.
 */
export function membershipOf(
  policy: GroupPolicy,
  profile: Uint8Array,
  own: Uuid,
  members: readonly Member[],
  roster: Roster,
): MembershipEntry[] {
  if (policy.kind !== "group") {
    demand(profile.length === 0, "profile_malformed");
    return before(policy, own, undefined);
  }
  const membership = parseGroupProfile(profile).members;
  const tree: ListedDevice[] = members.map((member) => listed(roster, member));
  demandSnapshot(membership, tree);
  return membership;
}
