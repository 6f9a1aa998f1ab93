/**
 * Rounds of members who commit in the same moment, every one with a change of its own that must come true. However the
 * epochs are won, all changes are in the log in the end, and all agree. Printed: commits that lost their epoch for each
 * that won. RACE_ROUNDS=500 for long ones.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { idText } from "../../src/core/ids";
import { disagreements, unrest } from "./agreement";
import { hurry, settled } from "./clock";
import { ServerDouble } from "./double";
import { Ledger } from "./ledger";
import { Member } from "./member";

const rounds = Number(process.env["RACE_ROUNDS"] ?? 20);
const PATIENCE = 60_000;

let slower = (): void => undefined;
beforeAll(() => {
  slower = hurry(8);
});
afterAll(() => {
  slower();
});

it.each([
  ["two", 2],
  ["ten", 10],
])(
  "%s members commit at once, again and again",
  async (_, count) => {
    const server = new ServerDouble();
    const ledger = new Ledger();
    let tried = 0;
    server.overheard = (tag, fields) => {
      ledger.hear(tag, fields);
      if (tag === "commit") tried += 1;
    };
    const racers: Member[] = [];
    // Each racer makes somebody an admin and a member again; these never open their app.
    const targets: Member[] = [];
    for (let i = 0; i < count; i++) {
      racers.push(await Member.create(server, { ledger, classical: true }));
      targets.push(await Member.create(server, { classical: true }));
    }
    await Promise.all(racers.map((racer) => racer.open()));
    const [first, ...others] = racers as [Member, ...Member[]];
    const persons = [...others, ...targets].map((one) => one.person);
    const id = await first.app!.createGroup({ name: "Race", picture: null, persons });
    const talk = server.talks.get(id)!;
    for (const other of others) await first.app!.setAdmin(id, other.person, true);
    const calm = () => settled(() => unrest(talk, racers), PATIENCE);
    await calm();

    tried = 0;
    const before = talk.epoch;
    for (let round = 0; round < rounds; round++) {
      const admin = round % 2 === 0;
      await Promise.all(racers.map((racer, i) => racer.app!.setAdmin(id, targets[i]!.person, admin)));
      const roles = new Map(talk.membership.map(({ person, role }) => [idText(person), role]));
      expect(targets.map(({ person }) => roles.get(person))).toEqual(
        targets.map(() => (admin ? "admin" : "member")),
      );
    }
    await calm();
    expect(await disagreements(talk, racers, new Map())).toEqual([]);
    await ledger.check();
    const won = talk.epoch - before;
    expect(won).toBeGreaterThanOrEqual(rounds);
    console.info(
      `${String(count)} at once, ${String(rounds)} rounds: ${String(won)} commits won, ` +
        `${((tried - won) / won).toFixed(2)} wasted for each`,
    );
    for (const racer of racers) racer.kill();
  },
  Math.max(120_000, rounds * 20_000),
);
