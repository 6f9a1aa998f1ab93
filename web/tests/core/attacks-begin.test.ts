/**
 * Attack B by a begin: the server and somebody who is not, or no longer, in a group make a generation of it with everybody's
 * KeyPackages. The members know who is in, and do not go along.
 */

import { afterEach, beforeEach, expect, it } from "vitest";
import { idBytes } from "../../src/core/ids";
import { equal } from "../../src/crypto/bytes";
import { encodeBeginBody } from "../../src/crypto/begin-body";
import { verifyChain } from "../../src/crypto/chain";
import { encodeGroupProfile } from "../../src/crypto/profile";
import { CLASSICAL } from "../../src/crypto/policy";
import { numbered } from "../../src/store";
import { company, type Company, heard, notices, outcome } from "./group";
import { hurried, settled } from "./clock";
import { Member } from "./member";

hurried(8);
let group: Company;
let admin: Member, second: Member, third: Member;
beforeEach(async () => {
  group = await company(3);
  [admin, second, third] = group.members as [Member, Member, Member];
});
afterEach(() => {
  group.members.forEach((member) => member.kill());
});

const conversation = () => idBytes(group.id);
const chainOf = (person: string) =>
  verifyChain(group.server.chains.get(person) ?? [], {
    person: idBytes(person),
    trust: { root: group.server.authority.root, certificates: [] },
  });

/**
 * `by` begins the generation after the one in force with these devices, as if it were a new group of its own, and the
 * server hands it out as the conversation's, in the name of the device `as`.
 */
async function takeOver(by: Member, victims: readonly Member[], as: Member = by): Promise<number> {
  const { server, talk } = group;
  const { engine } = by.context.env;
  const packages = victims.map((victim) => {
    const pool = server.device(victim.device).packages;
    const taken = pool.find((one) => one.suite === CLASSICAL && !one.lastResort)!;
    return { victim, taken };
  });
  const chains = await Promise.all([by, ...victims].map(({ person }) => chainOf(person)));
  const made = await engine.begin({
    keys: by.context.self.keys,
    policy: {
      conversation: conversation(),
      kind: "group",
      persons: [],
      suite: CLASSICAL,
      sizeClass: "large",
      retentionClass: 0,
      ministry: new Uint8Array(16),
      registry: new Uint8Array(32),
      predecessor: talk.groupId!,
    },
    add: packages.map(({ victim, taken }) => ({
      person: idBytes(victim.person),
      device: idBytes(victim.device),
      keyPackage: taken.body,
    })),
    roster: chains.flatMap((chain) => chain.everListed),
    seen: { seq: 0, transcript: new Uint8Array(32) },
    profile: encodeGroupProfile({ name: "", picture: new Uint8Array(), at: 0, by: null, members: [] }),
    now: by.now(),
    roles: [{ person: idBytes(by.person), role: "admin" }],
    standing: { membership: [], bases: [], orders: [] },
  });
  const generation = talk.generation + 1;
  const body = encodeBeginBody({ policy: made.policy, commit: made.commit });
  const counter = (talk.counters.get(as.device) ?? 0) + 1;
  const place = { generation, epoch: 0, kind: 3 as const, counter, body };
  const kept = new Map(talk.counters);
  const envelope = await talk.append(as.device, place, server.now());
  talk.counters = kept;
  Object.assign(talk, { generation, groupId: made.groupId, epoch: 1 });
  for (const { victim, taken } of packages) {
    const entry = server.device(victim.device);
    entry.mailSeq += 1;
    entry.mail.push({
      seq: entry.mailSeq,
      conversation: conversation(),
      generation,
      log_seq: envelope.seq,
      key_package_ref: taken.ref,
      welcome: made.welcome!,
    });
  }
  const persons = victims.map(({ person }) => person);
  server.tell(persons, { t: "envelopes", conversation: conversation(), envelopes: [envelope] });
  return envelope.seq;
}

/** The victim has judged the envelope; gives how. */
async function judged(victim: Member, seq: number): Promise<string> {
  await settled(
    async () => ((await outcome(victim, group.talk, seq)) === "nothing" ? "waits" : null),
    120_000,
  );
  return outcome(victim, group.talk, seq);
}

async function stateOf(victim: Member): Promise<Uint8Array | null> {
  const { store } = victim.context;
  const blind = await store.conversation(group.id);
  const { generation } = (await store.get("conversations", blind))!.value;
  return (await store.get("groups", numbered(blind, generation)))!.value.state;
}

it("a stranger whom the server helps begins no generation of a group", async () => {
  await heard(group, admin, "Among ourselves");
  const stranger = await Member.create(group.server, admin.options);
  await stranger.open();
  const victims = [second, third];
  const seq = await takeOver(stranger, victims);
  for (const victim of victims) {
    expect(await judged(victim, seq)).toBe("refused stranger");
    expect(await stateOf(victim)).toBeNull();
    const shown = (await notices(victim, group.id)).map(({ kind }) => kind);
    expect(shown).toContain("log-mismatch");
    expect(shown).not.toContain("successor");
  }
  stranger.kill();
});

it("who has been removed begins no generation of the group", async () => {
  await heard(group, third, "While I am here");
  await admin.app!.removeMember(group.id, third.person);
  await settled(() => Promise.resolve(group.talk.leafOf(third.device) === null ? null : "is in"), 50_000);
  await heard({ ...group, members: [admin, second] }, admin, "Without the third");
  const seq = await takeOver(third, [second]);
  expect(await judged(second, seq)).toBe("refused stranger");
});

it("a member who is no admin brings no stranger in by a begin", async () => {
  await heard(group, admin, "Only we three");
  const friend = await Member.create(group.server, admin.options);
  await friend.open();
  const seq = await takeOver(second, [admin, third, friend]);
  for (const victim of [admin, third]) expect(await judged(victim, seq)).toBe("refused membership_refused");
  friend.kill();
});

it("a begin is its signer's, whomever the server names", async () => {
  await heard(group, admin, "Signed by me");
  const stranger = await Member.create(group.server, admin.options);
  await stranger.open();
  const seq = await takeOver(stranger, [admin, second], admin);
  expect(await judged(second, seq)).toBe("refused committer");
  stranger.kill();
});

/** Brings a device of `member` into the group that `by` holds in `state`, as nobody in force could; gives the seq. */
async function bringIn(
  by: Member,
  member: Member,
  { state, epoch, generation }: { state: Uint8Array; epoch: number; generation: number },
): Promise<number> {
  const { server, talk } = group;
  const { engine } = by.context.env;
  const device = { person: idBytes(member.person), device: idBytes(member.device) };
  const chains = await Promise.all(group.members.map(({ person }) => chainOf(person)));
  const common = {
    roles: [],
    orders: [],
    seen: { seq: 0, transcript: new Uint8Array(32) },
    roster: chains.flatMap((chain) => chain.everListed),
    profile: encodeGroupProfile({ name: "", picture: new Uint8Array(), at: 0, by: null, members: [] }),
    now: by.now(),
  };
  const role = ({ person }: Member) => (person === by.person ? ("admin" as const) : ("member" as const));
  const membership = await Promise.all(
    group.members.map(async (one) => ({
      person: idBytes(one.person),
      role: role(one),
      base: (await group.server.base(one.person))!,
    })),
  );
  const standing = { membership, bases: [], orders: [] };
  const out = { ...common, standing, state, add: [], remove: [device.device] };
  const without = await engine.commit({ ...out, roles: [{ person: device.person, role: "none" as const }] });
  const taken = server.device(member.device).packages.find((one) => one.suite === CLASSICAL)!;
  const left = membership.filter(({ person }) => !equal(person, device.person));
  const made = await engine.commit({
    ...common,
    standing: { ...standing, membership: left },
    state: without.pendingState,
    add: [{ ...device, keyPackage: taken.body }],
    remove: [],
  });
  const kept = new Map(talk.counters);
  const counter = (talk.counters.get(by.device) ?? 0) + 1;
  const place = { generation, epoch: epoch + 1, kind: 2 as const, counter, body: made.commit };
  const envelope = await talk.append(by.device, place, server.now());
  talk.counters = kept;
  const entry = server.device(member.device);
  entry.mailSeq += 1;
  entry.mail.push({
    seq: entry.mailSeq,
    conversation: conversation(),
    generation,
    log_seq: envelope.seq,
    key_package_ref: taken.ref,
    welcome: made.welcome!,
  });
  // The victim looks into its mailbox before it judges: as after `mail_waiting`.
  server.tell([member.person], { t: "mail_waiting", last: entry.mailSeq });
  server.tell([member.person], { t: "envelopes", conversation: conversation(), envelopes: [envelope] });
  return envelope.seq;
}

/** The victim has asked to be let in: whatever the server did to bring that about. */
async function asks(victim: Member, generation: number): Promise<void> {
  const { store } = victim.context;
  const now = victim.context.now();
  await store.update(
    "conversations",
    await store.conversation(group.id),
    (record) => record && { ...record, rejoin: { generation, at: now } },
  );
}

async function held(member: Member): Promise<{ state: Uint8Array; epoch: number; generation: number }> {
  const { store } = member.context;
  const blind = await store.conversation(group.id);
  const { generation } = (await store.get("conversations", blind))!.value;
  const { state, epoch } = (await store.get("groups", numbered(blind, generation)))!.value;
  return { state: state!, epoch, generation };
}

it("a generation of before does not come back by a Welcome", async () => {
  await heard(group, admin, "The first generation");
  const old = await held(admin);
  group.talk.frozenSeq = 1;
  group.server.tellState(group.talk);
  await settled(() => Promise.resolve(group.talk.generation === 2 ? null : "the first"), 50_000);
  await heard(group, second, "The second generation");
  await asks(second, old.generation);
  const seq = await bringIn(admin, second, old);
  expect(await judged(second, seq)).toBe("refused generation");
  expect((await held(second)).generation).toBe(2);
});

it("who asks to be let in takes no Welcome from somebody who is out", async () => {
  await heard(group, third, "I was here");
  const old = await held(third);
  await admin.app!.removeMember(group.id, third.person);
  await settled(() => Promise.resolve(group.talk.leafOf(third.device) === null ? null : "is in"), 50_000);
  await heard({ ...group, members: [admin, second] }, second, "Without the third");
  const now = await held(second);
  await asks(second, now.generation);
  // A fork of the group as it was with the third, told as if it were that far.
  const seq = await bringIn(third, second, { ...old, epoch: now.epoch });
  expect(await judged(second, seq)).toBe("refused stranger");
  expect(await stateOf(second)).not.toBeNull();
});

it("a stranger comes in by no later generation either, which is told with what lies between left out", async () => {
  await heard(group, admin, "Before the leap");
  const stranger = await Member.create(group.server, admin.options);
  await stranger.open();
  expect(await judged(second, await takeOver(stranger, [second]))).toBe("refused stranger");
  const { talk } = group;
  const place = { generation: 3, epoch: 0, kind: 3 as const, counter: 9, body: new Uint8Array(64) };
  const kept = new Map(talk.counters);
  await talk.append(stranger.device, place, group.server.now());
  talk.counters = kept;
  talk.generation = 3;
  const seq = await takeOver(stranger, [second]);
  group.server.tellState(talk, [second.person]);
  expect(await judged(second, seq)).toBe("refused stranger");
  expect(await stateOf(second)).toBeNull();
  stranger.kill();
});
