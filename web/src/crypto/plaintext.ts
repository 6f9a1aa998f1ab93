/**
 * What stands inside a PrivateMessage of type application:
 *
 *     u16 format = 1; opaque k[32]; opaque content<V>; zeros to a multiple of 256
 *
 * k is random for each message. HMAC-SHA-256(k, content), the franking tag, travels in the authenticated data: a
 * receiver who reports a message hands over k and proves what was said, and nobody else learns anything from the tag.
 * The zeros hide the length but for its bucket (the library's own padding is a minimum, not buckets).
 */

import { demand } from "./errors";
import { equalSecret, hmacSha256, isZero } from "./bytes";
import { Reader, Writer } from "./tls";

export const BUCKET = 256;

export interface Plaintext {
  /** 32 random bytes, made for this message, kept only inside it. */
  k: Uint8Array;
  content: Uint8Array;
}

export function encodePlaintext({ k, content }: Plaintext): Uint8Array {
  const bare = new Writer().u16(1).fixed(k, 32).opaque(content).bytes;
  const padded = new Uint8Array(Math.ceil(bare.length / BUCKET) * BUCKET);
  padded.set(bare);
  return padded;
}

/** @throws CryptoError of the parsing codes; `plaintext` when the padding is not zeros to the next bucket. */
export function parsePlaintext(bytes: Uint8Array): Plaintext {
  const reader = new Reader(bytes);
  demand(reader.u16() === 1, "format_unknown");
  const plaintext = { k: reader.fixed(32), content: reader.opaque() };
  const padding = reader.rest;
  demand(bytes.length % BUCKET === 0 && padding.length < BUCKET && isZero(padding), "plaintext");
  return plaintext;
}

export const frankingTag = ({ k, content }: Plaintext): Promise<Uint8Array> => hmacSha256(k, content);

/** @throws CryptoError `franking_tag` when the tag is not the one of this plaintext. */
export async function checkFrankingTag(plaintext: Plaintext, tag: Uint8Array): Promise<void> {
  demand(equalSecret(await frankingTag(plaintext), tag), "franking_tag");
}
