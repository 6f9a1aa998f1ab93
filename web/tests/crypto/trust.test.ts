/** What is believed because the offline root vouches for it: certificates and orders. */

import { describe, expect, it } from "vitest";
import type { VerifiedOrder } from "../../src/crypto/api";
import {
  encodeSignedCertificate,
  parseCertificate,
  type Purpose,
  validKeys,
  verifyCertificate,
} from "../../src/crypto/certificates";
import {
  encodeOrder,
  encodeOrderRequest,
  encodeSignedOrder,
  parseOrder,
  verifyOrder,
} from "../../src/crypto/orders";
import { codeOf, hex, ruleOf, toHex, vectors } from "./vectors";

interface Bytes {
  name: string;
  bytes: string;
}

describe("certificates", () => {
  const file = vectors<{
    root: string;
    good: (Bytes & {
      at: number;
      key: string;
      purpose: Purpose;
      certified: string;
      not_before: number;
      not_after: number;
    })[];
    refused: (Bytes & { rule: string; at: number })[];
    malformed: Bytes[];
  }>("certificates");
  const root = hex(file.root);

  it.each(file.good)("verifies: $name", async (row) => {
    const signed = parseCertificate(hex(row.bytes));
    expect(toHex(encodeSignedCertificate(signed))).toBe(row.bytes);
    expect(await verifyCertificate(signed, { root, purpose: row.purpose, at: row.at })).toEqual({
      root,
      key: hex(row.key),
      purpose: row.purpose,
      name: row.certified,
      notBefore: row.not_before,
      notAfter: row.not_after,
    });
  });

  it.each(file.refused)("refuses: $name", async ({ bytes, at, rule }) => {
    const verifying = () =>
      verifyCertificate(parseCertificate(hex(bytes)), { root, purpose: "authority", at });
    expect(await ruleOf(verifying)).toBe(rule);
    expect(await codeOf(verifying)).toBe("certificate_refused");
  });

  it.each(file.malformed)("cannot read: $name", async ({ bytes }) => {
    expect(await codeOf(() => parseCertificate(hex(bytes)))).toMatch(/./);
  });

  it("believes nothing without a root", async () => {
    const { bytes, purpose, at } = file.good[0]!;
    const verifying = () => verifyCertificate(parseCertificate(hex(bytes)), { root: null, purpose, at });
    expect(await ruleOf(verifying)).toBe("root");
  });

  it("finds the valid keys of a purpose among others", async () => {
    const all = [...file.good, ...file.refused, ...file.malformed].map(({ bytes }) => hex(bytes));
    const officers = await validKeys(all, { root, purpose: "officer", at: file.good[0]!.at });
    const officer = file.good.find(({ purpose }) => purpose === "officer")!.key;
    expect(new Set(officers.map(toHex))).toEqual(new Set([officer]));
  });
});

describe("orders", () => {
  const file = vectors<{
    root: string;
    at: number;
    group_id: string;
    person: { id: string; statements: string[]; keys: [string, string][] };
    good: (Bytes & {
      order: string;
      hash: string;
      action: VerifiedOrder["action"];
      device: string;
      statement_hash: string;
      expires_at: number;
      asked: string;
      request: string;
    })[];
    refused: (Bytes & { rule: string })[];
    malformed: Bytes[];
  }>("orders");
  const person = hex(file.person.id);
  const context = {
    root: hex(file.root),
    groupId: hex(file.group_id),
    at: file.at,
    person: {
      person,
      statementHashes: file.person.statements.map(hex),
      everListed: file.person.keys.map(([device, key]) => ({
        person,
        device: hex(device),
        signatureKey: hex(key),
        base: hex(file.person.statements[0]!),
        revokedAt: null,
        expiresAt: null,
      })),
    },
  };

  it.each(file.good)("believes: $name", async (row) => {
    const signed = parseOrder(hex(row.bytes));
    expect(toHex(encodeSignedOrder(signed))).toBe(row.bytes);
    expect(toHex(encodeOrder(signed.order))).toBe(row.order);
    expect(toHex(encodeOrderRequest(signed.order))).toBe(row.asked);
    expect(toHex(signed.order.request)).toBe(row.request);
    expect(await verifyOrder(hex(row.bytes), context)).toEqual({
      hash: hex(row.hash),
      action: row.action,
      person,
      device: hex(row.device),
      statementHash: hex(row.statement_hash),
      expiresAt: row.expires_at,
      request: hex(row.request),
    });
  });

  it.each(file.refused)("refuses: $name", async ({ bytes, rule }) => {
    expect(await ruleOf(() => verifyOrder(hex(bytes), context))).toBe(rule);
    expect(await codeOf(() => verifyOrder(hex(bytes), context))).toBe("order_refused");
  });

  it.each(file.malformed)("cannot read: $name", async ({ bytes }) => {
    expect(await codeOf(() => parseOrder(hex(bytes)))).toMatch(/./);
    expect(await ruleOf(() => verifyOrder(hex(bytes), context))).toBe("malformed");
  });

  it("believes nothing without a root", async () => {
    const verifying = () => verifyOrder(hex(file.good[0]!.bytes), { ...context, root: null });
    expect(await ruleOf(verifying)).toBe("certificate");
  });
});
