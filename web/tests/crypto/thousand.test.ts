/** The largest groups that there may be, with real keys: they work, they pass every limit, and what they cost is printed. */

import { expect, it } from "vitest";
import { CLASSICAL, HYBRID } from "../../src/crypto/policy";
import { MAX_HANDSHAKE } from "../../src/wire/frames";
import { LargeGroup, type Step } from "./large-group";
import { engine, read, said } from "./people-in-groups";

it.each([
  ["hybrid", 100, HYBRID],
  ["classical", 1_000, CLASSICAL],
] as const)(
  "a %s group of %i devices",
  async (name, size, suite) => {
    const steps: Step[] = [];
    const group = new LargeGroup(suite, size, (step) => {
      steps.push(step);
      process.stdout.write(`${name} ${String(size)}: ${JSON.stringify(step)}\n`);
    });
    await group.found();
    const { last } = group;
    await group.heal("the newcomer's", last, 0);
    await group.heal("the founder's", 0, last);

    const [here, there] = await Promise.all([0, last].map((who) => engine.describe(group.states.get(who)!)));
    expect(here!.members).toHaveLength(size);
    expect(there!.members).toEqual(here!.members);
    expect(there!.epoch).toBe(here!.epoch);

    // Both have the same secrets of the epoch: either reads what the other says.
    for (const [from, to] of [
      [0, last],
      [last, 0],
    ] as const) {
      const heard = await group.hear(to, await group.speak(from, [said("one"), said("two")]));
      expect(heard.map(read)).toEqual(["one", "two"]);
    }
    await group.reopen(last);
    for (const { commit = 0, welcome = 0 } of steps)
      expect(Math.max(commit, welcome)).toBeLessThanOrEqual(MAX_HANDSHAKE);
  },
  600_000,
);
