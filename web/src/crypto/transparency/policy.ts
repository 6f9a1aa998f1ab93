/**
 * Whom to believe about the key log: its key, the witnesses, and how many it takes (C2SP tlog-policy). The text is pinned at
 * first contact as the root is (ADR 0011). The twin of `audit/policy.py`; addresses of witnesses are no client's business.
 */

import { equal } from "../bytes";
import { rule } from "./hash";
import {
  COSIGNATURE,
  ED25519,
  type Note,
  openNote,
  parseCheckpoint,
  parseVerifier,
  type Checkpoint,
  type Verifier,
} from "./note";

interface Witness {
  name: string;
  verifier: Verifier;
}

interface Group {
  name: string;
  needed: number;
  members: readonly string[];
}

export interface Policy {
  log: Verifier;
  witnesses: readonly Witness[];
  /** Each after its members. */
  groups: readonly Group[];
  quorum: string;
}

/** @throws CryptoError `key_log_refused`, rule `policy`. */
export function parsePolicy(text: string): Policy {
  const logs: Verifier[] = [];
  const witnesses: Witness[] = [];
  const groups: Group[] = [];
  const quorums: string[] = [];
  const isNamed = (name: string): boolean =>
    witnesses.some((each) => each.name === name) || groups.some((each) => each.name === name);
  for (const line of text.split("\n")) {
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    const [what, name = "", key = ""] = words;
    if (what === undefined || what.startsWith("#")) continue;
    if (what === "log" && words.length === 2) logs.push(keyOf(name, ED25519));
    else if (what === "witness" && words.length === 3) {
      rule(!isNamed(name) && name !== "none", "policy");
      const verifier = keyOf(key, COSIGNATURE);
      // Under two names one witness would count twice.
      rule(!witnesses.some((other) => equal(other.verifier.key, verifier.key)), "policy");
      witnesses.push({ name, verifier });
    } else if (what === "group" && words.length >= 4) {
      const members = words.slice(3);
      const taken = groups.flatMap((group) => group.members);
      const fresh = members.every(
        (one, i) => isNamed(one) && !taken.includes(one) && members.indexOf(one) === i,
      );
      const needed =
        key === "all" ? members.length : key === "any" ? 1 : /^[1-9][0-9]{0,3}$/.test(key) ? Number(key) : 0;
      rule(!isNamed(name) && name !== "none" && fresh && needed >= 1 && needed <= members.length, "policy");
      groups.push({ name, needed, members });
    } else if (what === "quorum" && words.length === 2) quorums.push(name);
    else rule(false, "policy");
  }
  const [log] = logs;
  const [quorum] = quorums;
  rule(log !== undefined && logs.length === 1 && quorum !== undefined && quorums.length === 1, "policy");
  rule(quorum === "none" || isNamed(quorum), "policy");
  return { log, witnesses, groups, quorum };
}

function keyOf(text: string, kind: Verifier["kind"]): Verifier {
  const verifier = parseVerifier(text);
  rule(verifier?.kind === kind, "policy");
  return verifier;
}

/** Whether cosignatures by these witnesses fill the quorum. */
export function satisfied({ witnesses, groups, quorum }: Policy, names: readonly string[]): boolean {
  if (quorum === "none") return true;
  const counted = new Set(names.filter((name) => witnesses.some((each) => each.name === name)));
  for (const { name, needed, members } of groups)
    if (members.filter((member) => counted.has(member)).length >= needed) counted.add(name);
  return counted.has(quorum);
}

/** A checkpoint that the log has signed and the quorum has cosigned. */
export interface Witnessed extends Checkpoint {
  /** Milliseconds UTC since which the newest cosignatures that fill the quorum are there; null where none is asked. */
  at: number | null;
  /** Names of the witnesses that have cosigned. */
  witnesses: string[];
}

/** @throws CryptoError `key_log_refused`: `note`, `checkpoint`, `origin`, `log_signature`, `quorum`. */
export async function openCheckpoint(policy: Policy, bytes: Uint8Array): Promise<Witnessed> {
  const note = await openNote(bytes, [policy.log, ...policy.witnesses.map((each) => each.verifier)]);
  const checkpoint = parseCheckpoint(note.text);
  rule(checkpoint.origin === policy.log.name, "origin");
  rule(
    note.signatures.some(({ by }) => by === policy.log),
    "log_signature",
  );
  const times = timesOf(policy, note);
  rule(
    satisfied(
      policy,
      times.map(({ name }) => name),
    ),
    "quorum",
  );
  return { ...checkpoint, at: quorumTime(policy, times), witnesses: times.map(({ name }) => name) };
}

interface Heard {
  name: string;
  time: number;
}

const timesOf = (policy: Policy, note: Note): Heard[] =>
  policy.witnesses.flatMap(({ name, verifier }) => {
    const found = note.signatures.find(({ by }) => by === verifier);
    return found ? [{ name, time: found.time }] : [];
  });

function quorumTime(policy: Policy, times: readonly Heard[]): number | null {
  if (policy.quorum === "none") return null;
  const names: string[] = [];
  for (const { name, time } of [...times].sort((a, b) => b.time - a.time)) {
    names.push(name);
    if (satisfied(policy, names)) return time;
  }
  return null;
}
