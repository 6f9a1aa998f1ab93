/** The messages between `client.ts` and `worker.ts`: one call, one answer, matched by number. */

import type { MlsEngine, SecretsEngine } from "./api";
import { CryptoError, type CryptoErrorCode, cryptoErrorCodes } from "./errors";

export type Engine = MlsEngine & SecretsEngine;
export type Method = keyof Engine;

/** Every method that may be called through the worker; the compiler sees to it that none is missing. */
const METHODS: Readonly<Record<Method, true>> = {
  generateDeviceKeys: true,
  generateKeyPackages: true,
  begin: true,
  commit: true,
  rank: true,
  join: true,
  encrypt: true,
  process: true,
  heal: true,
  describe: true,
  sealSlot: true,
  openSlot: true,
  forget: true,
  signInSecret: true,
  createVault: true,
  openVault: true,
  newRecoveryCode: true,
  recoveryPublicKey: true,
  signWithRecoveryCode: true,
  signWithDevice: true,
  newTransferKeys: true,
  sealHistory: true,
  openHistory: true,
};

export const methods = Object.keys(METHODS) as Method[];

export const isMethod = (name: string): name is Method => Object.hasOwn(METHODS, name);

export interface Call {
  call: number;
  method: Method;
  input: unknown;
}

export interface PlainError {
  name: string;
  code: CryptoErrorCode;
  detail: Readonly<Record<string, string | number>>;
}

export type Answer = { call: number; value: unknown } | { call: number; error: PlainError };

/** What may be said of an error across the line: our own codes; of any other error, only its class. */
export function toPlainError(error: unknown): PlainError {
  if (error instanceof CryptoError) return { name: error.name, code: error.code, detail: error.detail };
  const cause = error instanceof Error ? error.name : "unknown";
  return { name: "CryptoError", code: "engine_failed", detail: { cause } };
}

export function fromPlainError({ code, detail }: PlainError): CryptoError {
  return new CryptoError(code in cryptoErrorCodes ? code : "engine_failed", detail);
}

/** `value` with every byte string in it replaced; numbers, strings, null and CryptoKeys stay. */
function withBytes(value: unknown, replace: (bytes: Uint8Array) => Uint8Array): unknown {
  if (value instanceof Uint8Array) return replace(value);
  if (Array.isArray(value)) return value.map((item) => withBytes(item, replace));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [name, withBytes(field, replace)]),
    );
  return value;
}

/**
 * What is posted without being transferred, ready to be cloned: a view would carry the whole buffer it looks into (a
 * frame, a state) along, so it becomes a copy. Bytes that own their buffer stay: the rosters of large groups are
 * thousands of them at every call.
 */
export const compact = (value: unknown): unknown =>
  withBytes(value, (bytes) => (bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)));

/**
 * A copy of `value` whose byte strings each own their buffer, and those buffers, to be transferred. The copy leaves the
 * engine's cache its own bytes.
 */
export function detach(value: unknown): { value: unknown; transfer: ArrayBuffer[] } {
  const transfer: ArrayBuffer[] = [];
  const copy = withBytes(value, (bytes) => {
    const own = new Uint8Array(bytes);
    transfer.push(own.buffer);
    return own;
  });
  return { value: copy, transfer };
}
