/**
 * That an entry of the audit log is the one that the witnesses have seen: C2SP tlog-proof with the entry's bytes, checked
 * step by step so that a page can say what each step found. Nothing here asks the server for anything.
 */

import { equal, fromUtf8, utf8 } from "../crypto/bytes";
import { fromBase64 } from "../crypto/transparency/base64";
import { leafHash, verifyInclusion } from "../crypto/transparency/merkle";
import { openCheckpoint, parsePolicy, type Policy, type Witnessed } from "../crypto/transparency/policy";

/** What the server gives: bytes in base64, the cosigned checkpoint and the policy as text. */
export interface Evidence {
  leaf: number;
  index: number;
  body: string;
  proof: readonly string[];
  note: string;
  policy: string;
  /** What the page shows of the entry, as it stands there: JSON. */
  shown: string;
  /** Milliseconds UTC by this browser's clock. */
  now: number;
}

/** One step and what it found. */
export interface Check {
  ok: boolean;
  text: string;
}

const PREFIX = utf8("beep-audit/v1\n");
const STALE = 3_600_000;

/** Every step in order; the first that fails is the last. */
export async function verifyEntry(evidence: Evidence): Promise<Check[]> {
  const checks: Check[] = [];
  const step = async <T>(good: (found: T) => string, bad: string, work: () => Promise<T> | T): Promise<T> => {
    try {
      const found = await work();
      checks.push({ ok: true, text: good(found) });
      return found;
    } catch (error) {
      checks.push({ ok: false, text: bad });
      throw error;
    }
  };
  try {
    const body = await step(
      () => "The bytes are an entry of the audit log, and this page shows what is in them.",
      "The bytes are not the entry that this page shows.",
      () => entryBytes(evidence),
    );
    const policy = await step<Policy>(
      ({ witnesses }) => `The policy names a log and ${String(witnesses.length)} witnesses.`,
      "The policy cannot be read.",
      () => strongPolicy(evidence.policy),
    );
    const checkpoint = await step<Witnessed>(
      ({ size, witnesses }) =>
        `The log signed its state at ${String(size)} entries, and ${witnesses.join(", ")} saw it.`,
      "The log's signature or the quorum of witnesses is missing.",
      () => openCheckpoint(policy, utf8(evidence.note)),
    );
    await step(
      () => `Entry ${String(evidence.index)} stands in that state: the path leads to its root.`,
      "The path does not lead to the root: this entry is not in the witnessed log.",
      () => {
        const proof = evidence.proof.map(bytesOf);
        const { size, root } = checkpoint;
        verifyInclusion({ leaf: leafHash(body), index: evidence.index, size, proof, root });
      },
    );
    await step(
      (age) => `The witnesses last looked ${String(age)} s ago.`,
      "The witnesses' signatures are more than an hour old, or from the future: look at the Integrity page.",
      () => ageOf(checkpoint, evidence.now),
    );
  } catch {
    // The step that failed stands in the list.
  }
  return checks;
}

function entryBytes({ body, leaf, index, shown }: Evidence): Uint8Array {
  const bytes = bytesOf(body);
  if (index !== leaf || !equal(bytes.slice(0, PREFIX.length), PREFIX)) throw new TypeError("another entry");
  const inside: unknown = JSON.parse(fromUtf8(bytes.slice(PREFIX.length)));
  if (JSON.stringify(inside) !== JSON.stringify(JSON.parse(shown))) throw new TypeError("another text");
  return bytes;
}

/** One witness alone, or none, vouches for nothing here. */
function strongPolicy(text: string): Policy {
  const policy = parsePolicy(text);
  if (policy.quorum === "none" || policy.witnesses.length < 3) throw new TypeError("a weak policy");
  return policy;
}

function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes === undefined) throw new TypeError("not base64");
  return bytes;
}

function ageOf({ at }: Witnessed, now: number): number {
  const age = now - (at ?? 0);
  if (age > STALE || age < -60_000) throw new RangeError("stale");
  return Math.max(0, Math.round(age / 1000));
}
