import { expect, it } from "vitest";
import { Roster } from "../../src/crypto/mls/roster";
import { StateCache } from "../../src/crypto/mls/state";
import { engine, newPair, read, speak } from "./people-in-groups";

it("holds no decoded state once told to forget, and goes on from the bytes", async () => {
  const pair = await newPair();
  const cache = new StateCache();
  const roster = new Roster(pair.roster);
  const tree = async () => (await cache.open(pair.states.bilal, roster)).state.ratchetTree;
  const first = await tree();
  expect(await tree()).toBe(first);
  cache.clear();
  expect(await tree()).not.toBe(first);
  await engine.forget();
  const hello = await speak(pair, "asma", "hello", 2);
  const input = { state: pair.states.bilal, groupId: pair.begun.groupId, envelopes: [hello] };
  const { results } = await engine.process({ ...input, roster: pair.roster, now: Date.now() });
  expect(results.map((one) => one.kind === "application" && read(one.content))).toEqual(["hello"]);
});
