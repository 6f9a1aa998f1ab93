/** Beginning a group: epoch 0 with this device alone, and the first commit, which adds the others (RFC 9420 §11). */

import { type ProposalAdd, createGroup, generateKeyPackageWithKey } from "ts-mls";
import type { Begun, DeviceKeys, GroupPolicy, RosterDevice, Seen, Uuid } from "../api";
import { encodeAuthenticatedData } from "../authenticated-data";
import { equal, randomBytes, toHex } from "../bytes";
import { demand } from "../errors";
import { encodeGroupInfoExtension, GROUP_INFO_EXTENSION } from "../group-info";
import { encodePolicy, groupIdOf } from "../policy";
import { credentialOf } from "./credential";
import { readKeyPackage } from "./key-packages";
import { ciphersuite, encodeMessage, guarded } from "./library";
import { makeCommit } from "./make-commit";
import { CAPABILITIES, clientConfig, MAX_LIFETIME, type Profile } from "./profile";
import { Roster } from "./roster";
import type { StateCache } from "./state";
import { demandPerson, demandSoundGroup, membersOf } from "./tree";

export interface BeginInput {
  keys: DeviceKeys;
  policy: Omit<GroupPolicy, "nonce">;
  add: { person: Uuid; device: Uuid; keyPackage: Uint8Array }[];
  roster: RosterDevice[];
  seen: Seen;
  profile: Uint8Array;
  now: number;
}

/**
 * Secrets: the group's first epoch secret comes from the system's generator inside the library and lives only in
 * `pendingState`; the nonce of the policy makes the group id fresh but is no secret.
 *
 * @throws CryptoError when a device may not be added (`device_*`, `key_package_refused`, `capabilities`, `suite`,
 *   `person_not_in_conversation`) or the policy does not fit those who would be in (`policy_refused`).
 */
export async function begin(input: BeginInput, cache: StateCache, profile: Profile): Promise<Begun> {
  const { keys, add, seen, now } = input;
  const roster = new Roster(input.roster);
  const policy: GroupPolicy = { ...input.policy, nonce: randomBytes(32) };
  const policyBytes = encodePolicy(policy);
  const groupId = await groupIdOf(policyBytes);
  demand(add.length > 0, "policy_refused");
  const proposals = add.map((newcomer): ProposalAdd => {
    demandPerson(policy, newcomer);
    const keyPackage = readKeyPackage(newcomer.keyPackage, newcomer, policy.suite, now, profile);
    roster.demandLiving(newcomer.person, newcomer.device, keyPackage.leafNode.signaturePublicKey, now);
    return { proposalType: "add", add: { keyPackage } };
  });
  const impl = await ciphersuite(policy.suite);
  const alone = await createAlone(keys, groupId, policy, roster, now);
  const made = await guarded("key_package_refused", () =>
    makeCommit(
      alone,
      proposals,
      {
        path: false,
        authenticatedData: encodeAuthenticatedData({
          seen,
          frankingTag: new Uint8Array(),
          orderHashes: [],
        }),
        groupInfoExtensions: [
          {
            extensionType: GROUP_INFO_EXTENSION,
            extensionData: encodeGroupInfoExtension({ policy: policyBytes, seen, profile: input.profile }),
          },
        ],
      },
      impl,
    ),
  );
  const members = demandSoundGroup(made.state, policy, roster, profile);
  roster.demandAllLiving(members, now);
  demandAllPersons(policy, membersOf(made.state.ratchetTree));
  return {
    groupId,
    policy: policyBytes,
    pendingState: await cache.save({ policy, state: made.state }),
    commit: encodeMessage(made.commit),
    welcome:
      made.welcome && encodeMessage({ version: "mls10", wireformat: "mls_welcome", welcome: made.welcome }),
    epochAfter: Number(made.state.groupContext.epoch),
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
