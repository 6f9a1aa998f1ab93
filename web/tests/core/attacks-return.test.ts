/**
 * Attack C: a device that was away for a month comes back to a group in which much has happened. It judges every old
 * commit as those did who were there, reads all that was said to it, and nothing else.
 */

import { expect, it } from "vitest";
import { disagreements } from "./agreement";
import { calm, company, expectTree, heard, notices, reads, texts } from "./group";
import { hurried, settled } from "./clock";
import { Member } from "./member";

const DAY_MS = 86_400_000;

hurried(8);

/** Everybody's clock, the server's too, is at this many days from now; who runs starts anew. */
async function dayIs(days: number, members: readonly Member[]): Promise<void> {
  const running = members.filter((member) => member.running);
  for (const member of members) {
    if (running.includes(member)) member.kill();
    member.offset = days * DAY_MS;
    member.server.offset = days * DAY_MS;
  }
  for (const member of running) await member.open();
}

it("a device away for a month catches up over commits, a revocation, a removal and a newcomer", async () => {
  const group = await company(4);
  const { server, talk, id, members } = group;
  const [admin, second, leaver, away] = members as [Member, Member, Member, Member];
  const phone = await second.approve();
  await phone.open();
  const newcomer = await Member.create(server, group.members[0]!.options);
  const everyone = [...members, phone, newcomer];
  await calm({ talk, members: [...members, phone] });
  const said = new Map<string, string>();
  const say = async (member: Member, text: string): Promise<void> => {
    said.set(text, member.device);
    await member.app!.send(id, text);
    await reads(admin, id, text);
  };
  await say(away, "I am on leave from tomorrow");
  await calm({ talk, members: [...members, phone] });
  away.kill();

  await dayIs(3, everyone);
  await say(second, "Day three");
  await say(leaver, "Also here on day three");
  await second.app!.revokeDevice(phone.device);
  await settled(() => Promise.resolve(talk.leafOf(phone.device) === null ? null : "phone is in"), 50_000);
  await say(admin, "After the phone was lost");

  await dayIs(12, everyone);
  await admin.app!.removeMember(id, leaver.person);
  await say(admin, "After the removal");
  await newcomer.open();
  await admin.app!.addMembers(id, [newcomer.person]);
  await reads(admin, id, "After the removal");
  await settled(() => Promise.resolve(newcomer.running ? null : "asleep"), 50_000);
  await calm({ talk, members: [admin, second, newcomer] });
  await say(newcomer, "Hello, I am new");
  await admin.app!.setAdmin(id, second.person, true);

  await dayIs(25, everyone);
  await say(second, "Day twenty-five");
  const commits = talk.envelopes.filter((envelope) => envelope.kind === 2).length;
  expect(commits).toBeGreaterThanOrEqual(6);

  await dayIs(31, everyone);
  await away.open();
  const present = [admin, second, newcomer, away];
  await calm({ talk, members: present });
  const wanted = [...said.keys()];
  await settled(async () => {
    const shown = await texts(away, id);
    return wanted.every((text) => shown.includes(text))
      ? null
      : `${String(shown.length)} of ${String(wanted.length)}`;
  }, 120_000);
  expect((await texts(away, id)).filter((text) => said.has(text))).toEqual(wanted);
  await heard({ ...group, members: present }, away, "Back at my desk");
  said.set("Back at my desk", away.device);
  expect(await disagreements(talk, everyone, said)).toEqual([]);
  expect((await texts(leaver, id)).includes("After the removal")).toBe(false);
  expect((await notices(away, id)).some((notice) => notice.kind === "log-mismatch")).toBe(false);
  await group.ledger.check();
  for (const member of everyone) member.kill();
});

it("a device that was taken out for being unseen asks to be let in, and a dated gap is shown", async () => {
  const group = await company(3);
  const { server, talk, id, members } = group;
  const [admin, second, away] = members as [Member, Member, Member];
  await heard(group, away, "See you in spring");
  await calm(group);
  away.kill();
  await dayIs(95, members);
  await server.removeEverywhere(away.person, away.device);
  await settled(() => Promise.resolve(talk.leafOf(away.device) === null ? null : "still in"), 50_000);
  await heard({ ...group, members: [admin, second] }, admin, "Said in winter");
  await away.open();
  await calm(group);
  await heard(group, admin, "Welcome back");
  await heard(group, away, "Thank you");
  expect(await texts(away, id)).toEqual(["See you in spring", "Welcome back", "Thank you"]);
  const gap = (await notices(away, id)).find((notice) => notice.kind === "gap");
  expect(gap).toMatchObject({ kind: "gap" });
  await expectTree(
    members,
    talk,
    members.map((member) => member.device),
  );
  for (const member of members) member.kill();
});

it("a phone that came while nothing was shared is known when its owner's group takes one back", async () => {
  const group = await company(3);
  const { talk, id, members } = group;
  const [admin, owner, away] = members as [Member, Member, Member];
  await admin.app!.removeMember(id, away.person);
  // Nobody tells the one who is out: they share nothing with the owner any more.
  const phone = await owner.approve();
  await phone.open();
  await settled(() => Promise.resolve(talk.leafOf(phone.device) === null ? "phone is out" : null), 50_000);
  await admin.app!.addMembers(id, [away.person]);
  const all = [...members, phone];
  await calm({ talk, members: all });
  await heard({ ...group, members: all }, phone, "From the new phone");
  await heard({ ...group, members: all }, away, "Good to be back");
  await expectTree(
    all,
    talk,
    all.map((member) => member.device),
  );
  for (const member of all) member.kill();
});
