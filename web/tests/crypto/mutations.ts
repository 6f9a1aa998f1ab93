/** Bytes that nobody meant: a seeded mutator, the same every time, and what every parser must do with its work. */

import { expect } from "vitest";
import { equal } from "../../src/crypto/bytes";

/** A small fast generator (mulberry32); tests must be the same every time. */
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** One to four changes: a bit, a byte, a cut, an insertion, a doubled or a dropped stretch. */
export function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  let changed = [...bytes];
  for (let i = 0; i <= random(4); i++) {
    const at = random(changed.length + 1);
    const length = random(8) + 1;
    const kind = random(6);
    if (kind === 0 && at < changed.length) changed[at]! ^= 1 << random(8);
    else if (kind === 1 && at < changed.length) changed[at] = [0, 0x40, 0x80, 0xc0, 0xff][random(5)]!;
    else if (kind === 2) changed = changed.slice(0, at);
    else if (kind === 3) changed.splice(at, 0, ...Array.from({ length }, () => random(256)));
    else if (kind === 4) changed.splice(at, 0, ...changed.slice(at, at + length));
    else changed.splice(at, length);
  }
  return Uint8Array.from(changed);
}

/**
 * `again` reads and writes: of every mutation it gives the very bytes back or throws a CryptoError, never another error,
 * never a second spelling.
 */
export async function fuzz(
  seeds: Uint8Array[],
  rounds: number,
  again: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const random = generator(20_260_801);
  for (const seed of seeds) expect(again(seed)).toEqual(seed);
  for (let i = 0; i < rounds; i++) {
    const bytes = mutate(seeds[random(seeds.length)]!, random);
    try {
      expect(equal(again(bytes), bytes)).toBe(true);
    } catch (error) {
      if ((error as Error).name !== "CryptoError") throw error;
    }
  }
}
