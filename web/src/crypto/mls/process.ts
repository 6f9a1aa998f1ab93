/**
 * Reading the log: envelopes in order, each judged before the library sees it, each either taken whole or refused with
 * the state as it was. A batch decodes the state once and saves it once.
 */

import { type PublicMessage, emptyPskIndex, processPrivateMessage } from "ts-mls";
import { unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import type { InEnvelope, Processed } from "../api";
import { equal } from "../bytes";
import { CryptoError, demand } from "../errors";
import { checkFrankingTag, parsePlaintext, type Plaintext } from "../plaintext";
import { checkApplication, checkCommit } from "./guards";
import { ciphersuite, guarded } from "./library";
import type { Profile } from "./profile";
import type { Roster } from "./roster";
import type { Group } from "./state";
import { takeCommit } from "./take-commit";
import { demandSoundGroup, membersOf } from "./tree";

interface Step {
  group: Group;
  result: Processed;
}

/** Takes envelopes in log order. `group` of the answer is the very object given when nothing changed. */
export async function processEnvelopes(
  group: Group,
  envelopes: readonly InEnvelope[],
  roster: Roster,
  profile: Profile,
): Promise<{ group: Group; results: Processed[] }> {
  const results: Processed[] = [];
  let current = group;
  for (const envelope of envelopes) {
    const step = await processOne(current, envelope, roster, profile);
    current = step.group;
    results.push(step.result);
  }
  return { group: current, results };
}

async function processOne(
  group: Group,
  envelope: InEnvelope,
  roster: Roster,
  profile: Profile,
): Promise<Step> {
  try {
    return envelope.kind === "application"
      ? await takeApplication(group, envelope, roster, profile)
      : await takeCommitFrame(group, envelope, roster, profile);
  } catch (error) {
    const code = error instanceof CryptoError ? error.code : "engine_failed";
    const kind = code === "epoch_unknown" ? "waiting" : "refused";
    return { group, result: { kind, seq: envelope.seq, code } };
  }
}

async function takeApplication(
  group: Group,
  envelope: InEnvelope,
  roster: Roster,
  profile: Profile,
): Promise<Step> {
  const { message, sender, data } = await checkApplication(group, envelope, roster, profile);
  const impl = await ciphersuite(group.policy.suite);
  const read = await guarded("not_authentic", () =>
    processPrivateMessage(group.state, message, emptyPskIndex, impl),
  );
  demand(read.kind === "applicationMessage", "content_type");
  const plaintext = readPlaintext(read.message);
  // Empty only where the profile has allowed it.
  if (message.authenticatedData.length > 0) await checkFrankingTag(plaintext, data.frankingTag);
  return {
    group: { ...group, state: read.newState },
    result: {
      kind: "application",
      seq: envelope.seq,
      member: sender,
      content: plaintext.content,
      seen: data.seen,
      k: plaintext.k,
    },
  };
}

function readPlaintext(bytes: Uint8Array): Plaintext {
  try {
    return parsePlaintext(bytes);
  } catch {
    throw new CryptoError("plaintext");
  }
}

async function takeCommitFrame(
  group: Group,
  envelope: InEnvelope,
  roster: Roster,
  profile: Profile,
): Promise<Step> {
  const { message, committer, removed, removesSelf, data } = checkCommit(group, envelope, roster, profile);
  const answer = { kind: "commit", seq: envelope.seq, committer, removed, seen: data.seen } as const;
  const epoch = envelope.epoch + 1;
  if (removesSelf) {
    // Before the library: when the same commit gives our leaf to a newcomer, it would look for our key in that leaf.
    const left = await leave(group, message);
    return { group: left, result: { ...answer, epoch, added: [] } };
  }
  const impl = await ciphersuite(group.policy.suite);
  const newState = await guarded("not_authentic", () => takeCommit(group.state, message, impl));
  demand(newState.groupContext.epoch === BigInt(epoch), "epoch_mismatch");
  demand(newState.groupActiveState.kind === "active", "removed");
  const members = demandSoundGroup(newState, group.policy, roster, profile);
  const before = membersOf(group.state.ratchetTree).filter(
    (one) => !removed.some((gone) => gone.leaf === one.leaf),
  );
  const added = members.filter((one) => !before.some((other) => equal(other.device, one.device)));
  return { group: { ...group, state: newState }, result: { ...answer, epoch, added } };
}

/**
 * This device has been removed: the membership tag and the committer's signature are verified (the confirmation tag
 * cannot be without the next epoch's secrets), then the state is marked and its ratchets are dropped.
 */
async function leave(group: Group, message: PublicMessage): Promise<Group> {
  const { state } = group;
  const impl = await ciphersuite(group.policy.suite);
  await guarded("not_authentic", () =>
    unprotectPublicMessage(
      state.keySchedule.membershipKey,
      state.groupContext,
      state.ratchetTree,
      message,
      impl,
    ),
  );
  return { ...group, state: { ...state, secretTree: [], groupActiveState: { kind: "removedFromGroup" } } };
}
