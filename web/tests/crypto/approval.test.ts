/** What two devices of one person compare, what they pass on, and what two people compare. */

import { beforeAll, describe, expect, it } from "vitest";
import {
  approvalAnswer,
  approvalCommit,
  approvalDigits,
  type ApprovalKeys,
  approvalOffer,
  encodeApprovalKeys,
  parseApprovalKeys,
  parseApprovalOffer,
} from "../../src/crypto/approval";
import type { DeviceKeys } from "../../src/crypto/api";
import { LocalEngine } from "../../src/crypto/engine";
import { decodeHistory, encodeHistory, MAX_HISTORY } from "../../src/crypto/history-lists";
import { safetyNumber, safetyQr } from "../../src/crypto/safety";
import { codeOf, hex, toHex } from "./vectors";

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

const keys: ApprovalKeys = {
  device: filled(16, 1),
  kind: "regular",
  name: "دفتر laptop",
  signatureKey: filled(32, 2),
  transferKey: filled(1_216, 3),
};
const r = filled(32, 4);
const n = filled(32, 5);
const head = filled(32, 6);

describe("K", () => {
  it("has one spelling", async () => {
    const bytes = encodeApprovalKeys(keys);
    expect(parseApprovalKeys(bytes)).toEqual(keys);
    expect(await codeOf(() => parseApprovalKeys(bytes.subarray(0, -1)))).toBe("truncated");
    expect(await codeOf(() => parseApprovalKeys(new Uint8Array([...bytes, 0])))).toBe("trailing_bytes");
    const kindless = bytes.slice();
    kindless[18] = 3;
    expect(await codeOf(() => parseApprovalKeys(kindless))).toBe("unknown_value");
    const later = bytes.slice();
    later[1] = 2;
    expect(await codeOf(() => parseApprovalKeys(later))).toBe("format_unknown");
  });

  it("carries an X-Wing key and nothing else", async () => {
    expect(await codeOf(() => encodeApprovalKeys({ ...keys, transferKey: filled(32, 3) }))).toBe(
      "key_malformed",
    );
  });
});

describe("digits", () => {
  it("are these for these values", async () => {
    // Computed once with another implementation (Python's cryptography, HKDF): the derivation may never change.
    expect(await approvalDigits({ r, n, keys, head })).toBe("58152529");
    expect(toHex(await approvalCommit(r, keys))).toHaveLength(64);
  });

  it("change with each of the values", async () => {
    const other = filled(32, 7);
    const all = await Promise.all([
      approvalDigits({ r, n, keys, head }),
      approvalDigits({ r: other, n, keys, head }),
      approvalDigits({ r, n: other, keys, head }),
      approvalDigits({ r, n, keys, head: other }),
      approvalDigits({ r, n, keys: { ...keys, signatureKey: other }, head }),
      approvalDigits({ r, n, keys: { ...keys, kind: "temporary" }, head }),
    ]);
    expect(new Set(all).size).toBe(all.length);
    for (const digits of all) expect(digits).toMatch(/^\d{8}$/);
  });
});

describe("offer and answer", () => {
  it("are about these keys, this chain and this statement", async () => {
    const pairing = filled(16, 8);
    const offer = await approvalOffer({ pairing, keys, head });
    expect(parseApprovalOffer(offer).pairing).toEqual(pairing);
    expect(offer).toHaveLength(50);
    const others = [
      await approvalOffer({ pairing, keys, head: n }),
      await approvalOffer({ pairing, keys: { ...keys, name: "x" }, head }),
    ];
    for (const other of others) expect(other).not.toEqual(offer);
    const answer = await approvalAnswer({ keys, statementHash: head });
    expect(await approvalAnswer({ keys, statementHash: n })).not.toEqual(answer);
    expect(await codeOf(() => parseApprovalOffer(offer.subarray(1)))).toBe("format_unknown");
  });
});

describe("a safety number", () => {
  const ayesha = { person: filled(16, 9), base: filled(32, 10) };
  const omar = { person: filled(16, 11), base: filled(32, 12) };

  it("is the same at both people and another after a reset of either", async () => {
    const number = await safetyNumber(ayesha, omar);
    expect(number).toHaveLength(12);
    for (const group of number) expect(group).toMatch(/^\d{5}$/);
    expect(await safetyNumber(omar, ayesha)).toEqual(number);
    expect(safetyQr(omar, ayesha)).toEqual(safetyQr(ayesha, omar));
    const reset = await safetyNumber(ayesha, { ...omar, base: filled(32, 13) });
    // Only the half of the one who changed is another.
    expect(reset.slice(0, 6)).toEqual(number.slice(0, 6));
    expect(reset.slice(6)).not.toEqual(number.slice(6));
  });

  it("is these digits for these values", async () => {
    // SHA-512("beep safety v1" ‖ person ‖ base), 5 bytes a group, mod 100,000: computed with Python's hashlib.
    expect((await safetyNumber(ayesha, omar)).join(" ")).toBe(
      "52828 25614 67697 34427 05204 24179 64012 18947 63010 58738 47167 40271",
    );
  });

  it("is of two people", async () => {
    expect(await codeOf(() => safetyNumber(ayesha, ayesha))).toBe("out_of_range");
  });
});

describe("history", () => {
  const engine = new LocalEngine();
  const pairing = filled(16, 14);
  let approver: DeviceKeys;
  let stranger: DeviceKeys;
  let transfer: { publicKey: Uint8Array; privateKey: Uint8Array };
  let plaintext: Uint8Array;

  beforeAll(async () => {
    approver = await engine.generateDeviceKeys({ person: filled(16, 1), device: filled(16, 2) });
    stranger = await engine.generateDeviceKeys({ person: filled(16, 3), device: filled(16, 4) });
    transfer = await engine.newTransferKeys();
    plaintext = encodeHistory({ conversations: [], messages: [{ text: "سلام" }] });
  });

  const open = (chunk: Uint8Array, change: Partial<Parameters<LocalEngine["openHistory"]>[0]> = {}) =>
    engine.openHistory({
      privateKey: transfer.privateKey,
      from: approver.signaturePublic,
      pairing,
      index: 0,
      last: false,
      chunk,
      ...change,
    });
  const seal = (keys: DeviceKeys) =>
    engine.sealHistory({ keys, to: transfer.publicKey, pairing, index: 0, last: false, plaintext });

  it("opens for the device that it was sealed to", async () => {
    expect(transfer.publicKey).toHaveLength(1_216);
    const opened = await open(await seal(approver));
    expect(decodeHistory(opened)).toEqual({ conversations: [], messages: [{ text: "سلام" }] });
  });

  it("is refused from another device, at another place, altered, and with another key", async () => {
    const chunk = await seal(approver);
    const altered = chunk.slice();
    altered[altered.length - 80] = (altered[altered.length - 80] ?? 0) ^ 1;
    const other = await engine.newTransferKeys();
    const attempts = [
      () => open(chunk, { from: stranger.signaturePublic }),
      async () => open(await seal(stranger)),
      () => open(chunk, { index: 1 }),
      () => open(chunk, { last: true }),
      () => open(chunk, { pairing: filled(16, 15) }),
      () => open(altered),
      () => open(chunk.subarray(0, 100)),
      () => open(chunk, { privateKey: other.privateKey }),
    ];
    for (const attempt of attempts) expect(await codeOf(attempt)).toBe("history_refused");
  });

  it("has bounds, and lists or nothing", async () => {
    const long = { text: "x".repeat(MAX_HISTORY) };
    expect(await codeOf(() => encodeHistory({ conversations: [], messages: [long] }))).toBe("out_of_range");
    for (const bytes of ["c1", "01", "80", "82a8", ""])
      expect(await codeOf(() => decodeHistory(hex(bytes)))).toBe("history_refused");
  });
});
