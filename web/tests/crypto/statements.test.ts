import { describe, expect, it } from "vitest";
import { compare } from "../../src/crypto/bytes";
import { type Certificate, encodeCertificate, encodeSignedCertificate } from "../../src/crypto/certificates";
import { type Chain, extendChain, verifyChain } from "../../src/crypto/chain";
import { LocalEngine } from "../../src/crypto/engine";
import { encodeSignedStatement, parseStatement } from "../../src/crypto/identity";
import { generateSigningKey, sign, verify } from "../../src/crypto/signing";
import {
  firstStatement,
  nextStatement,
  resetStatement,
  type StatementSigner,
} from "../../src/crypto/statements";
import { codeOf, hex, ruleOf } from "./vectors";

describe("making statements", () => {
  const engine = new LocalEngine();
  const person = hex("5e5e5e5e000040008000000000000009");
  const device = (n: number) => hex(`0${String(n)}dededede004000800000000000dede`);

  async function made(n: number) {
    const keys = await engine.generateDeviceKeys({ person, device: device(n) });
    const entry = {
      id: device(n),
      name: `Computer ${String(n)}`,
      kind: "regular" as const,
      signatureKey: keys.signaturePublic,
      addedAt: 1_000 + n,
      expiresAt: null,
    };
    const signer: StatementSigner = {
      signer: "device",
      key: keys.signaturePublic,
      sign: (label, content) => engine.signWithDevice({ keys, label, content }),
    };
    return { keys, entry, signer };
  }

  async function recoverySigner(code: string): Promise<StatementSigner> {
    return {
      signer: "recovery",
      key: await engine.recoveryPublicKey({ code, person }),
      sign: (label, content) => engine.signWithRecoveryCode({ code, person, label, content }),
    };
  }

  it("activates, then replaces the device and the recovery code", async () => {
    const code = await engine.newRecoveryCode();
    const [one, two] = [await made(1), await made(2)];
    const recovery = await recoverySigner(code);
    const first = await firstStatement({
      person,
      device: one.entry,
      at: 2_000,
      deviceSigner: one.signer,
      recovery,
    });
    const chain = await verifyChain([first], { person });
    const newRecovery = await recoverySigner(await engine.newRecoveryCode());
    const second = await nextStatement({
      chain,
      add: [two.entry],
      revoke: [one.entry.id],
      recoveryKey: newRecovery.key,
      at: 3_000,
      signer: recovery,
    });
    const after = await verifyChain([first, second], { person, pinned: chain });
    expect(after.devices.map((entry) => entry.name)).toEqual(["Computer 2"]);
    expect(after.revoked).toEqual([
      { id: one.entry.id, signatureKey: one.keys.signaturePublic, revokedAt: 3_000 },
    ]);
    expect(after.recoveryKey).toEqual(newRecovery.key);
    expect(after.everListed.map((entry) => entry.revokedAt)).toEqual([3_000, null]);
    const third = { chain: after, revoke: [two.entry.id], at: 2_500 };
    expect(await ruleOf(() => nextStatement({ ...third, signer: one.signer }))).toBe("signer");
    const none = await nextStatement({ ...third, signer: two.signer });
    expect((await extendChain(after, [none])).devices).toEqual([]);
  });

  const day = 24 * 60 * 60 * 1_000;

  /** A person with device 1, whose chain is verified. */
  async function activated() {
    const one = await made(1);
    const recovery = await recoverySigner(await engine.newRecoveryCode());
    const first = await firstStatement({
      person,
      device: one.entry,
      at: 2_000,
      deviceSigner: one.signer,
      recovery,
    });
    return { one, recovery, first, chain: await verifyChain([first], { person }) };
  }

  it("adds a device, renames one, revokes one: each signed by a device", async () => {
    const { one, chain } = await activated();
    const two = await made(2);
    const step = async (before: Chain, change: Omit<Parameters<typeof nextStatement>[0], "chain" | "at">) =>
      extendChain(before, [await nextStatement({ chain: before, at: 3_000, ...change })]);
    const added = await step(chain, { add: [two.entry], signer: one.signer });
    expect(added.devices.map(({ name }) => name)).toEqual(["Computer 1", "Computer 2"]);
    const renamed = await step(added, { rename: { id: one.entry.id, name: "Office" }, signer: two.signer });
    expect(renamed.devices.map(({ name }) => name)).toEqual(["Office", "Computer 2"]);
    const revoked = await step(renamed, { revoke: [one.entry.id], signer: two.signer });
    expect(revoked.devices.map(({ id }) => id)).toEqual([two.entry.id]);
    expect(revoked.everListed.map(({ base }) => base)).toEqual([chain.hash, chain.hash]);
    const three = await made(3);
    const both = { chain, add: [two.entry, three.entry], at: 3_000, signer: one.signer };
    expect(await ruleOf(() => nextStatement(both))).toBe("one_addition");
    const unfit = { chain, rename: { id: one.entry.id, name: "a\nb" }, at: 3_000, signer: one.signer };
    expect(await codeOf(() => nextStatement(unfit))).toBe("not_canonical");
  });

  it("a temporary device goes by itself and does nothing else", async () => {
    const { one, chain } = await activated();
    const two = await made(2);
    const short = { ...two.entry, kind: "temporary" as const, expiresAt: two.entry.addedAt + day };
    const add = (entry: typeof short) =>
      nextStatement({ chain, add: [entry], at: 3_000, signer: one.signer });
    expect(await ruleOf(() => add({ ...short, expiresAt: short.expiresAt + 1 }))).toBe("temporary_too_long");
    const withIt = await extendChain(chain, [await add(short)]);
    const three = await made(3);
    const byIt = { chain: withIt, at: 4_000, signer: two.signer };
    expect(await ruleOf(() => nextStatement({ ...byIt, add: [three.entry] }))).toBe("temporary_signer");
    expect(await ruleOf(() => nextStatement({ ...byIt, revoke: [one.entry.id] }))).toBe("temporary_signer");
    const gone = await nextStatement({ ...byIt, revoke: [short.id] });
    expect((await extendChain(withIt, [gone])).devices.map(({ id }) => id)).toEqual([one.entry.id]);
    const late = { ...byIt, at: short.expiresAt, revoke: [short.id] };
    expect(await ruleOf(() => nextStatement(late))).toBe("signer");
  });

  it("asks for a reset that counts only with two certified officers", async () => {
    const { chain, recovery, one } = await activated();
    const two = await made(2);
    const newRecovery = await recoverySigner(await engine.newRecoveryCode());
    const input = { chain, device: two.entry, at: 5_000, deviceSigner: two.signer, recovery: newRecovery };
    expect(await ruleOf(() => resetStatement({ ...input, recovery }))).toBe("reset_shape");
    expect(await ruleOf(() => resetStatement({ ...input, deviceSigner: one.signer }))).toBe("signer");
    const asked = await resetStatement(input);
    const { unsigned, signatures, statement } = parseStatement(asked);
    expect(signatures.map(({ signer }) => signer)).toEqual(["device", "recovery"]);
    expect(statement.revoked.map(({ id }) => id)).toEqual([one.entry.id]);
    expect(await ruleOf(() => extendChain(chain, [asked]))).toBe("reset_officers");

    const root = await generateSigningKey();
    const officers = await Promise.all([1, 2].map(() => generateSigningKey()));
    officers.sort((a, b) => compare(a.publicKey, b.publicKey));
    const certificates: Uint8Array[] = [];
    for (const { publicKey } of officers) {
      const certificate: Certificate = {
        root: root.publicKey,
        key: publicKey,
        purpose: "officer",
        name: "Officer",
        notBefore: 5_000,
        notAfter: 5_001,
      };
      const signature = await sign(root.seed, "Certificate", encodeCertificate(certificate));
      certificates.push(encodeSignedCertificate({ certificate, signature }));
    }
    const trust = { root: root.publicKey, certificates };
    for (const { publicKey, seed } of officers)
      signatures.push({
        signer: "officer",
        key: publicKey,
        signature: await sign(seed, "IdentityStatement", unsigned),
      });
    const after = await extendChain(chain, [encodeSignedStatement(unsigned, signatures)], trust);
    expect(after.base).toEqual(after.hash);
    expect(after.bases).toEqual([chain.hash, after.hash]);
    expect(after.everListed.map(({ base }) => base)).toEqual([chain.hash, after.hash]);
    expect(after.everListed[0]!.revokedAt).toBe(5_000);
  });
  it("signs what the server verifies: sign-in and recovery", async () => {
    const one = await made(1);
    const content = new Uint8Array(40).fill(7);
    const signature = await engine.signWithDevice({ keys: one.keys, label: "SignIn", content });
    expect(await verify(one.keys.signaturePublic, "SignIn", content, signature)).toBe(true);
    expect(await verify(one.keys.signaturePublic, "Recovery", content, signature)).toBe(false);
    expect(await codeOf(() => engine.signWithDevice({ keys: one.keys, label: "Anything", content }))).toBe(
      "unknown_value",
    );
    expect(await codeOf(() => sign(new Uint8Array(31), "SignIn", content))).toBe("key_malformed");
  });
});
