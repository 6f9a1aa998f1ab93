/**
 * Codes that people copy by hand, in Crockford's base 32: no I, L, O, U; case and
 * look-alikes are folded when read, and so are digits of other scripts.
 *
 * Recovery code: 128 random bits, two zero bits, and 10 bits of checksum, as 28 symbols in seven groups of four.
 *     checksum = first 10 bits of SHA-256("beep recovery checksum v1" ‖ the 16 bytes)
 * Activation code: 18 random symbols (90 bits) and 2 symbols of checksum, in five groups of four.
 *     checksum = first 10 bits of SHA-256("beep activation checksum v1" ‖ the 18 symbols in ASCII upper case)
 *
 * Shared with `accounts/codes.py`; vectors in tests/vectors/codes.json.
 */

import { hkdfSha256, isZero, randomBytes, sha256, utf8 } from "./bytes";
import { CryptoError, type CryptoErrorCode, demand } from "./errors";
import { foldDigits } from "./folding";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** What people and word processors put between symbols: spaces, hyphens and dashes, and marks that nobody sees. */
const IGNORED =
  /[ \t\r\n\u00a0\u2007\u202f\u00ad\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff-]/gu;

/** Symbols of what was typed; throws `code` for any character that is none. */
function readSymbols(text: string, code: CryptoErrorCode): string {
  const symbols = foldDigits(text)
    .replace(IGNORED, "")
    .replace(/[a-z]/gu, (letter) => letter.toUpperCase())
    .replaceAll("O", "0")
    .replace(/[IL]/gu, "1");
  demand(
    [...symbols].every((symbol) => ALPHABET.includes(symbol)),
    code,
  );
  return symbols;
}

const groups = (symbols: string): string => (symbols.match(/.{4}/gu) ?? []).join("-");

async function checksum(label: string, content: Uint8Array): Promise<string> {
  const [first = 0, second = 0] = await sha256(utf8(label), content);
  const bits = (first << 2) | (second >> 6);
  return ALPHABET.charAt(bits >> 5) + ALPHABET.charAt(bits & 31);
}

/** 16 bytes as 26 symbols: 128 bits, then two zero bits. */
function encode128(bytes: Uint8Array): string {
  let value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) << 2n;
  let symbols = "";
  for (let i = 0; i < 26; i++) {
    symbols = ALPHABET.charAt(Number(value & 31n)) + symbols;
    value >>= 5n;
  }
  return symbols;
}

/** The 16 bytes of 26 symbols, or undefined when the two last bits are not zero. */
function decode128(symbols: string): Uint8Array | undefined {
  let value = [...symbols].reduce((sum, symbol) => (sum << 5n) | BigInt(ALPHABET.indexOf(symbol)), 0n);
  if ((value & 3n) !== 0n) return undefined;
  value >>= 2n;
  const bytes = new Uint8Array(16);
  for (let i = 15; i >= 0; i--) {
    bytes[i] = Number(value & 0xffn);
    value >>= 8n;
  }
  return bytes;
}

const RECOVERY_CHECKSUM = "beep recovery checksum v1";
const ACTIVATION_CHECKSUM = "beep activation checksum v1";

/** The recovery code of 16 bytes, as it is shown and printed. */
export async function formatRecoveryCode(entropy: Uint8Array): Promise<string> {
  demand(entropy.length === 16, "out_of_range");
  return groups(encode128(entropy) + (await checksum(RECOVERY_CHECKSUM, entropy)));
}

/**
 * A new recovery code. Made here from the system's generator, shown once, kept by the person alone: neither the
 * server nor this device stores it or a hash of it.
 */
export async function newRecoveryCode(): Promise<string> {
  const entropy = randomBytes(16);
  const code = await formatRecoveryCode(entropy);
  entropy.fill(0);
  return code;
}

/**
 * The 16 bytes of a typed recovery code.
 *
 * @throws CryptoError `recovery_code_malformed`: another alphabet, another length, pad bits or a wrong checksum.
 */
export async function parseRecoveryCode(text: string): Promise<Uint8Array> {
  const symbols = readSymbols(text, "recovery_code_malformed");
  const entropy = symbols.length === 28 ? decode128(symbols.slice(0, 26)) : undefined;
  if (entropy === undefined || (await checksum(RECOVERY_CHECKSUM, entropy)) !== symbols.slice(26))
    throw new CryptoError("recovery_code_malformed");
  return entropy;
}

/**
 * The Ed25519 seed of a recovery code: HKDF-SHA-256(16 bytes, salt = person id, info = "beep recovery v1"), 32 bytes.
 * Derived for one signature and erased after it; the salt keeps one code from serving two persons.
 */
export async function recoverySeed(code: string, person: Uint8Array): Promise<Uint8Array> {
  demand(person.length === 16 && !isZero(person), "out_of_range");
  const entropy = await parseRecoveryCode(code);
  const seed = await hkdfSha256(entropy, person, "beep recovery v1", 32);
  entropy.fill(0);
  return seed;
}

/**
 * A typed activation code in its one spelling: 20 symbols in five groups of four.
 *
 * @throws CryptoError `activation_code_malformed`: another alphabet, another length or a wrong checksum.
 */
export async function parseActivationCode(text: string): Promise<string> {
  const symbols = readSymbols(text, "activation_code_malformed");
  demand(symbols.length === 20, "activation_code_malformed");
  const expected = await checksum(ACTIVATION_CHECKSUM, utf8(symbols.slice(0, 18)));
  demand(symbols.slice(18) === expected, "activation_code_malformed");
  return groups(symbols);
}
