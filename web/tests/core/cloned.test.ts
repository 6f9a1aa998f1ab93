/**
 * Attack E: two processes believe that they are the same device: a thief with a copy of the profile, a backup that was
 * put back, a tab that was frozen while it led. Whoever is behind stops; no message key is used for two messages; the
 * partner sees nothing twice and misses nothing.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { calm, company, type Company, heard, reads, texts } from "./group";
import { hurry, settled } from "./clock";
import type { Member } from "./member";

let slower = (): void => undefined;
let group: Company;
let owner: Member, other: Member;
const more: Member[] = [];
beforeAll(() => {
  slower = hurry(8);
});
afterAll(() => {
  slower();
});
beforeEach(async () => {
  group = await company(3);
  [owner, other] = group.members as [Member, Member];
  for (const [i, member] of group.members.entries()) await heard(group, member, `Good morning ${String(i)}`);
  await calm(group);
});
afterEach(() => {
  [...group.members, ...more.splice(0)].forEach((member) => member.kill());
});

const kindOf = (member: Member): string => {
  const state = member.app?.session.get();
  return state?.kind === "broken" ? state.reason : (state?.kind ?? "dead");
};
const stops = (member: Member): Promise<void> =>
  settled(() => Promise.resolve(kindOf(member) === "rolled-back" ? null : kindOf(member)), 50_000);

describe("a copied profile", () => {
  it("stops when the original has spoken since, before it can say a word", async () => {
    owner.kill();
    const thief = await owner.copy();
    more.push(thief);
    await owner.open();
    await heard(group, owner, "After the copy was made");
    owner.kill();
    await thief.open();
    void thief.app!.send(group.id, "I am the owner").catch(() => undefined);
    await stops(thief);
    thief.kill();
    expect(await texts(other, group.id)).not.toContain("I am the owner");
    await owner.open();
    await heard(group, owner, "The owner goes on");
    await group.ledger.check();
  });

  it("that speaks first makes the original stop", async () => {
    owner.kill();
    const backup = await owner.copy();
    more.push(backup);
    await backup.open();
    await backup.app!.send(group.id, "From the copy");
    await reads(other, group.id, "From the copy");
    backup.kill();
    await owner.open();
    void owner.app!.send(group.id, "From the original").catch(() => undefined);
    await stops(owner);
    expect(await texts(other, group.id)).not.toContain("From the original");
    expect(await group.ledger.check()).toBeGreaterThan(0);
  });

  it("that runs beside the original: one of the two stops, and no key is used twice with one nonce", async () => {
    owner.kill();
    const thief = await owner.copy();
    more.push(thief);
    await Promise.all([owner.open(), thief.open()]);
    for (let i = 0; i < 3; i++)
      for (const [who, member] of [
        ["owner", owner],
        ["thief", thief],
      ] as const)
        void member.app?.send(group.id, `${who} ${String(i)}`).catch(() => undefined);
    await settled(() => {
      const kinds = [kindOf(owner), kindOf(thief)];
      // The newer socket supersedes the older one: a tab that comes to the front asks again.
      for (const member of [owner, thief]) member.show();
      return Promise.resolve(kinds.includes("rolled-back") ? null : kinds.join());
    }, 120_000);
    await group.ledger.checkTwins(group.talk.envelopes);
    const shown = (await texts(other, group.id)).filter((text) => /^(owner|thief)/.test(text));
    expect(new Set(shown).size).toBe(shown.length);
  });
});

describe("two tabs that both believe they lead", () => {
  it("take turns by the fence: each word arrives once and no key is used twice", async () => {
    const frozen = owner.beside();
    more.push(frozen);
    await frozen.open();
    for (let i = 0; i < 4; i++) {
      await owner.app!.send(group.id, `first tab ${String(i)}`);
      await frozen.app!.send(group.id, `second tab ${String(i)}`);
      owner.show();
    }
    const wanted = [0, 1, 2, 3].flatMap((i) => [`first tab ${String(i)}`, `second tab ${String(i)}`]);
    frozen.kill();
    owner.show();
    await settled(async () => {
      const shown = await texts(other, group.id);
      return wanted.every((text) => shown.includes(text)) ? null : shown.join();
    }, 120_000);
    const shown = (await texts(other, group.id)).filter((text) => text.includes(" tab "));
    expect(shown.sort()).toEqual(wanted.sort());
    expect(kindOf(owner)).toBe("open");
    await heard(group, owner, "One tab is left");
    await group.ledger.check();
  });

  it("one thaws after the other has led: its old state writes nothing", async () => {
    // Frozen in the middle of sending: its frames wait for an answer that never comes.
    owner.setOnline(false);
    await owner.app!.send(group.id, "Typed before the freeze");
    const awake = owner.beside();
    more.push(awake);
    await awake.open();
    await awake.app!.send(group.id, "From the tab that took over");
    await reads(other, group.id, "Typed before the freeze");
    await reads(other, group.id, "From the tab that took over");
    owner.setOnline(true);
    owner.show();
    await heard({ ...group, members: [other, group.members[2]!] }, owner, "From the thawed tab");
    const shown = await texts(other, group.id);
    for (const text of ["Typed before the freeze", "From the tab that took over", "From the thawed tab"])
      expect(shown.filter((one) => one === text)).toHaveLength(1);
    await group.ledger.check();
  });
});
