/**
 * The last state of the log that this browser has verified: every later one must continue it, whatever the server and its
 * witnesses say of the present. Without it a server could show this auditor, and nobody else, another log.
 *
 * Its life: one entry in the local storage of the console's origin, made by the first verification that is good in every
 * step and moved on by each later one. It is no secret, survives signing out and is shared by whoever uses this profile of
 * the browser; it ends when the browser's data of this site are cleared (a private window forgets it when it is closed),
 * and then the next verification is a first one again, and says so.
 */

import * as v from "valibot";
import { fromBase64, toBase64 } from "../crypto/transparency/base64";
import { type Tree, verifyConsistency } from "../crypto/transparency/merkle";
import type { Checkpoint } from "../crypto/transparency/note";

const KEY = "beep-console-verified-log";

const shape = v.strictObject({
  origin: v.pipe(v.string(), v.nonEmpty()),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  root: v.string(),
  at: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/** A verified state and when it was verified by this browser's clock, milliseconds UTC. */
export interface Pin extends Checkpoint {
  at: number;
}

/** What a new state is to the pinned one (`from`; null: there is none). Only the first three are good. */
export interface Growth {
  ok: boolean;
  found: "first" | "grown" | "same" | "shorter" | "forked" | "other_log" | "unreadable" | "no_memory";
  from: Pin | null;
  to: Checkpoint;
}

export class PinnedLog {
  readonly #storage: () => Storage;
  /** As it was when this was made: the proof that is asked for leads from here. */
  readonly #pin: Pin | "unreadable" | "no_memory" | null;

  /** `storage` may throw, as `localStorage` does where a browser forbids it. */
  constructor(storage: () => Storage) {
    this.#storage = storage;
    this.#pin = this.#read();
  }

  /** Entries of the pinned state; 0 when there is none. */
  get size(): number {
    return typeof this.#pin === "object" ? (this.#pin?.size ?? 0) : 0;
  }

  /** Judges a witnessed state of the log by the pin, and makes it the pin when it is good. */
  accept(to: Checkpoint, proof: readonly Uint8Array[], now: number): Growth {
    const pin = this.#pin;
    if (typeof pin === "string") return { ok: false, found: pin, from: null, to };
    const found = judge(pin, to, proof);
    if (found !== "first" && found !== "grown" && found !== "same")
      return { ok: false, found, from: pin, to };
    if (!this.#keep(to, now)) return { ok: false, found: "no_memory", from: pin, to };
    return { ok: true, found, from: pin, to };
  }

  #read(): Pin | "unreadable" | "no_memory" | null {
    let text: string | null;
    try {
      text = this.#storage().getItem(KEY);
    } catch {
      return "no_memory";
    }
    return text === null ? null : (parse(text) ?? "unreadable");
  }

  #keep({ origin, size, root }: Checkpoint, at: number): boolean {
    // Another tab may have verified a later state meanwhile: the pin never goes back.
    const there = this.#read();
    if (there !== null && typeof there === "object" && there.size > size) return true;
    try {
      this.#storage().setItem(KEY, JSON.stringify({ origin, size, root: toBase64(root), at }));
    } catch {
      return false;
    }
    return true;
  }
}

function parse(text: string): Pin | null {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return null;
  }
  const read = v.safeParse(shape, given);
  const root = read.success ? fromBase64(read.output.root) : undefined;
  return read.success && root?.length === 32 ? { ...read.output, root } : null;
}

function judge(pin: Pin | null, to: Checkpoint, proof: readonly Uint8Array[]): Growth["found"] {
  if (pin === null) return "first";
  if (pin.origin !== to.origin) return "other_log";
  if (to.size < pin.size) return "shorter";
  try {
    const from: Tree = pin;
    verifyConsistency(from, to, proof);
  } catch {
    return "forked";
  }
  return to.size === pin.size ? "same" : "grown";
}
