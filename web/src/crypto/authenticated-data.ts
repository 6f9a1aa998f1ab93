/**
 * The authenticated data of every frame of the log (RFC 9420 §6.1 `authenticated_data`): readable by the server,
 * covered by the sender's signature and the AEAD.
 *
 *     u16 format = 1; u64 seen_seq; opaque T[32]; opaque franking_tag<V> (application: 32, commit: empty);
 *     opaque order_hashes<V> (a multiple of 32); opaque checkpoint<V> (empty until there are witnesses)
 *
 * (seen_seq, T) is the end of the log as the sender saw it: the reader compares T with its own at that seq, so that a
 * server showing two people two logs is found out by the next message between them.
 */

import type { Seen } from "./api";
import { concat } from "./bytes";
import { demand } from "./errors";
import { decode, type Reader, Writer } from "./tls";

export interface AuthenticatedData {
  seen: Seen;
  /** HMAC-SHA-256(k, content) of an application message, 32 bytes; empty in a commit. */
  frankingTag: Uint8Array;
  /** SHA-256 of each order that a commit executes; none in an application message. */
  orderHashes: Uint8Array[];
}

export function encodeAuthenticatedData({ seen, frankingTag, orderHashes }: AuthenticatedData): Uint8Array {
  demand(frankingTag.length === 0 || frankingTag.length === 32, "out_of_range");
  demand(
    orderHashes.every((hash) => hash.length === 32),
    "out_of_range",
  );
  return new Writer()
    .u16(1)
    .u64(seen.seq)
    .fixed(seen.transcript, 32)
    .opaque(frankingTag)
    .opaque(concat(...orderHashes))
    .opaque(new Uint8Array()).bytes;
}

/** @throws CryptoError of the parsing codes, or `format_unknown`. */
export function parseAuthenticatedData(bytes: Uint8Array): AuthenticatedData {
  return decode(bytes, readAuthenticatedData, encodeAuthenticatedData);
}

function readAuthenticatedData(reader: Reader): AuthenticatedData {
  demand(reader.u16() === 1, "format_unknown");
  const seen = { seq: reader.u64(), transcript: reader.fixed(32) };
  const frankingTag = reader.opaque();
  const joined = reader.opaque();
  demand(joined.length % 32 === 0, "out_of_range");
  demand(reader.opaque().length === 0, "unknown_value");
  const orderHashes = Array.from({ length: joined.length / 32 }, (_, i) => joined.slice(i * 32, i * 32 + 32));
  return { seen, frankingTag, orderHashes };
}
