/**
 * Attack D: a server that lies about a group's log. It withholds, exchanges, repeats, changes, and speaks from the past;
 * each lie is refused or shown, nobody's words are lost or doubled, and the next send works.
 */

import { afterEach, beforeEach, expect, it } from "vitest";
import { idText } from "../../src/core/ids";
import type * as wire from "../../src/wire/frames";
import { calm, company, type Company, heard, items, notices, outcome, reads, texts } from "./group";
import { hurried, settled, sleep } from "./clock";
import { type Lie, onEnvelopes, onlyTo, onMail, onSlots, onState, silence } from "./double-lies";
import type { Member } from "./member";

hurried(8);
let group: Company;
let admin: Member, second: Member, victim: Member;
beforeEach(async () => {
  group = await company(3);
  [admin, second, victim] = group.members as [Member, Member, Member];
  // Everybody has spoken, so that no healing commit comes in between.
  for (const [i, member] of group.members.entries()) await heard(group, member, `Good morning ${String(i)}`);
  await calm(group);
});
afterEach(() => {
  group.members.forEach((member) => member.kill());
});

const honest: Lie = (told) => told;
const lie = (to: Member, ...all: Lie[]): void => {
  group.server.tamper = all
    .map((one) => onlyTo(to.device, one))
    .reduce((a, b) => (told, d) => {
      const first = a(told, d);
      return first === null ? null : b(first, d);
    });
};
const mismatch = async (member: Member): Promise<boolean> =>
  (await notices(member, group.id)).some((notice) => notice.kind === "log-mismatch");

/** Puts an envelope into the log as the server alone could: no device sent it now. */
async function smuggle(envelope: wire.Envelope): Promise<number> {
  const { talk, server } = group;
  const { counters } = talk;
  const kept = new Map(counters);
  const made = await talk.append(idText(envelope.device), envelope, ++server.time);
  talk.counters = kept;
  server.tell(talk.persons, { t: "envelopes", conversation: conversationBytes(), envelopes: [made] });
  return made.seq;
}
const conversationBytes = () => group.server.state(group.talk).conversation;
const lastOf = (kind: number): wire.Envelope => group.talk.envelopes.findLast((one) => one.kind === kind)!;

it("an envelope that is withheld from one member is missed by its neighbours' word", async () => {
  group.server.tamper = onlyTo(victim.device, silence);
  await admin.app!.send(group.id, "The third must not see this");
  await reads(second, group.id, "The third must not see this");
  const { seq } = lastOf(1);
  // Left out, and everything after it moved down: to the victim the log is dense.
  lie(
    victim,
    onEnvelopes((one) => (one.seq === seq ? null : one.seq > seq ? { ...one, seq: one.seq - 1 } : one)),
    onState((state) => ({ ...state, last_seq: Math.min(state.last_seq, group.talk.envelopes.length - 1) })),
  );
  victim.kill();
  await victim.open();
  await admin.app!.send(group.id, "But this");
  await settled(async () => ((await mismatch(victim)) ? null : "no word of it"), 50_000);
  group.server.tamper = honest;
});

it("two messages that change places are told apart by what their senders had seen", async () => {
  group.server.tamper = onlyTo(victim.device, silence);
  await admin.app!.send(group.id, "Shall we refuse?");
  await reads(second, group.id, "Shall we refuse?");
  await second.app!.send(group.id, "Yes");
  await reads(admin, group.id, "Yes");
  const yes = group.talk.envelopes.length;
  const question = yes - 1;
  const swapped = (one: wire.Envelope): wire.Envelope => {
    if (one.seq !== yes && one.seq !== question) return one;
    const other = group.talk.envelopes[(one.seq === yes ? question : yes) - 1]!;
    return { ...other, seq: one.seq };
  };
  lie(victim, onEnvelopes(swapped));
  victim.kill();
  await victim.open();
  await settled(async () => ((await mismatch(victim)) ? null : "no word of it"), 50_000);
  group.server.tamper = honest;
  await victim.app!.send(group.id, "I see something odd");
  await reads(admin, group.id, "I see something odd");
  expect(await mismatch(admin)).toBe(true);
});

it("a message told again at another place is not shown again", async () => {
  await heard(group, admin, "Pay the bill");
  const seq = await smuggle(lastOf(1));
  await settled(
    async () => ((await outcome(victim, group.talk, seq)) === "nothing" ? "waiting" : null),
    120_000,
  );
  expect(await outcome(victim, group.talk, seq)).toMatch(/^refused/);
  expect((await texts(victim, group.id)).filter((text) => text === "Pay the bill")).toHaveLength(1);
  await heard(group, victim, "Once is enough");
  expect(admin.app!.session.get().kind).toBe("open");
});

it("a message of an epoch that has ended is refused behind the commit", async () => {
  await heard(group, admin, "Before the commit");
  const old = lastOf(1);
  await admin.app!.setAdmin(group.id, second.person, true);
  await calm(group);
  const seq = await smuggle({ ...old, counter: old.counter + 1_000 });
  await settled(
    async () => ((await outcome(victim, group.talk, seq)) === "nothing" ? "waiting" : null),
    120_000,
  );
  expect(await outcome(victim, group.talk, seq)).toMatch(/^refused/);
  expect((await texts(victim, group.id)).filter((text) => text === "Before the commit")).toHaveLength(1);
  await heard(group, second, "And on we go");
});

it("a commit told again, and an old begin, change nothing", async () => {
  await admin.app!.setAdmin(group.id, second.person, true);
  await calm(group);
  for (const envelope of [lastOf(2), lastOf(3)]) {
    const seq = await smuggle(envelope);
    await settled(
      async () => ((await outcome(victim, group.talk, seq)) === "nothing" ? "waiting" : null),
      120_000,
    );
    expect(await outcome(victim, group.talk, seq)).toMatch(/^refused/);
  }
  await heard(group, victim, "Unmoved");
  await heard(group, second, "So am I");
});

it("a changed byte is refused, and the change is shown by the next word", async () => {
  lie(
    victim,
    onEnvelopes((one) => {
      if (one.kind !== 1 || one.seq <= 4) return one;
      const body = one.body.slice();
      body[body.length - 1]! ^= 1;
      return { ...one, body };
    }),
  );
  await admin.app!.send(group.id, "Bent on the way");
  const seq = group.talk.envelopes.length + 1;
  await settled(
    async () => ((await outcome(victim, group.talk, seq)) === "nothing" ? "waiting" : null),
    120_000,
  );
  expect(await outcome(victim, group.talk, seq)).toMatch(/^refused/);
  group.server.tamper = honest;
  await admin.app!.send(group.id, "Straight again");
  await reads(victim, group.id, "Straight again");
  expect(await mismatch(victim)).toBe(true);
  expect(await texts(victim, group.id)).not.toContain("Bent on the way");
});

it("an old Welcome for a group that one is in is refused", async () => {
  const begin = group.talk.envelopes[0]!;
  expect(begin.kind).toBe(3);
  const mine: wire.Mail[] = [];
  // What the victim once joined by comes again with the next message, named as if it were for that.
  group.server.tamper = onlyTo(
    victim.device,
    onMail((mail) => {
      mine.push(mail);
      return mail;
    }),
  );
  const entry = group.server.device(victim.device);
  entry.mailSeq += 1;
  entry.mail.push({
    seq: entry.mailSeq,
    conversation: conversationBytes(),
    generation: 1,
    log_seq: 1,
    key_package_ref: new Uint8Array(32).fill(9),
    welcome: begin.body,
  });
  group.server.tell([victim.person], { t: "mail_waiting", last: entry.mailSeq });
  await settled(() => Promise.resolve(mine.length > 0 ? null : "no mail"), 50_000);
  await heard(group, admin, "Nothing happened");
  await heard(group, victim, "Indeed");
  expect(await mismatch(victim)).toBe(false);
});

it("an old read position does not bring back an unread mark", async () => {
  await heard(group, admin, "First");
  const first = lastOf(1).seq;
  await victim.app!.markRead(group.id, first);
  const slots: wire.Slot[] = [];
  await settled(() => Promise.resolve(group.talk.slots.has(victim.device) ? null : "no slot"), 50_000);
  slots.push(group.talk.slots.get(victim.device)!);
  await heard(group, admin, "Second");
  // Read by everybody: only then does the sender see it.
  const others = group.members.filter((member) => member !== admin);
  for (const member of others) await member.app!.markRead(group.id, lastOf(1).seq);
  const readBy = async () => (await items(admin, group.id)).findLast((item) => item.text === "Second")?.state;
  await settled(async () => ((await readBy()) === "read" ? null : String(await readBy())), 50_000);
  group.server.tamper = onlyTo(
    admin.device,
    onSlots((slot) => slots[0] ?? slot),
  );
  group.server.tell([admin.person], {
    t: "slot_changed",
    conversation: conversationBytes(),
    slot: slots[0]!,
  });
  await sleep(500);
  expect(await readBy()).toBe("read");
  group.server.tamper = honest;
  await heard(group, victim, "Still read");
});

it("a state that names another group, epoch or company does not stop a member", async () => {
  lie(
    victim,
    onState((state) => ({
      ...state,
      group_id: new Uint8Array(32).fill(1),
      generation: 9,
      persons: [],
    })),
  );
  group.server.tellState(group.talk);
  await sleep(500);
  group.server.tamper = honest;
  group.server.tellState(group.talk);
  await heard(group, admin, "Are you there?");
  await heard(group, victim, "I am");
});
