/** A group conversation of several persons and devices with one log: everything that is said or committed reaches all. */

import { encodeMlsMessage, type Proposal } from "ts-mls";
import { expect } from "vitest";
import type {
  GroupPolicy,
  InEnvelope,
  MadeKeyPackage,
  MembershipEntry,
  Processed,
  RoleChange,
  RosterDevice,
  Standing,
  Suite,
  VerifiedOrder,
} from "../../src/crypto/api";
import { encodeAuthenticatedData, sortedRoles } from "../../src/crypto/authenticated-data";
import { equal, toHex } from "../../src/crypto/bytes";
import { ciphersuite, decodeKeyPackage } from "../../src/crypto/mls/library";
import { makeCommit } from "../../src/crypto/mls/make-commit";
import { Roster } from "../../src/crypto/mls/roster";
import { type Group, StateCache } from "../../src/crypto/mls/state";
import { encodeGroupProfile } from "../../src/crypto/profile";
import {
  added,
  type Device,
  engine,
  newDevice,
  newId,
  newKeyPackage,
  now,
  read,
  said,
  seenAt,
  welcoming,
  zeros,
} from "./people-in-groups";

export const groupProfile = (members: MembershipEntry[] = []): Uint8Array =>
  encodeGroupProfile({ name: "Village", picture: zeros(0), at: 5, by: null, members });

export function groupPolicy(change: Partial<GroupPolicy> = {}): Omit<GroupPolicy, "nonce"> {
  return {
    conversation: newId(),
    kind: "group",
    persons: [],
    suite: 0x0001,
    sizeClass: "large",
    retentionClass: 0,
    ministry: zeros(16),
    registry: zeros(32),
    predecessor: zeros(32),
    ...change,
  };
}

export interface Change {
  add?: Resident[];
  remove?: Resident[];
  roles?: RoleChange[];
  orders?: VerifiedOrder[];
}

/** A device with its view of the conversation. */
export class Resident {
  /** Null until it has joined, and after it was removed. */
  state: Uint8Array | null = null;
  readonly device: Device;
  readonly keyPackage: MadeKeyPackage;

  private constructor(device: Device, keyPackage: MadeKeyPackage) {
    this.device = device;
    this.keyPackage = keyPackage;
  }

  static async arrives(person = newId(), suite: Suite = 0x0001): Promise<Resident> {
    const device = await newDevice(person);
    return new Resident(device, await newKeyPackage(device, suite));
  }

  /** The same device with a KeyPackage of its own again: it has lost its state, or was put out. */
  async returns(suite: Suite = 0x0001): Promise<Resident> {
    return new Resident(this.device, await newKeyPackage(this.device, suite));
  }

  get person(): Uint8Array {
    return this.device.keys.person;
  }

  get id(): Uint8Array {
    return this.device.keys.device;
  }

  get current(): Uint8Array {
    if (this.state === null) throw new Error("not in the group");
    return this.state;
  }
}

export const role = (resident: Resident, is: RoleChange["role"]): RoleChange => ({
  person: resident.person,
  role: is,
});

/** As `verifyOrder` gives it; how orders are verified is tested with their vectors. */
export const order = (action: VerifiedOrder["action"], { person, id }: Resident): VerifiedOrder => ({
  hash: crypto.getRandomValues(new Uint8Array(32)),
  action,
  person,
  device: id,
  statementHash: zeros(32),
  expiresAt: now + 1_000_000,
  request: action === "remove" ? zeros(0) : crypto.getRandomValues(new Uint8Array(64)),
});

export class Village {
  readonly policy: Omit<GroupPolicy, "nonce">;
  /** Everybody who was ever here; those with a state read the log. */
  residents: Resident[] = [];
  roster: RosterDevice[] = [];
  standing: Standing = { membership: [], bases: [], orders: [] };
  groupId = zeros(32);
  seq = 1;

  private constructor(policy: Omit<GroupPolicy, "nonce">) {
    this.policy = policy;
  }

  static async begun(
    founder: Resident,
    others: Resident[],
    policy = groupPolicy(),
    invited: Resident[] = [],
  ): Promise<Village> {
    const village = new Village(policy);
    village.knows(founder, ...others);
    const isGroup = policy.kind === "group";
    const begun = await engine.begin({
      keys: founder.device.keys,
      policy,
      add: others.map((one) => added(one.device, one.keyPackage)),
      roster: village.roster,
      seen: seenAt(0),
      profile: isGroup ? groupProfile() : zeros(0),
      now,
      roles: isGroup ? [role(founder, "admin"), ...invited.map((one) => role(one, "invited"))] : [],
    });
    founder.state = begun.pendingState;
    village.groupId = begun.groupId;
    village.standing.membership = begun.membership;
    for (const one of others) await village.joins(one, welcoming(begun).welcome);
    return village;
  }

  /** Their chains are known: they may stand in the tree. */
  knows(...residents: Resident[]): void {
    for (const one of residents) {
      if (!this.residents.includes(one)) this.residents.push(one);
      if (!this.roster.some((entry) => equal(entry.device, one.id))) this.roster.push(one.device.entry);
    }
  }

  /** What the device's chain says of it from now on. */
  chainSays(resident: Resident, change: Partial<RosterDevice>): void {
    this.roster = this.roster.map((entry) =>
      equal(entry.device, resident.id) ? { ...entry, ...change } : entry,
    );
  }

  async joins(resident: Resident, welcome: Uint8Array): Promise<void> {
    const { conversation, persons } = this.policy;
    const joined = await engine.join({
      keys: resident.device.keys,
      welcome,
      keyPackage: resident.keyPackage,
      expected: { conversation, persons, groupId: this.groupId },
      roster: this.roster,
      now,
    });
    expect(joined.membership).toEqual(this.standing.membership);
    resident.state = joined.state;
  }

  roleOf(resident: Resident): MembershipEntry["role"] | undefined {
    return this.standing.membership.find(({ person }) => equal(person, resident.person))?.role;
  }

  /** An honest commit, in the log and taken by everybody; newcomers join. */
  async commits(by: Resident, change: Change = {}): Promise<InEnvelope> {
    this.knows(...(change.add ?? []));
    const { frame, made } = await this.prepared(by, change);
    const reading = this.residents.filter((one) => one.state !== null && one !== by);
    const before = this.standing;
    for (const one of reading) {
      const [result] = await this.reads(one, frame);
      if (result?.kind !== "commit") throw new Error(JSON.stringify(result));
      expect(result.membership).toEqual(made.membership);
      if (change.remove?.includes(one)) one.state = null;
    }
    by.state = made.pendingState;
    this.standing = { ...before, membership: made.membership };
    for (const one of change.add ?? []) await this.joins(one, made.welcome ?? zeros(0));
    return frame;
  }

  /** A commit that is not in the log yet. */
  async prepared(by: Resident, change: Change = {}) {
    const made = await engine.commit({
      state: by.current,
      add: (change.add ?? []).map((one) => added(one.device, one.keyPackage)),
      remove: (change.remove ?? []).map(({ id }) => id),
      roles: change.roles ?? [],
      orders: change.orders ?? [],
      standing: { ...this.standing, orders: [...this.standing.orders, ...(change.orders ?? [])] },
      seen: seenAt(this.seq % 200),
      roster: this.roster,
      profile: this.policy.kind === "group" ? groupProfile() : zeros(0),
      now,
    });
    if (change.orders) this.standing.orders.push(...change.orders);
    return { made, frame: this.frame(by, "commit", made.commit, made.epoch) };
  }

  frame(by: Resident, kind: InEnvelope["kind"], body: Uint8Array, epoch: number): InEnvelope {
    return { seq: ++this.seq, epoch, kind, sender: by.id, body };
  }

  async speaks(by: Resident, text: string): Promise<InEnvelope> {
    const { epoch } = await engine.describe(by.current);
    const input = { state: by.current, content: said(text), seen: seenAt(1), roster: this.roster, now };
    const sent = await engine.encrypt(input);
    by.state = sent.state;
    return this.frame(by, "application", sent.body, epoch);
  }

  async reads(by: Resident, ...envelopes: InEnvelope[]): Promise<Processed[]> {
    const { groupId, roster, standing } = this;
    const input = { state: by.current, groupId, envelopes, roster, standing, now };
    const { state, results } = await engine.process(input);
    by.state = state;
    return results;
  }

  /** Everybody understands everybody. */
  async talks(): Promise<void> {
    const here = this.residents.filter((one) => one.state !== null);
    for (const speaker of here) {
      const words = await this.speaks(speaker, toHex(speaker.id));
      for (const listener of here.filter((one) => one !== speaker)) {
        const [heard] = await this.reads(listener, words);
        expect(heard?.kind === "application" && read(heard.content)).toBe(toHex(speaker.id));
      }
    }
  }

  /** The state of a member who has thrown Beep's rules away. */
  groupOf(resident: Resident): Promise<Group> {
    return new StateCache().open(resident.current, new Roster(this.roster));
  }

  /** A commit of `by` that the rules were not asked about. */
  async forges(
    by: Resident,
    change: Change & { path?: boolean; orderHashes?: Uint8Array[]; proposals?: Proposal[] },
  ): Promise<InEnvelope> {
    const { state, policy } = await this.groupOf(by);
    const { members } = await engine.describe(by.current);
    const leafOf = (one: Resident): number => members.find(({ device }) => equal(device, one.id))?.leaf ?? 99;
    const proposals = [
      ...(change.remove ?? []).map((one) => ({ proposalType: "remove", remove: { removed: leafOf(one) } })),
      ...(change.add ?? []).map((one) => ({
        proposalType: "add",
        add: { keyPackage: decodeKeyPackage(one.keyPackage.keyPackage) },
      })),
      ...(change.proposals ?? []),
    ] as Proposal[];
    const authenticatedData = encodeAuthenticatedData({
      seen: seenAt(1),
      frankingTag: zeros(0),
      orderHashes: change.orderHashes ?? (change.orders ?? []).map(({ hash }) => hash),
      roles: sortedRoles(change.roles ?? []),
    });
    const options = { authenticatedData, path: change.path ?? true, groupInfoExtensions: [] };
    const { commit } = await makeCommit(state, proposals, options, await ciphersuite(policy.suite));
    return this.frame(by, "commit", encodeMlsMessage(commit), Number(state.groupContext.epoch));
  }

  /** Everybody else refuses with `code`, keeps the very same state, and understands the next message. */
  async refuses(by: Resident, hostile: InEnvelope, code: string, kind = "refused"): Promise<void> {
    for (const one of this.residents.filter((other) => other.state !== null && other !== by)) {
      const before = one.current;
      const copy = before.slice();
      expect(await this.reads(one, hostile)).toEqual([{ kind, seq: hostile.seq, code }]);
      expect(one.state).toBe(before);
      expect(before).toEqual(copy);
    }
    await this.talks();
  }
}

/** Three in a group, one outside. */
export interface Scene {
  village: Village;
  /** Admin. */
  asma: Resident;
  /** Member, and the attacker. */
  bilal: Resident;
  carol: Resident;
  /** Not in the group. */
  david: Resident;
}

export async function scene(): Promise<Scene> {
  const [asma, bilal, carol, david] = await Promise.all([1, 2, 3, 4].map(() => Resident.arrives()));
  if (!asma || !bilal || !carol || !david) throw new Error("nobody");
  const village = await Village.begun(asma, [bilal, carol]);
  village.knows(david);
  return { village, asma, bilal, carol, david };
}
