/** What a chunk of history holds once it is open (`history.ts`): two lists in MessagePack. */

import { Decoder, Encoder } from "@msgpack/msgpack";
import { CryptoError, demand } from "./errors";

/** Bytes of one chunk's plaintext. */
export const MAX_HISTORY = 256 * 1_024;

export interface HistoryItems {
  conversations: unknown[];
  messages: unknown[];
}

const encoder = new Encoder({ ignoreUndefined: false });
const decoder = new Decoder({
  maxStrLength: MAX_HISTORY,
  maxBinLength: MAX_HISTORY,
  maxArrayLength: 65_536,
  maxMapLength: 64,
  maxExtLength: 0,
});

/** @throws CryptoError `out_of_range` above 256 kB. */
export function encodeHistory({ conversations, messages }: HistoryItems): Uint8Array {
  const bytes = encoder.encode({ conversations, messages });
  demand(bytes.length <= MAX_HISTORY, "out_of_range");
  return bytes;
}

/** The lists of a plaintext; what stands in them is judged by whoever takes them. @throws CryptoError `history_refused`. */
export function decodeHistory(plaintext: Uint8Array): HistoryItems {
  let value: unknown;
  try {
    value = decoder.decode(plaintext);
  } catch {
    throw new CryptoError("history_refused");
  }
  demand(typeof value === "object" && value !== null, "history_refused");
  const { conversations, messages } = value as Record<string, unknown>;
  demand(Array.isArray(conversations) && Array.isArray(messages), "history_refused");
  return { conversations, messages };
}
