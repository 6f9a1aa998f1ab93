/**
 * A ministry-wide announcement group that begins small and grows past what the hybrid suite bears. GROWTH=260 (persons)
 * for the real size, which takes minutes; printed are the times of each step.
 */

import { expect, it } from "vitest";
import { CLASSICAL, HYBRID } from "../../src/crypto/policy";
import { disagreements } from "./agreement";
import { calm, items, texts } from "./group";
import { ServerDouble } from "./double";
import { Ledger } from "./ledger";
import { Member } from "./member";

const persons = Number(process.env["GROWTH"] ?? 0);

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await work();
  process.stdout.write(`${what}: ${((performance.now() - begun) / 1_000).toFixed(1)} s\n`);
  return result;
}

it.skipIf(persons === 0)(
  "a group that grows past 250 devices goes on in a classical one, and nothing said is lost",
  async () => {
    const server = new ServerDouble();
    const ledger = new Ledger();
    server.overheard = (tag, fields) => {
      ledger.hear(tag, fields);
    };
    const founder = await Member.create(server, { ledger });
    const reader = await Member.create(server, { ledger });
    const later = await Member.create(server, { ledger });
    const absent: Member[] = [];
    await timed(`${String(persons)} people`, async () => {
      for (let i = 0; i < persons; i++) absent.push(await Member.create(server, {}));
    });
    const here = [founder, reader, later];
    for (const member of here) {
      await member.open();
      await member.connected();
    }
    const id = await founder.app!.createGroup({ name: "Everybody", picture: null, persons: [reader.person] });
    const talk = server.talks.get(id)!;
    await calm({ talk, members: [founder, reader] });
    expect(talk.suite).toBe(HYBRID);
    await founder.app!.send(id, "small");
    await calm({ talk, members: [founder, reader] });

    const told: number[] = [];
    const everybody = [...absent, later].map(({ person }) => person);
    const done = await timed("grown", () =>
      founder.app!.addMembers(id, everybody, (progress) => told.push(progress.done)),
    );
    expect(done.added).toHaveLength(everybody.length);
    expect(told.at(-1)).toBe(everybody.length);
    expect([talk.generation, talk.suite]).toEqual([2, CLASSICAL]);
    await timed("calm", () => calm({ talk, members: here }));

    await timed("said and read", async () => {
      await reader.app!.send(id, "large");
      await calm({ talk, members: here });
    });
    expect(await texts(reader, id)).toEqual(["small", "large"]);
    expect(await texts(later, id)).toEqual(["large"]);
    const successors = (await items(reader, id)).filter((item) => item.notice?.kind === "successor");
    expect(successors).toHaveLength(1);
    expect(await disagreements(talk, here, new Map())).toEqual([]);
    await ledger.check();
    for (const member of here) member.kill();
  },
  1_800_000,
);
