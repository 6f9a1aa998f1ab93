/** Known answers of what devices and people compare, worked out apart from this code (tests/vectors/make_approval.py). */

import { describe, expect, it } from "vitest";
import {
  approvalAnswer,
  approvalCommit,
  approvalDigits,
  approvalOffer,
  encodeApprovalKeys,
  parseApprovalKeys,
  parseApprovalOffer,
} from "../../src/crypto/approval";
import { safetyNumber, safetyQr } from "../../src/crypto/safety";
import { fuzz } from "./mutations";
import { codeOf, hex, toHex, vectors } from "./vectors";

const file = vectors<{
  pairing: string;
  transfer_key: string;
  approvals: (Record<
    "name" | "device" | "signature_key" | "k" | "r" | "n" | "head" | "commit" | "digits" | "offer",
    string
  > & { kind: "regular" | "temporary"; statement: string; answer: string })[];
  malformed: { name: string; bytes: string }[];
  safety: { a: [string, string]; b: [string, string]; number: string[]; qr: string }[];
}>("approval");

describe("approval", () => {
  it.each(file.approvals)("of $name", async (row) => {
    const keys = {
      device: hex(row.device),
      kind: row.kind,
      name: row.name,
      signatureKey: hex(row.signature_key),
      transferKey: hex(file.transfer_key),
    };
    const [r, n, head] = [hex(row.r), hex(row.n), hex(row.head)];
    expect(toHex(encodeApprovalKeys(keys))).toBe(row.k);
    expect(parseApprovalKeys(hex(row.k))).toEqual(keys);
    expect(toHex(await approvalCommit(r, keys))).toBe(row.commit);
    expect(await approvalDigits({ r, n, keys, head })).toBe(row.digits);
    const offer = await approvalOffer({ pairing: hex(file.pairing), keys, head });
    expect(toHex(offer)).toBe(row.offer);
    expect(parseApprovalOffer(offer).pairing).toEqual(hex(file.pairing));
    const answer = await approvalAnswer({ keys, statementHash: hex(row.statement) });
    expect(toHex(answer)).toBe(row.answer);
  });

  it("has an answer that begins with a zero", () => {
    expect(file.approvals.some(({ digits }) => digits.startsWith("0"))).toBe(true);
  });

  it.each(file.malformed)("does not read: $name", async ({ bytes }) => {
    expect(await codeOf(() => parseApprovalKeys(hex(bytes)))).toMatch(/./);
  });

  it("reads no mutation as something else", () =>
    fuzz(
      file.approvals.map(({ k }) => hex(k)),
      2_000,
      (bytes) => encodeApprovalKeys(parseApprovalKeys(bytes)),
    ));
});

describe("safety numbers", () => {
  it.each(file.safety)("$number", async (row) => {
    const [a, b] = [row.a, row.b].map(([person, base]) => ({ person: hex(person), base: hex(base) }));
    expect(await safetyNumber(a!, b!)).toEqual(row.number);
    expect(await safetyNumber(b!, a!)).toEqual(row.number);
    expect(toHex(safetyQr(a!, b!))).toBe(row.qr);
    const changed = { ...b!, base: a!.base };
    expect(await safetyNumber(a!, changed)).not.toEqual(row.number);
  });
});
