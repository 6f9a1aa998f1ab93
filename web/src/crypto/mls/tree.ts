/** Reading and judging the ratchet tree: the member list on screen comes from here, never from the server. */

import type { ClientState, LeafNode, RatchetTree } from "ts-mls";
import type { GroupPolicy, Member } from "../api";
import { equal, uuidText } from "../bytes";
import { CryptoError, demand } from "../errors";
import { CLASSICAL, HYBRID } from "../policy";
import { parseCredential } from "./credential";
import { HYBRID_LEAVES, MAX_LEAVES, type Profile, SUITE_NAMES } from "./profile";
import type { Roster } from "./roster";

/** The leaf at `index`, or undefined when it is blank or outside the tree. Leaf i is node 2i (RFC 9420 §4.1.1). */
export function leafAt(tree: RatchetTree, index: number): LeafNode | undefined {
  const node = tree[index * 2];
  return node?.nodeType === "leaf" ? node.leaf : undefined;
}

/** @throws CryptoError `capabilities` when the leaf's credential is not a device's. */
export function memberOf(leaf: LeafNode, index: number): Member {
  const identity = parseCredential(leaf.credential);
  if (identity === undefined) throw new CryptoError("capabilities", { leaf: index });
  return { leaf: index, ...identity, signatureKey: leaf.signaturePublicKey.slice() };
}

/** A tree is never changed in place and stays the same through an epoch: read once, for every message of it. */
const membersRead = new WeakMap<RatchetTree, readonly Member[]>();

/** All members in the order of their leaves. */
export function membersOf(tree: RatchetTree): readonly Member[] {
  let members = membersRead.get(tree);
  if (members === undefined) {
    members = tree.flatMap((node, i) => (node?.nodeType === "leaf" ? [memberOf(node.leaf, i / 2)] : []));
    membersRead.set(tree, members);
  }
  return members;
}

/** A leaf with nothing that Beep's clients do not have. */
export function demandPlainLeaf(leaf: LeafNode, profile: Profile): void {
  demand(profile.acceptsCapabilities(leaf.capabilities) && leaf.extensions.length === 0, "capabilities");
}

/** In a direct conversation nobody but the two persons whom the group id commits to. */
export function demandPerson(
  policy: GroupPolicy,
  { person, device }: Pick<Member, "person" | "device">,
): void {
  const allowed = policy.kind !== "direct" || policy.persons.some((one) => equal(one, person));
  demand(allowed, "person_not_in_conversation", { device: uuidText(device) });
}

/**
 * The suite and size that a group may have. Direct and self groups are hybrid; classical is for groups made large, or
 * that have outgrown 100 leaves when they begin: nobody is talked down to a suite that a quantum computer opens. (They
 * may shrink afterwards: whoever leaves must be able to.)
 *
 * @param epoch of the group: 1 is the one it begins with.
 * @throws CryptoError `policy_refused` or `group_too_large`.
 */
export function demandPolicySuite(policy: GroupPolicy, leaves: number, epoch: bigint): void {
  demand(leaves <= MAX_LEAVES[policy.suite], "group_too_large", { leaves });
  if (policy.suite === HYBRID) return;
  demand(policy.suite === CLASSICAL && policy.kind === "group", "policy_refused");
  demand(policy.sizeClass === "large" || epoch > 1n || leaves > HYBRID_LEAVES, "policy_refused");
}

/** A person's own devices and nobody else's. */
function demandOnePerson(members: readonly Member[]): void {
  const [first] = members;
  for (const { person, device } of members)
    demand(first !== undefined && equal(person, first.person), "person_not_in_conversation", {
      device: uuidText(device),
    });
}

/**
 * Judges a whole group: no context extensions, the policy's suite, and each leaf a listed device of an allowed person,
 * once, with Beep's capabilities. Holds for every state that is ever saved.
 *
 * @throws CryptoError with the first thing that is wrong.
 */
export function demandSoundGroup(
  state: ClientState,
  policy: GroupPolicy,
  roster: Roster,
  profile: Profile,
): readonly Member[] {
  const { groupContext, ratchetTree } = state;
  demand(groupContext.extensions.length === 0, "group_context");
  demand(groupContext.cipherSuite === SUITE_NAMES[policy.suite], "suite");
  for (const node of ratchetTree) if (node?.nodeType === "leaf") demandPlainLeaf(node.leaf, profile);
  const members = membersOf(ratchetTree);
  demandPolicySuite(policy, members.length, groupContext.epoch);
  if (policy.kind === "self") demandOnePerson(members);
  const devices = new Set<string>();
  for (const member of members) {
    const device = uuidText(member.device);
    demand(!devices.has(device), "device_duplicate", { device });
    devices.add(device);
    demandPerson(policy, member);
    const known = roster.find(member.person, member.device, member.signatureKey);
    demand(known !== undefined, "device_not_listed", { device, person: uuidText(member.person) });
  }
  return members;
}
