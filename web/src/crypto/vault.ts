/**
 * Two secrets from one passphrase, and the data key that one of them wraps.
 *
 *     a              = Argon2id(fold(passphrase), salt[16]; 64 MiB, 3 passes, 1 lane), 32 bytes
 *     sign-in secret = HKDF-SHA-256(a, salt, "beep sign-in v1"), 32 bytes: sent; the server stores its hash
 *     vault key      = HKDF-SHA-256(a ‖ deviceRandom[32], salt, "beep vault v1"), 32 bytes: never leaves the worker
 *     wrapped        = AES-256-GCM(vault key, nonce[12], data key[32], AAD = u16 version ‖ salt ‖ deviceRandom)
 *
 * Without deviceRandom, which stays on this device, the server could try passphrases against what it stores.
 *
 * Secrets and their lives:
 * - passphrase: typed, folded here, not kept; JavaScript strings cannot be wiped.
 * - a, vault key: made for one call, wiped at its end.
 * - sign-in secret: returned to be sent, not kept.
 * - data key: 32 random bytes, wiped as soon as WebCrypto holds them in a non-extractable key. That handle lives in
 *   memory while the app is unlocked; locking drops it. `wrapped` is all that is stored.
 */

import { argon2id } from "@noble/hashes/argon2.js";
import type { WrappedVault } from "./api";
import { concat, hkdfSha256, randomBytes, utf8, view } from "./bytes";
import { CryptoError, demand } from "./errors";
import { foldPassphrase } from "./folding";
import { Writer } from "./tls";

export const MIN_PASSPHRASE = 12;
const ARGON2 = { t: 3, m: 65_536, p: 1, dkLen: 32, version: 0x13 } as const;

/** Argon2id of the folded passphrase, 32 bytes; the caller wipes it. About 1.4 s on an office machine. */
function stretch(passphrase: string, salt: Uint8Array): Uint8Array {
  demand(salt.length === 16, "out_of_range");
  const folded = foldPassphrase(passphrase);
  demand([...folded].length >= MIN_PASSPHRASE, "passphrase_short");
  const bytes = utf8(folded);
  const stretched = argon2id(bytes, salt, ARGON2);
  bytes.fill(0);
  return stretched;
}

const signInOf = (stretched: Uint8Array, salt: Uint8Array): Promise<Uint8Array> =>
  hkdfSha256(stretched, salt, "beep sign-in v1", 32);

async function vaultKeyOf(
  stretched: Uint8Array,
  { salt, deviceRandom }: Pick<WrappedVault, "salt" | "deviceRandom">,
): Promise<CryptoKey> {
  const material = concat(stretched, deviceRandom);
  const raw = await hkdfSha256(material, salt, "beep vault v1", 32);
  const key = await importAes(raw);
  material.fill(0);
  raw.fill(0);
  return key;
}

const importAes = (raw: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", view(raw), "AES-GCM", false, ["encrypt", "decrypt"]);

const wrapping = ({ version, salt, deviceRandom, nonce }: Omit<WrappedVault, "wrapped">): AesGcmParams => ({
  name: "AES-GCM",
  iv: view(nonce),
  additionalData: view(new Writer().u16(version).fixed(salt, 16).fixed(deviceRandom, 32).bytes),
});

/** @throws CryptoError `passphrase_short`, `out_of_range` (salt). */
export async function signInSecret(passphrase: string, salt: Uint8Array): Promise<Uint8Array> {
  const stretched = stretch(passphrase, salt);
  const secret = await signInOf(stretched, salt);
  stretched.fill(0);
  return secret;
}

export interface OpenVault {
  /** AES-GCM, non-extractable. */
  dataKey: CryptoKey;
  signInSecret: Uint8Array;
}

/** @throws CryptoError `passphrase_short`, `out_of_range` (salt). */
export async function createVault(
  passphrase: string,
  salt: Uint8Array,
): Promise<OpenVault & { vault: WrappedVault }> {
  const stretched = stretch(passphrase, salt);
  const parts = {
    version: 1,
    salt: salt.slice(),
    deviceRandom: randomBytes(32),
    nonce: randomBytes(12),
  } as const;
  const raw = randomBytes(32);
  const key = await vaultKeyOf(stretched, parts);
  const wrapped = new Uint8Array(await crypto.subtle.encrypt(wrapping(parts), key, view(raw)));
  const opened = { dataKey: await importAes(raw), signInSecret: await signInOf(stretched, salt) };
  raw.fill(0);
  stretched.fill(0);
  return { ...opened, vault: { ...parts, wrapped } };
}

/**
 * @throws CryptoError `wrong_passphrase` (also for a vault that was changed: the two look the same), `vault_malformed`
 *   for another version or lengths. A passphrase too short to have made a vault is wrong, not short.
 */
export async function openVault(passphrase: string, vault: WrappedVault): Promise<OpenVault> {
  const { version, salt, deviceRandom, nonce, wrapped } = vault;
  const lengths = [salt.length, deviceRandom.length, nonce.length, wrapped.length].join();
  demand((version as number) === 1 && lengths === "16,32,12,48", "vault_malformed");
  demand([...foldPassphrase(passphrase)].length >= MIN_PASSPHRASE, "wrong_passphrase");
  const stretched = stretch(passphrase, salt);
  const key = await vaultKeyOf(stretched, vault);
  const secret = await signInOf(stretched, salt);
  stretched.fill(0);
  let raw: Uint8Array;
  try {
    raw = new Uint8Array(await crypto.subtle.decrypt(wrapping(vault), key, view(wrapped)));
  } catch {
    throw new CryptoError("wrong_passphrase");
  }
  const dataKey = await importAes(raw);
  raw.fill(0);
  return { dataKey, signInSecret: secret };
}
