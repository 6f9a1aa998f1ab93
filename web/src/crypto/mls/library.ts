/** The MLS library with the edges taken off: strict decoding, strict signatures, errors of our own. */

import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import {
  type CiphersuiteImpl,
  type KeyPackage,
  type MLSMessage,
  decodeMlsMessage,
  encodeMlsMessage,
} from "ts-mls";
import { getCiphersuiteFromName, getCiphersuiteImpl } from "ts-mls";
import { makeKeyPackageRef } from "ts-mls/keyPackage.js";
import type { Suite } from "../api";
import { equal } from "../bytes";
import { CryptoError, type CryptoErrorCode, demand } from "../errors";
import { HYBRID } from "../policy";
import { generateSigningKey, signRaw, verifyRaw } from "../signing";
import { SUITE_NAMES } from "./profile";

const keygen = async (): Promise<{ signKey: Uint8Array; publicKey: Uint8Array }> => {
  const { seed, publicKey } = await generateSigningKey();
  return { signKey: seed, publicKey };
};

const suites = new Map<Suite, Promise<CiphersuiteImpl>>();

/**
 * Hash and HKDF computed at once instead of by WebCrypto: an epoch of 1,000 members takes about 3,000 derivations of a
 * few dozen bytes, and the way to the platform and back costs six times the work (127 against 19 microseconds each).
 */
function quickHashing({ hash, kdf }: CiphersuiteImpl, suite: Suite): Pick<CiphersuiteImpl, "hash" | "kdf"> {
  const algorithm = suite === HYBRID ? sha512 : sha256;
  return {
    hash: { ...hash, digest: (data) => Promise.resolve(algorithm(data)) },
    kdf: {
      size: kdf.size,
      extract: (salt, keyMaterial) => Promise.resolve(extract(algorithm, keyMaterial, salt)),
      expand: (key, info, length) => {
        // WebCrypto refuses an empty key and so must we: a ratchet that is not there must not yield a known key.
        demand(key.length >= kdf.size, "engine_failed");
        return Promise.resolve(expand(algorithm, key, info, length));
      },
    },
  };
}

/**
 * A suite's primitives (WebCrypto where it has them). Signatures are replaced by `signing.ts`: the library's own
 * verification accepts keys and commitments of small order wherever the platform does.
 */
export function ciphersuite(suite: Suite): Promise<CiphersuiteImpl> {
  let made = suites.get(suite);
  if (made === undefined) {
    made = getCiphersuiteImpl(getCiphersuiteFromName(SUITE_NAMES[suite])).then((impl) => ({
      ...impl,
      ...quickHashing(impl, suite),
      signature: { sign: signRaw, verify: verifyRaw, keygen },
    }));
    suites.set(suite, made);
  }
  return made;
}

/**
 * One MLSMessage (RFC 9420 §6) whose canonical encoding is exactly `bytes`.
 *
 * The library reads lengths of any spelling and ignores what follows; encoding again and comparing closes both.
 * @throws CryptoError `code` for anything else.
 */
export function decodeMessage(bytes: Uint8Array, maxBytes: number, code: CryptoErrorCode): MLSMessage {
  if (bytes.length > maxBytes) throw new CryptoError(code);
  let message: MLSMessage | undefined;
  let again: Uint8Array | undefined;
  try {
    // A copy: what is decoded are views, and the caller's buffer may be transferred or wiped.
    message = decodeMlsMessage(bytes.slice(), 0)?.[0];
    again = message && encodeMlsMessage(message);
  } catch {
    throw new CryptoError(code); // CodecError, RangeError of a view, RangeError of a stack: all are bad bytes
  }
  if (message === undefined || again === undefined || !equal(again, bytes)) throw new CryptoError(code);
  return message;
}

export const encodeMessage = (message: MLSMessage): Uint8Array => encodeMlsMessage(message);

/** A KeyPackage as devices upload it: MLSMessage(KeyPackage). Only the encoding is judged. */
export function decodeKeyPackage(bytes: Uint8Array): KeyPackage {
  const message = decodeMessage(bytes, 65_536, "key_package_refused");
  if (message.wireformat !== "mls_key_package") throw new CryptoError("key_package_refused");
  return message.keyPackage;
}

/** KeyPackageRef (RFC 9420 §5.2): covers the bare KeyPackage. 32 bytes classical, 64 hybrid. */
export const keyPackageRef = (keyPackage: KeyPackage, suite: CiphersuiteImpl): Promise<Uint8Array> =>
  makeKeyPackageRef(keyPackage, suite.hash);

/** Runs a call into the library; whatever it throws becomes `code`. Our own errors pass. */
export async function guarded<T>(code: CryptoErrorCode, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof CryptoError) throw error;
    // Only the error's class: the library's messages are not ours to promise.
    throw new CryptoError(code, { cause: error instanceof Error ? error.name : "unknown" });
  }
}
