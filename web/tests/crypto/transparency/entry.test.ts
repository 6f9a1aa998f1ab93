/** Evidence for an entry of the audit log: what holds, and each way in which it does not. */
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { concat, toHex, utf8 } from "../../../src/crypto/bytes";
import { generateSigningKey, signRaw } from "../../../src/crypto/signing";
import { type EntryEvidence, verifyEntry } from "../../../src/crypto/transparency/entry";

const ORIGIN = "beep.example/audit";
const NOW = Date.UTC(2026, 5, 1, 12);
const of = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const sha = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash("sha256")
      .update(concat(...parts))
      .digest(),
  );
const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

interface Key {
  name: string;
  kind: number;
  seed: Uint8Array;
  publicKey: Uint8Array;
}
const idOf = ({ name, kind, publicKey }: Key): Uint8Array =>
  sha(utf8(`${name}\n`), of(kind), publicKey).slice(0, 4);
const text = (key: Key): string =>
  `${key.name}+${toHex(idOf(key))}+${b64(concat(of(key.kind), key.publicKey))}`;
const make = async (name: string, kind: number): Promise<Key> => ({
  name,
  kind,
  ...(await generateSigningKey()),
});

const events = [
  { action: "sign_in", at: 1, outcome: "done" },
  { action: "device.added", at: 2, outcome: "done" },
  { action: "role.granted", at: 3, outcome: "refused" },
];
const bodies = events.map((event) => utf8(`beep-audit/v1\n${JSON.stringify(event)}`));
const [first, second, third] = bodies.map((body) => sha(of(0), body)) as [Uint8Array, Uint8Array, Uint8Array];
const left = sha(of(1), first, second);
const root = sha(of(1), left, third);

let log: Key;
let witnesses: Key[];
let policy: string;

async function checkpoint(seen: readonly Key[], { at = NOW, over = root, size = 3 } = {}): Promise<string> {
  const body = utf8(`${ORIGIN}\n${String(size)}\n${b64(over)}\n`);
  const lines = [`— ${log.name} ${b64(concat(idOf(log), await signRaw(log.seed, body)))}\n`];
  const seconds = Math.floor(at / 1000);
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(seconds));
  for (const key of seen) {
    const signed = await signRaw(key.seed, concat(utf8(`cosignature/v1\ntime ${String(seconds)}\n`), body));
    lines.push(`— ${key.name} ${b64(concat(idOf(key), time, signed))}\n`);
  }
  return `${new TextDecoder().decode(body)}\n${lines.join("")}`;
}

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
  const checks = await verifyEntry(await evidence(change));
  const bad = checks.filter((check) => !check.ok);
  expect(bad.length).toBeLessThan(2);
  expect(bad[0] ?? checks.at(-1)).toBe(checks.at(-1));
  if (bad.length === 0) expect(checks).toHaveLength(5);
  return bad[0]?.step;
}

beforeAll(async () => {
  log = await make(ORIGIN, 1);
  witnesses = await Promise.all(["one", "two", "three"].map((name) => make(`witness.example/${name}`, 4)));
  policy = [
    `log ${text(log)}`,
    ...witnesses.map((key, index) => `witness w${String(index)} ${text(key)}`),
    "group quorum 2 w0 w1 w2",
    "quorum quorum",
    "",
  ].join("\n");
});

describe("evidence for an entry", () => {
  it("is worth nothing under a policy that one witness can fill", async () => {
    const [who = ""] = witnesses.map(text);
    const weak = [
      policy.replace("group quorum 2", "group quorum any"),
      policy.replace("quorum quorum", "quorum w0"),
      policy.replace(/witness w1 .*/, `witness w1 ${who}`),
    ];
    for (const each of weak) {
      expect(each).not.toBe(policy);
      expect(await failing({ policy: each })).toBe("policy");
    }
  });

  it("holds, and says what each step found", async () => {
    const checks = await verifyEntry(await evidence());
    expect(checks.map(({ step, ok }) => [step, ok])).toEqual([
      ["bytes", true],
      ["policy", true],
      ["checkpoint", true],
      ["inclusion", true],
      ["age", true],
    ]);
    expect(checks[2]?.values).toEqual({ size: 3, witnesses: ["w0", "w1"] });
    expect(checks[4]?.values).toEqual({ seconds: 5 });
  });

  it("fails at the step that is wrong", async () => {
    expect(await failing({ body: bodies[0] ?? of() })).toBe("bytes");
    expect(await failing({ body: utf8(JSON.stringify(events[1])) })).toBe("bytes");
    expect(await failing({ body: utf8("beep-audit/v1\n{") })).toBe("bytes");
    expect(await failing({ index: 2 })).toBe("bytes");
    expect(await failing({ policy: policy.replace("quorum quorum", "quorum none") })).toBe("policy");
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
    const two = policy
      .replace(/^witness w2.*\n/m, "")
      .replace("group quorum 2 w0 w1 w2", "group quorum 2 w0 w1");
    expect(await failing({ policy: two })).toBe("policy");
  });
});
