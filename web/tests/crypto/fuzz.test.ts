/**
 * Every parser against a seeded mutator: it answers with a value that encodes to the very bytes, or with a CryptoError;
 * never another error, never a second spelling.
 */

import { describe, expect, it } from "vitest";
import { encodeAuthenticatedData, parseAuthenticatedData } from "../../src/crypto/authenticated-data";
import { equal } from "../../src/crypto/bytes";
import { encodeBeginBody, parseBeginBody } from "../../src/crypto/begin-body";
import { encodeSignedCertificate, parseCertificate } from "../../src/crypto/certificates";
import { decodeContent, encodeContent, MAX_TIME } from "../../src/crypto/content";
import { encodeGroupInfoExtension, parseGroupInfoExtension } from "../../src/crypto/group-info";
import { encodeSignedStatement, parseStatement } from "../../src/crypto/identity";
import { decodeKeyPackage, decodeMessage, encodeMessage } from "../../src/crypto/mls/library";
import { encodeSignedOrder, parseOrder } from "../../src/crypto/orders";
import { encodePlaintext, parsePlaintext } from "../../src/crypto/plaintext";
import { encodePolicy, parsePolicy } from "../../src/crypto/policy";
import { encodeSlotBody, parseSlotBody } from "../../src/crypto/slot-frame";
import { copyOf, engine, healed, hear, newPair, now, said, seenAt, speak, zeros } from "./people-in-groups";
import { codeOf, hex, vectors } from "./vectors";

/** A small fast generator (mulberry32); tests must be the same every time. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** One to four changes: a bit, a byte, a cut, an insertion, a doubled or a dropped stretch. */
function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  let changed = [...bytes];
  for (let i = 0; i <= random(4); i++) {
    const at = random(changed.length + 1);
    const length = random(8) + 1;
    const kind = random(6);
    if (kind === 0 && at < changed.length) changed[at]! ^= 1 << random(8);
    else if (kind === 1 && at < changed.length) changed[at] = [0, 0x40, 0x80, 0xc0, 0xff][random(5)]!;
    else if (kind === 2) changed = changed.slice(0, at);
    else if (kind === 3) changed.splice(at, 0, ...Array.from({ length }, () => random(256)));
    else if (kind === 4) changed.splice(at, 0, ...changed.slice(at, at + length));
    else changed.splice(at, length);
  }
  return Uint8Array.from(changed);
}

async function fuzz(
  seeds: Uint8Array[],
  rounds: number,
  again: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const random = generator(20_260_801);
  for (const seed of seeds) expect(again(seed)).toEqual(seed);
  for (let i = 0; i < rounds; i++) {
    const bytes = mutate(seeds[random(seeds.length)]!, random);
    try {
      expect(equal(again(bytes), bytes)).toBe(true);
    } catch (error) {
      if ((error as Error).name !== "CryptoError") throw error;
    }
  }
}

const goodBytes = (name: string, pick: (file: never) => { bytes: string }[]): Uint8Array[] =>
  pick(vectors(name)).map((row) => hex(row.bytes));

describe("parsers", () => {
  it("policy", () =>
    fuzz(
      goodBytes("policy", (file: { good: { bytes: string }[] }) => file.good),
      4_000,
      (bytes) => encodePolicy(parsePolicy(bytes)),
    ));

  it("authenticated data and plaintext", async () => {
    type File = Record<"authenticated_data" | "plaintext", { good: { bytes: string }[] }>;
    const data = goodBytes("authenticated_data", (file: File) => file.authenticated_data.good);
    await fuzz(data, 4_000, (bytes) => encodeAuthenticatedData(parseAuthenticatedData(bytes)));
    const plaintext = goodBytes("authenticated_data", (file: File) => file.plaintext.good);
    await fuzz(plaintext, 4_000, (bytes) => encodePlaintext(parsePlaintext(bytes)));
  });

  it("begin body, GroupInfo extension and slot body", async () => {
    const begin = goodBytes("envelope", (file: { begin: { good: { bytes: string }[] } }) => file.begin.good);
    await fuzz(begin, 3_000, (bytes) => encodeBeginBody(parseBeginBody(bytes)));
    const extension = encodeGroupInfoExtension({
      policy: said("policy"),
      seen: seenAt(7),
      profile: zeros(3),
    });
    await fuzz([extension], 3_000, (bytes) => encodeGroupInfoExtension(parseGroupInfoExtension(bytes)));
    const { good } = vectors<{ good: { body: string }[] }>("slot");
    const slots = good.map((row) => hex(row.body));
    await fuzz(slots, 3_000, (bytes) => encodeSlotBody(parseSlotBody(bytes)));
  });

  it("certificates and orders", async () => {
    const certificates = goodBytes("certificates", (file: { good: { bytes: string }[] }) => file.good);
    await fuzz(certificates, 4_000, (bytes) => encodeSignedCertificate(parseCertificate(bytes)));
    const orders = goodBytes("orders", (file: { good: { bytes: string }[] }) => file.good);
    await fuzz(orders, 4_000, (bytes) => encodeSignedOrder(parseOrder(bytes)));
  });

  it("identity statements", () => {
    const { good } = vectors<{ good: { statements: string[] }[] }>("identity");
    const statements = good.flatMap((row) => row.statements.map(hex));
    return fuzz(statements, 6_000, (bytes) => {
      const { unsigned, signatures } = parseStatement(bytes);
      return encodeSignedStatement(unsigned, signatures);
    });
  });

  it("MLS messages", async () => {
    const pair = await newPair();
    const message = await speak(pair, "bilal", "x", 2);
    const commit = await healed(copyOf(pair), "bilal", 3);
    const { keyPackage } = pair.bilalPackage;
    const seeds = [message.body, commit.body, pair.begun.commit, pair.begun.welcome, keyPackage];
    await fuzz(seeds, 3_000, (bytes) => encodeMessage(decodeMessage(bytes, 100_000, "frame_malformed")));
    const random = generator(7);
    for (let i = 0; i < 500; i++) {
      const bytes = mutate(keyPackage, random);
      if (equal(bytes, keyPackage)) continue;
      try {
        decodeKeyPackage(bytes);
      } catch (error) {
        expect((error as Error).name).toBe("CryptoError");
      }
    }
  });

  it("group states: bytes that are not a state are refused as such", async () => {
    const pair = await newPair();
    const random = generator(11);
    for (let i = 0; i < 300; i++) {
      const state = mutate(pair.states.asma, random).slice(0, 200 + random(pair.states.asma.length));
      try {
        await engine.describe(state);
      } catch (error) {
        expect((error as Error).name).toBe("CryptoError");
      }
    }
    expect(await codeOf(() => engine.describe(zeros(0)))).toBe("state_malformed");
  });
});

describe("whole frames", () => {
  it("mutated at random: refused, waiting or a duplicate of nothing; the state never changes", async () => {
    const pair = await newPair();
    const message = await speak(pair, "bilal", "x", 2);
    const commit = await healed(copyOf(pair), "bilal", 2);
    const random = generator(2_026);
    const before = pair.states.asma;
    const envelopes = Array.from({ length: 400 }, (_, i) => {
      const frame = random(2) === 0 ? message : commit;
      return { ...frame, seq: 10 + i, body: mutate(frame.body, random) };
    }).filter(({ body, kind }) => !equal(body, (kind === "commit" ? commit : message).body));
    for (const result of await hear(pair, "asma", ...envelopes))
      expect(["refused", "waiting"]).toContain(result.kind);
    expect(pair.states.asma).toBe(before);
    expect(await hear(pair, "asma", message)).toMatchObject([{ kind: "application" }]);
  });
});

describe("content", () => {
  const id = zeros(16).fill(3);
  const known = [
    { t: "text", id, at: now, text: "کل ملیں گے؟" },
    { t: "reply", id, at: now, to: zeros(16), text: "yes" },
    { t: "edit", id, at: now, of: zeros(16), text: "no" },
    { t: "deletion", id, at: now, of: zeros(16) },
    { t: "reaction", id, at: now, of: zeros(16), emoji: "👍" },
  ] as const;

  it.each(known)("$t goes through unchanged", (content) => {
    expect(decodeContent(encodeContent(content))).toEqual(content);
  });

  it("what is newer is unknown, not an error", async () => {
    const { encode } = await import("@msgpack/msgpack");
    for (const newer of [
      { t: "poll", v: 1, id, at: 5, options: ["a"] },
      { t: "text", v: 2, id, at: 5, text: "x" },
      { t: "text", v: 1, id, at: 5, text: "x", colour: "green" },
      { t: "file", v: 1, id, at: 5 },
    ])
      expect(decodeContent(encode(newer))).toEqual({ t: "unknown", id, at: 5 });
    expect(decodeContent(encode({ t: "poll", v: 1 }))).toEqual({ t: "unknown", id: null, at: null });
  });

  it("what is malformed is refused", async () => {
    const { encode } = await import("@msgpack/msgpack");
    const good = { t: "text", v: 1, id, at: 5, text: "x" };
    const bad: unknown[] = [
      "text",
      [],
      null,
      { ...good, t: 7 },
      { ...good, v: "1" },
      { ...good, id: zeros(15) },
      { ...good, at: -1 },
      { ...good, at: MAX_TIME + 1 },
      { ...good, at: Number.MAX_SAFE_INTEGER },
      { ...good, text: "" },
      { ...good, text: "x".repeat(16_001) },
      { ...good, text: 5 },
      { t: "text", v: 1, id, at: 5 },
    ];
    for (const value of bad)
      expect(await codeOf(() => decodeContent(encode(value)))).toBe("content_malformed");
    expect(await codeOf(() => decodeContent(zeros(0)))).toBe("content_malformed");
    expect(await codeOf(() => decodeContent(Uint8Array.of(...encode(good), 0)))).toBe("content_malformed");
    expect(await codeOf(() => encodeContent({ ...known[0], text: "" }))).toBe("content_malformed");
    // What a date cannot be made of would break the view of everybody who got it.
    expect(() => new Intl.DateTimeFormat("en").format(Number.MAX_SAFE_INTEGER)).toThrow(RangeError);
    expect(decodeContent(encode({ ...good, at: MAX_TIME }))).toMatchObject({ t: "text", at: MAX_TIME });
    const newer = { ...good, v: 2, at: Number.MAX_SAFE_INTEGER };
    expect(decodeContent(encode(newer))).toEqual({ t: "unknown", id, at: null });
  });

  it("random bytes never throw anything but a CryptoError", () =>
    fuzz([zeros(1)], 0, (bytes) => bytes).then(() => {
      const random = generator(5);
      const seeds = known.map(encodeContent);
      for (let i = 0; i < 5_000; i++) {
        try {
          decodeContent(mutate(seeds[random(seeds.length)]!, random));
        } catch (error) {
          expect((error as Error).name).toBe("CryptoError");
        }
      }
    }));
});
