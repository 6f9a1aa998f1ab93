/** People, devices and conversations for the tests of groups: real keys, real suites, nothing mocked. */

import type {
  Begun,
  DeviceKeys,
  GroupPolicy,
  InEnvelope,
  Joined,
  MadeKeyPackage,
  Processed,
  RosterDevice,
  Seen,
  Suite,
} from "../../src/crypto/api";
import { compare } from "../../src/crypto/bytes";
import { LocalEngine } from "../../src/crypto/engine";

export const DAY = 86_400_000;
export const now = Date.now();
export const engine = new LocalEngine();
export const newId = (): Uint8Array => crypto.getRandomValues(new Uint8Array(16));
export const said = (text: string): Uint8Array => new TextEncoder().encode(text);
export const read = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export const seenAt = (seq: number): Seen => ({ seq, transcript: new Uint8Array(32).fill(seq) });

export interface Device {
  keys: DeviceKeys;
  entry: RosterDevice;
}

export async function newDevice(person = newId()): Promise<Device> {
  const keys = await engine.generateDeviceKeys({ person, device: newId() });
  const signatureKey = keys.signaturePublic;
  const entry = {
    person,
    device: keys.device,
    signatureKey,
    base: zeros(32).fill(1),
    revokedAt: null,
    expiresAt: null,
  };
  return { keys, entry };
}

export async function newKeyPackage(device: Device, suite: Suite = 0x0053): Promise<MadeKeyPackage> {
  const [made] = await engine.generateKeyPackages({
    keys: device.keys,
    suite,
    count: 1,
    lastResort: false,
    now,
    lifetime: 89 * DAY,
  });
  return made!;
}

export const added = (device: Device, { keyPackage }: MadeKeyPackage) => ({
  person: device.keys.person,
  device: device.keys.device,
  keyPackage,
});

export const zeros = (count: number): Uint8Array => new Uint8Array(count);

export function directPolicy(one: Device, other: Device, conversation = newId()): Omit<GroupPolicy, "nonce"> {
  return {
    conversation,
    kind: "direct",
    persons: [one.keys.person, other.keys.person].sort(compare),
    suite: 0x0053,
    sizeClass: "normal",
    retentionClass: 0,
    ministry: zeros(16),
    registry: zeros(32),
    predecessor: zeros(32),
  };
}

/** What was begun or committed with newcomers, and so has a Welcome. */
export function welcoming<T extends { welcome: Uint8Array | null }>(made: T): T & { welcome: Uint8Array } {
  if (made.welcome === null) throw new Error("no welcome");
  return { ...made, welcome: made.welcome };
}

/** A direct conversation of Asma and Bilal, begun by Asma and joined by Bilal; `log` numbers the envelopes. */
export interface Pair {
  asma: Device;
  bilal: Device;
  roster: RosterDevice[];
  policy: Omit<GroupPolicy, "nonce">;
  begun: Begun & { welcome: Uint8Array };
  joined: Joined;
  bilalPackage: MadeKeyPackage;
  states: { asma: Uint8Array; bilal: Uint8Array };
}

export async function newPair(): Promise<Pair> {
  const [asma, bilal] = [await newDevice(), await newDevice()];
  const roster = [asma.entry, bilal.entry];
  const policy = directPolicy(asma, bilal);
  const bilalPackage = await newKeyPackage(bilal);
  const begun = welcoming(
    await engine.begin({
      keys: asma.keys,
      policy,
      add: [added(bilal, bilalPackage)],
      roster,
      seen: seenAt(0),
      profile: zeros(0),
      now,
    }),
  );
  const joined = await engine.join({
    keys: bilal.keys,
    welcome: begun.welcome,
    keyPackage: bilalPackage,
    expected: { conversation: policy.conversation, persons: policy.persons, groupId: begun.groupId },
    roster,
    now,
  });
  const states = { asma: begun.pendingState, bilal: joined.state };
  return { asma, bilal, roster, policy, begun, joined, bilalPackage, states };
}

/** A copy of a pair that a test may change without touching the next one's. */
export const copyOf = (pair: Pair): Pair => ({ ...pair, states: { ...pair.states } });

type Name = "asma" | "bilal";

/** `from` says `text`; returns the envelope and moves the sender's state on. */
export async function speak(pair: Pair, from: Name, text: string, seq: number): Promise<InEnvelope> {
  const { epoch } = await engine.describe(pair.states[from]);
  const sent = await engine.encrypt({
    state: pair.states[from],
    content: said(text),
    seen: seenAt(seq - 1),
    roster: pair.roster,
    now,
  });
  pair.states[from] = sent.state;
  return { seq, epoch, kind: "application", sender: pair[from].keys.device, body: sent.body };
}

/** `from` heals and adopts its own commit at once, as if it had come back in the log. */
export async function healed(pair: Pair, from: Name, seq: number): Promise<InEnvelope> {
  const { pendingState, commit, epoch } = await engine.heal({
    state: pair.states[from],
    seen: seenAt(seq - 1),
    roster: pair.roster,
    now,
  });
  pair.states[from] = pendingState;
  return { seq, epoch, kind: "commit", sender: pair[from].keys.device, body: commit };
}

/** `to` reads; moves its state on. */
export async function hear(pair: Pair, to: Name, ...envelopes: InEnvelope[]): Promise<Processed[]> {
  const { state, results } = await engine.process({
    state: pair.states[to],
    groupId: pair.begun.groupId,
    envelopes,
    roster: pair.roster,
    now,
  });
  pair.states[to] = state;
  return results;
}

export const texts = (results: Processed[]): string[] =>
  results.flatMap((result) => (result.kind === "application" ? [read(result.content)] : []));
