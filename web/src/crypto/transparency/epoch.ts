/** Entries of the key log; `audit/transparency/epoch.py` describes them. */

import { equal, fromUtf8, toHex, utf8 } from "../bytes";
import { rule } from "./hash";

const PREFIX = "beep-keys/v1\n";
const MAX_BYTES = 512;

export interface EpochLeaf {
  epoch: number;
  /** Milliseconds UTC. */
  time: number;
  prevMapRoot: Uint8Array;
  mapRoot: Uint8Array;
  changesHash: Uint8Array;
}

/** Keys in the order of RFC 8785; integers and hex need no escaping, so that this is their canonical form. */
export function encodeEpoch({ epoch, time, prevMapRoot, mapRoot, changesHash }: EpochLeaf): Uint8Array {
  const members = {
    changes_hash: toHex(changesHash),
    epoch,
    map_root: toHex(mapRoot),
    prev_map_root: toHex(prevMapRoot),
    time,
  };
  return utf8(PREFIX + JSON.stringify(members));
}

/** @throws CryptoError `key_log_refused`, rule `epoch`, for anything but an epoch's one spelling. */
export function parseEpoch(bytes: Uint8Array): EpochLeaf {
  const value = readJson(bytes);
  const leaf: EpochLeaf = {
    epoch: integer(value.epoch),
    time: integer(value.time),
    prevMapRoot: hashOf(value.prev_map_root),
    mapRoot: hashOf(value.map_root),
    changesHash: hashOf(value.changes_hash),
  };
  rule(equal(encodeEpoch(leaf), bytes), "epoch");
  return leaf;
}

type Members = Partial<Record<"epoch" | "time" | "prev_map_root" | "map_root" | "changes_hash", unknown>>;

function readJson(bytes: Uint8Array): Members {
  rule(bytes.length <= MAX_BYTES, "epoch");
  let value: unknown;
  try {
    const text = fromUtf8(bytes);
    value = text.startsWith(PREFIX) ? JSON.parse(text.slice(PREFIX.length)) : null;
  } catch {
    value = null;
  }
  rule(typeof value === "object" && value !== null, "epoch");
  return value as Members;
}

function integer(value: unknown): number {
  rule(typeof value === "number" && Number.isSafeInteger(value) && value >= 0, "epoch");
  return value as number;
}

function hashOf(value: unknown): Uint8Array {
  rule(typeof value === "string" && /^[0-9a-f]{64}$/.test(value), "epoch");
  const text = value as string;
  return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16));
}
