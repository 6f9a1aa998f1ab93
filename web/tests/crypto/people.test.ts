import { describe, expect, it } from "vitest";
import { verifyChain, extendChain } from "../../src/crypto/chain";
import {
  formatRecoveryCode,
  newRecoveryCode,
  parseActivationCode,
  parseRecoveryCode,
  recoverySeed,
} from "../../src/crypto/codes";
import { LocalEngine } from "../../src/crypto/engine";
import { foldDigits, foldPassphrase, foldText, foldWords } from "../../src/crypto/folding";
import { encodeSignedStatement, parseStatement, statementHash } from "../../src/crypto/identity";
import { signContent, type SignLabel, verify } from "../../src/crypto/signing";
import { codeOf, hex, ruleOf, toHex, vectors } from "./vectors";

describe("folding", () => {
  interface Pair {
    text: string;
    folded: string;
  }
  const file = vectors<{ names: (Pair & { words: string[] })[]; digits: Pair[]; passphrases: Pair[] }>(
    "folding",
  );

  it.each(file.names)("name $text", ({ text, folded, words }) => {
    expect(foldText(text)).toBe(folded);
    expect(foldText(folded)).toBe(folded);
    expect(foldWords(text)).toEqual(words);
  });

  it.each(file.digits)("digits $text", ({ text, folded }) => {
    expect(foldDigits(text)).toBe(folded);
  });

  it.each(file.passphrases)("passphrase $text", ({ text, folded }) => {
    expect(foldPassphrase(text)).toBe(folded);
  });
});

describe("codes", () => {
  const file = vectors<{
    activation: { symbols: string; typed: string[] }[];
    activation_refused: string[];
    recovery: {
      symbols: string;
      grouped: string;
      typed: string[];
      bytes: string;
      person: string;
      seed: string;
      public_key: string;
    }[];
    recovery_refused: string[];
  }>("codes");

  it.each(file.activation)("activation $symbols, however it is typed", async ({ symbols, typed }) => {
    for (const text of typed) expect((await parseActivationCode(text)).replaceAll("-", "")).toBe(symbols);
  });

  it.each(file.activation_refused)("activation refused: %j", async (text) => {
    expect(await codeOf(() => parseActivationCode(text))).toBe("activation_code_malformed");
  });

  it.each(file.recovery)("recovery $grouped, however it is typed", async (row) => {
    expect(await formatRecoveryCode(hex(row.bytes))).toBe(row.grouped);
    for (const text of row.typed) expect(toHex(await parseRecoveryCode(text))).toBe(row.bytes);
    expect(toHex(await recoverySeed(row.grouped, hex(row.person)))).toBe(row.seed);
    const engine = new LocalEngine();
    const key = await engine.recoveryPublicKey({ code: row.grouped, person: hex(row.person) });
    expect(toHex(key)).toBe(row.public_key);
  });

  it.each(file.recovery_refused)("recovery refused: %j", async (text) => {
    expect(await codeOf(() => parseRecoveryCode(text))).toBe("recovery_code_malformed");
  });

  it("makes codes that read back and differ", async () => {
    const codes = await Promise.all(Array.from({ length: 50 }, newRecoveryCode));
    expect(new Set(codes).size).toBe(50);
    for (const code of codes) expect(await formatRecoveryCode(await parseRecoveryCode(code))).toBe(code);
  });
});

describe("signatures", () => {
  interface Row {
    label: SignLabel;
    content: string;
    public_key: string;
    signature: string;
  }
  const file = vectors<{ good: (Row & { sign_content: string })[]; bad: (Row & { name: string })[] }>(
    "signatures",
  );

  it.each(file.good)("verifies $label over $content", async (row) => {
    expect(toHex(signContent(row.label, hex(row.content)))).toBe(row.sign_content);
    expect(await verify(hex(row.public_key), row.label, hex(row.content), hex(row.signature))).toBe(true);
  });

  it.each(file.bad)("refuses: $name", async (row) => {
    expect(await verify(hex(row.public_key), row.label, hex(row.content), hex(row.signature))).toBe(false);
  });
});

describe("identity chains", () => {
  interface Entry {
    id: string;
    signature_key: string;
  }
  interface Newest {
    version: number;
    hash: string;
    recovery_key: string;
    at: number;
    devices: (Entry & { name: string; kind: number; added_at: number; expires_at: number })[];
    revoked: (Entry & { revoked_at: number })[];
  }
  const file = vectors<{
    root: string;
    certificates: string[];
    good: {
      name: string;
      person: string;
      statements: string[];
      newest: Newest;
      bases: string[];
      device_bases: [string, string][];
    }[];
    refused: { name: string; rule: string; person: string; statements: string[] }[];
    malformed: { name: string; bytes: string }[];
  }>("identity");

  const trust = { root: hex(file.root), certificates: file.certificates.map(hex) };

  it.each(file.good)("verifies: $name", async ({ person, statements, newest, ...row }) => {
    const bytes = statements.map(hex);
    const chain = await verifyChain(bytes, { person: hex(person), trust });
    expect(chain.bases).toEqual(row.bases.map(hex));
    expect(chain.base).toEqual(hex(row.bases.at(-1)!));
    const bases = chain.everListed.map(({ device, base }) => [toHex(device), toHex(base)]);
    expect(bases.toSorted()).toEqual(row.device_bases);
    expect(chain.statementHashes).toHaveLength(statements.length);
    expect(chain.statementHashes.at(-1)).toEqual(chain.hash);
    expect(chain).toMatchObject({
      version: newest.version,
      hash: hex(newest.hash),
      recoveryKey: hex(newest.recovery_key),
      at: newest.at,
      devices: newest.devices.map((entry) => ({
        id: hex(entry.id),
        name: entry.name,
        kind: entry.kind === 1 ? "regular" : "temporary",
        signatureKey: hex(entry.signature_key),
        addedAt: entry.added_at,
        expiresAt: entry.expires_at === 0 ? null : entry.expires_at,
      })),
      revoked: newest.revoked.map((entry) => ({
        id: hex(entry.id),
        signatureKey: hex(entry.signature_key),
        revokedAt: entry.revoked_at,
      })),
    });
    for (const statement of bytes) {
      const { unsigned, signatures } = parseStatement(statement);
      expect(encodeSignedStatement(unsigned, signatures)).toEqual(statement);
    }
    const revoked = new Map(chain.revoked.map((entry) => [toHex(entry.id), entry.revokedAt]));
    for (const entry of chain.everListed)
      expect(entry.revokedAt).toBe(revoked.get(toHex(entry.device)) ?? null);
    expect(chain.everListed).toHaveLength(chain.devices.length + chain.revoked.length);
  });

  it.each(file.refused)("refuses by rule $rule: $name", async ({ rule, person, statements }) => {
    const bytes = statements.map(hex);
    expect(await ruleOf(() => verifyChain(bytes, { person: hex(person), trust }))).toBe(rule);
    if (bytes.length > 1) await verifyChain(bytes.slice(0, -1), { person: hex(person), trust });
  });

  it.each(file.malformed)("does not read: $name", async ({ bytes }) => {
    await expect(codeOf(() => parseStatement(hex(bytes)))).resolves.not.toBe("statement_refused");
  });

  it("believes no reset without both officers under the pinned root", async () => {
    const resets = file.good.filter(({ bases }) => bases.length > 1);
    expect(resets.length).toBeGreaterThan(2);
    for (const { statements, person } of resets)
      for (const less of [
        undefined,
        { root: null, certificates: trust.certificates },
        { root: trust.root, certificates: [] },
        { root: trust.root, certificates: trust.certificates.slice(1) },
        { root: new Uint8Array(32).fill(9), certificates: trust.certificates },
      ]) {
        const verifying = () => verifyChain(statements.map(hex), { person: hex(person), trust: less });
        expect(await ruleOf(verifying)).toBe("reset_officers");
      }
  });

  it("holds a chain to what was pinned", async () => {
    const long = file.good.find((row) => row.newest.version >= 3 && row.bases.length === 1);
    const other = file.good.find(
      (row) =>
        row.newest.version === 2 && row.bases.length === 1 && row.statements[1] !== long?.statements[1],
    );
    const person = hex(long!.person);
    const statements = long!.statements.map(hex);
    const pinned = await verifyChain(statements, { person });
    const again = await verifyChain(statements, { person, pinned });
    expect(again).toEqual(pinned);
    const shorter = statements.slice(0, -1);
    expect(await codeOf(() => verifyChain(shorter, { person, pinned }))).toBe("chain_rolled_back");
    const forked = { person, pinned: { version: 2, hash: await statementHash(new Uint8Array()) } };
    expect(await codeOf(() => verifyChain(statements, forked))).toBe("chain_forked");
    const otherBranch = await verifyChain(other!.statements.map(hex), { person });
    expect(await codeOf(() => verifyChain(statements, { person, pinned: otherBranch }))).toBe("chain_forked");
    expect(await codeOf(() => verifyChain([], { person }))).toBe("chain_empty");
    const first = await verifyChain(statements.slice(0, 1), { person });
    expect(await extendChain(first, statements.slice(1))).toEqual(pinned);
  });
});
