/**
 * Identity statements: which devices speak for a person, in one canonical spelling.
 *
 *     u16 format = 1; opaque person[16]; u32 version (from 1); opaque prev_hash[32] (zeros in version 1);
 *     opaque recovery_key[32]; u8 flags (0, or 1 = reset); DeviceEntry devices<V>; RevokedEntry revoked<V>; u64 at
 *
 *     DeviceEntry  = opaque id[16]; opaque name<V>; u8 kind (1 regular, 2 temporary);
 *                    opaque signature_key[32]; u64 added_at; u64 expires_at (0 = none)
 *     RevokedEntry = opaque id[16]; opaque signature_key[32]; u64 revoked_at
 *
 * Entries ascend by id; no id stands in both lists, no key twice. A name is UTF-8 in NFC, 1 to 128 bytes, without
 * control characters, line breaks or unassigned code points; a temporary device expires. Times are milliseconds UTC.
 *
 *     signed statement = unsigned bytes ‖ Signature signatures<V>
 *     Signature = u8 signer (1 device, 2 recovery, 3 officer); opaque key[32]; opaque signature[64]
 *
 * Each signature covers the unsigned bytes under the label IdentityStatement; hash = SHA-256(unsigned bytes).
 * Shared with `accounts/identity.py`; the rules between statements are in `chain.ts`.
 */

import type { Uuid } from "./api";
import { compare, concat, fromUtf8, sha256, toHex, utf8 } from "./bytes";
import { CryptoError, demand } from "./errors";
import { decode, type Reader, Writer } from "./tls";

export interface DeviceEntry {
  id: Uuid;
  name: string;
  kind: "regular" | "temporary";
  signatureKey: Uint8Array;
  addedAt: number;
  /** Null: does not expire. */
  expiresAt: number | null;
}

export interface RevokedEntry {
  id: Uuid;
  signatureKey: Uint8Array;
  revokedAt: number;
}

export interface Statement {
  person: Uuid;
  version: number;
  prevHash: Uint8Array;
  recoveryKey: Uint8Array;
  reset: boolean;
  devices: DeviceEntry[];
  revoked: RevokedEntry[];
  at: number;
}

export type Signer = "device" | "recovery" | "officer";

export interface StatementSignature {
  signer: Signer;
  key: Uint8Array;
  signature: Uint8Array;
}

export interface SignedStatement {
  statement: Statement;
  signatures: StatementSignature[];
  /** The bytes that the signatures and the hash cover. */
  unsigned: Uint8Array;
}

const KINDS = ["regular", "temporary"] as const;
const SIGNERS = ["device", "recovery", "officer"] as const;
const MAX_NAME_BYTES = 128;
const MAX_STATEMENT_BYTES = 65_536;

/** The unsigned bytes of a statement. Throws CryptoError when it has no canonical spelling. */
export function encodeStatement(statement: Statement): Uint8Array {
  checkLists(statement);
  return new Writer()
    .u16(1)
    .fixed(statement.person, 16)
    .u32(statement.version)
    .fixed(statement.prevHash, 32)
    .fixed(statement.recoveryKey, 32)
    .u8(statement.reset ? 1 : 0)
    .vector(statement.devices, writeDevice)
    .vector(statement.revoked, writeRevoked)
    .u64(statement.at).bytes;
}

export function encodeSignedStatement(unsigned: Uint8Array, signatures: StatementSignature[]): Uint8Array {
  const writer = new Writer().vector(signatures, (inner, { signer, key, signature }) =>
    inner
      .u8(SIGNERS.indexOf(signer) + 1)
      .fixed(key, 32)
      .fixed(signature, 64),
  );
  return concat(unsigned, writer.bytes);
}

/** Reads a signed statement; no rule between statements and no signature is judged here. */
export function parseStatement(bytes: Uint8Array): SignedStatement {
  demand(bytes.length <= MAX_STATEMENT_BYTES, "out_of_range");
  return decode(bytes, readSigned, ({ unsigned, signatures }) => encodeSignedStatement(unsigned, signatures));
}

/** SHA-256 of the unsigned bytes, 32 bytes. */
export const statementHash = (unsigned: Uint8Array): Promise<Uint8Array> => sha256(unsigned);

function readSigned(reader: Reader): SignedStatement {
  const statement = readStatement(reader);
  const signatures = reader.vector((inner) => ({
    signer: pick(SIGNERS, inner.u8()),
    key: inner.fixed(32),
    signature: inner.fixed(64),
  }));
  return { statement, signatures, unsigned: encodeStatement(statement) };
}

function readStatement(reader: Reader): Statement {
  demand(reader.u16() === 1, "format_unknown");
  const person = reader.fixed(16);
  const version = reader.u32();
  demand(version >= 1, "unknown_value");
  const prevHash = reader.fixed(32);
  const recoveryKey = reader.fixed(32);
  const flags = reader.u8();
  demand(flags <= 1, "unknown_value");
  return {
    person,
    version,
    prevHash,
    recoveryKey,
    reset: flags === 1,
    devices: reader.vector(readDevice),
    revoked: reader.vector(readRevoked),
    at: reader.u64(),
  };
}

function readDevice(reader: Reader): DeviceEntry {
  const id = reader.fixed(16);
  const name = readName(reader.opaque());
  const kind = pick(KINDS, reader.u8());
  const signatureKey = reader.fixed(32);
  const addedAt = reader.u64();
  const expiresAt = reader.u64();
  return { id, name, kind, signatureKey, addedAt, expiresAt: expiresAt === 0 ? null : expiresAt };
}

function writeDevice(writer: Writer, entry: DeviceEntry): void {
  demand(entry.expiresAt !== 0, "out_of_range");
  demand(entry.kind === "regular" || entry.expiresAt !== null, "unknown_value");
  writer
    .fixed(entry.id, 16)
    .opaque(writeName(entry.name))
    .u8(KINDS.indexOf(entry.kind) + 1)
    .fixed(entry.signatureKey, 32)
    .u64(entry.addedAt)
    .u64(entry.expiresAt ?? 0);
}

const readRevoked = (reader: Reader): RevokedEntry => ({
  id: reader.fixed(16),
  signatureKey: reader.fixed(32),
  revokedAt: reader.u64(),
});

const writeRevoked = (writer: Writer, entry: RevokedEntry): Writer =>
  writer.fixed(entry.id, 16).fixed(entry.signatureKey, 32).u64(entry.revokedAt);

/** A name that people are shown; throws CryptoError for what `writeName` would not write. */
export function readName(bytes: Uint8Array): string {
  let name: string;
  try {
    name = fromUtf8(bytes);
  } catch {
    throw new CryptoError("unknown_value");
  }
  writeName(name);
  return name;
}

/**
 * What may not be in a name that is shown in lists and prompts: control characters and line breaks, and code points
 * that nobody has assigned (another Unicode version might give them another NFC form).
 */
const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\p{Cn}]/u;

/** UTF-8 in NFC, 1 to 128 bytes, nothing that breaks or hides a line. */
export function writeName(name: string): Uint8Array {
  const bytes = utf8(name);
  demand(bytes.length >= 1 && bytes.length <= MAX_NAME_BYTES, "out_of_range");
  demand(!UNFIT.test(name) && name.normalize("NFC") === name, "not_canonical");
  return bytes;
}

/** The order and uniqueness that give a set of entries one spelling. */
function checkLists({ devices, revoked }: Statement): void {
  for (const list of [devices, revoked])
    list.forEach((entry, i) => {
      const previous = list[i - 1];
      demand(previous === undefined || compare(previous.id, entry.id) < 0, "not_canonical");
    });
  const all = [...devices, ...revoked];
  demand(new Set(all.map((entry) => toHex(entry.id))).size === all.length, "not_canonical");
  demand(new Set(all.map((entry) => toHex(entry.signatureKey))).size === all.length, "not_canonical");
}

function pick<T>(choices: readonly T[], code: number): T {
  const value = choices[code - 1];
  if (value === undefined) throw new CryptoError("unknown_value");
  return value;
}
