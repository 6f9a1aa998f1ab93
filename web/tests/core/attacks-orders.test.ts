/**
 * Attack B: the directory authority, or who has its key, orders what it must not. Every order here is well-formed and
 * (but for one) rightly signed under the pinned root; the members refuse by their own rules, and go on talking.
 */

import { describe, expect, it } from "vitest";
import { idBytes } from "../../src/core/ids";
import { LocalEngine } from "../../src/crypto/engine";
import { Writer } from "../../src/crypto/tls";
import { calm, company as strangers, type Company, expectTree, heard, notices, reads, tree } from "./group";
import { hurried, settled, sleep } from "./clock";
import type { Talk } from "./double";
import { Authority } from "./double-authority";
import { Member } from "./member";

/** Longer than a rank's wait and a retry, at the test's speed. */
const LONG_ENOUGH = 1_500;

hurried(8);

/** Everybody has spoken: nobody needs a healing commit, which a server with an order that nobody carries out refuses. */
async function company(count: number): Promise<Company> {
  const group = await strangers(count);
  for (const [i, member] of group.members.entries()) await heard(group, member, `Good morning ${String(i)}`);
  await calm(group);
  return group;
}

/** The signature of a device that asks to be let in, over what the order will say. */
async function request(member: Member, talk: Talk): Promise<Uint8Array> {
  const content = new Writer()
    .u16(1)
    .fixed(talk.groupId!, 32)
    .fixed(idBytes(member.person), 16)
    .fixed(idBytes(member.device), 16)
    .fixed(await member.server.head(member.person), 32).bytes;
  return new LocalEngine().signWithDevice({ keys: member.keys, label: "AddRequest", content });
}

async function ordered(group: Company, action: "add" | "remove", member: Member, change = {}): Promise<void> {
  const { server, talk } = group;
  const signed = action === "add" ? await request(member, talk) : new Uint8Array();
  await server.issue(talk, action, member.person, member.device, signed, change);
  server.tellState(talk);
}

/** Nobody has changed the tree, and everybody still hears everybody. */
async function nothingHappened(group: Company, before: string[], epoch: number): Promise<void> {
  const { talk, members } = group;
  await sleep(LONG_ENOUGH);
  expect(talk.epoch).toBe(epoch);
  await expectTree(members, talk, before);
  for (const [i, member] of members.entries()) await heard(group, member, `still here, ${String(i)}`);
  await expectTree(members, talk, before);
}

describe("an order to add", () => {
  it("a stranger to a group is not carried out", async () => {
    const group = await company(3);
    const stranger = await Member.create(group.server, { classical: true });
    const [before, epoch] = [await tree(group.members[0]!, group.talk), group.talk.epoch];
    await ordered(group, "add", stranger);
    await nothingHappened(group, before, epoch);
    group.members.forEach((member) => member.kill());
  });

  it("a third person into a direct conversation is not carried out", async () => {
    const group = await company(2);
    const [first, second] = group.members as [Member, Member];
    const id = await first.app!.openDirect(second.person);
    await first.app!.send(id, "Between the two of us");
    await reads(second, id, "Between the two of us");
    const talk = group.server.talks.get(id)!;
    const direct = { ...group, id, talk };
    // Whoever has not spoken heals before the first word: not what is looked at here.
    await heard(direct, second, "Only us");
    const [before, epoch] = [await tree(first, talk), talk.epoch];
    const third = await Member.create(group.server);
    await ordered(direct, "add", third);
    await nothingHappened(direct, before, epoch);
    group.members.forEach((member) => member.kill());
  });

  it("a person who has been reset is not carried out; an admin takes them back", async () => {
    const group = await company(3);
    const { talk, server, id, members } = group;
    const [first, second, lost] = members as [Member, Member, Member];
    lost.kill();
    const found = await lost.reset();
    await found.open();
    const living = [first, second];
    await settled(() => Promise.resolve(talk.leafOf(lost.device) === null ? null : "still in"), 50_000);
    await calm({ talk, members: living });
    const [before, epoch] = [await tree(first, talk), talk.epoch];
    // The server is in league with whoever holds the authority's key: its own rule would have refused.
    await server.issue(talk, "add", found.person, found.device, await request(found, talk));
    server.tellState(talk);
    await nothingHappened({ ...group, members: living }, before, epoch);
    expect((await notices(first, id)).some((notice) => notice.kind === "identity-reset")).toBe(true);

    talk.orders = [];
    await first.app!.addMembers(id, [found.person]);
    await calm({ talk, members: [...living, found] });
    await heard({ ...group, members: [...living, found] }, found, "It is me again");
    [...living, found].forEach((member) => member.kill());
  });

  it("a device that did not ask is not carried out", async () => {
    const group = await company(3);
    const [, second] = group.members as [Member, Member];
    second.kill();
    const other = await second.approve();
    const { server, talk } = group;
    const living = group.members.filter((member) => member.running);
    const [before, epoch] = [await tree(living[0]!, talk), talk.epoch];
    await server.issue(talk, "add", other.person, other.device, new Uint8Array(64).fill(7));
    server.tellState(talk);
    await nothingHappened({ ...group, members: living }, before, epoch);
    living.forEach((member) => member.kill());
  });
});

describe("an order to remove", () => {
  it("that nobody signed is not carried out", async () => {
    const group = await company(3);
    const [before, epoch] = [await tree(group.members[0]!, group.talk), group.talk.epoch];
    await ordered(group, "remove", group.members[2]!, { forged: true });
    await nothingHappened(group, before, epoch);
    group.members.forEach((member) => member.kill());
  });

  it("that another root's authority signed is not carried out", async () => {
    const group = await company(3);
    const { server, talk } = group;
    const [before, epoch] = [await tree(group.members[0]!, talk), talk.epoch];
    const another = await Authority.create(Date.now());
    Object.defineProperty(server, "authority", { value: another });
    await ordered(group, "remove", group.members[2]!);
    await nothingHappened(group, before, epoch);
    group.members.forEach((member) => member.kill());
  });

  it("that has expired is not carried out", async () => {
    const group = await company(3);
    const [before, epoch] = [await tree(group.members[0]!, group.talk), group.talk.epoch];
    await ordered(group, "remove", group.members[2]!, { expiresAt: Date.now() - 1 });
    await nothingHappened(group, before, epoch);
    group.members.forEach((member) => member.kill());
  });

  it("is carried out by the others when it is genuine, and the person comes back by asking", async () => {
    const group = await company(3);
    const { talk, server } = group;
    const [first, second, third] = group.members as [Member, Member, Member];
    third.kill();
    await server.removeEverywhere(third.person, third.device);
    await settled(() => Promise.resolve(talk.leafOf(third.device) === null ? null : "in the tree"), 50_000);
    await calm({ talk, members: [first, second] });
    await expectTree([first, second], talk, [first.device, second.device]);
    await first.app!.send(group.id, "Said without the third");
    await third.open();
    await calm(group);
    await heard(group, third, "Back again");
    expect((await notices(third, group.id)).some((notice) => notice.kind === "gap")).toBe(true);
    group.members.forEach((member) => member.kill());
  });
});

describe("a request to leave", () => {
  it("serves once: the server keeps it until its person is taken in again, and nobody carries it out", async () => {
    const group = await company(3);
    const { talk, server, id, members } = group;
    const [admin, second, third] = members as [Member, Member, Member];
    const leaves = async (): Promise<void> => {
      await third.app!.leaveGroup(id);
      await settled(() => Promise.resolve(talk.isMember(third.person) ? "still in" : null), 50_000);
      await calm({ talk, members: [admin, second] });
    };
    await leaves();
    const [first] = talk.orders.filter(({ action }) => action === "leave");
    await admin.app!.addMembers(id, [third.person]);
    await calm(group);
    for (const member of members) await heard(group, member, `Together again, ${member.person}`);

    // Signed anew by the authority, with another end, over the wish of before: well-formed, and rightly signed.
    const [before, epoch] = [await tree(admin, talk), talk.epoch];
    const { statementHash, request, expiresAt } = first!;
    await server.issue(talk, "leave", third.person, third.device, request, {
      statementHash,
      expiresAt: expiresAt + 1,
    });
    server.tellState(talk);
    await nothingHappened(group, before, epoch);
    talk.orders = talk.orders.filter(({ executed }) => executed !== null);
    server.tellState(talk);

    // A wish of today is another one.
    await leaves();
    const wishes = talk.orders.filter(({ action }) => action === "leave");
    expect(wishes).toHaveLength(2);
    expect(wishes.every(({ executed }) => executed !== null)).toBe(true);
    expect(wishes[1]!.request).not.toEqual(wishes[0]!.request);
    expect((await notices(second, id)).filter(({ kind }) => kind === "left")).toHaveLength(2);
    members.forEach((member) => member.kill());
  });
});
