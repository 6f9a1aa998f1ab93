/**
 * What two devices of one person compare before the older one lists the newer one. Nothing of this is judged by the
 * server, which relays it.
 *
 *     K      = u16 format = 1; opaque device[16]; u8 kind (1 regular, 2 temporary); opaque name<V>;
 *              opaque signature_key[32]; opaque transfer_key<V> (X-Wing, 1,216 bytes)
 *     commit = SHA-256("beep approve v1" ‖ r[32] ‖ K)
 *     digits = 8 decimal digits: HKDF-SHA-256(r ‖ n, salt = chain head, "beep approve digits v1" ‖ SHA-256(K), 8 bytes)
 *              as u64 mod 10^8
 *     offer  = u16 format = 1; opaque pairing[16]; opaque hash[32]
 *              hash = SHA-256("beep approve offer v1" ‖ K ‖ chain head)
 *     answer = SHA-256("beep approve answer v1" ‖ K ‖ hash of the statement that lists the device)
 *
 * The chain head is the hash of the person's newest statement as each side knows it: a server that shows the two sides
 * two chains gives itself away. The new device is bound to r and K before it sees n, and the other to n before it sees
 * r, so nobody between them can search for keys that give the same digits; a guess succeeds once in 10^8.
 *
 * Secrets: r is made for one pairing by the new device, kept in memory, worthless once revealed. n is random, made by
 * the approving device, stored until the pairing ends.
 */

import type { Uuid } from "./api";
import { concat, sha256, utf8, view } from "./bytes";
import { CryptoError, demand } from "./errors";
import { type DeviceEntry, readName, writeName } from "./identity";
import { decode, type Reader, Writer } from "./tls";

/** K: everything about the new device that is approved. */
export interface ApprovalKeys {
  device: Uuid;
  kind: DeviceEntry["kind"];
  name: string;
  /** Ed25519, 32 bytes. */
  signatureKey: Uint8Array;
  /** X-Wing public key: history is sealed to it. */
  transferKey: Uint8Array;
}

export interface ApprovalOffer {
  pairing: Uuid;
  hash: Uint8Array;
}

export const TRANSFER_KEY_BYTES = 1_216;
const KINDS = ["regular", "temporary"] as const;
const DIGITS = 8;

export function encodeApprovalKeys(keys: ApprovalKeys): Uint8Array {
  demand(keys.transferKey.length === TRANSFER_KEY_BYTES, "key_malformed");
  return new Writer()
    .u16(1)
    .fixed(keys.device, 16)
    .u8(KINDS.indexOf(keys.kind) + 1)
    .opaque(writeName(keys.name))
    .fixed(keys.signatureKey, 32)
    .opaque(keys.transferKey).bytes;
}

/** @throws CryptoError of the parsing codes. */
export const parseApprovalKeys = (bytes: Uint8Array): ApprovalKeys =>
  decode(bytes, readKeys, encodeApprovalKeys);

function readKeys(reader: Reader): ApprovalKeys {
  demand(reader.u16() === 1, "format_unknown");
  const device = reader.fixed(16);
  const kind = KINDS[reader.u8() - 1];
  if (kind === undefined) throw new CryptoError("unknown_value");
  const name = readName(reader.opaque());
  return { device, kind, name, signatureKey: reader.fixed(32), transferKey: reader.opaque() };
}

/** What the new device says first: binds it to r and K. 32 bytes. */
export function approvalCommit(r: Uint8Array, keys: ApprovalKeys): Promise<Uint8Array> {
  demand(r.length === 32, "out_of_range");
  return sha256(utf8("beep approve v1"), r, encodeApprovalKeys(keys));
}

/** The eight digits that are shown on the new device and typed on the other. `head`: hash of the newest statement. */
export async function approvalDigits(input: {
  r: Uint8Array;
  n: Uint8Array;
  keys: ApprovalKeys;
  head: Uint8Array;
}): Promise<string> {
  const { r, n, keys, head } = input;
  demand(r.length === 32 && n.length === 32 && head.length === 32, "out_of_range");
  const secret = concat(r, n);
  const key = await crypto.subtle.importKey("raw", view(secret), "HKDF", false, ["deriveBits"]);
  secret.fill(0);
  const info = concat(utf8("beep approve digits v1"), await sha256(encodeApprovalKeys(keys)));
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: view(head), info: view(info) };
  const bits = await crypto.subtle.deriveBits(algorithm, key, 64);
  const value = new DataView(bits).getBigUint64(0) % 10n ** BigInt(DIGITS);
  return value.toString().padStart(DIGITS, "0");
}

/** What the new device's QR says. */
export async function approvalOffer(input: {
  pairing: Uuid;
  keys: ApprovalKeys;
  head: Uint8Array;
}): Promise<Uint8Array> {
  const { pairing, keys, head } = input;
  demand(head.length === 32, "out_of_range");
  const hash = await sha256(utf8("beep approve offer v1"), encodeApprovalKeys(keys), head);
  return encodeOffer({ pairing, hash });
}

const encodeOffer = ({ pairing, hash }: ApprovalOffer): Uint8Array =>
  new Writer().u16(1).fixed(pairing, 16).fixed(hash, 32).bytes;

/** @throws CryptoError of the parsing codes. */
export const parseApprovalOffer = (bytes: Uint8Array): ApprovalOffer =>
  decode(
    bytes,
    (reader) => {
      demand(reader.u16() === 1, "format_unknown");
      return { pairing: reader.fixed(16), hash: reader.fixed(32) };
    },
    encodeOffer,
  );

/** What the approving device's QR says: that it listed these very keys, in this very statement. 32 bytes. */
export function approvalAnswer(input: {
  keys: ApprovalKeys;
  statementHash: Uint8Array;
}): Promise<Uint8Array> {
  const { keys, statementHash } = input;
  demand(statementHash.length === 32, "out_of_range");
  return sha256(utf8("beep approve answer v1"), encodeApprovalKeys(keys), statementHash);
}
