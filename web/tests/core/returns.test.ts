/** What a device shows when it comes into a group again: who came how, once, and nothing that it has seen itself. */

import { afterEach, beforeEach, expect, it } from "vitest";
import type { Notice } from "../../src/core/api";
import { readView } from "../../src/core/pending";
import { calm, company, type Company, heard, notices } from "./group";
import { hurried, settled } from "./clock";
import { onEnvelopes, onlyTo, onState } from "./double-lies";
import type { Member } from "./member";

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

/** The lines of this device about its own person's coming and going, since the group has begun. */
async function comings(member: Member): Promise<Notice[]> {
  const about = new Set<Notice["kind"]>([
    "added",
    "joined",
    "device-added",
    "you-removed",
    "you-left",
    "gap",
  ]);
  const [, ...later] = (await notices(member, group.id)).filter(({ kind }) => about.has(kind));
  return later;
}

const out = (member: Member): Promise<void> =>
  settled(() => Promise.resolve(group.talk.leafOf(member.device) === null ? null : "is in"), 50_000);

it("who was taken out by a commit and comes back is told who has taken them in", async () => {
  await heard(group, third, "While I am here");
  await admin.app!.removeMember(group.id, third.person);
  await out(third);
  await admin.app!.addMembers(group.id, [third.person]);
  await calm(group);
  await heard(group, third, "Here again");
  expect(await comings(third)).toMatchObject([
    { kind: "you-removed", by: admin.person },
    { kind: "added", by: admin.person, persons: [third.person] },
    { kind: "gap" },
  ]);
});

it("a device that has seen its own going, its person's membership unbroken, shows no coming in", async () => {
  await heard(group, third, "While I am here");
  const before = group.talk.epoch;
  await group.server.removeEverywhere(third.person, third.device);
  // It may be in again by the very next commit.
  await settled(() => Promise.resolve(group.talk.epoch > before ? null : "still in that epoch"), 50_000);
  await calm(group);
  await heard(group, third, "Here again");
  expect(await comings(third)).toMatchObject([{ kind: "gap" }]);
});

it("a device that a generation began without is let in as a device, its person being a member", async () => {
  await heard(group, third, "In the first generation");
  third.kill();
  group.server.device(third.device).packages = [];
  group.talk.frozenSeq = group.talk.envelopes.length;
  group.server.tellState(group.talk);
  await settled(() => Promise.resolve(group.talk.generation === 2 ? null : "the first"), 50_000);
  await out(third);
  await heard({ ...group, members: [admin, second] }, second, "Without the third");
  await third.open();
  await calm(group);
  await heard(group, third, "In the second");
  // It has its person's membership from the generation before, and has not seen who let it into this one.
  expect(await comings(third)).toMatchObject([
    { kind: "device-added", person: third.person },
    { kind: "gap" },
  ]);
});

/** The third has no leaf, has heard that the group is stopped, and is away when the next generation begins without it. */
async function heardOfTheStop(): Promise<void> {
  const { server, talk, id } = group;
  const record = async () => (await readView(third.context, id)).record;
  // Without KeyPackages nobody can let it in before it is back.
  server.device(third.device).packages = [];
  await server.removeEverywhere(third.person, third.device);
  await settled(async () => ((await record()).standing === "waiting" ? null : "in"), 50_000);
  talk.frozenSeq = talk.envelopes.length;
  server.tellState(talk, [third.person]);
  await settled(async () => ((await record()).server.frozenSeq === null ? "sound" : null), 50_000);
  third.kill();
  server.tellState(talk);
  await settled(() => Promise.resolve(talk.generation === 2 ? null : "the first"), 50_000);
}

/** It comes back, and takes the generation that it finds for sound. */
async function takesItForSound(): Promise<void> {
  const { server, talk, id } = group;
  // The log must be enough: a later word of the server would hide that it was not.
  server.tamper = onlyTo(third.device, (told) => (told.t === "conversation_changed" ? null : told));
  await third.open();
  await calm(group);
  expect((await readView(third.context, id)).record.server.frozenSeq).toBeNull();
  await heard(group, third, "In the second");
  expect(talk.generation).toBe(2);
}

it("a device that heard of a stopped group, and was let into the next one, takes that for sound", async () => {
  await heardOfTheStop();
  await takesItForSound();
});

it("so does one that was let in while it was away", async () => {
  const { packages } = group.server.device(third.device);
  await heardOfTheStop();
  group.server.device(third.device).packages = packages;
  await admin.app!.removeMember(group.id, third.person);
  await admin.app!.addMembers(group.id, [third.person]);
  expect(group.talk.leafOf(third.device)).not.toBeNull();
  await takesItForSound();
});

it("a device that could not take the last commit, and comes back by a begin, shows what it has missed", async () => {
  const { server, talk } = group;
  await heard(group, third, "While I am here");
  third.kill();
  const before = talk.envelopes.length;
  await heard({ ...group, members: [admin, second] }, second, "Not for the third");
  const spoilt = talk.envelopes.find(({ kind, seq }) => kind === 2 && seq > before)!;
  talk.frozenSeq = talk.envelopes.length;
  server.tellState(talk);
  await settled(() => Promise.resolve(talk.generation === 2 ? null : "the first"), 50_000);
  server.tamper = onlyTo(
    third.device,
    onEnvelopes((one) => (one.seq === spoilt.seq ? { ...one, body: one.body.slice(1) } : one)),
  );
  await third.open();
  await calm({ talk, members: [admin, second] });
  await heard(group, second, "In the second");
  const begin = talk.envelopes.find(({ generation }) => generation === 2)!;
  expect(await comings(third)).toEqual([{ kind: "gap", from: spoilt.time, to: begin.time }]);
});

it("a device that only the server has put out shows that it is in again", async () => {
  const { server, talk, id } = group;
  await heard(group, third, "While I am here");
  server.tamper = onlyTo(
    third.device,
    onState((state) => ({ ...state, left: true })),
  );
  server.tellState(talk, [third.person]);
  const standing = async () => (await readView(third.context, id)).record.standing;
  await settled(async () => ((await standing()) === "out" ? null : "in"), 50_000);
  server.tamper = (told) => told;
  server.tellState(talk, [third.person]);
  await settled(async () => ((await standing()) === "in" ? null : "out"), 50_000);
  await calm(group);
  await heard(group, third, "Here again");
  expect(await comings(third)).toMatchObject([
    { kind: "you-removed", by: null },
    { kind: "device-added", person: third.person },
    { kind: "gap" },
  ]);
});
