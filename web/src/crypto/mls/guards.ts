/**
 * What is checked before the library sees a frame (RFC 9420 §6, §12.2, §12.4, and Beep's narrower rules).
 *
 * The library obeys more than Beep wants: it takes external proposals into the next commit, lets a path change the
 * committer's identity and a proposal replace all context extensions, and reads an application message of any past
 * epoch it has keys for. Everything that is refused here never reaches it, so the state cannot have changed.
 */

import type { Commit, PrivateMessage, PublicMessage } from "ts-mls";
import { decryptSenderData } from "ts-mls/privateMessage.js";
import type { InEnvelope, Member } from "../api";
import { type AuthenticatedData, parseAuthenticatedData } from "../authenticated-data";
import { equal, uuidText } from "../bytes";
import { CryptoError, demand } from "../errors";
import { type DeviceIdentity, equalCredential, parseCredential } from "./credential";
import { demandKeyPackage } from "./key-packages";
import { ciphersuite, decodeMessage, guarded } from "./library";
import { equalCapabilities, MAX_BODY, MAX_FORWARD_GENERATIONS, MAX_HANDSHAKE, type Profile } from "./profile";
import { isAdd, isRemove } from "./proposals";
import type { Roster } from "./roster";
import type { Group } from "./state";
import { demandPerson, leafAt, memberOf, membersOf } from "./tree";

export interface ApplicationFrame {
  message: PrivateMessage;
  /** From the sender data: to be trusted only after the library has decrypted and verified the message. */
  sender: Member;
  data: AuthenticatedData;
  /** How many earlier messages of this sender and epoch have not come here. */
  skipped: number;
}

export interface CommitFrame {
  message: PublicMessage;
  /** From the frame: to be trusted only after the library has verified the signature. */
  committer: Member;
  /** The tree before the commit. */
  members: readonly Member[];
  removed: Member[];
  added: (DeviceIdentity & { signatureKey: Uint8Array })[];
  /** True when the same commit gives this device another leaf for the one that it takes. */
  readmitsSelf: boolean;
  /** True when this device's own leaf is removed, whoever may be put there by the same commit. */
  removesSelf: boolean;
  data: AuthenticatedData;
}

/** @throws CryptoError; `epoch_unknown` when the frame may become readable later. */
export async function checkApplication(
  group: Group,
  envelope: InEnvelope,
  roster: Roster,
  profile: Profile,
): Promise<ApplicationFrame> {
  const decoded = decodeMessage(envelope.body, MAX_BODY, "frame_malformed");
  demand(decoded.wireformat === "mls_private_message", "wire_format");
  const message = decoded.privateMessage;
  demand(message.contentType === "application", "content_type");
  demandPlace(group, envelope, message);
  const data = readData(message.authenticatedData, profile);
  const empty = message.authenticatedData.length === 0;
  demand(
    empty || (data.frankingTag.length === 32 && data.orderHashes.length === 0 && data.roles.length === 0),
    "authenticated_data",
  );
  const { leafIndex, generation } = await openSenderData(group, message);
  const sender = demandSender(group, envelope, leafIndex, roster);
  const skipped = demandFresh(group, leafIndex, generation);
  return { message, sender, data, skipped };
}

/** @throws CryptoError; `epoch_unknown` when the frame may become readable later. */
export function checkCommit(
  group: Group,
  envelope: InEnvelope,
  roster: Roster,
  profile: Profile,
): CommitFrame {
  const decoded = decodeMessage(envelope.body, MAX_HANDSHAKE, "frame_malformed");
  demand(decoded.wireformat === "mls_public_message", "wire_format");
  const message = decoded.publicMessage;
  const { content } = message;
  demand(content.contentType === "commit", "content_type");
  demand(content.sender.senderType === "member" && message.senderType === "member", "sender_type");
  demandPlace(group, envelope, content);
  const data = readData(content.authenticatedData, profile);
  demand(data.frankingTag.length === 0, "authenticated_data");
  const committer = demandSender(group, envelope, content.sender.leafIndex, roster);
  const members = membersOf(group.state.ratchetTree);
  const { removed, added } = checkProposals(group, members, committer, content.commit, roster, profile);
  checkPath(group, committer, content.commit);
  const own = group.state.privatePath.leafIndex;
  const self = removed.find((member) => member.leaf === own);
  const readmitsSelf = self !== undefined && added.some(({ device }) => equal(device, self.device));
  const removesSelf = self !== undefined;
  return { message, committer, members, removed, added, removesSelf, readmitsSelf, data };
}

/** This group, and the epoch that the envelope says and that the group is in. */
function demandPlace(
  group: Group,
  envelope: InEnvelope,
  frame: { groupId: Uint8Array; epoch: bigint },
): void {
  const { groupContext, groupActiveState } = group.state;
  demand(equal(frame.groupId, groupContext.groupId), "group_id");
  demand(frame.epoch === BigInt(envelope.epoch), "epoch_mismatch");
  demand(groupActiveState.kind === "active", "removed");
  demand(frame.epoch >= groupContext.epoch, "epoch_old");
  demand(frame.epoch === groupContext.epoch, "epoch_unknown");
}

function readData(bytes: Uint8Array, profile: Profile): AuthenticatedData {
  if (bytes.length === 0 && profile.acceptsEmptyAuthenticatedData) {
    const seen = { seq: 0, transcript: new Uint8Array(32) };
    return { seen, frankingTag: new Uint8Array(), orderHashes: [], roles: [] };
  }
  try {
    return parseAuthenticatedData(bytes);
  } catch {
    throw new CryptoError("authenticated_data");
  }
}

/** Another member than this device, the envelope's device, listed in its person's chain with the leaf's key. */
function demandSender(group: Group, envelope: InEnvelope, leafIndex: number, roster: Roster): Member {
  const { ratchetTree, privatePath } = group.state;
  const leaf = leafAt(ratchetTree, leafIndex);
  demand(leaf !== undefined, "sender_unknown");
  demand(leafIndex !== privatePath.leafIndex, "own_frame");
  const sender = memberOf(leaf, leafIndex);
  demand(equal(sender.device, envelope.sender), "sender_mismatch");
  const known = roster.find(sender.person, sender.device, sender.signatureKey);
  if (known === undefined) {
    const detail = { device: uuidText(sender.device), person: uuidText(sender.person) };
    throw new CryptoError("device_not_listed", detail);
  }
  return sender;
}

/** SenderData (RFC 9420 §6.3.2); the library checks neither that it decrypts to a member nor that it is canonical. */
async function openSenderData(
  group: Group,
  message: PrivateMessage,
): Promise<{ leafIndex: number; generation: number }> {
  const impl = await ciphersuite(group.policy.suite);
  const secret = group.state.keySchedule.senderDataSecret;
  const data = await guarded("not_authentic", () => decryptSenderData(message, secret, impl));
  demand(data !== undefined && data.reuseGuard.length === 4, "not_authentic");
  return data;
}

/** A generation whose key is still here, or not too far ahead (RFC 9420 §9.1, §15.3). */
function demandFresh(group: Group, leafIndex: number, generation: number): number {
  const ratchet = group.state.secretTree[leafIndex * 2]?.application;
  demand(ratchet !== undefined, "sender_unknown");
  const known = generation >= ratchet.generation || generation in ratchet.unusedGenerations;
  demand(known, "replayed");
  demand(generation - ratchet.generation <= MAX_FORWARD_GENERATIONS, "generation_too_far");
  return Math.max(0, generation - ratchet.generation);
}

/** Add and Remove by value only; listed devices of allowed persons, each once. */
function checkProposals(
  group: Group,
  members: readonly Member[],
  committer: Member,
  commit: Commit,
  roster: Roster,
  profile: Profile,
): Pick<CommitFrame, "removed" | "added"> {
  const atLeaf = new Map(members.map((member) => [member.leaf, member]));
  const removed = new Map<number, Member>();
  const added = new Map<string, CommitFrame["added"][number]>();
  for (const item of commit.proposals) {
    demand(item.proposalOrRefType === "proposal", "proposal_reference");
    const { proposal } = item;
    if (isRemove(proposal)) {
      const index = proposal.remove.removed;
      const member = atLeaf.get(index);
      const allowed = member !== undefined && index !== committer.leaf && !removed.has(index);
      demand(allowed, "remove_refused", { leaf: index });
      removed.set(index, member);
      continue;
    }
    demand(isAdd(proposal), "proposal_type");
    const { keyPackage } = proposal.add;
    demandKeyPackage(keyPackage, group.policy.suite, profile);
    const { credential, signaturePublicKey: signatureKey } = keyPackage.leafNode;
    const identity = parseCredential(credential);
    demand(identity !== undefined, "capabilities");
    const device = uuidText(identity.device);
    demandPerson(group.policy, identity);
    const known = roster.find(identity.person, identity.device, signatureKey);
    demand(known !== undefined, "device_not_listed", { device, person: uuidText(identity.person) });
    demand(!added.has(device), "device_duplicate", { device });
    added.set(device, { ...identity, signatureKey });
  }
  for (const member of members) {
    const device = uuidText(member.device);
    demand(removed.has(member.leaf) || !added.has(device), "device_duplicate", { device });
  }
  return { removed: [...removed.values()], added: [...added.values()] };
}

/** The committer may renew its encryption key and nothing else (narrower than RFC 9420 §7.3). */
function checkPath(group: Group, committer: Member, commit: Commit): void {
  if (commit.path === undefined) {
    const adds = commit.proposals.every(
      (item) => item.proposalOrRefType === "proposal" && isAdd(item.proposal),
    );
    // RFC 9420 §12.4; without a path a removed member would read the next epoch.
    demand(commit.proposals.length > 0 && adds, "path_missing");
    return;
  }
  const before = leafAt(group.state.ratchetTree, committer.leaf);
  const { leafNode } = commit.path;
  const unchanged =
    before !== undefined &&
    equalCredential(leafNode.credential, before.credential) &&
    equal(leafNode.signaturePublicKey, before.signaturePublicKey) &&
    equalCapabilities(leafNode.capabilities, before.capabilities) &&
    leafNode.extensions.length === 0;
  demand(unchanged, "path_leaf_changed");
}
