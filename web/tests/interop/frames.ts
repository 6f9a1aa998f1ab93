/**
 * Prints, as one JSON object with bytes as hex, what a direct conversation of two devices sends to the server: for
 * tests/interop/test_server_checks.py, which judges it with the server's own code.
 */

import { LocalEngine } from "../../src/crypto/engine";
import { compare } from "../../src/crypto/bytes";
import { encodeBeginBody } from "../../src/crypto/begin-body";

const engine = new LocalEngine();
const now = Date.now();
const newId = (): Uint8Array => crypto.getRandomValues(new Uint8Array(16));
const zeros = (count: number): Uint8Array => new Uint8Array(count);
const seen = (seq: number) => ({ seq, transcript: zeros(32).fill(seq) });
const suite = 0x0053;

const asma = await engine.generateDeviceKeys({ person: newId(), device: newId() });
const bilal = await engine.generateDeviceKeys({ person: newId(), device: newId() });
const roster = [asma, bilal].map(({ person, device, signaturePublic: signatureKey }) => ({
  person,
  device,
  signatureKey,
  base: new Uint8Array(32).fill(1),
  revokedAt: null,
  expiresAt: null,
}));
const request = { suite, count: 1, lastResort: false, now, lifetime: 90 * 86_400_000 } as const;
const [made] = await engine.generateKeyPackages({ keys: bilal, ...request });
const { keyPackage } = made!;
const persons = [asma.person, bilal.person].sort(compare);
const begun = await engine.begin({
  keys: asma,
  policy: {
    conversation: newId(),
    kind: "direct",
    persons,
    suite,
    sizeClass: "normal",
    retentionClass: 0,
    ministry: zeros(16),
    registry: zeros(32),
    predecessor: zeros(32),
  },
  add: [{ ...bilal, keyPackage }],
  roster,
  seen: seen(0),
  profile: zeros(0),
  now,
});
const input = { seen: seen(1), roster, now };
const content = new TextEncoder().encode("سلام");
const sent = await engine.encrypt({ state: begun.pendingState, content, ...input });
const healed = await engine.heal({ state: sent.state, ...input, seen: seen(2) });
const slotInput = { state: sent.state, label: "read", counter: 3, plaintext: zeros(8) } as const;
const slot = await engine.sealSlot(slotInput);

const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
};
const frames = {
  now,
  asma: { person: asma.person, device: asma.device, key: asma.signaturePublic },
  bilal: { person: bilal.person, device: bilal.device, key: bilal.signaturePublic },
  keyPackage,
  ref: made!.ref,
  groupId: begun.groupId,
  beginBody: encodeBeginBody({ policy: begun.policy, commit: begun.commit }),
  welcome: begun.welcome,
  message: sent.body,
  heal: healed.commit,
  slot,
};
process.stdout.write(`${JSON.stringify(plain(frames))}\n`);
