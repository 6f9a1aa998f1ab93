/**
 * Signed notes (C2SP signed-note), checkpoints (tlog-checkpoint) and cosignatures (tlog-cosignature): only reading.
 * Strict: one spelling of every number and of base64; a false signature by a known key makes the whole note false, one by
 * an unknown key says nothing. The twin of `audit/note.py`.
 */

import { concat, equal, fromUtf8, utf8 } from "../bytes";
import { verifyRaw } from "../signing";
import { fromBase64, toBase64 } from "./base64";
import { hash, rule } from "./hash";

export const ED25519 = 1;
export const COSIGNATURE = 4;

const MAX_NOTE_BYTES = 256 * 1024;
const MAX_SIGNATURES = 64;
const DASH = "— ";
// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\x00-\x09\x0b-\x1f]/;

/** A public key with the name and type under which it signs. */
export interface Verifier {
  name: string;
  kind: typeof ED25519 | typeof COSIGNATURE;
  key: Uint8Array;
}

/** Four bytes that tell the keys of one name apart. */
const idOf = ({ name, kind, key }: Verifier): Uint8Array =>
  hash(utf8(`${name}\n`), Uint8Array.of(kind), key).slice(0, 4);

const isName = (name: string): boolean => name !== "" && !/[+\s]/.test(name) && !CONTROL.test(name);

/** `<name>+<key id>+<base64(type ‖ key)>`; undefined for anything else, also for an id that is not the key's. */
export function parseVerifier(text: string): Verifier | undefined {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? [];
  const raw = fromBase64(encoded ?? "");
  if (name === undefined || id === undefined || !isName(name) || raw?.length !== 33) return undefined;
  const kind = raw[0];
  if (kind !== ED25519 && kind !== COSIGNATURE) return undefined;
  const verifier: Verifier = { name, kind, key: raw.slice(1) };
  const own = Array.from(idOf(verifier), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return own === id ? verifier : undefined;
}

/** A note whose known signatures are good: by whom, and when for a cosignature (milliseconds UTC; 0 otherwise). */
export interface Note {
  text: string;
  signatures: { by: Verifier; time: number }[];
}

/** @throws CryptoError `key_log_refused`, rule `note`. */
export async function openNote(bytes: Uint8Array, known: readonly Verifier[]): Promise<Note> {
  const { text, lines } = split(bytes);
  const raw = utf8(text);
  const signatures: Note["signatures"] = [];
  for (const { name, id, signature } of lines) {
    const by = known.find((each) => each.name === name && equal(idOf(each), id));
    if (by === undefined) continue;
    const time = by.kind === COSIGNATURE ? timeOf(signature) : 0;
    const signed =
      by.kind === COSIGNATURE ? concat(utf8(`cosignature/v1\ntime ${String(time)}\n`), raw) : raw;
    const plain = by.kind === COSIGNATURE ? signature.slice(8) : signature;
    rule(await verifyRaw(by.key, signed, plain), "note");
    if (!signatures.some((other) => other.by === by)) signatures.push({ by, time: time * 1000 });
  }
  return { text, signatures };
}

/** Seconds in the first eight bytes; beyond 2^53 nobody's clock goes. */
function timeOf(signature: Uint8Array): number {
  rule(signature.length === 72, "note");
  const time = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
  rule(Number.isSafeInteger(time * 1000), "note");
  return time;
}

interface Line {
  name: string;
  id: Uint8Array;
  signature: Uint8Array;
}

function split(bytes: Uint8Array): { text: string; lines: Line[] } {
  rule(bytes.length <= MAX_NOTE_BYTES, "note");
  let whole = "";
  try {
    whole = fromUtf8(bytes);
  } catch {
    rule(false, "note");
  }
  const gap = whole.lastIndexOf("\n\n");
  rule(gap > 0 && whole.endsWith("\n"), "note");
  const text = whole.slice(0, gap + 1);
  const tail = whole.slice(gap + 2);
  rule(!CONTROL.test(text) && tail.endsWith("\n"), "note");
  const lines = tail.slice(0, -1).split("\n");
  rule(lines.length <= MAX_SIGNATURES, "note");
  return { text, lines: lines.map(parseLine) };
}

function parseLine(line: string): Line {
  rule(line.startsWith(DASH), "note");
  const space = line.indexOf(" ", DASH.length);
  rule(space !== -1, "note");
  const name = line.slice(DASH.length, space);
  const raw = fromBase64(line.slice(space + 1));
  rule(isName(name) && raw !== undefined && raw.length >= 5, "note");
  return { name, id: raw.slice(0, 4), signature: raw.slice(4) };
}

/** The head of a log. */
export interface Checkpoint {
  origin: string;
  size: number;
  root: Uint8Array;
}

/** Reads a note's text. @throws CryptoError `key_log_refused`, rule `checkpoint`. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.slice(0, -1).split("\n");
  const [origin = "", size = "", encoded = ""] = lines;
  rule(text.endsWith("\n") && lines.length >= 3 && lines.every((line) => line !== ""), "checkpoint");
  rule(/^(0|[1-9][0-9]{0,15})$/.test(size) && Number.isSafeInteger(Number(size)), "checkpoint");
  const root = fromBase64(encoded);
  rule(root?.length === 32 && toBase64(root) === encoded, "checkpoint");
  return { origin, size: Number(size), root };
}
