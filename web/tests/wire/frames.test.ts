import { readFileSync } from "node:fs";
import { decode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import { decodeFrame, encodeFrame } from "../../src/wire/codec";
import { MAX_BODY, MAX_CURSORS, MAX_FRAME, parseClientFrame, parseServerFrame } from "../../src/wire/frames";
import { WireError } from "../../src/wire/validate";

interface Vector {
  name: string;
  side: "client" | "server";
  bytes: string;
  value: unknown;
}

const file = new URL("../../../tests/vectors/frames.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as { good: Vector[]; bad: Vector[] };

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../gu) ?? [], (pair) => parseInt(pair, 16));

/** The vector's value with byte strings in place of `{"hex": …}`. */
function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === "hex") return fromHex(entries[0][1] as string);
  return Object.fromEntries(entries.map(([key, inner]) => [key, revived(inner)]));
}

function read(vector: Vector): unknown {
  const bytes = fromHex(vector.bytes);
  return vector.side === "server" ? decodeFrame(bytes) : parseClientFrame(decode(bytes));
}

describe("frames", () => {
  it.each(vectors.good)("$side reads $name", (vector) => {
    expect(read(vector)).toEqual(revived(vector.value));
  });

  it.each(vectors.good.filter(({ side }) => side === "client"))("writes $name as Python does", (vector) => {
    const written = encodeFrame(parseClientFrame(revived(vector.value)));
    expect(Buffer.from(written).toString("hex")).toBe(vector.bytes);
  });

  it("refuses every bad frame", () => {
    expect(vectors.bad.length).toBeGreaterThan(500);
    const accepted = vectors.bad.filter((vector) => {
      try {
        read(vector);
        return true;
      } catch (error) {
        return vector.side === "server" && !(error instanceof WireError);
      }
    });
    expect(accepted.map(({ name }) => name)).toEqual([]);
  });

  it("names the field that is wrong", () => {
    const frame = { t: "behind", re: 1, conversations: [], mailbox: -1 };
    expect(() => parseServerFrame(frame)).toThrow(/behind\.mailbox/u);
  });

  it("holds the bounds that the vectors leave out", () => {
    const send = { t: "send", id: 1, conversation: new Uint8Array(16), generation: 1, epoch: 1, counter: 1 };
    expect(() => parseClientFrame({ ...send, body: new Uint8Array(MAX_BODY) })).not.toThrow();
    expect(() => parseClientFrame({ ...send, body: new Uint8Array(MAX_BODY + 1) })).toThrow(WireError);
    const cursor = { conversation: new Uint8Array(16), seq: 1 };
    const resume = (count: number) => ({
      t: "resume",
      id: 1,
      mailbox: 0,
      cursors: Array(count).fill(cursor),
    });
    expect(() => parseClientFrame(resume(MAX_CURSORS))).not.toThrow();
    expect(() => parseClientFrame(resume(MAX_CURSORS + 1))).toThrow(WireError);
    expect(() => decodeFrame(new Uint8Array(MAX_FRAME + 1))).toThrow(WireError);
  });

  it("does not take an object with another prototype for a map", () => {
    expect(() => parseServerFrame(Object.assign(new Date(), { t: "ok", re: 1 }))).toThrow(WireError);
  });
});
