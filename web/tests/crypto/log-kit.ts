/**
 * A log and its witnesses, built from the definitions, word for word and slowly (RFC 6962, C2SP signed-note, tlog-checkpoint,
 * tlog-cosignature, tlog-policy), so that the client's verification meets a second implementation.
 */

import { createHash } from "node:crypto";
import { concat, toHex, utf8 } from "../../src/crypto/bytes";
import { generateSigningKey, signRaw } from "../../src/crypto/signing";

export const sha = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash("sha256")
      .update(concat(...parts))
      .digest(),
  );
export const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
export const of = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

// --- The tree

export const leafOf = (entry: Uint8Array): Uint8Array => sha(of(0), entry);

/** The largest power of two below n. */
const split = (n: number): number => 2 ** (Math.ceil(Math.log2(n)) - 1);

export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (!first) return sha(new Uint8Array());
  if (leaves.length === 1) return first;
  const k = split(leaves.length);
  return sha(of(1), treeRoot(leaves.slice(0, k)), treeRoot(leaves.slice(k)));
}

export function inclusion(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...inclusion(index, leaves.slice(0, k)), treeRoot(leaves.slice(k))]
    : [...inclusion(index - k, leaves.slice(k)), treeRoot(leaves.slice(0, k))];
}

export function consistency(size: number, leaves: readonly Uint8Array[], whole = true): Uint8Array[] {
  if (size === leaves.length) return whole ? [] : [treeRoot(leaves)];
  const k = split(leaves.length);
  return size <= k
    ? [...consistency(size, leaves.slice(0, k), whole), treeRoot(leaves.slice(k))]
    : [...consistency(size - k, leaves.slice(k), false), treeRoot(leaves.slice(0, k))];
}

// --- Keys and notes

const ED25519 = 1;
const COSIGNATURE = 4;

/** A key of the log's or of a witness's; the seed lives as long as the test. */
export interface LogKey {
  name: string;
  kind: number;
  seed: Uint8Array;
  publicKey: Uint8Array;
}

const made = async (name: string, kind: number): Promise<LogKey> => ({
  name,
  kind,
  ...(await generateSigningKey()),
});
export const logKey = (origin: string): Promise<LogKey> => made(origin, ED25519);
/** Three of them. */
export const witnessKeys = (): Promise<LogKey[]> =>
  Promise.all([1, 2, 3].map((n) => made(`witness.example/${String(n)}`, COSIGNATURE)));

const idOf = ({ name, kind, publicKey }: LogKey): Uint8Array =>
  sha(utf8(`${name}\n`), of(kind), publicKey).slice(0, 4);
export const verifierOf = (key: LogKey): string =>
  `${key.name}+${toHex(idOf(key))}+${b64(concat(of(key.kind), key.publicKey))}`;

/** Any two of the witnesses, called w1, w2 and so on. */
export function policyOf(log: LogKey, witnesses: readonly LogKey[]): string {
  const names = witnesses.map((_, i) => `w${String(i + 1)}`);
  return [
    `log ${verifierOf(log)}`,
    ...witnesses.map((key, i) => `witness w${String(i + 1)} ${verifierOf(key)}`),
    `group most 2 ${names.join(" ")}`,
    "quorum most",
    "",
  ].join("\n");
}

/** The checkpoint, signed by the log and, at `at` (milliseconds UTC), by the witnesses that are given. */
export async function cosigned(
  log: LogKey,
  witnesses: readonly LogKey[],
  tree: { size: number; root: Uint8Array },
  at: number,
): Promise<string> {
  const text = `${log.name}\n${String(tree.size)}\n${b64(tree.root)}\n`;
  const line = ({ name }: LogKey, value: Uint8Array) => `— ${name} ${b64(value)}\n`;
  let note = `${text}\n${line(log, concat(idOf(log), await signRaw(log.seed, utf8(text))))}`;
  const seconds = Math.floor(at / 1000);
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(seconds));
  for (const witness of witnesses) {
    const signed = utf8(`cosignature/v1\ntime ${String(seconds)}\n${text}`);
    note += line(witness, concat(idOf(witness), time, await signRaw(witness.seed, signed)));
  }
  return note;
}
