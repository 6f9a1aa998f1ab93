/**
 * One member that runs Beep's crypto layer under Node, driven over standard input and output by
 * tests/interop/test_mls_rs.py: one JSON object a line, bytes as hex.
 */

import { createInterface } from "node:readline";
import { mlsExporter } from "ts-mls";
import type { DeviceKeys, GroupPolicy, InEnvelope, RosterDevice, Standing } from "../../src/crypto/api";
import { LocalEngine } from "../../src/crypto/engine";
import { CryptoError } from "../../src/crypto/errors";
import { ciphersuite } from "../../src/crypto/mls/library";
import { Roster } from "../../src/crypto/mls/roster";
import { StateCache } from "../../src/crypto/mls/state";
import { encodeGroupProfile } from "../../src/crypto/profile";
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
const standing: Standing = { membership: [], bases: [], orders: [] };
const profile = encodeGroupProfile({ name: "Interop", picture: zeros(0), at: 0, by: null, members: [] });

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
    const roles = [{ person: keys.person, role: "admin" } as const];
    const input = { keys, policy, add: [newcomer], roster, seen: SEEN, profile, roles, now };
    // Production's rules, on the same KeyPackage: it must be refused.
    const refusal = await strict.begin(input).then(
      () => "taken",
      (error: unknown) => (error instanceof CryptoError ? error.code : String(error)),
    );
    const begun = await engine.begin(input);
    [state, groupId] = [begun.pendingState, begun.groupId];
    standing.membership = begun.membership;
    return { refusal, welcome: toHex(begun.welcome ?? zeros(0)), groupId: toHex(groupId) };
  },

  async encrypt({ text }) {
    const content = new TextEncoder().encode(text);
    const sent = await engine.encrypt({ state, content, seen: SEEN, roster, now: Date.now() });
    state = sent.state;
    return { body: toHex(sent.body) };
  },

  async heal() {
    const nothing = { add: [], remove: [], roles: [], orders: [], profile, standing };
    const healed = await engine.commit({ state, seen: SEEN, roster, now: Date.now(), ...nothing });
    state = healed.pendingState;
    return { body: toHex(healed.commit) };
  },

  /** `add`: JSON list of [person, device, signature key, KeyPackage]; `remove`: JSON list of devices. */
  async commit({ add, remove }) {
    const newcomers = (JSON.parse(add!) as [string, string, string, string][]).map((one) => one.map(hex));
    const packages = newcomers.map(([person, device, signatureKey, keyPackage]) => {
      roster.push(entry(person!, device!, signatureKey!));
      return { person: person!, device: device!, keyPackage: keyPackage! };
    });
    const going = (JSON.parse(remove!) as string[]).map(hex);
    const ends = going.map((device) => {
      const one = roster.find((known) => Buffer.compare(known.device, device) === 0);
      return { person: one!.person, role: "none" as const };
    });
    const made = await engine.commit({
      ...{ state, seen: SEEN, roster, now: Date.now(), profile, standing, orders: [] },
      ...{ add: packages, remove: going, roles: ends },
    });
    state = made.pendingState;
    standing.membership = made.membership;
    return { body: toHex(made.commit), welcome: made.welcome ? toHex(made.welcome) : "" };
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
    const input = { groupId, envelopes: [envelope], roster, standing, now: Date.now() };
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
