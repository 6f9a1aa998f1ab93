/**
 * That an entry of the audit log is one that the witnesses have seen: a C2SP tlog-proof with the entry's bytes, checked step
 * by step, so that a page can say what each step found. Nothing here asks the server for anything.
 */

import { equal, fromUtf8, utf8 } from "../bytes";
import { leafHash, verifyInclusion } from "./merkle";
import type { Checkpoint } from "./note";
import { openCheckpoint, parsePolicy, type Policy, satisfied, type Witnessed } from "./policy";

/** What the server gives, and what the person was shown. */
export interface EntryEvidence {
  /** The entry's bytes as they stand in the log. */
  body: Uint8Array;
  index: number;
  /** RFC 6962 §2.1.1, from the leaf's sibling on. */
  proof: readonly Uint8Array[];
  /** A C2SP signed note. */
  checkpoint: string;
  /** C2SP tlog-policy with the one log. */
  policy: string;
  /** Index and JSON of the entry that the page shows. */
  shown: { index: number; matches(event: unknown): boolean };
  /** Milliseconds UTC by this device's clock. */
  now: number;
}

/** One step and what it found; `values` fill the step's sentence. */
export interface EntryCheck {
  step: "bytes" | "policy" | "checkpoint" | "inclusion" | "age";
  ok: boolean;
  values: { size?: number; witnesses?: readonly string[]; seconds?: number };
}

const PREFIX = utf8("beep-audit/v1\n");
const STALE_MS = 60 * 60 * 1000;
const AHEAD_MS = 60 * 1000;
const MIN_WITNESSES = 3;

/** What was found. `seen` is the witnessed state of the log under which every step was good; null when one was not. */
export interface EntryVerdict {
  checks: EntryCheck[];
  seen: Checkpoint | null;
}

/** Every step in order; one that fails is the last. */
export async function verifyEntry(evidence: EntryEvidence): Promise<EntryVerdict> {
  const checks: EntryCheck[] = [];
  let seen: Checkpoint | null = null;
  const step = async <T>(
    name: EntryCheck["step"],
    work: () => Promise<T> | T,
    values: (found: T) => EntryCheck["values"] = () => ({}),
  ): Promise<T> => {
    const check: EntryCheck = { step: name, ok: false, values: {} };
    checks.push(check);
    const found = await work();
    check.ok = true;
    check.values = values(found);
    return found;
  };
  try {
    await step("bytes", () => {
      checkBytes(evidence);
    });
    const policy = await step(
      "policy",
      () => strongPolicy(evidence.policy),
      ({ witnesses }) => ({ witnesses: witnesses.map(({ name }) => name) }),
    );
    const { at, origin, size, root } = await step(
      "checkpoint",
      () => openCheckpoint(policy, utf8(evidence.checkpoint)),
      (found: Witnessed) => ({ size: found.size, witnesses: found.witnesses }),
    );
    await step("inclusion", () => {
      const { body, index, proof } = evidence;
      verifyInclusion({ leaf: leafHash(body), index, size, proof, root });
    });
    await step(
      "age",
      () => ageOf(at, evidence.now),
      (seconds) => ({ seconds }),
    );
    seen = { origin, size, root };
  } catch {
    // The last check says which step it was.
  }
  return { checks, seen };
}

function checkBytes({ body, index, shown }: EntryEvidence): void {
  const isEntry = equal(body.slice(0, PREFIX.length), PREFIX);
  if (!isEntry || index !== shown.index || !shown.matches(JSON.parse(fromUtf8(body.slice(PREFIX.length)))))
    throw new TypeError("another entry");
}

/** A policy that asks nobody, or too few to be told apart from the server, vouches for nothing. */
function strongPolicy(text: string): Policy {
  const policy = parsePolicy(text);
  const one = policy.witnesses.some(({ name }) => satisfied(policy, [name]));
  if (one || satisfied(policy, []) || policy.witnesses.length < MIN_WITNESSES)
    throw new RangeError("a weak policy");
  return policy;
}

function ageOf(at: number | null, now: number): number {
  const age = now - (at ?? 0);
  if (age > STALE_MS || age < -AHEAD_MS) throw new RangeError("stale");
  return Math.max(0, Math.round(age / 1000));
}
