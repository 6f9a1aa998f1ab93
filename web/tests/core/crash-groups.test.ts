/**
 * An admin's process is killed at each step of adding a person and of removing one. Whatever the step, a fresh process
 * over the same database settles the commit that was on its way, does what is still missing on demand, and everybody
 * talks on in one group; no counter is used for two bodies.
 */

import { describe, expect, it } from "vitest";
import type { Id } from "../../src/core/api";
import { ask, type Errand } from "../../src/core/errands";
import { readView } from "../../src/core/pending";
import { TestDevice } from "./device";
import { ServerDouble } from "./double";
import { checkCounters, Executioner, runOut } from "./executioner";

const quiet = (): void => undefined;
const act = (device: TestDevice, errand: Errand): Promise<unknown> => ask(device.context.bus, errand, quiet);

/** Steps of an undisturbed run, so that the rounds below cover all of them and no more. */
const MOST_STEPS = 26;

async function group() {
  const server = new ServerDouble();
  const ayesha = await TestDevice.create(server);
  const omar = await TestDevice.create(server);
  const noor = await TestDevice.create(server);
  await Promise.all([ayesha.start(), omar.start(), noor.start()]);
  const persons = [omar.person];
  const talk = (await act(ayesha, { do: "create", name: "One", picture: null, persons })) as Id;
  await omar.composer.add(talk, "before");
  await ayesha.settled(talk, 1);
  ayesha.kill();
  return { server, ayesha, omar, noor, talk };
}

/** Runs `errand` in a process that dies at step `at`, then brings a fresh one up. Returns the steps that it took. */
async function killedAt(at: number, device: TestDevice, errand: Errand): Promise<number> {
  const executioner = new Executioner(at);
  await device.open((store) => executioner.watchStore(store));
  executioner.watchLink(device);
  await device.start();
  let done = false;
  const finished = (): void => {
    done = true;
  };
  act(device, errand).then(finished, finished);
  await runOut(executioner, device, () => Promise.resolve(done));
  const { steps } = executioner;
  await device.open();
  await device.start();
  return steps;
}

const inTree = async (device: TestDevice, talk: Id): Promise<Id[]> =>
  ((await readView(device.context, talk)).group?.devices ?? []).map((one) => one.device).sort();

describe("an admin killed at any step", () => {
  it("of which there are no more than are tried", async () => {
    const { ayesha, omar, noor, talk } = await group();
    const steps = await killedAt(Infinity, ayesha, { do: "add", conversation: talk, persons: [noor.person] });
    expect(steps).toBeLessThanOrEqual(MOST_STEPS);
    expect(steps).toBeGreaterThan(8);
    for (const device of [ayesha, omar, noor]) device.kill();
  });

  it.each(Array.from({ length: MOST_STEPS }, (_, i) => i + 1))("of adding a person: step %i", async (at) => {
    const { server, ayesha, omar, noor, talk } = await group();
    const errand: Errand = { do: "add", conversation: talk, persons: [noor.person] };
    await killedAt(at, ayesha, errand);
    // Asked again, it is done once: nobody to add means that it was.
    await act(ayesha, errand).catch((error: unknown) => {
      expect(error).toMatchObject({ code: "nobody_added" });
    });
    const all = [ayesha.device, omar.device, noor.device].sort();
    for (const device of [ayesha, omar, noor])
      await expect.poll(() => inTree(device, talk), { timeout: 50_000 }).toEqual(all);
    await ayesha.composer.add(talk, "after");
    await noor.settled(talk, 1);
    await omar.settled(talk, 2);
    expect(await noor.texts(talk)).toEqual(["after"]);
    expect(ayesha.rolledBack).toBe(false);
    checkCounters(server, talk, ayesha);
    for (const device of [ayesha, omar, noor]) device.kill();
  });

  it.each(Array.from({ length: MOST_STEPS }, (_, i) => i + 1).filter((at) => at % 3 === 0))(
    "of removing a person: step %i",
    async (at) => {
      const { server, ayesha, omar, noor, talk } = await group();
      await ayesha.open();
      await ayesha.start();
      await act(ayesha, { do: "add", conversation: talk, persons: [noor.person] });
      ayesha.kill();
      const errand: Errand = { do: "remove", conversation: talk, person: omar.person };
      await killedAt(at, ayesha, errand);
      await act(ayesha, errand);
      const left = [ayesha.device, noor.device].sort();
      for (const device of [ayesha, noor])
        await expect.poll(() => inTree(device, talk), { timeout: 50_000 }).toEqual(left);
      await expect
        .poll(async () => (await readView(omar.context, talk)).record.standing, { timeout: 50_000 })
        .toBe("out");
      await ayesha.composer.add(talk, "without him");
      await noor.settled(talk, 1);
      expect(await omar.texts(talk)).toEqual(["before"]);
      expect(ayesha.rolledBack).toBe(false);
      checkCounters(server, talk, ayesha);
      for (const device of [ayesha, omar, noor]) device.kill();
    },
  );
});
