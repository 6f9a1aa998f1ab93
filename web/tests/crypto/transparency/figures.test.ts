/** What it costs a client to look at a group of a hundred once it has pinned a checkpoint. Printed, not judged. */

import { expect, it } from "vitest";
import { idBytes, newId } from "../../../src/core/ids";
import { parsePolicy, verifyAnswer } from "../../../src/crypto/transparency";
import { KeyLogDouble } from "../../core/double-keys";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"));

interface Shown {
  checkpoint: string;
  consistency: string[];
  epoch: string;
  inclusion: string[];
  people: { person: string; proof: string }[];
}

it("a group of a hundred is verified", async () => {
  const people = Array.from({ length: 3_000 }, () => newId());
  const chains = new Map(people.map((person) => [person, [new Uint8Array()]]));
  const values = new Map(people.map((person) => [person, crypto.getRandomValues(new Uint8Array(32))]));
  const keys = await KeyLogDouble.create({ chains, now: () => Date.now() });
  keys.silent = true;
  for (let epoch = 0; epoch < 3; epoch++) await keys.publish(values);
  const group = people.slice(0, 100);
  const ask = async (pinned: number) => {
    const body = { pinned, people: group.map((person) => ({ person })) };
    const shown = (await keys.answer("transparency/lookup", new URLSearchParams(), body)) as Shown;
    return {
      checkpoint: shown.checkpoint,
      consistency: shown.consistency.map(bytes),
      epoch: bytes(shown.epoch),
      inclusion: shown.inclusion.map(bytes),
      people: shown.people.map(({ person, proof }) => ({ person: idBytes(person), proof: bytes(proof) })),
    };
  };
  const policy = parsePolicy(keys.policy);
  const asked = group.map(idBytes);
  const pin = await verifyAnswer(policy, null, asked, await ask(0));
  await keys.publish(values);
  const answer = await ask(pin.size);
  const times: number[] = [];
  for (let round = 0; round < 9; round++) {
    const began = performance.now();
    const verified = await verifyAnswer(policy, pin, asked, answer);
    times.push(performance.now() - began);
    expect(verified.values).toEqual(group.map((person) => values.get(person)));
  }
  const median = times.sort((a, b) => a - b)[4] ?? 0;
  process.stdout.write(`client check of a group of 100 once pinned: ${median.toFixed(1)} ms (median of 9)\n`);
}, 120_000);
