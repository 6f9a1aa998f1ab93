import { describe, expect, it } from "vitest";
import { decodeContent, encodeContent, type KnownContent, MAX_TIME } from "../../src/crypto/content";
import { generator, mutate } from "./mutations";
import { now, zeros } from "./people-in-groups";
import { codeOf } from "./vectors";

describe("content", () => {
  const id = zeros(16).fill(3);
  const base = zeros(32).fill(4);
  const item = { conversation: id, seq: 3, k: base, content: zeros(90), sender: zeros(16).fill(5) };
  const known: KnownContent[] = [
    { t: "text", id, at: now, text: "کل ملیں گے؟" },
    { t: "reply", id, at: now, to: zeros(16), text: "yes" },
    { t: "edit", id, at: now, of: zeros(16), text: "no" },
    { t: "deletion", id, at: now, of: zeros(16) },
    { t: "reaction", id, at: now, of: zeros(16), emoji: "👍" },
    { t: "profile", id, at: now, name: "", picture: zeros(0) },
    { t: "profile", id, at: now, name: "رابطہ", picture: zeros(24_000).fill(7) },
    { t: "report", id, at: now, note: "", items: [item] },
    { t: "report", id, at: now, note: "بدتمیزی", items: Array.from({ length: 50 }, () => item) },
    { t: "sync", id, at: now, values: { "read:a": 7, "draft:a": "half a", "verified:b": base, "pin:c": 0 } },
    { t: "sync", id, at: now, values: { "draft:a": "", "verified:b": zeros(0) } },
  ];

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
    expect(await codeOf(() => encodeContent({ t: "text", id, at: 5, text: "" }))).toBe("content_malformed");
    // What a date cannot be made of would break the view of everybody who got it.
    expect(() => new Intl.DateTimeFormat("en").format(Number.MAX_SAFE_INTEGER)).toThrow(RangeError);
    expect(decodeContent(encode({ ...good, at: MAX_TIME }))).toMatchObject({ t: "text", at: MAX_TIME });
    const newer = { ...good, v: 2, at: Number.MAX_SAFE_INTEGER };
    expect(decodeContent(encode(newer))).toEqual({ t: "unknown", id, at: null });
  });

  it.each<[string, Record<string, unknown>[]]>([
    [
      "profile",
      [
        { name: "x".repeat(101) },
        { name: "\ud800" },
        { name: 5 },
        { picture: zeros(24_001) },
        { picture: "none" },
        { picture: null },
      ],
    ],
    [
      "report",
      [
        { note: "x".repeat(2_001) },
        { note: null },
        { items: [] },
        { items: Array.from({ length: 51 }, () => item) },
        { items: item },
        { items: [{ ...item, k: zeros(31) }] },
        { items: [{ ...item, seq: -1 }] },
        { items: [{ ...item, sender: zeros(15) }] },
        { items: [{ ...item, more: 1 }] },
        { items: [{ ...item, content: "text" }] },
        { items: [null] },
      ],
    ],
    [
      "sync",
      [
        { values: {} },
        { values: [] },
        { values: { "": 1 } },
        { values: { ["k".repeat(65)]: 1 } },
        { values: { k: -1 } },
        { values: { k: 1.5 } },
        { values: { k: null } },
        { values: { k: zeros(31) } },
        { values: { k: "x".repeat(16_001) } },
        { values: { k: { deeper: 1 } } },
        { values: Object.fromEntries(Array.from({ length: 61 }, (_, i) => [`k${String(i)}`, i])) },
      ],
    ],
  ])("a %s out of its bounds is refused", async (t, changes) => {
    const { encode } = await import("@msgpack/msgpack");
    const good = known.find((one) => one.t === t)!;
    for (const change of changes) {
      const bad = { ...good, ...change } as KnownContent;
      expect(await codeOf(() => encodeContent(bad)), JSON.stringify(change)).toBe("content_malformed");
      expect(await codeOf(() => decodeContent(encode({ v: 1, ...bad })))).toBe("content_malformed");
    }
    expect(decodeContent(encode({ ...good, v: 2 }))).toMatchObject({ t: "unknown" });
  });

  it("what is read owns its bytes", () => {
    for (const content of known) {
      const bytes = encodeContent(content);
      const read = decodeContent(bytes);
      bytes.fill(0xee);
      expect(read).toEqual(content);
    }
  });

  it("random bytes never throw anything but a CryptoError", () => {
    const random = generator(5);
    const seeds = known.map(encodeContent).filter((bytes) => bytes.length < 1_000);
    for (let i = 0; i < 5_000; i++) {
      try {
        decodeContent(mutate(seeds[random(seeds.length)]!, random));
      } catch (error) {
        expect((error as Error).name).toBe("CryptoError");
      }
    }
  });
});
