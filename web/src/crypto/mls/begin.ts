/** Beginning a group: epoch 0 with this device alone, and the first commit, which adds the others (RFC 9420 §11). */

import { type Extension, type ProposalAdd, createGroup, generateKeyPackageWithKey } from "ts-mls";
import type { Begun, DeviceKeys, GroupPolicy, RoleChange, RosterDevice, Seen, Standing, Uuid } from "../api";
import { encodeAuthenticatedData, sortedRoles } from "../authenticated-data";
import { equal, randomBytes, toHex } from "../bytes";
import { demand } from "../errors";
import { encodeGroupInfoExtension, GROUP_INFO_EXTENSION } from "../group-info";
import { encodePolicy, groupIdOf } from "../policy";
import { demandAddable } from "./adding";
import { credentialOf } from "./credential";
import { ciphersuite, encodeMessage, guarded } from "./library";
import { makeCommit } from "./make-commit";
import { CAPABILITIES, clientConfig, MAX_HANDSHAKE, MAX_LIFETIME, type Profile } from "./profile";
import { Roster } from "./roster";
import { judgeFirst, profileFor } from "./standing";
import type { StateCache } from "./state";
import { demandSoundGroup } from "./tree";

export interface BeginInput {
  keys: DeviceKeys;
  policy: Omit<GroupPolicy, "nonce">;
  add: { person: Uuid; device: Uuid; keyPackage: Uint8Array }[];
  roster: RosterDevice[];
  seen: Seen;
  profile: Uint8Array;
  now: number;
  roles?: RoleChange[];
  standing?: Standing;
}

/**
 * Secrets: the group's first epoch secret comes from the system's generator inside the library and lives only in
 * `pendingState`; the nonce of the policy makes the group id fresh but is no secret.
 *
 * @throws CryptoError when a device may not be added (`device_*`, `key_package_refused`, `capabilities`, `suite`,
 *   `person_not_in_conversation`), the policy does not fit those who would be in (`policy_refused`, `group_too_large`)
 *   or the rules of membership forbid it (`membership_refused`).
 */
export async function begin(input: BeginInput, cache: StateCache, profile: Profile): Promise<Begun> {
  const { keys, add, seen, now } = input;
  const roster = new Roster(input.roster);
  const policy: GroupPolicy = { ...input.policy, nonce: randomBytes(32) };
  const policyBytes = encodePolicy(policy);
  const groupId = await groupIdOf(policyBytes);
  const packages = add.map((newcomer) => demandAddable(policy, newcomer, roster, now, profile));
  const founder = { person: keys.person, device: keys.device, signatureKey: keys.signaturePublic };
  const devices = packages.map(({ leafNode }, i) => ({
    person: add[i]?.person ?? founder.person,
    device: add[i]?.device ?? founder.device,
    signatureKey: leafNode.signaturePublicKey,
  }));
  const tree = [founder, ...devices];
  demandAllPersons(policy, tree);
  const roles = sortedRoles(input.roles ?? []);
  const membership = judgeFirst(policy, keys.person, tree, roles, roster, input.standing);
  const impl = await ciphersuite(policy.suite);
  const alone = await createAlone(keys, groupId, policy, roster, now);
  const forNewcomers = (): Extension => ({
    extensionType: GROUP_INFO_EXTENSION,
    extensionData: encodeGroupInfoExtension({
      policy: policyBytes,
      seen,
      profile: profileFor(policy, input.profile, membership),
    }),
  });
  const proposals = packages.map((keyPackage): ProposalAdd => ({ proposalType: "add", add: { keyPackage } }));
  const options = {
    authenticatedData: encodeAuthenticatedData({
      seen,
      frankingTag: new Uint8Array(),
      orderHashes: [],
      roles,
    }),
    // An empty commit must have one (RFC 9420 §12.4): a founder who is alone for now.
    path: packages.length === 0,
    groupInfoExtensions: packages.length === 0 ? [] : [forNewcomers()],
  };
  const made = await guarded("key_package_refused", () => makeCommit(alone, proposals, options, impl));
  roster.demandAllLiving(demandSoundGroup(made.state, policy, roster, profile), now);
  const commit = encodeMessage(made.commit);
  const welcome =
    made.welcome && encodeMessage({ version: "mls10", wireformat: "mls_welcome", welcome: made.welcome });
  demand(commit.length <= MAX_HANDSHAKE && (welcome?.length ?? 0) <= MAX_HANDSHAKE, "group_too_large");
  return {
    groupId,
    policy: policyBytes,
    pendingState: await cache.save({ policy, state: made.state }),
    commit,
    welcome,
    epochAfter: Number(made.state.groupContext.epoch),
    membership,
  };
}

/** The group at epoch 0. The creator's own KeyPackage is never published, so its init key is dropped at once. */
async function createAlone(
  keys: DeviceKeys,
  groupId: Uint8Array,
  policy: GroupPolicy,
  roster: Roster,
  now: number,
): ReturnType<typeof createGroup> {
  const impl = await ciphersuite(policy.suite);
  const from = BigInt(Math.floor(now / 1_000)) - 3_600n;
  const { publicPackage, privatePackage } = await generateKeyPackageWithKey(
    credentialOf(keys),
    CAPABILITIES,
    { notBefore: from, notAfter: from + BigInt(MAX_LIFETIME / 1_000) },
    [],
    { signKey: keys.signaturePrivate, publicKey: keys.signaturePublic },
    impl,
    [],
  );
  return createGroup(groupId, publicPackage, privatePackage, [], impl, clientConfig(roster));
}

/** A direct conversation without one of its two persons would say "only we two" to nobody. */
function demandAllPersons(policy: GroupPolicy, members: readonly { person: Uuid }[]): void {
  for (const person of policy.persons) {
    const present = members.some((member) => equal(member.person, person));
    demand(present, "policy_refused", { absent: toHex(person) });
  }
}
