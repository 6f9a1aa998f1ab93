/**
 * The map person → hash of their newest identity statement: a compact prefix tree. Only verification; layout and proof
 * are described in `audit/transparency/map.py`, the twin.
 */

import { equal } from "../bytes";
import { demand } from "../errors";
import { decode, type Reader, Writer } from "../tls";
import { hash, rule } from "./hash";

const LEAF = Uint8Array.of(2);
const PARENT = Uint8Array.of(3);
const EMPTY = new Uint8Array(32);
const MAX_DEPTH = 256;

/** What shows that an index has a value, or none, under a root. */
export interface MapProof {
  /** Hashes beside the path, root's child first. */
  copath: Uint8Array[];
  end:
    | { kind: "empty" }
    | { kind: "own"; value: Uint8Array }
    | { kind: "other"; index: Uint8Array; value: Uint8Array };
}

/** @throws CryptoError of the parsing codes. */
export function parseMapProof(bytes: Uint8Array): MapProof {
  return decode(bytes, readMapProof, encodeMapProof);
}

function readMapProof(reader: Reader): MapProof {
  const joined = reader.opaque();
  demand(joined.length % 32 === 0 && joined.length <= MAX_DEPTH * 32, "out_of_range");
  const copath = Array.from({ length: joined.length / 32 }, (_, i) => joined.slice(i * 32, i * 32 + 32));
  const end = reader.u8();
  if (end === 0) return { copath, end: { kind: "empty" } };
  if (end === 1) return { copath, end: { kind: "own", value: reader.fixed(32) } };
  demand(end === 2, "unknown_value");
  return { copath, end: { kind: "other", index: reader.fixed(32), value: reader.fixed(32) } };
}

export function encodeMapProof({ copath, end }: MapProof): Uint8Array {
  const writer = new Writer().vector(copath, (inner, sibling) => inner.fixed(sibling, 32));
  if (end.kind === "empty") return writer.u8(0).bytes;
  if (end.kind === "own") return writer.u8(1).fixed(end.value, 32).bytes;
  return writer.u8(2).fixed(end.index, 32).fixed(end.value, 32).bytes;
}

/** Where a person (16 bytes) stands. */
export function indexOf(person: Uint8Array): Uint8Array {
  demand(person.length === 16, "out_of_range");
  return hash(person);
}

const bitOf = (index: Uint8Array, depth: number): number =>
  ((index[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1;

/**
 * The value that `index` has under `root`; null when the proof shows that it has none.
 *
 * @throws CryptoError `key_log_refused`, rule `map`, when the proof does not lead to the root.
 */
export function verifyMapProof(
  root: Uint8Array,
  index: Uint8Array,
  { copath, end }: MapProof,
): Uint8Array | null {
  rule(root.length === 32 && index.length === 32 && copath.length <= MAX_DEPTH, "map");
  let at: Uint8Array = EMPTY;
  if (end.kind === "own") at = hash(LEAF, index, end.value);
  else if (end.kind === "other") {
    // Else absence could be shown with any leaf, at a place of the prover's choice.
    const onTheWay = copath.every((_, depth) => bitOf(end.index, depth) === bitOf(index, depth));
    rule(onTheWay && !equal(end.index, index), "map");
    at = hash(LEAF, end.index, end.value);
  }
  for (let depth = copath.length - 1; depth >= 0; depth--) {
    const beside = copath[depth] ?? EMPTY;
    at = bitOf(index, depth) === 1 ? hash(PARENT, beside, at) : hash(PARENT, at, beside);
  }
  rule(equal(at, root), "map");
  return end.kind === "own" ? end.value : null;
}
