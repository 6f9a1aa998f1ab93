/** What a browser remembers of the audit log, and what it then refuses. */
import { beforeEach, describe, expect, it } from "vitest";
import { type Growth, PinnedLog } from "../../src/console/pin";
import { utf8 } from "../../src/crypto/bytes";
import { consistency, leafOf, treeRoot } from "../crypto/log-kit";

const ORIGIN = "beep.example/audit";
const NOW = Date.UTC(2026, 5, 1, 12);
const entries = (n: number, lie?: number) =>
  Array.from({ length: n }, (_, i) => leafOf(utf8(i === lie ? "something else" : `entry ${String(i)}`)));
const stateOf = (leaves: Uint8Array[], origin = ORIGIN) => ({
  origin,
  size: leaves.length,
  root: treeRoot(leaves),
});

/** The browser's storage: a real map, and what it can refuse. */
class Cupboard implements Storage {
  readonly #kept = new Map<string, string>();
  full = false;
  get length(): number {
    return this.#kept.size;
  }
  clear(): void {
    this.#kept.clear();
  }
  key(index: number): string | null {
    return [...this.#kept.keys()][index] ?? null;
  }
  getItem(name: string): string | null {
    return this.#kept.get(name) ?? null;
  }
  setItem(name: string, value: string): void {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    this.#kept.set(name, value);
  }
  removeItem(name: string): void {
    this.#kept.delete(name);
  }
  get only(): string {
    return this.key(0) ?? "";
  }
}

let cupboard: Cupboard;
beforeEach(() => {
  cupboard = new Cupboard();
});

/** One verification in a fresh page, of a log of `leaves`; the server proves honestly unless told otherwise. */
function look(
  leaves: Uint8Array[],
  { origin = ORIGIN, proof }: { origin?: string; proof?: Uint8Array[] } = {},
): Growth {
  const log = new PinnedLog(() => cupboard);
  const honest = log.size > 0 && log.size <= leaves.length ? consistency(log.size, leaves) : [];
  return log.accept(stateOf(leaves, origin), proof ?? honest, NOW);
}

describe("the log that a browser has verified", () => {
  it("is remembered by the first verification and must be continued by every later one", () => {
    expect(look(entries(5))).toMatchObject({ ok: true, found: "first", from: null });
    expect(look(entries(5))).toMatchObject({ ok: true, found: "same", from: { size: 5, at: NOW } });
    expect(look(entries(12))).toMatchObject({ ok: true, found: "grown", from: { size: 5 } });
    expect(new PinnedLog(() => cupboard).size).toBe(12);
    expect(look(entries(13))).toMatchObject({ ok: true, found: "grown", from: { size: 12 } });
    expect(cupboard.length).toBe(1);
  });

  it("that has become shorter is refused, again and again", () => {
    look(entries(12));
    for (let again = 0; again < 2; again++)
      expect(look(entries(11))).toMatchObject({ ok: false, found: "shorter", from: { size: 12 } });
    // An empty proof proves nothing either.
    expect(look(entries(11), { proof: [] }).ok).toBe(false);
    expect(look(entries(12)).ok).toBe(true);
  });

  it("that is another one is refused: at the same size, grown, and without a proof", () => {
    look(entries(6));
    for (const lie of [0, 3, 5])
      for (const size of [6, 7, 20])
        expect(look(entries(size, lie)), `${String(lie)} of ${String(size)}`).toMatchObject({
          ok: false,
          found: "forked",
        });
    const proof = consistency(6, entries(20));
    expect(look(entries(20), { proof: [] }).found).toBe("forked");
    expect(look(entries(20), { proof: proof.slice(1) }).found).toBe("forked");
    expect(look(entries(20), { origin: "other.example/audit" }).found).toBe("other_log");
    // None of them has become the pin.
    expect(new PinnedLog(() => cupboard).size).toBe(6);
    expect(look(entries(20), { proof })).toMatchObject({ ok: true, found: "grown" });
  });

  it("is not said to be whole by a browser that remembers nothing, or nothing legible", () => {
    const forbidden = new PinnedLog(() => {
      throw new DOMException("forbidden", "SecurityError");
    });
    expect(forbidden.size).toBe(0);
    expect(forbidden.accept(stateOf(entries(3)), [], NOW)).toMatchObject({ ok: false, found: "no_memory" });
    cupboard.full = true;
    expect(look(entries(3))).toMatchObject({ ok: false, found: "no_memory" });
    cupboard.full = false;
    look(entries(3));
    const kept = cupboard.getItem(cupboard.only) ?? "";
    for (const spoilt of [
      "",
      "{",
      "null",
      "5",
      kept.replace('"size":3', '"size":0'),
      kept.replace("=", ""),
      kept.replace('"at"', '"to"'),
    ]) {
      expect(spoilt).not.toBe(kept);
      cupboard.setItem(cupboard.only, spoilt);
      expect(look(entries(3)), spoilt).toMatchObject({ ok: false, found: "unreadable" });
    }
  });

  it("does not go back when another tab was quicker", () => {
    look(entries(4));
    const slow = new PinnedLog(() => cupboard);
    look(entries(9));
    expect(slow.accept(stateOf(entries(6)), consistency(4, entries(6)), NOW)).toMatchObject({ ok: true });
    expect(new PinnedLog(() => cupboard).size).toBe(9);
  });
});
