/** Time for tests of many devices: every wait is shorter by the same factor, so that seconds of patience cost little. */

import { afterAll, beforeAll, vi } from "vitest";

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    REAL(resolve, ms);
  });

const REAL = setTimeout;
const REAL_INTERVAL = setInterval;

/** Waits of the code under test last 1/factor of what they say; `sleep` of this module does not change. */
export function hurry(factor: number): () => void {
  vi.stubGlobal("setTimeout", (run: () => void, ms = 0) => REAL(run, ms / factor));
  vi.stubGlobal("setInterval", (run: () => void, ms = 0) => REAL_INTERVAL(run, ms / factor));
  return () => {
    vi.unstubAllGlobals();
  };
}

/** `hurry` for all tests of the file that calls this. */
export function hurried(factor: number): void {
  let slower = (): void => undefined;
  beforeAll(() => {
    slower = hurry(factor);
  });
  afterAll(() => {
    slower();
  });
}

/** Asks until the answer is null; fails with what it was last. */
export async function settled(problem: () => Promise<string | null>, patience: number): Promise<void> {
  const end = Date.now() + patience;
  for (;;) {
    const still = await problem();
    if (still === null) return;
    if (Date.now() > end) throw new Error(`still ${still}`);
    await sleep(50);
  }
}

/** A generator whose every run with the same seed says the same (mulberry32); in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
