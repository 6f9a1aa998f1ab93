/**
 * Whole clients in groups, with several devices, against the real server: see real-server.test.ts for what it needs.
 * The steps are one story of the same people, since activating somebody takes longer than most steps.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Id } from "../../src/core/api";
import {
  allHear,
  backup,
  Colleague,
  demo,
  type DemoPerson,
  freePeople,
  manage,
  ministryOf,
  newcomer,
  url,
} from "./colleague";
import { approval, confirmed, officersSign, twist } from "./ceremonies";
import { until } from "./node";

const NAME = "بجٹ ۲۰۲۷";

describe.skipIf(url === undefined || demo === undefined)("groups, devices and a real server", () => {
  let free: DemoPerson[];
  let ayesha: Colleague;
  let omar: Colleague;
  let bilal: Colleague;
  let sana: Colleague;
  let noor: Colleague;
  /** Added later. */
  let zara: Colleague;
  /** Ayesha's second device. */
  let phone: Colleague;
  let group: Id;
  let direct: Id;
  /** Path of Ayesha's ministry in the directory. */
  let ministry: Promise<string>;
  const everybody = new Set<Colleague>();

  beforeAll(async () => {
    free = freePeople();
    const six: Colleague[] = [];
    for (let i = 0; i < 6; i++) six.push(await newcomer(free));
    for (const one of six) everybody.add(one);
    [ayesha, omar, bilal, sana, noor, zara] = six as [
      Colleague,
      Colleague,
      Colleague,
      Colleague,
      Colleague,
      Colleague,
    ];
    ministry = ministryOf(ayesha);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([...everybody].map((one) => one.app.signOut()));
  }, 120_000);

  describe("a group", () => {
    it("is made by one and read by all five, with its name", async () => {
      const others = [omar, bilal, sana, noor];
      const done: number[] = [];
      group = await ayesha.app.createGroup({
        name: NAME,
        picture: null,
        persons: others.map(({ personId }) => personId),
        onProgress: (progress) => done.push(progress.done),
      });
      expect(done.at(-1)).toBe(4);
      for (const one of others) {
        const row = await one.row(group, ({ name }) => name !== "");
        expect(row).toMatchObject({ kind: "group", name: NAME, standing: "in", partner: null });
      }
      const five = [ayesha, ...others];
      for (const speaker of five) await allHear(five, speaker, group, `سلام from ${speaker.person.login}`);
      const details = await until(omar.app.details(group), (now) => now?.members.length === 5);
      expect(details).toMatchObject({ myRole: "member", postQuantum: true, name: NAME });
    }, 120_000);

    it("gets another name from its admin only", async () => {
      await ayesha.app.renameGroup(group, "Budget");
      await sana.row(group, ({ name }) => name === "Budget");
      expect(await sana.told(group, "renamed")).toMatchObject({ by: ayesha.personId, name: "Budget" });
      await expect(omar.app.renameGroup(group, "Mine")).rejects.toMatchObject({ code: "not_admin" });
    }, 120_000);

    it("takes in a sixth, who reads from then on", async () => {
      expect(await ayesha.app.addMembers(group, [zara.personId])).toEqual({
        added: [zara.personId],
        invited: [],
      });
      await zara.row(group, ({ standing, name }) => standing === "in" && name === "Budget");
      await allHear([ayesha, noor, zara], zara, group, "thank you for having me");
      const shown = await zara.texts(group, 1);
      expect(shown.map(({ text }) => text)).toEqual(["thank you for having me"]);
      expect(await noor.told(group, "added")).toMatchObject({
        by: ayesha.personId,
        persons: [zara.personId],
      });
    }, 120_000);

    it("removes one, who is told and reads no more", async () => {
      await ayesha.app.removeMember(group, noor.personId);
      await noor.row(group, ({ standing }) => standing === "out");
      expect(await noor.told(group, "you-removed")).toEqual({ kind: "you-removed", by: ayesha.personId });
      await allHear([ayesha, omar, bilal, sana, zara], bilal, group, "without Noor");
      const shown = await noor.texts(group, 1);
      expect(shown.map(({ text }) => text)).not.toContain("without Noor");
      const refused = await noor.app.send(group, "let me in");
      await noor.items(group, (all) => all.some((one) => one.id === refused && one.error === "not_a_member"));
      await noor.app.discard(group, refused);
    }, 120_000);

    it("is left by one, whom the others see go", async () => {
      await sana.app.leaveGroup(group);
      await sana.row(group, ({ standing }) => standing === "out");
      await sana.told(group, "you-left");
      expect(await omar.told(group, "left")).toEqual({ kind: "left", person: sana.personId });
      await allHear([ayesha, omar, bilal, zara], omar, group, "she left");
    }, 120_000);

    it("is handed over to another admin, and keeps its last one", async () => {
      await expect(ayesha.app.setAdmin(group, ayesha.personId, false)).rejects.toMatchObject({
        code: "last_admin",
      });
      await ayesha.app.setAdmin(group, omar.personId, true);
      await until(omar.app.details(group), (now) => now?.myRole === "admin");
      await ayesha.app.setAdmin(group, ayesha.personId, false);
      await until(ayesha.app.details(group), (now) => now?.myRole === "member");
      await omar.app.renameGroup(group, "Budget and audit");
      await ayesha.row(group, ({ name }) => name === "Budget and audit");
    }, 120_000);

    it("lets in whom it invited, as soon as they are activated", async () => {
      const invited = new Colleague(free.shift()!);
      const id = invited.person.id;
      expect(await omar.app.addMembers(group, [id])).toEqual({ added: [], invited: [id] });
      await until(bilal.app.details(group), (now) =>
        (now?.members ?? []).some((one) => one.person.id === id && one.role === "invited"),
      );
      everybody.add(invited);
      await invited.activate();
      await invited.row(group, ({ standing, name }) => standing === "in" && name === "Budget and audit");
      await allHear([ayesha, omar, bilal, zara, invited], invited, group, "I have just been activated");
    }, 120_000);
  });

  describe("a second device", () => {
    it("is approved by its digits, gets the past, and is the same person to everybody", async () => {
      direct = await ayesha.app.openDirect(omar.personId);
      await allHear([ayesha, omar], ayesha, direct, "before the phone");
      await allHear([ayesha, omar], omar, direct, "also before the phone");
      phone = await ayesha.elsewhere();
      const digits = await approval(phone, "Phone", false);
      const [pairing] = await until(ayesha.app.pairings, (all) => all.some(({ name }) => name === "Phone"));
      const wrong = digits === "00000000" ? "11111111" : "00000000";
      await expect(ayesha.app.approveWithDigits(pairing!.id, wrong, true)).rejects.toMatchObject({
        code: "approval_digits",
      });
      await ayesha.app.approveWithDigits(pairing!.id, digits, true);
      await confirmed(phone);
      everybody.add(phone);
      await until(phone.app.history, (state) => state?.state === "done");
      await until(ayesha.app.history, (state) => state?.state === "done");
      const past = await phone.texts(direct, 2);
      expect(past.map(({ text, mine, copied }) => [text, mine, copied])).toEqual([
        ["before the phone", true, true],
        ["also before the phone", false, true],
      ]);
      for (const id of [direct, group])
        await phone.row(id, ({ standing, name }) => standing === "in" && (id === direct || name !== ""));
      await until(ayesha.app.details(group), (now) => now?.members.find(({ me }) => me)?.devices === 2);
      await allHear([ayesha, phone, omar], omar, direct, "to both devices");
      await allHear([ayesha, phone, omar], phone, direct, "from the phone");
      await allHear([ayesha, phone, omar, bilal, zara], phone, group, "from the phone to all");
      expect(await omar.hears(direct, "from the phone")).toMatchObject({
        sender: ayesha.personId,
        mine: false,
      });
      expect(await ayesha.hears(direct, "from the phone")).toMatchObject({ mine: true });
      expect(
        omar.app.conversations.get().filter(({ partner }) => partner?.id === ayesha.personId),
      ).toHaveLength(1);
      expect(
        phone.app.conversations
          .get()
          .map(({ id }) => id)
          .sort(),
      ).toEqual(
        ayesha.app.conversations
          .get()
          .map(({ id }) => id)
          .sort(),
      );
    }, 120_000);

    it("reads for both", async () => {
      await allHear([ayesha, phone, bilal], bilal, group, "unread so far");
      await ayesha.row(group, ({ unread }) => unread > 0);
      const { seq } = await phone.hears(group, "unread so far");
      await phone.app.markRead(group, seq!);
      await ayesha.row(group, ({ unread }) => unread === 0);
      await ayesha.app.setVerified(omar.personId, true);
      await expect
        .poll(async () => (await phone.app.safetyNumber(omar.personId)).verified, { timeout: 60_000 })
        .toBe(true);
    }, 120_000);

    it("is out of everything when it is revoked, and talk goes on", async () => {
      const devices = await ayesha.app.devices();
      const revoked = devices.find(({ name, revokedAt }) => name === "Phone" && revokedAt === null)!;
      await ayesha.app.revokeDevice(revoked.id);
      await until(phone.app.session, (now) => now.kind === "revoked");
      expect(phone.app.session.get()).toEqual({ kind: "revoked", reason: "revoked" });
      everybody.delete(phone);
      await phone.app.erase();
      await allHear([ayesha, omar, bilal, zara], bilal, group, "without the phone");
      await allHear([ayesha, omar], omar, direct, "you alone");
      for (const one of [ayesha, zara])
        await until(
          one.app.details(group),
          (now) => now?.members.find(({ person }) => person.id === ayesha.personId)?.devices === 1,
        );
    }, 120_000);
  });

  describe("a device that comes back", () => {
    it("is let into the group by order after recovery by the code, in place of the old one", async () => {
      const before = zara.app;
      const second = await zara.elsewhere();
      await second.app.finishReplace({ recoveryCode: zara.recoveryCode, deviceName: "Second" });
      await until(before.session, (now) => now.kind === "revoked");
      await before.erase();
      everybody.delete(zara);
      everybody.add(second);
      zara = second;
      await zara.row(group, ({ standing, name }) => standing === "in" && name !== "");
      await allHear([ayesha, omar, bilal, zara], zara, group, "from my new computer");
      await until(
        bilal.app.details(group),
        (now) => now?.members.find(({ person }) => person.id === zara.personId)?.devices === 1,
      );
    }, 120_000);

    it("lets a temporary one in where it is opened, which leaves nothing behind", async () => {
      const guest = await bilal.elsewhere();
      const digits = await approval(guest, "Reception", true);
      const [pairing] = await until(bilal.app.pairings, (all) =>
        all.some(({ name }) => name === "Reception"),
      );
      await bilal.app.approveWithDigits(pairing!.id, digits, false);
      await confirmed(guest);
      expect(guest.app.session.get()).toMatchObject({ kind: "open", me: { temporary: true } });
      await guest.row(group);
      const devices = async () => {
        const now = await until(omar.app.details(group), (value) => value !== null);
        return now!.members.find(({ person }) => person.id === bilal.personId)?.devices;
      };
      expect(await devices()).toBe(1);
      const list = await guest.app.openMessages(group);
      await guest.row(group, ({ standing }) => standing === "in");
      await allHear([ayesha, omar, bilal, zara], guest, group, "from the reception");
      list.close();
      guest.tab.tell("close");
      await expect.poll(devices, { timeout: 60_000 }).toBe(1);
      await allHear([ayesha, omar, bilal, zara], bilal, group, "the guest is gone");
    }, 120_000);
  });

  describe("people", () => {
    it("compare the same number, by eye and by QR", async () => {
      const [hers, his] = [
        await ayesha.app.safetyNumber(bilal.personId),
        await bilal.app.safetyNumber(ayesha.personId),
      ];
      expect(hers.groups).toHaveLength(12);
      expect(his.groups).toEqual(hers.groups);
      expect(await bilal.app.checkSafetyQr(ayesha.personId, hers.qr)).toBe(true);
      expect((await bilal.app.safetyNumber(ayesha.personId)).verified).toBe(true);
      const others = await omar.app.safetyNumber(bilal.personId);
      expect(await bilal.app.checkSafetyQr(ayesha.personId, others.qr)).toBe(false);
    }, 120_000);

    it("report what was said to the moderator, who sees what is proved and what is not", async () => {
      const scope = await ministry;
      await manage(["grant_role", "--login", noor.person.login, "--duty", "moderator", "--scope", scope]);
      // A client learns of its person's duties when it starts.
      await noor.restart();
      await until(noor.app.connection, (state) => state === "online");
      expect((await ayesha.app.moderators()).map(({ id }) => id)).toContain(noor.personId);
      await allHear([ayesha], bilal, group, "a threat");
      await allHear([ayesha], bilal, group, "nothing bad");
      const said = await ayesha.hears(group, "a threat");
      const twisted = await ayesha.hears(group, "nothing bad");
      await ayesha.app.report(group, [said.id], "please look");
      await twist(ayesha, twisted.id, "a second threat");
      await ayesha.app.report(group, [twisted.id], "and here");
      const reports = await until(
        noor.app.reports,
        (all) =>
          all.length === 2 &&
          all.every((one) => one.items.every(({ verdict }) => verdict.endsWith("proved"))),
      );
      const shown = reports.map(({ note, reporter, items }) => ({
        note,
        reporter: reporter.id,
        items: items.map(({ text, sender, verdict }) => [text, sender.id, verdict]),
      }));
      expect(shown).toContainEqual({
        note: "please look",
        reporter: ayesha.personId,
        items: [["a threat", bilal.personId, "proved"]],
      });
      expect(shown).toContainEqual({
        note: "and here",
        reporter: ayesha.personId,
        items: [["a second threat", bilal.personId, "not-proved"]],
      });
    }, 120_000);
  });

  describe("somebody who lost everything", () => {
    it("begins anew: others are told, marks go, an admin lets them in again", async () => {
      const talk = await ayesha.app.openDirect(bilal.personId);
      await allHear([ayesha, bilal], ayesha, talk, "before the fire");
      await ayesha.app.setVerified(bilal.personId, true);
      const number = await ayesha.app.safetyNumber(bilal.personId);
      expect(number.verified).toBe(true);
      const printed = await manage(["reset_letter", "--login", bilal.person.login]);
      const [code] = /(?:[0-9A-Z]{4}-)+[0-9A-Z]{4}/.exec(printed) ?? [""];
      const anew = await bilal.anew(code);
      expect(await ayesha.told(talk, "reset-requested")).toMatchObject({ person: bilal.personId });
      expect(await anew.app.resetStatus()).toMatchObject({ state: "waiting", officers: 0 });
      await officersSign();
      await expect.poll(async () => (await anew.app.resetStatus()).state, { timeout: 60_000 }).toBe("open");
      await until(bilal.app.session, (now) => now.kind === "revoked");
      await bilal.app.erase();
      everybody.delete(bilal);
      everybody.add(anew);
      bilal = anew;
      expect(await ayesha.told(talk, "identity-reset")).toEqual({
        kind: "identity-reset",
        person: bilal.personId,
        wasVerified: true,
      });
      await expect
        .poll(() => ayesha.app.safetyNumber(bilal.personId), { timeout: 60_000 })
        .toMatchObject({ verified: false, changed: true });
      const after = await ayesha.app.safetyNumber(bilal.personId);
      expect(after.groups).not.toEqual(number.groups);
      await allHear([ayesha, bilal], ayesha, talk, "is it you?");
      await allHear([ayesha, bilal], bilal, talk, "it is me");
      // Nobody but an admin lets them into the group again.
      expect((await bilal.row(group)).standing).not.toBe("in");
      expect(await omar.app.addMembers(group, [bilal.personId])).toEqual({
        added: [bilal.personId],
        invited: [],
      });
      await bilal.row(group, ({ standing, name }) => standing === "in" && name !== "");
      await allHear([ayesha, omar, bilal, zara], bilal, group, "here again");
    }, 240_000);
  });

  describe("a server that was set back to a backup", () => {
    it("gets back from its people what it lost, and all go on", async () => {
      await backup("take");
      const members = [ayesha, omar, bilal, zara];
      await allHear(members, zara, group, "after the backup");
      await omar.app.addMembers(group, [sana.personId]);
      await sana.row(group, ({ standing }) => standing === "in");
      await allHear([...members, sana], sana, group, "in after the backup");
      await omar.app.renameGroup(group, "Lost and found");
      await allHear([ayesha, omar], omar, direct, "between the two of us");
      const ends = await Promise.all([group, direct].map((id) => ayesha.serverEnd(id)));
      const before = await Promise.all(members.map((one) => one.texts(group, 1)));
      await backup("restore");
      for (const [i, id] of [group, direct].entries())
        await expect.poll(() => ayesha.serverEnd(id).catch(() => 0), { timeout: 120_000 }).toBe(ends[i]);
      const said = await omar.app.send(group, "said while nothing is taken");
      await manage(["restore_mode", "off"]);
      for (const one of [...members, sana]) await one.hears(group, "said while nothing is taken", 60_000);
      expect((await omar.texts(group, 1)).filter(({ id }) => id === said)).toHaveLength(1);
      await allHear([...members, sana], sana, group, "all is well");
      await allHear([ayesha, omar], ayesha, direct, "with us too");
      for (const [i, one] of members.entries()) {
        const now = await one.items(group, (all) => all.length > 0);
        const texts = now.filter(({ kind }) => kind === "text").map(({ text }) => text);
        expect(texts.slice(0, -2)).toEqual(before[i]!.map(({ text }) => text));
        expect(now.map(({ notice }) => notice?.kind)).not.toContain("log-mismatch");
      }
    }, 300_000);
  });
});
