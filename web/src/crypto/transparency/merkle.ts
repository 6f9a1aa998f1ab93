/** RFC 6962 Merkle trees: only verification. Sizes are safe integers. The twin of `audit/merkle.py`. */

import { equal } from "../bytes";
import { hash, rule } from "./hash";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Hash of one entry (RFC 6962 §2.1). */
export const leafHash = (entry: Uint8Array): Uint8Array => hash(LEAF, entry);

const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => hash(NODE, left, right);

const half = (n: number): number => Math.floor(n / 2);
const isOdd = (n: number): boolean => n % 2 === 1;
const isSize = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const isHash = (bytes: Uint8Array): boolean => bytes.length === 32;

/**
 * The leaf with this hash stands at `index` of the tree of `size` leaves with this root (RFC 9162 §2.1.3.2).
 *
 * @throws CryptoError `key_log_refused`, rule `inclusion`.
 */
export function verifyInclusion(input: {
  leaf: Uint8Array;
  index: number;
  size: number;
  proof: readonly Uint8Array[];
  root: Uint8Array;
}): void {
  const { leaf, index, size, proof, root } = input;
  rule(isSize(index) && isSize(size) && index < size, "inclusion");
  rule([leaf, root, ...proof].every(isHash), "inclusion");
  let at = index;
  let last = size - 1;
  let result = leaf;
  for (const beside of proof) {
    rule(last > 0, "inclusion");
    if (isOdd(at) || at === last) {
      result = nodeHash(beside, result);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      result = nodeHash(result, beside);
    }
    [at, last] = [half(at), half(last)];
  }
  rule(last === 0 && equal(result, root), "inclusion");
}

/** A log as it once was. */
export interface Tree {
  size: number;
  root: Uint8Array;
}

/**
 * The first tree is the beginning of the second (RFC 9162 §2.1.4.2). From an empty one there is nothing to show.
 *
 * @throws CryptoError `key_log_refused`: `rolled_back` when the sizes shrink, `split_view` for two roots at one size,
 *   `consistency` otherwise.
 */
export function verifyConsistency(first: Tree, second: Tree, proof: readonly Uint8Array[]): void {
  rule(isSize(first.size) && isSize(second.size), "consistency");
  rule([first.root, second.root, ...proof].every(isHash), "consistency");
  rule(first.size <= second.size, "rolled_back");
  if (first.size === second.size) {
    rule(equal(first.root, second.root), "split_view");
    rule(proof.length === 0, "consistency");
    return;
  }
  if (first.size === 0) {
    rule(proof.length === 0, "consistency");
    return;
  }
  let at = first.size - 1;
  let last = second.size - 1;
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  // A whole old tree is a subtree whose root both sides know: `at` is 0 then.
  const [start, ...rest] = at === 0 ? [first.root, ...proof] : proof;
  rule(start !== undefined, "consistency");
  let old = start;
  let now = start;
  for (const beside of rest) {
    rule(last > 0, "consistency");
    if (isOdd(at) || at === last) {
      old = nodeHash(beside, old);
      now = nodeHash(beside, now);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      now = nodeHash(now, beside);
    }
    [at, last] = [half(at), half(last)];
  }
  rule(last === 0 && equal(old, first.root) && equal(now, second.root), "consistency");
}
