/**
 * Ed25519 (RFC 8032) over MLS's SignContent (RFC 9420 §5.1.2) with Beep's own label prefix, so that a signature made
 * for one purpose can never serve another:
 *
 *     struct { opaque label<V> = "Beep 1.0 " + Label; opaque content<V>; } SignContent;
 *
 * Verification is WebCrypto's, narrowed to what libsodium accepts (and so PyNaCl on the server): the public key A and
 * the commitment R must be canonical and not of small order. A small-order key would verify under messages its owner
 * never saw, and two spellings of a point would let two parties disagree about one signature.
 */

import { concat, equal, toHex, utf8, view } from "./bytes";
import { CryptoError, demand } from "./errors";
import { Writer } from "./tls";

export const SIGN_LABELS = [
  "IdentityStatement",
  "SignIn",
  "Recovery",
  "Slot",
  "Order",
  "Certificate",
  "AddRequest",
  "LeaveRequest",
  "History",
] as const;

/** What a signature is for; each use has its own label, so that none can stand in for another. */
export type SignLabel = (typeof SIGN_LABELS)[number];

/** What a signature under `label` covers. */
export function signContent(label: SignLabel, content: Uint8Array): Uint8Array {
  return new Writer().opaque(utf8(`Beep 1.0 ${label}`)).opaque(content).bytes;
}

/** PrivateKeyInfo (RFC 8410 §7) of an Ed25519 key up to the 32-byte seed. */
const PKCS8_PREFIX = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

/**
 * Signs with a 32-byte seed.
 *
 * The seed is imported for this one call as a non-extractable key; the caller keeps and erases it.
 * @throws CryptoError `key_malformed` when the seed is not 32 bytes.
 */
export async function signRaw(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
  demand(seed.length === 32, "key_malformed");
  const encoded = concat(PKCS8_PREFIX, seed);
  const key = await crypto.subtle.importKey("pkcs8", view(encoded), "Ed25519", false, ["sign"]);
  encoded.fill(0);
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, view(message)));
}

/** Signs SignContent(label, content); 64 bytes. Throws as `signRaw`. */
export const sign = (seed: Uint8Array, label: SignLabel, content: Uint8Array): Promise<Uint8Array> =>
  signRaw(seed, signContent(label, content));

/** A fresh key pair: 32-byte seed and 32-byte public key, both plain bytes. The seed's keeper is the caller. */
export async function generateSigningKey(): Promise<{ seed: Uint8Array; publicKey: Uint8Array }> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new CryptoError("engine_failed");
  const encoded = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  demand(equal(encoded.subarray(0, 16), PKCS8_PREFIX) && encoded.length === 48, "engine_failed");
  const seed = encoded.slice(16);
  encoded.fill(0);
  return { seed, publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)) };
}

/** p = 2^255 - 19, the field's size, little-endian. */
const FIELD = Uint8Array.of(0xed, ...new Array<number>(30).fill(0xff), 0x7f);

/**
 * The y coordinates of the eight points of small order: 0, 1, p - 1 and the two of order 8 (the sign bit is apart).
 * Their other spellings are not canonical and fail before.
 */
const SMALL_ORDER = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);

/** True for the canonical spelling of a point that is not of small order, as far as its y coordinate tells. */
function acceptablePoint(encoded: Uint8Array): boolean {
  const y = encoded.slice();
  y[31] = (y[31] ?? 0) & 0x7f;
  let belowField = false;
  for (let i = 31; i >= 0; i--) {
    const difference = (y[i] ?? 0) - (FIELD[i] ?? 0);
    if (difference !== 0) {
      belowField = difference < 0;
      break;
    }
  }
  return belowField && !SMALL_ORDER.has(toHex(y));
}

/** True when `signature` over `message` is valid under `publicKey`; false for anything else, wrong lengths included. */
export async function verifyRaw(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  if (!acceptablePoint(publicKey) || !acceptablePoint(signature.subarray(0, 32))) return false;
  try {
    const key = await crypto.subtle.importKey("raw", view(publicKey), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, view(signature), view(message));
  } catch {
    return false; // a key that is not on the curve: some browsers say so at import, some at verify
  }
}

/** `verifyRaw` over SignContent(label, content). */
export const verify = (
  publicKey: Uint8Array,
  label: SignLabel,
  content: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> => verifyRaw(publicKey, signContent(label, content), signature);
