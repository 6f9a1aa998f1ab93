/** The vectors that Python makes and both languages must agree on. */

import { readFileSync } from "node:fs";

export function vectors<T>(name: string): T {
  const address = new URL(`../../../tests/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(address, "utf8")) as T;
}

export const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The code of the CryptoError that `act` throws; fails when it throws anything else or nothing. */
export async function codeOf(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    const { name, code } = error as { name: string; code?: string };
    if (name === "CryptoError" && code !== undefined) return code;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** `detail.rule` of the refusal of `act`. */
export async function ruleOf(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    const { detail } = error as { detail?: { rule?: string } };
    if (detail?.rule !== undefined) return detail.rule;
    throw error;
  }
  throw new Error("nothing was refused");
}
