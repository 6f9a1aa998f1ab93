/**
 * What tests/interop/test_chromium.py runs in the real browser, under the product's Content-Security-Policy: the
 * signature vectors on the page, and a whole conversation in the worker. The answer is posted back.
 */

import type { Suite } from "../../src/crypto/api";
import { compare } from "../../src/crypto/bytes";
import { verify, type SignLabel } from "../../src/crypto/signing";
import { startCryptoWorker } from "../../src/crypto/start";

interface Vector {
  name?: string;
  label: SignLabel;
  content: string;
  public_key: string;
  signature: string;
}

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../gu) ?? [], (byte) => parseInt(byte, 16));
const newId = (): Uint8Array => crypto.getRandomValues(new Uint8Array(16));
const zeros = (count: number): Uint8Array => new Uint8Array(count);
const SEEN = { seq: 0, transcript: zeros(32) };
const SUITE: Suite = 0x0053;

/** Names of the vectors that the browser judges wrongly. */
async function wrongVectors(): Promise<string[]> {
  const file = (await (await fetch("/signatures.json")).json()) as Record<"good" | "bad", Vector[]>;
  const wrong: string[] = [];
  for (const kind of ["good", "bad"] as const)
    for (const [i, row] of file[kind].entries()) {
      const verdict = await verify(hex(row.public_key), row.label, hex(row.content), hex(row.signature));
      if (verdict !== (kind === "good")) wrong.push(`${kind} ${String(i)} ${row.name ?? ""}`);
    }
  return wrong;
}

/** Two devices in one worker: begin, join, speak, heal, speak. Returns what was heard. */
async function conversation(): Promise<string[]> {
  const { engine, stop } = startCryptoWorker();
  const now = Date.now();
  const devices = await Promise.all(
    [0, 1].map(async () => engine.generateDeviceKeys({ person: newId(), device: newId() })),
  );
  const [asma, bilal] = devices;
  if (asma === undefined || bilal === undefined) throw new Error("no devices");
  const roster = devices.map(({ person, device, signaturePublic: signatureKey }) => ({
    person,
    device,
    signatureKey,
    base: new Uint8Array(32).fill(1),
    revokedAt: null,
    expiresAt: null,
  }));
  const request = { suite: SUITE, count: 1, lastResort: false, now, lifetime: 86_400_000 };
  const [keyPackage] = await engine.generateKeyPackages({ keys: bilal, ...request });
  if (keyPackage === undefined) throw new Error("no KeyPackage");
  const persons = [asma.person, bilal.person].sort(compare);
  const conversation = newId();
  const begun = await engine.begin({
    keys: asma,
    policy: {
      conversation,
      kind: "direct",
      persons,
      suite: SUITE,
      sizeClass: "normal",
      retentionClass: 0,
      ministry: zeros(16),
      registry: zeros(32),
      predecessor: zeros(32),
    },
    add: [{ person: bilal.person, device: bilal.device, keyPackage: keyPackage.keyPackage }],
    roster,
    seen: SEEN,
    profile: zeros(0),
    now,
  });
  if (begun.welcome === null) throw new Error("no welcome");
  const expected = { conversation, persons, groupId: begun.groupId };
  const joined = await engine.join({
    keys: bilal,
    welcome: begun.welcome,
    keyPackage,
    expected,
    roster,
    now,
  });
  const one = await engine.encrypt({
    state: begun.pendingState,
    content: new TextEncoder().encode("سلام"),
    seen: SEEN,
    roster,
    now,
  });
  const heal = await engine.heal({ state: one.state, seen: SEEN, roster, now });
  const two = await engine.encrypt({
    state: heal.pendingState,
    content: new TextEncoder().encode("again"),
    seen: SEEN,
    roster,
    now,
  });
  const sender = asma.device;
  const { results } = await engine.process({
    state: joined.state,
    groupId: begun.groupId,
    envelopes: [
      { seq: 2, epoch: 1, kind: "application", sender, body: one.body },
      { seq: 3, epoch: 1, kind: "commit", sender, body: heal.commit },
      { seq: 4, epoch: 2, kind: "application", sender, body: two.body },
    ],
    roster,
    now,
  });
  const refusal = await engine.describe(zeros(3)).catch((error: { name: string; code: string }) => error);
  const { dataKey } = await engine.createVault({ passphrase: "correct horse battery", salt: zeros(16) });
  stop();
  return [
    ...results.map((result) =>
      result.kind === "application" ? new TextDecoder().decode(result.content) : result.kind,
    ),
    "code" in refusal ? `${refusal.name} ${refusal.code}` : "not refused",
    `extractable ${String(dataKey.extractable)}`,
  ];
}

async function run(): Promise<object> {
  const reports: string[] = [];
  addEventListener("securitypolicyviolation", (event) => reports.push(event.violatedDirective));
  try {
    return { wrong: await wrongVectors(), heard: await conversation(), reports };
  } catch (error) {
    return { error: String(error), reports };
  }
}

await fetch("/result", { method: "POST", body: JSON.stringify(await run()) });
