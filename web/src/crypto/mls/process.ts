/**
 * Reading the log: envelopes in order, each judged before the library sees it, each either taken whole or refused with
 * the state as it was. A batch decodes the state once and saves it once.
 */

import { emptyPskIndex, processPrivateMessage } from "ts-mls";
import type { InEnvelope, Processed, Standing } from "../api";
import { uuidText } from "../bytes";
import { CryptoError, demand } from "../errors";
import { checkFrankingTag, parsePlaintext, type Plaintext } from "../plaintext";
import { checkApplication, checkCommit } from "./guards";
import { ciphersuite, guarded } from "./library";
import type { Profile } from "./profile";
import type { Roster } from "./roster";
import { judgeChange } from "./standing";
import type { Group } from "./state";
import { authenticate, takeCommit } from "./take-commit";
import { demandSoundGroup } from "./tree";

/** What every envelope is judged by. */
interface Rules {
  roster: Roster;
  profile: Profile;
  /** Milliseconds UTC, not before the server's time of the newest envelope. */
  now: number;
}

/** Where the log has led so far. */
interface Place {
  group: Group;
  standing: Standing | undefined;
}

interface Step extends Place {
  result: Processed;
}

/** A commit or message that cannot be judged yet: the core asks again when it knows more. */
const WAITING: ReadonlySet<string> = new Set(["epoch_unknown", "orders_unknown"]);

/**
 * Takes envelopes in log order. `group` of the answer is the very object given when nothing changed. A commit is judged
 * by the standing that those before it have left.
 *
 * @throws CryptoError `out_of_range` for a commit in a group whose standing was not given.
 */
export async function processEnvelopes(
  place: Place,
  envelopes: readonly InEnvelope[],
  rules: Rules,
): Promise<{ group: Group; results: Processed[] }> {
  const results: Processed[] = [];
  let current = place;
  for (const envelope of envelopes) {
    const isCommit = envelope.kind === "commit";
    demand(!isCommit || place.group.policy.kind !== "group" || place.standing !== undefined, "out_of_range");
    const step = await processOne(current, envelope, rules);
    current = step;
    results.push(step.result);
  }
  return { group: current.group, results };
}

async function processOne(place: Place, envelope: InEnvelope, rules: Rules): Promise<Step> {
  try {
    if (envelope.kind === "commit") return await takeCommitFrame(place, envelope, rules);
    return { ...place, ...(await takeApplication(place.group, envelope, rules)) };
  } catch (error) {
    const code = error instanceof CryptoError ? error.code : "engine_failed";
    const kind = WAITING.has(code) ? "waiting" : "refused";
    return { ...place, result: { kind, seq: envelope.seq, code } };
  }
}

async function takeApplication(
  group: Group,
  envelope: InEnvelope,
  { roster, profile }: Rules,
): Promise<Omit<Step, "standing">> {
  const { message, sender, data, skipped } = await checkApplication(group, envelope, roster, profile);
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
      skipped,
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

async function takeCommitFrame(before: Place, envelope: InEnvelope, rules: Rules): Promise<Step> {
  const { group } = before;
  const { roster, profile } = rules;
  const frame = checkCommit(group, envelope, roster, profile);
  const { message, committer, removed, data } = frame;
  const { roles, orderHashes, seen } = data;
  const impl = await ciphersuite(group.policy.suite);
  await authenticate(group.state, message, impl);
  const standing = judgeChange(
    group.policy,
    { ...frame, roles, orderHashes },
    roster,
    before.standing,
    rules.now,
  );
  const epoch = envelope.epoch + 1;
  const { membership } = standing;
  const answer = { committer, removed, seen, roles, orderHashes, membership };
  const { readmitsSelf: readmits } = frame;
  const place = { kind: "commit", seq: envelope.seq, epoch, readmits } as const;
  if (frame.removesSelf) {
    // Before the library: when the same commit gives our leaf to a newcomer, it would look for our key in that leaf.
    return { group: leave(group), standing, result: { ...place, ...answer, added: [] } };
  }
  const newState = await guarded("not_authentic", () => takeCommit(group.state, message, impl));
  demand(newState.groupContext.epoch === BigInt(epoch), "epoch_mismatch");
  const members = demandSoundGroup(newState, group.policy, roster, profile);
  const newcomers = new Set(frame.added.map(({ device }) => uuidText(device)));
  const added = members.filter(({ device }) => newcomers.has(uuidText(device)));
  return { group: { ...group, state: newState }, standing, result: { ...place, ...answer, added } };
}

/** This device has been removed: the state is marked and its ratchets are dropped. */
function leave(group: Group): Group {
  const { state } = group;
  return { ...group, state: { ...state, secretTree: [], groupActiveState: { kind: "removedFromGroup" } } };
}
