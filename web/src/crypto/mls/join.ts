/** Joining by a Welcome (RFC 9420 §12.4.3.1), and what must hold before the group is believed. */

import type { Extension, Welcome } from "ts-mls";
import type { DeviceKeys, GroupPolicy, Joined, MadeKeyPackage, RosterDevice, Uuid } from "../api";
import { compare, equal } from "../bytes";
import { CryptoError, demand } from "../errors";
import { GROUP_INFO_EXTENSION, type GroupInfoExtension, parseGroupInfoExtension } from "../group-info";
import { groupIdOf, parsePolicy } from "../policy";
import { decodePrivate } from "./key-packages";
import { ciphersuite, decodeKeyPackage, decodeMessage, guarded, keyPackageRef } from "./library";
import { clientConfig, MAX_HANDSHAKE, type Profile, SUITE_NAMES } from "./profile";
import { Roster } from "./roster";
import { membershipOf } from "./standing";
import type { StateCache } from "./state";
import { demandSoundGroup } from "./tree";
import { openWelcome } from "./welcome";

export interface JoinInput {
  keys: DeviceKeys;
  welcome: Uint8Array;
  keyPackage: MadeKeyPackage;
  expected: { conversation: Uuid; persons: Uuid[]; groupId: Uint8Array };
  roster: RosterDevice[];
  now: number;
}

/**
 * Secrets: the private halves of the KeyPackage are used here once; the core erases them in the transaction that
 * stores `state`, so that nobody who takes the device later can open the Welcome again.
 *
 * @throws CryptoError `welcome_refused` (not ours, or not authentic), `group_id`, `policy_refused`, `group_context`,
 *   `suite`, what `demandSoundGroup` finds wrong with the tree, `profile_malformed` or `membership_refused` when the
 *   membership that the Welcome tells of does not fit the tree.
 */
export async function join(input: JoinInput, cache: StateCache, profile: Profile): Promise<Joined> {
  const { keys, keyPackage, expected } = input;
  const roster = new Roster(input.roster);
  const { welcome, own } = await readWelcome(input);
  const impl = await ciphersuite(keyPackage.suite);
  const privateKeys = decodePrivate(keyPackage.privateKeyPackage, keys);
  const { state, extensions, signer } = await guarded("welcome_refused", () =>
    openWelcome(welcome, own, privateKeys, clientConfig(roster), impl),
  );
  const info = readExtensions(extensions);
  const { groupId } = state.groupContext;
  demand(equal(groupId, expected.groupId), "group_id");
  demand(equal(groupId, await groupIdOf(info.policy)), "group_id");
  const policy = readPolicy(info.policy);
  demandExpected(policy, expected);
  const members = demandSoundGroup(state, policy, roster, profile);
  const ownLeaf = state.privatePath.leafIndex;
  const self = members.find((member) => member.leaf === ownLeaf);
  const selfSound =
    self !== undefined && equal(self.device, keys.device) && equal(self.signatureKey, keys.signaturePublic);
  demand(selfSound, "welcome_refused");
  const by = members.find((member) => member.leaf === signer);
  demand(by !== undefined, "welcome_refused");
  return {
    state: await cache.save({ policy, state }),
    groupId: groupId.slice(),
    policy,
    epoch: Number(state.groupContext.epoch),
    seen: info.seen,
    profile: info.profile,
    membership: membershipOf(policy, info.profile, keys.person, members, roster),
    members: [...members],
    by,
    ownLeaf,
  };
}

/** A Welcome of the KeyPackage's suite with a part for it. */
async function readWelcome({ welcome, keyPackage }: JoinInput): Promise<{
  welcome: Welcome;
  own: ReturnType<typeof decodeKeyPackage>;
}> {
  const message = decodeMessage(welcome, MAX_HANDSHAKE, "welcome_refused");
  demand(message.wireformat === "mls_welcome", "welcome_refused");
  demand(message.welcome.cipherSuite === SUITE_NAMES[keyPackage.suite], "suite");
  const own = decodeKeyPackage(keyPackage.keyPackage);
  const ref = await keyPackageRef(own, await ciphersuite(keyPackage.suite));
  const forUs = message.welcome.secrets.some((part) => equal(part.newMember, ref));
  demand(forUs, "welcome_refused");
  return { welcome: message.welcome, own };
}

/** The tree and Beep's own extension, once each; an external_pub or anything else is refused. */
function readExtensions(extensions: readonly Extension[]): GroupInfoExtension {
  const [ours, ...more] = extensions.filter((extension) => extension.extensionType === GROUP_INFO_EXTENSION);
  const trees = extensions.filter((extension) => extension.extensionType === "ratchet_tree");
  const exact = ours !== undefined && more.length === 0 && trees.length === 1 && extensions.length === 2;
  demand(exact, "welcome_refused");
  try {
    return parseGroupInfoExtension(ours.extensionData);
  } catch {
    throw new CryptoError("welcome_refused");
  }
}

function readPolicy(bytes: Uint8Array): GroupPolicy {
  try {
    return parsePolicy(bytes);
  } catch {
    throw new CryptoError("policy_refused");
  }
}

/** The policy names this conversation, and these two persons exactly when two are expected. */
function demandExpected(policy: GroupPolicy, expected: JoinInput["expected"]): void {
  demand(equal(policy.conversation, expected.conversation), "policy_refused");
  const persons = [...expected.persons].sort(compare);
  const samePersons =
    persons.length === policy.persons.length &&
    persons.every((person, i) => equal(person, policy.persons[i] ?? new Uint8Array()));
  demand(samePersons, "policy_refused");
}
