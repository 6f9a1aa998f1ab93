/**
 * Hashes of the key log's trees. Synchronous: a group's check computes thousands of small ones, and WebCrypto's take a
 * turn of the event loop each.
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "../bytes";
import { CryptoError } from "../errors";

/** What was refused; the values are stable and stand in `detail.rule` of `key_log_refused`. */
export type KeyLogRule =
  | "note"
  | "checkpoint"
  | "policy"
  | "origin"
  | "log_signature"
  | "quorum"
  | "rolled_back"
  | "split_view"
  | "consistency"
  | "inclusion"
  | "epoch"
  | "map";

/** Throws `key_log_refused` with the rule unless `condition` holds. */
export function rule(condition: boolean, name: KeyLogRule): asserts condition {
  if (!condition) throw new CryptoError("key_log_refused", { rule: name });
}

export const hash = (...parts: readonly Uint8Array[]): Uint8Array => sha256(concat(...parts));
