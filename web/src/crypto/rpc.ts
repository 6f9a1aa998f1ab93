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

/**
 * A copy of `value` whose byte strings each own their buffer, and those buffers, to be transferred. A view would carry
 * the whole buffer it looks into (a frame, a state) along; a copy also leaves the engine's cache its own bytes.
 */
export function detach(value: unknown): { value: unknown; transfer: ArrayBuffer[] } {
  const transfer: ArrayBuffer[] = [];
  const copy = (item: unknown): unknown => {
    if (item instanceof Uint8Array) {
      const owned = new Uint8Array(item);
      transfer.push(owned.buffer);
      return owned;
    }
    if (Array.isArray(item)) return item.map(copy);
    if (typeof item === "object" && item !== null && Object.getPrototypeOf(item) === Object.prototype)
      return Object.fromEntries(Object.entries(item).map(([name, field]) => [name, copy(field)]));
    return item; // numbers, strings, null, CryptoKey
  };
  return { value: copy(value), transfer };
}
