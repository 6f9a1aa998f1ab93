/**
 * One member that runs Beep's crypto layer under Node, driven over standard input and output by
 * tests/interop/test_mls_rs.py: one JSON object a line, bytes as hex.
 */

import { createInterface } from "node:readline";
import { mlsExporter } from "ts-mls";
import type { DeviceKeys, GroupPolicy, InEnvelope, RosterDevice } from "../../src/crypto/api";
import { LocalEngine } from "../../src/crypto/engine";
import { CryptoError } from "../../src/crypto/errors";
import { ciphersuite } from "../../src/crypto/mls/library";
import { Roster } from "../../src/crypto/mls/roster";
import { StateCache } from "../../src/crypto/mls/state";
import { DangerousInteropEngine } from "./dangerous-engine";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const newId = (): Uint8Array => crypto.getRandomValues(new Uint8Array(16));
const zeros = (count: number): Uint8Array => new Uint8Array(count);
const SEEN = { seq: 0, transcript: zeros(32) };

const strict = new LocalEngine();
const engine = new DangerousInteropEngine();
const keys: DeviceKeys = await engine.generateDeviceKeys({ person: newId(), device: newId() });
const roster: RosterDevice[] = [entry(keys.person, keys.device, keys.signaturePublic)];
let state = zeros(0);
let groupId = zeros(0);
let seq = 1;

function entry(person: Uint8Array, device: Uint8Array, signatureKey: Uint8Array): RosterDevice {
  return { person, device, signatureKey, base: new Uint8Array(32).fill(1), revokedAt: null, expiresAt: null };
}

/** Suite 0x0001 in a group made large, as Must be shown 5 says. */
const policy: Omit<GroupPolicy, "nonce"> = {
  conversation: newId(),
  kind: "group",
  persons: [],
  suite: 0x0001,
  sizeClass: "large",
  retentionClass: 0,
  ministry: zeros(16),
  registry: zeros(32),
  predecessor: zeros(32),
};

type Fields = Record<string, string>;

const operations: Record<string, (fields: Fields) => Promise<object>> = {
  async begin({ person, device, signatureKey, keyPackage }) {
    const newcomer = { person: hex(person!), device: hex(device!), keyPackage: hex(keyPackage!) };
    roster.push(entry(newcomer.person, newcomer.device, hex(signatureKey!)));
    const now = Date.now();
    const input = { keys, policy, add: [newcomer], roster, seen: SEEN, profile: zeros(0), now };
    // Production's rules, on the same KeyPackage: it must be refused.
    const refusal = await strict.begin(input).then(
      () => "taken",
      (error: unknown) => (error instanceof CryptoError ? error.code : String(error)),
    );
    const begun = await engine.begin(input);
    [state, groupId] = [begun.pendingState, begun.groupId];
    return { refusal, welcome: toHex(begun.welcome), groupId: toHex(groupId) };
  },

  async encrypt({ text }) {
    const content = new TextEncoder().encode(text);
    const sent = await engine.encrypt({ state, content, seen: SEEN, roster, now: Date.now() });
    state = sent.state;
    return { body: toHex(sent.body) };
  },

  async heal() {
    const healed = await engine.heal({ state, seen: SEEN, roster, now: Date.now() });
    state = healed.pendingState;
    return { body: toHex(healed.commit) };
  },

  async process({ kind, body, sender }) {
    const { epoch } = await engine.describe(state);
    const envelope: InEnvelope = {
      seq: ++seq,
      epoch,
      kind: kind as InEnvelope["kind"],
      sender: hex(sender!),
      body: hex(body!),
    };
    const input = { groupId, envelopes: [envelope], roster, now: Date.now() };
    const before = await strict.process({ ...input, state });
    const after = await engine.process({ ...input, state });
    state = after.state;
    const [result] = after.results;
    const text = result?.kind === "application" ? new TextDecoder().decode(result.content) : null;
    const [strictly] = before.results;
    return { kind: result?.kind, code: code(result), text, strictCode: code(strictly) };
  },

  async exporter({ label, context }) {
    const { state: group } = await new StateCache().open(state, new Roster(roster));
    const suite = await ciphersuite(0x0001);
    const { exporterSecret } = group.keySchedule;
    return { secret: toHex(await mlsExporter(exporterSecret, label!, hex(context!), 32, suite)) };
  },
};

const code = (result: object | undefined): unknown => (result && "code" in result ? result.code : null);

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...fields } = JSON.parse(line) as Fields;
  const operation = operations[op ?? ""];
  let answer: object;
  try {
    answer = operation === undefined ? { error: `no operation ${String(op)}` } : await operation(fields);
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
