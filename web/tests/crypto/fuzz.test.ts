/**
 * Every parser against a seeded mutator: it answers with a value that encodes to the very bytes, or with a CryptoError;
 * never another error, never a second spelling.
 */

import { describe, expect, it } from "vitest";
import type { MemberRole } from "../../src/crypto/api";
import { encodeAuthenticatedData, parseAuthenticatedData } from "../../src/crypto/authenticated-data";
import { equal } from "../../src/crypto/bytes";
import { encodeBeginBody, parseBeginBody } from "../../src/crypto/begin-body";
import { encodeSignedCertificate, parseCertificate } from "../../src/crypto/certificates";
import { encodeGroupInfoExtension, parseGroupInfoExtension } from "../../src/crypto/group-info";
import { encodeSignedStatement, parseStatement } from "../../src/crypto/identity";
import { decodeKeyPackage, decodeMessage, encodeMessage } from "../../src/crypto/mls/library";
import { encodeSignedOrder, parseOrder } from "../../src/crypto/orders";
import { encodePlaintext, parsePlaintext } from "../../src/crypto/plaintext";
import { encodeGroupProfile, parseGroupProfile } from "../../src/crypto/profile";
import { encodePolicy, parsePolicy } from "../../src/crypto/policy";
import { encodeSlotBody, parseSlotBody } from "../../src/crypto/slot-frame";
import { fuzz, generator, mutate } from "./mutations";
import { copyOf, engine, healed, hear, newPair, now, said, seenAt, speak, zeros } from "./people-in-groups";
import { codeOf, hex, vectors } from "./vectors";

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

  it("profiles of groups", () => {
    const member = (n: number, role: MemberRole) => ({
      person: zeros(16).fill(n),
      role,
      base: zeros(32).fill(role === "invited" ? 0 : n),
    });
    const profile = {
      name: "رابطہ گروپ",
      picture: zeros(300).fill(0xff),
      at: now,
      by: zeros(16).fill(1),
      members: [member(1, "admin"), member(2, "member"), member(9, "invited")],
    };
    const seeds = [profile, { ...profile, name: "", picture: zeros(0), by: null, members: [] }];
    return fuzz(seeds.map(encodeGroupProfile), 6_000, (bytes) =>
      encodeGroupProfile(parseGroupProfile(bytes)),
    );
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
