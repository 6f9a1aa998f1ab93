/**
 * Safety numbers of two people: what they compare, by eye or by camera, to know that each holds the other's true chain.
 *
 *     of one  = SHA-512("beep safety v1" ‖ person ‖ base), the first 30 bytes as 6 groups: u40 mod 100,000, five digits
 *     number  = 12 groups: the person with the smaller id first
 *     QR      = personA ‖ baseA ‖ personB ‖ baseB, in the same order (96 bytes)
 *
 * The base is the hash of the person's latest statement 1 or reset: numbers stay as devices come and go, and change
 * when somebody else could have become this person. 30 digits a side leave about 2^99 to whoever would search for a
 * chain with the same number.
 */

import type { Uuid } from "./api";
import { compare, concat, utf8, view } from "./bytes";
import { demand } from "./errors";

export interface SafetyParty {
  person: Uuid;
  /** 32 bytes. */
  base: Uint8Array;
}

const GROUPS = 6;
const GROUP_BYTES = 5;

/** Twelve groups of five digits, the same at both people. */
export async function safetyNumber(a: SafetyParty, b: SafetyParty): Promise<string[]> {
  const halves = await Promise.all(inOrder(a, b).map(half));
  return halves.flat();
}

/** What the QR holds, the same at both people. */
export function safetyQr(a: SafetyParty, b: SafetyParty): Uint8Array {
  const [first, second] = inOrder(a, b);
  return concat(first.person, first.base, second.person, second.base);
}

function inOrder(a: SafetyParty, b: SafetyParty): [SafetyParty, SafetyParty] {
  for (const { person, base } of [a, b]) demand(person.length === 16 && base.length === 32, "out_of_range");
  const order = compare(a.person, b.person);
  demand(order !== 0, "out_of_range");
  return order < 0 ? [a, b] : [b, a];
}

async function half({ person, base }: SafetyParty): Promise<string[]> {
  const input = concat(utf8("beep safety v1"), person, base);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", view(input)));
  return Array.from({ length: GROUPS }, (_, group) => {
    const bytes = digest.subarray(group * GROUP_BYTES, (group + 1) * GROUP_BYTES);
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    return String(value % 100_000).padStart(5, "0");
  });
}
