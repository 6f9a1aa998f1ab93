/**
 * Whole clients in groups, with several devices, against the real server: see real-server.test.ts for what it needs.
 * The steps are one story of the same people, since activating somebody takes longer than most steps.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Id } from "../../src/core/api";
import { allHear, Colleague, demo, type DemoPerson, freePeople, newcomer, url } from "./colleague";
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
  let group: Id;
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
  }, 120_000);

  afterAll(async () => {
    await Promise.all([...everybody].map((one) => one.app.signOut()));
  }, 30_000);

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
    }, 60_000);

    it("gets another name from its admin only", async () => {
      await ayesha.app.renameGroup(group, "Budget");
      await sana.row(group, ({ name }) => name === "Budget");
      expect(await sana.told(group, "renamed")).toMatchObject({ by: ayesha.personId, name: "Budget" });
      await expect(omar.app.renameGroup(group, "Mine")).rejects.toMatchObject({ code: "not_admin" });
    }, 30_000);

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
    }, 30_000);

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
    }, 30_000);

    it("is left by one, whom the others see go", async () => {
      await sana.app.leaveGroup(group);
      await sana.row(group, ({ standing }) => standing === "out");
      await sana.told(group, "you-left");
      expect(await omar.told(group, "left")).toEqual({ kind: "left", person: sana.personId });
      await allHear([ayesha, omar, bilal, zara], omar, group, "she left");
    }, 30_000);

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
    }, 30_000);

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
    }, 60_000);
  });
});
