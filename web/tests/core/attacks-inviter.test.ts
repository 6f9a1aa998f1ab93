/**
 * A member lets a newcomer in and lies about who is what: itself an admin, the true admin a plain member. The newcomer can
 * only believe it (docs/adr/0009); what ends the lie is the first act that does not fit.
 */

import { afterEach, beforeEach, expect, it } from "vitest";
import type { Id } from "../../src/core/api";
import { readView } from "../../src/core/pending";
import { calm, company, type Company, heard, notices, outcome, texts } from "./group";
import { hurried, settled } from "./clock";
import { Member } from "./member";

/** Longer than a device bears a commit that it alone cannot use before it asks to be let in again. */
const PATIENCE_MS = 30_000;

hurried(8);
let group: Company;
let admin: Member, liar: Member, third: Member, newcomer: Member;
beforeEach(async () => {
  group = await company(3);
  [admin, liar, third] = group.members as [Member, Member, Member];
  newcomer = await invited();
  await deceive(liar);
  await letIn();
});
afterEach(() => {
  [...group.members, newcomer].forEach((member) => member.kill());
});

/** Somebody whom the admin has invited and who has no device yet; everybody is on the wire. */
async function invited(): Promise<Member> {
  const { server, talk, id } = group;
  const late = await Member.create(server, admin.options);
  statements = server.chains.get(late.person)!;
  server.chains.delete(late.person);
  await admin.app!.addMembers(id, [late.person]);
  await calm({ talk, members: group.members });
  return late;
}
let statements: Uint8Array[];

/** What a client keeps of the roles is its person's to change, and it speaks of them as it likes. */
async function deceive(member: Member): Promise<void> {
  const { stored } = await readView(member.context, group.id);
  const role = (person: Id, true_: "member" | "admin" | "invited") =>
    person === member.person ? "admin" : person === admin.person ? "member" : true_;
  await member.context.store.update(
    "groups",
    stored!.key,
    (record) =>
      record && {
        ...record,
        membership: record.membership.map((one) => ({ ...one, role: role(one.person, one.role) })),
      },
  );
}

/** The newcomer has a device now, and of all members only the liar is there to let it in. */
async function letIn(): Promise<void> {
  const { server, talk, members } = group;
  for (const away of [admin, third]) away.kill();
  for (const statement of statements) await server.appendStatement(newcomer.person, statement);
  await newcomer.open();
  await settled(() => Promise.resolve(talk.leafOf(newcomer.device) === null ? "outside" : null), 50_000);
  for (const away of [admin, third]) await away.open();
  await calm({ talk, members: [...members, newcomer] });
}

/** The member has judged the envelope at `seq` in this way. */
const judged = (member: Member, seq: number, how: string): Promise<void> =>
  settled(async () => {
    const said = await outcome(member, group.talk, seq);
    return said === how ? null : said;
  }, 120_000);

/** Who is what, as this device has it. */
async function roles(member: Member): Promise<Record<Id, string>> {
  const { group: known } = await readView(member.context, group.id);
  return Object.fromEntries(known!.membership.map(({ person, role }) => [person, role]));
}

const truth = (): Record<Id, "admin" | "member"> => ({
  [admin.person]: "admin",
  [liar.person]: "member",
  [third.person]: "member",
  [newcomer.person]: "member",
});
const lie = (): Record<Id, "admin" | "member"> => ({
  ...truth(),
  [admin.person]: "member",
  [liar.person]: "admin",
});
const everyone = () => ({ ...group, members: [...group.members, newcomer] });

it("a false admin has no power without the server, and the true one's first act ends the lie", async () => {
  const { talk, id } = group;
  const waits = async () => (await readView(newcomer.context, id)).record.waiting.length;
  expect(await roles(newcomer)).toEqual(lie());
  for (const member of [admin, third]) expect(await roles(member)).toEqual(truth());
  // What is said is not touched by it: all are in one tree.
  await heard(everyone(), third, "Welcome among us");
  await heard(everyone(), newcomer, "Thank you");

  const before = talk.epoch;
  await expect(liar.app!.removeMember(id, third.person)).rejects.toMatchObject({ code: "frame_refused" });
  expect(talk.epoch).toBe(before);
  expect(await roles(newcomer)).toEqual(lie());
  liar.kill();

  await admin.app!.setAdmin(id, third.person, true);
  const act = talk.envelopes.findLast(({ kind }) => kind === 2)!.seq;
  await judged(newcomer, act, "refused membership_refused");
  await judged(third, act, "applied");
  // It is told of, by one person: that stops no group.
  const reported = () =>
    settled(() => Promise.resolve(talk.reports.get(act)?.has(newcomer.person) ? null : "unreported"), 50_000);
  await reported();
  expect(talk.frozenSeq).toBeNull();

  // What is said before it is let in again, it cannot read: not even after a new start.
  newcomer.kill();
  await heard({ ...group, members: [admin, third] }, admin, "Who is missing?");
  talk.reports.delete(act);
  await newcomer.open();
  // Each process reports it anew, and bears it for so long from then on.
  await reported();
  await settled(async () => ((await waits()) === 1 ? null : String(await waits())), 50_000);
  newcomer.offset += PATIENCE_MS;
  await heard({ ...group, members: [admin, third] }, admin, "Come in");
  await calm({ talk, members: [admin, third, newcomer] });
  expect(await roles(newcomer)).toEqual({ ...truth(), [third.person]: "admin" });
  await heard({ ...group, members: [admin, third, newcomer] }, newcomer, "Now I know who is who");
  const lines = (await notices(newcomer, id)).map(({ kind }) => kind);
  expect(lines).toContain("gap");
  expect(await waits()).toBe(0);
  expect(await texts(newcomer, id)).not.toContain("Who is missing?");
});

it("what a false admin does with the server's help stops the group, whose successor tells the truth", async () => {
  const { talk, id } = group;
  await heard(everyone(), newcomer, "Good to be here");
  // The server believes the liar, as long as this commit takes.
  const believe = (roles: Record<Id, "admin" | "member">): void => {
    for (const [person, role] of Object.entries(roles)) talk.participants.get(person)!.role = role;
  };
  believe(lie());
  await liar.app!.setAdmin(id, newcomer.person, true);
  const act = talk.envelopes.findLast(({ kind }) => kind === 2)!.seq;
  believe(truth());
  liar.kill();

  for (const member of [admin, third]) await judged(member, act, "refused membership_refused");
  await settled(() => Promise.resolve(talk.generation === 2 ? null : "the first"), 50_000);
  const honest = [admin, third, newcomer];
  await calm({ talk, members: honest });
  for (const member of honest) expect(await roles(member)).toEqual(truth());
  await heard({ ...group, members: honest }, newcomer, "I was told otherwise");
  const [line] = (await notices(newcomer, id)).filter(({ kind }) => kind === "successor");
  expect(line).toMatchObject({ by: admin.person, reason: "broken" });
});
