/**
 * Beep's GroupInfo extension, type 0xF0BE (private use, RFC 9420 §17.3): what a newcomer must know from the member who
 * added it, signed by that member with the GroupInfo and encrypted in the Welcome.
 *
 *     u16 format = 1; opaque policy<V>; u64 seen_seq; opaque T[32]; opaque profile<V>
 */

import type { Seen } from "./api";
import { demand } from "./errors";
import { decode, type Reader, Writer } from "./tls";

export const GROUP_INFO_EXTENSION = 0xf0be;

export interface GroupInfoExtension {
  policy: Uint8Array;
  seen: Seen;
  /** The conversation's name and picture as signed content; empty in direct conversations. */
  profile: Uint8Array;
}

export const encodeGroupInfoExtension = ({ policy, seen, profile }: GroupInfoExtension): Uint8Array =>
  new Writer().u16(1).opaque(policy).u64(seen.seq).fixed(seen.transcript, 32).opaque(profile).bytes;

/** @throws CryptoError of the parsing codes, or `format_unknown`. */
export const parseGroupInfoExtension = (bytes: Uint8Array): GroupInfoExtension =>
  decode(bytes, readGroupInfoExtension, encodeGroupInfoExtension);

function readGroupInfoExtension(reader: Reader): GroupInfoExtension {
  demand(reader.u16() === 1, "format_unknown");
  const policy = reader.opaque();
  return { policy, seen: { seq: reader.u64(), transcript: reader.fixed(32) }, profile: reader.opaque() };
}
