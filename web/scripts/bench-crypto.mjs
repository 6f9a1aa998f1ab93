/**
 * Times a direct conversation and the secrets under Node: `node scripts/bench-crypto.mjs`. One JSON line a measurement,
 * times in milliseconds (median), sizes in bytes. Groups: `bench-groups.mjs`.
 */

import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const load = async (path) => {
  const file = fileURLToPath(new URL(`../src/crypto/${path}`, import.meta.url));
  return (await runnerImport(file, { root, configFile: false, logLevel: "error" })).module;
};
const { LocalEngine } = await load("engine.ts");

const engine = new LocalEngine();
const now = Date.now();
const id = () => crypto.getRandomValues(new Uint8Array(16));
const zeros = (count) => new Uint8Array(count);
const seen = { seq: 0, transcript: zeros(32) };
const byBytes = (a, b) => Buffer.compare(a, b);

async function timed(rounds, act) {
  const times = [];
  let result;
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    result = await act();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { ms: Number(times[rounds >> 1].toFixed(2)), result };
}

const report = (what, fields) => console.log(JSON.stringify({ bench: "crypto", what, ...fields }));

async function newDevice() {
  const keys = await engine.generateDeviceKeys({ person: id(), device: id() });
  const { person, device, signaturePublic: signatureKey } = keys;
  const base = zeros(32).fill(1);
  return { keys, entry: { person, device, signatureKey, base, revokedAt: null, expiresAt: null } };
}

async function conversation() {
  const suite = 0x0053;
  const [creator, partner] = [await newDevice(), await newDevice()];
  const roster = [creator.entry, partner.entry];
  const request = { suite, count: 1, lastResort: false, now, lifetime: 86_400_000 };
  const [keyPackage] = await engine.generateKeyPackages({ keys: partner.keys, ...request });
  const persons = [creator.keys.person, partner.keys.person].sort(byBytes);
  const policy = {
    ...{ conversation: id(), kind: "direct", persons, suite, sizeClass: "normal", retentionClass: 0 },
    ...{ ministry: zeros(16), registry: zeros(32), predecessor: zeros(32) },
  };
  const add = [{ ...partner.entry, keyPackage: keyPackage.keyPackage }];
  const begun = await timed(7, () =>
    engine.begin({ keys: creator.keys, policy, add, roster, seen, profile: zeros(0), now }),
  );
  const { commit, welcome, pendingState, groupId } = begun.result;
  report("begin", { ms: begun.ms, commit: commit.length, welcome: welcome.length });
  const expected = { conversation: policy.conversation, persons, groupId };
  const input = { keys: partner.keys, welcome, keyPackage, expected, roster, now };
  const joined = await timed(7, () => engine.join(input));
  report("join", { ms: joined.ms, state: joined.result.state.length });
  return { roster, groupId, creator, states: [pendingState, joined.result.state] };
}

async function talk({ roster, groupId, creator, states: [mine, theirs] }) {
  const content = zeros(120);
  const count = 200;
  const envelopes = [];
  const encrypted = await timed(count, async () => {
    const sent = await engine.encrypt({ state: mine, content, seen, roster, now });
    mine = sent.state;
    const seq = envelopes.length + 2;
    const sender = creator.keys.device;
    envelopes.push({ seq, epoch: 1, kind: "application", sender, body: sent.body });
    return sent.body;
  });
  report("encrypt", { ms: encrypted.ms, body: encrypted.result.length });
  const process = (state, batch) => engine.process({ state, groupId, envelopes: batch, roster, now });
  const batch = await timed(3, () => process(theirs, envelopes));
  report("process a batch", { envelopes: count, ms: batch.ms });
  const single = await timed(Math.min(count, 20), () => process(theirs, envelopes.slice(0, 1)));
  report("process one", { ms: single.ms });
  const healed = await timed(7, () => engine.heal({ state: mine, seen, roster, now }));
  report("heal", { ms: healed.ms, commit: healed.result.commit.length });
  const commit = { seq: 999, epoch: 1, kind: "commit", sender: creator.keys.device };
  const taken = await timed(3, () => process(theirs, [{ ...commit, body: healed.result.commit }]));
  if (taken.result.results[0].kind !== "commit") throw new Error("the commit was not taken");
  report("process a commit", { ms: taken.ms });
  const slot = await timed(20, () =>
    engine.sealSlot({ state: mine, label: "read", counter: 1, plaintext: zeros(8) }),
  );
  report("seal a slot", { ms: slot.ms, body: slot.result.body.length });
}

const { keys } = await newDevice();
const hundred = { keys, suite: 0x0053, count: 100, lastResort: false, now, lifetime: 86_400_000 };
report("100 KeyPackages", {
  suite: 0x0053,
  ms: (await timed(1, () => engine.generateKeyPackages(hundred))).ms,
});
const secret = { passphrase: "correct horse battery staple", salt: zeros(16) };
report("sign-in secret (Argon2id)", { ms: (await timed(1, () => engine.signInSecret(secret))).ms });
await talk(await conversation());
