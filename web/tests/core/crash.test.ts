/**
 * The process is killed at each of its steps: before and after every transaction, before a request leaves and before its
 * answer comes back. Whatever the step, a fresh process over the same database brings every text to the other side
 * exactly once, in order, and no counter or message key is used for two bodies.
 */

import { describe, expect, it } from "vitest";
import { type Batch, type OutboxRecord, StoreError } from "../../src/store";
import { TestDevice } from "./device";
import { ServerDouble } from "./double";
import { checkCounters, Executioner, runOut } from "./executioner";

async function people() {
  const server = new ServerDouble();
  const ayesha = await TestDevice.create(server);
  const omar = await TestDevice.create(server);
  const talk = await ayesha.meet(omar);
  return { server, ayesha, omar, talk };
}

/** Steps of an undisturbed run, so that the rounds below cover all of them and no more. */
const MOST_STEPS = 40;

describe("a sender killed at any step", () => {
  it.each(Array.from({ length: MOST_STEPS }, (_, i) => i + 1))("step %i", async (at) => {
    const { server, ayesha, omar, talk } = await people();
    await omar.start();
    await ayesha.composer.add(talk, "one");
    await ayesha.composer.add(talk, "two");
    ayesha.kill();
    const executioner = new Executioner(at);
    await ayesha.open((store) => executioner.watchStore(store));
    executioner.watchLink(ayesha);
    await ayesha.start();
    await runOut(executioner, ayesha, async () => (await ayesha.context.store.count("outbox")) === 0);

    await ayesha.open();
    await ayesha.start();
    await ayesha.settled(talk, 2);
    await omar.settled(talk, 2);
    await ayesha.composer.add(talk, "three");
    await omar.settled(talk, 3);
    expect(await omar.texts(talk)).toEqual(["one", "two", "three"]);
    expect(await ayesha.texts(talk)).toEqual(["one", "two", "three"]);
    expect(ayesha.rolledBack).toBe(false);
    checkCounters(server, talk, ayesha);
    ayesha.kill();
    omar.kill();
  });
});

describe("a receiver killed at any step of joining, healing and answering", () => {
  it.each(Array.from({ length: MOST_STEPS }, (_, i) => i + 1))("step %i", async (at) => {
    const { server, ayesha, omar, talk } = await people();
    await ayesha.start();
    await ayesha.composer.add(talk, "one");
    await ayesha.settled(talk, 1);
    await omar.meet(ayesha);
    await omar.composer.add(talk, "answer");
    omar.kill();
    const executioner = new Executioner(at);
    await omar.open((store) => executioner.watchStore(store));
    executioner.watchLink(omar);
    await omar.start();
    await runOut(executioner, omar, async () => (await omar.context.store.count("outbox")) === 0);

    await omar.open();
    await omar.start();
    await omar.settled(talk, 2);
    await ayesha.settled(talk, 2);
    expect(await omar.texts(talk)).toEqual(["one", "answer"]);
    expect(await ayesha.texts(talk)).toEqual(["one", "answer"]);
    expect(omar.rolledBack).toBe(false);
    checkCounters(server, talk, omar);
    omar.kill();
    ayesha.kill();
  });
});

/** Whether the transaction is the one in which a message is encrypted. */
const seals = (batch: Batch): boolean =>
  [...batch.changes.values()].some(
    ({ table, value }) => table === "outbox" && (value as OutboxRecord | undefined)?.phase === "sealed",
  );

it("sends a little later what met a row that somebody else had written", async () => {
  const { ayesha, omar, talk } = await people();
  await omar.start();
  let refusing = false;
  await ayesha.open((store) => {
    const commit = store.commit.bind(store);
    store.commit = (batch, options) => {
      if (!refusing || !seals(batch)) return commit(batch, options);
      refusing = false;
      return Promise.reject(new StoreError("conflict"));
    };
    return store;
  });
  await ayesha.start();
  await ayesha.composer.add(talk, "one");
  await omar.settled(talk, 1);
  refusing = true;
  await ayesha.composer.add(talk, "two");
  await omar.settled(talk, 2);
  expect(await omar.texts(talk)).toEqual(["one", "two"]);
  expect(refusing).toBe(false);
  omar.kill();
  ayesha.kill();
});
