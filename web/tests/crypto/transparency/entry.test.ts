/** Evidence for an entry of the audit log: what holds, and each way in which it does not. */
import { beforeAll, describe, expect, it } from "vitest";
import { utf8 } from "../../../src/crypto/bytes";
import { type EntryEvidence, verifyEntry } from "../../../src/crypto/transparency/entry";
import {
  cosigned,
  leafOf,
  type LogKey,
  logKey,
  of,
  policyOf,
  sha,
  verifierOf,
  witnessKeys,
} from "../log-kit";

const ORIGIN = "beep.example/audit";
const NOW = Date.UTC(2026, 5, 1, 12);
const events = [
  { action: "sign_in", at: 1, outcome: "done" },
  { action: "device.added", at: 2, outcome: "done" },
  { action: "role.granted", at: 3, outcome: "refused" },
];
const bodies = events.map((event) => utf8(`beep-audit/v1\n${JSON.stringify(event)}`));
const [first, second, third] = bodies.map(leafOf) as [Uint8Array, Uint8Array, Uint8Array];
const left = sha(of(1), first, second);
const root = sha(of(1), left, third);

let log: LogKey;
let witnesses: LogKey[];
let policy: string;

const checkpoint = (seen: readonly LogKey[], { at = NOW, over = root, size = 3 } = {}): Promise<string> =>
  cosigned(log, seen, { size, root: over }, at);

async function evidence(change: Partial<EntryEvidence> = {}): Promise<EntryEvidence> {
  const shown = JSON.stringify(events[1]);
  return {
    body: bodies[1] ?? of(),
    index: 1,
    proof: [first, third],
    checkpoint: await checkpoint(witnesses.slice(0, 2)),
    policy,
    shown: { index: 1, matches: (event) => JSON.stringify(event) === shown },
    now: NOW + 5_000,
    ...change,
  };
}

/** The step that failed, or undefined when all five are good. */
async function failing(change: Partial<EntryEvidence>): Promise<string | undefined> {
  const { checks, seen } = await verifyEntry(await evidence(change));
  expect(seen === null).toBe(checks.some((check) => !check.ok));
  const bad = checks.filter((check) => !check.ok);
  expect(bad.length).toBeLessThan(2);
  expect(bad[0] ?? checks.at(-1)).toBe(checks.at(-1));
  if (bad.length === 0) expect(checks).toHaveLength(5);
  return bad[0]?.step;
}

beforeAll(async () => {
  [log, witnesses] = await Promise.all([logKey(ORIGIN), witnessKeys()]);
  policy = policyOf(log, witnesses);
});

describe("evidence for an entry", () => {
  it("is worth nothing under a policy that one witness can fill", async () => {
    const [who = ""] = witnesses.map(verifierOf);
    const weak = [
      policy.replace("group most 2", "group most any"),
      policy.replace("quorum most", "quorum w1"),
      policy.replace(/witness w2 .*/, `witness w2 ${who}`),
    ];
    for (const each of weak) {
      expect(each).not.toBe(policy);
      expect(await failing({ policy: each })).toBe("policy");
    }
  });

  it("holds, and says what each step found", async () => {
    const { checks, seen } = await verifyEntry(await evidence());
    expect(seen).toEqual({ origin: ORIGIN, size: 3, root });
    expect(checks.map(({ step, ok }) => [step, ok])).toEqual([
      ["bytes", true],
      ["policy", true],
      ["checkpoint", true],
      ["inclusion", true],
      ["age", true],
    ]);
    expect(checks[2]?.values).toEqual({ size: 3, witnesses: ["w1", "w2"] });
    expect(checks[4]?.values).toEqual({ seconds: 5 });
  });

  it("fails at the step that is wrong", async () => {
    expect(await failing({ body: bodies[0] ?? of() })).toBe("bytes");
    expect(await failing({ body: utf8(JSON.stringify(events[1])) })).toBe("bytes");
    expect(await failing({ body: utf8("beep-audit/v1\n{") })).toBe("bytes");
    expect(await failing({ index: 2 })).toBe("bytes");
    expect(await failing({ policy: policy.replace("quorum most", "quorum none") })).toBe("policy");
    expect(await failing({ policy: policy.split("\n").slice(1).join("\n") })).toBe("policy");
    expect(await failing({ checkpoint: await checkpoint(witnesses.slice(0, 1)) })).toBe("checkpoint");
    expect(await failing({ checkpoint: (await checkpoint(witnesses)).replace("\n3\n", "\n4\n") })).toBe(
      "checkpoint",
    );
    expect(await failing({ proof: [third, first] })).toBe("inclusion");
    expect(await failing({ proof: [first] })).toBe("inclusion");
    expect(await failing({ checkpoint: await checkpoint(witnesses, { over: left }) })).toBe("inclusion");
    expect(await failing({ now: NOW + 3_700_000 })).toBe("age");
    expect(await failing({ now: NOW - 120_000 })).toBe("age");
    expect(await failing({})).toBeUndefined();
  });

  it("needs three witnesses in the policy", async () => {
    const two = policy.replace(/^witness w3.*\n/m, "").replace("group most 2 w1 w2 w3", "group most 2 w1 w2");
    expect(await failing({ policy: two })).toBe("policy");
  });
});
