/**
 * Random walks of whole apps over the server's double. However the steps fell, in the end all honest devices agree on
 * tree, membership, transcript and messages, nobody reads what was not meant for them, and no message key was used
 * twice. WALK_SEEDS=1000 (how many) or WALK_SEED=17 (which one) WALK_STEPS=400 for long ones.
 */

import { describe, expect, it } from "vitest";
import { hurried } from "./clock";
import { plan, story, Walk, type WalkPlan } from "./walk";

const only = process.env["WALK_SEED"];
const count = Number(process.env["WALK_SEEDS"] ?? 4);
const length = Number(process.env["WALK_STEPS"] ?? 40);
const seeds = only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];
const PATIENCE = 60_000;
const CROWD_EVERY = 25;
const CROWD = 24;
const SMALL = 5;
const SPEED = 8;

/** Every 25th walk is one of a crowd; each person may have three devices. */
const personsOf = (seed: number): number => (seed % CROWD_EVERY === 0 ? CROWD : 2 + (seed % 9));
/** All devices share this one process. */
const patienceOf = (seed: number): number => PATIENCE * Math.ceil(personsOf(seed) / SMALL);

hurried(SPEED);

async function attempt(planned: WalkPlan): Promise<Error | null> {
  const walk = new Walk(planned);
  try {
    const { ciphertexts, commits, envelopes, devices } = await walk.run(patienceOf(planned.seed));
    process.stdout.write(
      `seed ${String(planned.seed)}: ${String(devices)} devices, ${String(envelopes)} envelopes, ` +
        `${String(commits)} commits, ${String(ciphertexts)} ciphertexts\n`,
    );
    return null;
  } catch (error) {
    const { message, stack } = error as Error;
    return new Error(`${message}\n${await walk.scene().catch(() => "")}\n${stack ?? ""}`);
  } finally {
    walk.end();
  }
}

/** Leaves steps out for as long as the walk still fails; a race may need luck, so what remains is a hint. */
async function shorter(failed: WalkPlan): Promise<WalkPlan> {
  let best = failed;
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let at = 0; at < best.steps.length;) {
      const steps = [...best.steps.slice(0, at), ...best.steps.slice(at + size)];
      if (await attempt({ ...best, steps })) best = { ...best, steps };
      else at += size;
    }
  return best;
}

describe("a walk", () => {
  it.each(seeds)(
    "of seed %i",
    async (seed) => {
      const persons = personsOf(seed);
      const planned = plan(seed, persons, length);
      const error = await attempt(planned);
      if (!error) return;
      const least = process.env["WALK_SHRINK"] === undefined ? planned : await shorter(planned);
      expect.fail(`${error.message}\n${story(least)}`);
    },
    process.env["WALK_SHRINK"] === undefined ? 4 * PATIENCE * Math.ceil(CROWD / SMALL) : 0,
  );
});
