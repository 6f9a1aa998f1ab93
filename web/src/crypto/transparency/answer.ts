/** One answer of the key log, verified whole: nothing of it is believed before all of it fits. */

import { utf8 } from "../bytes";
import { parseEpoch } from "./epoch";
import { rule } from "./hash";
import { indexOf, parseMapProof, verifyMapProof } from "./map";
import { leafHash, type Tree, verifyConsistency, verifyInclusion } from "./merkle";
import { openCheckpoint, type Policy } from "./policy";

/** What the server sends (`POST /api/v1/transparency/lookup`). */
export interface KeyAnswer {
  checkpoint: string;
  consistency: readonly Uint8Array[];
  epoch: Uint8Array;
  inclusion: readonly Uint8Array[];
  people: readonly { person: Uint8Array; proof: Uint8Array }[];
}

export interface VerifiedAnswer extends Tree {
  /** Milliseconds UTC at which the quorum last spoke; the epoch's own time where no witness is asked. */
  at: number;
  witnesses: string[];
  epoch: number;
  /** The hash of each person's newest statement, in the order of the answer; null: the map has none. */
  values: (Uint8Array | null)[];
}

/**
 * Verifies against the pinned policy and the pinned checkpoint (null: none yet) what was answered about `asked`.
 *
 * @throws CryptoError `key_log_refused` with `detail.rule`; a parsing code for a proof that cannot be read.
 */
export async function verifyAnswer(
  policy: Policy,
  pin: Tree | null,
  asked: readonly Uint8Array[],
  answer: KeyAnswer,
): Promise<VerifiedAnswer> {
  const { size, root, at, witnesses } = await openCheckpoint(policy, utf8(answer.checkpoint));
  verifyConsistency(pin ?? { size: 0, root: new Uint8Array(32) }, { size, root }, answer.consistency);
  const leaf = leafHash(answer.epoch);
  rule(size > 0, "inclusion");
  verifyInclusion({ leaf, index: size - 1, size, proof: answer.inclusion, root });
  const epoch = parseEpoch(answer.epoch);
  rule(epoch.epoch === size - 1, "epoch");
  rule(answer.people.length === asked.length, "map");
  const values = asked.map((person, i) => {
    const found = answer.people[i];
    rule(found?.person.every((byte, j) => byte === person[j]) === true && found.person.length === 16, "map");
    return verifyMapProof(epoch.mapRoot, indexOf(person), parseMapProof(found.proof));
  });
  return { size, root, at: at ?? epoch.time, witnesses, epoch: epoch.epoch, values };
}
