/**
 * Rounds of members who commit in the same moment, every one with a change of its own that must come true. However the
 * epochs are won, all changes are in the log in the end, and all agree. Printed: commits that lost their epoch for each
 * that won. RACE_ROUNDS=500 for long ones.
 */

import { afterEach, expect, it } from "vitest";
import { AppError } from "../../src/core/api";
import { idText } from "../../src/core/ids";
import { disagreements, unrest } from "./agreement";
import { hurry, settled } from "./clock";
import { ServerDouble } from "./double";
import { Ledger } from "./ledger";
import { Member } from "./member";

const rounds = Number(process.env["RACE_ROUNDS"] ?? 20);
const PATIENCE = 60_000;
const MOST_TOLD = 5;
/** Of so many rounds two are of changes of their own. */
const EVERY = Number(process.env["RACE_EVERY"] ?? 20);

/** Of commits that lost their epoch, how many for each that won. */
function wasted(what: string, { tried, won }: { tried: number; won: number }): string {
  return won === 0
    ? `no ${what}`
    : `${what}: ${String(won)} won, ${((tried - won) / won).toFixed(2)} wasted for each`;
}

let slower = (): void => undefined;
afterEach(() => {
  slower();
});

it.each([
  ["two", 2],
  ["ten", 10],
])(
  "%s members commit at once, again and again",
  async (_, count) => {
    // Ten processes share this one: shorter waits would make them meet more often than real ones do.
    const server = new ServerDouble();
    server.haste = count > 2 ? 1 : 8;
    slower = hurry(server.haste);
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
    await Promise.all(racers.map((racer) => racer.connected()));
    const [first, ...others] = racers as [Member, ...Member[]];
    const persons = [...others, ...targets].map((one) => one.person);
    const id = await first.app!.createGroup({ name: "Race", picture: null, persons });
    const talk = server.talks.get(id)!;
    for (const other of others) await first.app!.setAdmin(id, other.person, true);
    const calm = () => settled(() => unrest(talk, racers), PATIENCE);
    await calm();

    const target = (i: number): string => targets[i]!.person;
    const own = { tried: 0, won: 0 };
    const same = { tried: 0, won: 0 };
    let gaveUp = 0;
    for (let round = 0; round < rounds; round++) {
      const admin = round % 2 === 0;
      // Ten changes of their own cost ten epochs; in most rounds all ten want the same one.
      const distinct = count === 2 || round % EVERY < 2;
      const before = talk.epoch;
      tried = 0;
      await Promise.all(
        racers.map(async (racer, i) => {
          // Who has lost too often in a row is told so, and asks again as a person would.
          for (let told = 0; ; told++)
            try {
              await racer.app!.setAdmin(id, target(distinct ? i : 0), admin);
              return;
            } catch (error) {
              if (!(error instanceof AppError && error.code === "busy") || told === MOST_TOLD) throw error;
              gaveUp += 1;
            }
        }),
      );
      const roles = new Map(talk.membership.map(({ person, role }) => [idText(person), role]));
      const changed = distinct ? targets : targets.slice(0, 1);
      expect(changed.map(({ person }) => roles.get(person))).toEqual(
        changed.map(() => (admin ? "admin" : "member")),
      );
      const tally = distinct ? own : same;
      tally.tried += tried;
      tally.won += talk.epoch - before;
    }
    await calm();
    expect(await disagreements(talk, racers, new Map())).toEqual([]);
    await ledger.check();
    expect(own.won + same.won).toBeGreaterThanOrEqual(rounds);
    process.stdout.write(
      `${String(count)} at once, ${String(rounds)} rounds: ${wasted("changes of their own", own)}, ` +
        `${wasted("one change that all want", same)}, ${String(gaveUp)} times somebody gave up\n`,
    );
    for (const racer of racers) racer.kill();
  },
  Math.max(120_000, rounds * 20_000),
);
