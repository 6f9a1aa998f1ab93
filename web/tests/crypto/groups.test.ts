import { beforeAll, describe, expect, it } from "vitest";
import { decodeMlsMessage, encodeMlsMessage, type Extension, generateKeyPackageWithKey } from "ts-mls";
import type { RoleChange } from "../../src/crypto/api";
import { encodeGroupProfile } from "../../src/crypto/profile";
import { verify } from "../../src/crypto/signing";
import { parseAuthenticatedData } from "../../src/crypto/authenticated-data";
import { credentialOf } from "../../src/crypto/mls/credential";
import { ciphersuite, decodeKeyPackage, decodeMessage } from "../../src/crypto/mls/library";
import { CAPABILITIES } from "../../src/crypto/mls/profile";
import { Roster } from "../../src/crypto/mls/roster";
import { StateCache } from "../../src/crypto/mls/state";
import { groupIdOf, parsePolicy } from "../../src/crypto/policy";
import {
  added,
  copyOf,
  DAY,
  directPolicy,
  engine,
  healed,
  hear,
  newDevice,
  newId,
  newKeyPackage,
  newPair,
  now,
  type Pair,
  said,
  seenAt,
  speak,
  texts,
  zeros,
} from "./people-in-groups";
import { codeOf } from "./vectors";

let fresh: Pair;
let pair: Pair;
beforeAll(async () => {
  fresh = await newPair();
});

describe("a direct conversation", () => {
  it("begins, is joined and speaks both ways", async () => {
    pair = copyOf(fresh);
    const { begun, joined, asma, bilal } = pair;
    expect(joined.groupId).toEqual(begun.groupId);
    expect(await groupIdOf(begun.policy)).toEqual(begun.groupId);
    expect(joined.policy).toEqual(parsePolicy(begun.policy));
    expect(joined).toMatchObject({ epoch: 1, ownLeaf: 1, seen: seenAt(0), profile: zeros(0) });
    expect(begun.epochAfter).toBe(1);
    expect(joined.members.map((member) => member.device)).toEqual([asma.keys.device, bilal.keys.device]);
    const hello = await speak(pair, "asma", "السلام علیکم", 2);
    const answer = await speak(pair, "bilal", "وعلیکم السلام", 3);
    const [heard] = await hear(pair, "bilal", hello);
    expect(heard).toMatchObject({ kind: "application", seq: 2, seen: seenAt(1) });
    expect(heard).toMatchObject({ member: { leaf: 0, device: asma.keys.device, person: asma.keys.person } });
    expect(texts(await hear(pair, "asma", answer))).toEqual(["وعلیکم السلام"]);
    expect(await engine.describe(pair.states.asma)).toMatchObject({ epoch: 1, suite: 0x0053, ownLeaf: 0 });
  });

  it("heals: an empty commit with a path, adopted by its maker and processed by the other", async () => {
    pair = copyOf(fresh);
    const before = await speak(pair, "asma", "before", 2);
    const commit = await healed(pair, "bilal", 3);
    const after = await speak(pair, "bilal", "after", 4);
    const frame = decodeMlsMessage(commit.body, 0)![0];
    expect(frame).toMatchObject({
      publicMessage: { content: { commit: { proposals: [] } }, senderType: "member" },
    });
    const results = await hear(pair, "asma", commit, after);
    expect(results[0]).toMatchObject({
      kind: "commit",
      epoch: 2,
      committer: { leaf: 1 },
      added: [],
      removed: [],
      seen: seenAt(2),
    });
    expect(texts(results)).toEqual(["after"]);
    // Before the commit in the log, but read after it: its epoch is over.
    expect(await hear(pair, "bilal", before)).toEqual([{ kind: "refused", seq: 2, code: "epoch_old" }]);
    expect(texts(await hear(pair, "bilal", await speak(pair, "asma", "again", 5)))).toEqual(["again"]);
  });

  it("takes a batch in order and names what has to wait", async () => {
    pair = copyOf(fresh);
    const one = await speak(pair, "asma", "one", 2);
    const commit = await healed(pair, "asma", 3);
    const two = await speak(pair, "asma", "two", 4);
    const early = await hear(copyOf(pair), "bilal", two);
    expect(early).toEqual([{ kind: "waiting", seq: 4, code: "epoch_unknown" }]);
    expect(texts(await hear(pair, "bilal", one, commit, two))).toEqual(["one", "two"]);
  });

  it("reads skipped and late messages, each once", async () => {
    pair = copyOf(fresh);
    const envelopes = [];
    for (let i = 0; i < 6; i++) envelopes.push(await speak(pair, "asma", String(i), 2 + i));
    const [first, second, ...rest] = envelopes;
    expect(texts(await hear(pair, "bilal", ...rest))).toEqual(["2", "3", "4", "5"]);
    expect(texts(await hear(pair, "bilal", second!, first!))).toEqual(["1", "0"]);
    expect(
      (await hear(pair, "bilal", ...envelopes)).map((result) => "code" in result && result.code),
    ).toEqual(Array(6).fill("replayed"));
  });

  it("returns the very state when nothing changed", async () => {
    pair = copyOf(fresh);
    const state = pair.states.bilal;
    await hear(pair, "bilal", { seq: 2, epoch: 1, kind: "application", sender: newId(), body: said("x") });
    expect(pair.states.bilal).toBe(state);
  });

  it("is pure: the same state answers twice, also when the cache has forgotten it", async () => {
    pair = copyOf(fresh);
    const hello = await speak(pair, "asma", "hello", 2);
    const again = { ...pair, states: { ...fresh.states } };
    const { LocalEngine } = await import("../../src/crypto/engine");
    const cold = await new LocalEngine().process({
      state: fresh.states.bilal,
      groupId: pair.begun.groupId,
      envelopes: [hello],
      roster: pair.roster,
      now,
    });
    expect(texts(cold.results)).toEqual(["hello"]);
    expect(texts(await hear(pair, "bilal", hello))).toEqual(["hello"]);
    expect(texts(await hear(again, "bilal", hello))).toEqual(["hello"]);
    expect(cold.state).toEqual(pair.states.bilal);
  });

  it("pads every message into buckets of 256 bytes", async () => {
    pair = copyOf(fresh);
    const sizes = new Map<number, number>();
    for (const length of [0, 1, 219, 220, 221, 475, 476, 477]) {
      const { body } = await engine.encrypt({
        state: pair.states.asma,
        content: new Uint8Array(length).fill(1),
        seen: seenAt(1),
        roster: pair.roster,
        now,
      });
      const message = decodeMessage(body, 65_536, "frame_malformed");
      if (message.wireformat !== "mls_private_message") throw new Error("not private");
      sizes.set(length, message.privateMessage.ciphertext.length);
    }
    const [small, middle, large] = [sizes.get(0)!, sizes.get(221)!, sizes.get(477)!];
    expect([...sizes.values()]).toEqual([small, small, small, small, middle, middle, middle, large]);
    expect([middle - small, large - middle]).toEqual([256, 256]);
  });

  it("refuses content that does not fit one envelope, and takes what does", async () => {
    pair = copyOf(fresh);
    const input = { state: pair.states.asma, seen: seenAt(1), roster: pair.roster, now };
    const fits = await engine.encrypt({ ...input, content: new Uint8Array(64_900) });
    expect(fits.body.length).toBeLessThanOrEqual(65_536);
    expect(await codeOf(() => engine.encrypt({ ...input, content: new Uint8Array(65_300) }))).toBe(
      "content_too_large",
    );
  });

  it("carries what its sender saw and a franking tag in the clear, k only inside", async () => {
    pair = copyOf(fresh);
    const { body } = await speak(pair, "asma", "tagged", 9);
    const message = decodeMessage(body, 65_536, "frame_malformed");
    if (message.wireformat !== "mls_private_message") throw new Error("not private");
    const data = parseAuthenticatedData(message.privateMessage.authenticatedData);
    expect(data).toMatchObject({ seen: seenAt(8), orderHashes: [] });
    expect(data.frankingTag).toHaveLength(32);
    const other = await speak(pair, "asma", "tagged", 9);
    expect(other.body).not.toEqual(body);
  });

  it("keeps no key of an ended epoch in the saved state", async () => {
    pair = copyOf(fresh);
    const old = await speak(pair, "asma", "old", 2);
    const commit = await healed(pair, "asma", 3);
    await hear(pair, "bilal", commit);
    const { processPrivateMessage, emptyPskIndex } = await import("ts-mls");
    // Another cache has nothing but the saved bytes.
    const { state } = await new StateCache().open(pair.states.bilal, new Roster(pair.roster));
    expect(state.historicalReceiverData.size).toBe(0);
    const { clientConfig } = await import("../../src/crypto/mls/profile");
    const { ciphersuite } = await import("../../src/crypto/mls/library");
    const config = clientConfig(new Roster(pair.roster));
    const message = decodeMessage(old.body, 65_536, "frame_malformed");
    if (message.wireformat !== "mls_private_message") throw new Error("not private");
    const suite = await ciphersuite(0x0053);
    await expect(
      processPrivateMessage({ ...state, clientConfig: config }, message.privateMessage, emptyPskIndex, suite),
    ).rejects.toThrow("epoch too old");
  });
});

describe("sending and adding", () => {
  it("encrypts nothing and heals nothing while a leaf is revoked, expired or unknown", async () => {
    pair = copyOf(fresh);
    const { asma, bilal } = pair;
    const input = { state: pair.states.asma, content: said("x"), seen: seenAt(1), now };
    const rosters = {
      device_revoked: [asma.entry, { ...bilal.entry, revokedAt: now - 1 }],
      device_expired: [asma.entry, { ...bilal.entry, expiresAt: now }],
      device_not_listed: [asma.entry],
    };
    for (const [code, roster] of Object.entries(rosters)) {
      expect(await codeOf(() => engine.encrypt({ ...input, roster }))).toBe(code);
      expect(await codeOf(() => engine.heal({ ...input, roster }))).toBe(code);
    }
    // Reading goes on: what was said before a revocation is still in the log.
    const hello = await speak(pair, "bilal", "hello", 2);
    pair.roster = rosters.device_revoked;
    expect(texts(await hear(pair, "asma", hello))).toEqual(["hello"]);
  });

  it("makes KeyPackages as the server wants them", async () => {
    const device = await newDevice();
    const made = await engine.generateKeyPackages({
      keys: device.keys,
      suite: 0x0053,
      count: 3,
      lastResort: true,
      now,
      lifetime: 90 * DAY,
    });
    expect(new Set(made.map((one) => one.ref.join()))).toHaveProperty("size", 3);
    for (const one of made) {
      expect(one).toMatchObject({ suite: 0x0053, lastResort: true });
      expect(one.ref).toHaveLength(64);
      expect(Math.abs(one.notAfter - now - 90 * DAY)).toBeLessThanOrEqual(1_000);
      const { leafNode, extensions } = decodeKeyPackage(one.keyPackage);
      expect(leafNode.capabilities).toEqual(CAPABILITIES);
      expect([extensions, leafNode.extensions]).toEqual([[], []]);
      const { notBefore, notAfter } = leafNode.lifetime;
      expect(Number(notAfter - notBefore)).toBeLessThanOrEqual((90 * DAY) / 1_000 + 3_600);
      expect(Number(notBefore)).toBeLessThanOrEqual(now / 1_000 - 3_599);
    }
    const tooLong = { keys: device.keys, suite: 0x0053, count: 1, lastResort: false, now } as const;
    expect(await codeOf(() => engine.generateKeyPackages({ ...tooLong, lifetime: 91 * DAY }))).toBe(
      "out_of_range",
    );
  });

  it("begins only with listed, living devices of the two persons", async () => {
    const [asma, bilal, carol] = [await newDevice(), await newDevice(), await newDevice()];
    const policy = directPolicy(asma, bilal);
    const bobs = added(bilal, await newKeyPackage(bilal));
    const carols = added(carol, await newKeyPackage(carol));
    const roster = [asma.entry, bilal.entry, carol.entry];
    const input = { keys: asma.keys, policy, add: [bobs], roster, seen: seenAt(0), profile: zeros(0), now };
    const begin = (change: Partial<typeof input>) => codeOf(() => engine.begin({ ...input, ...change }));
    expect(await begin({ add: [bobs, carols] })).toBe("person_not_in_conversation");
    expect(await begin({ roster: [asma.entry] })).toBe("device_not_listed");
    expect(await begin({ roster: [bilal.entry] })).toBe("device_not_listed");
    expect(await begin({ roster: [asma.entry, { ...bilal.entry, revokedAt: 5 }] })).toBe("device_revoked");
    expect(await begin({ roster: [asma.entry, { ...bilal.entry, expiresAt: now }] })).toBe("device_expired");
    expect(await begin({ roster: [{ ...asma.entry, revokedAt: 5 }, bilal.entry] })).toBe("device_revoked");
    expect(await begin({ now: now + 90 * DAY })).toBe("key_package_refused");
    expect(await begin({ now: now - 2 * DAY })).toBe("key_package_refused");
    expect(await begin({ add: [] })).toBe("policy_refused");
    expect(await begin({ add: [bobs, bobs] })).toBe("key_package_refused");
    expect(await begin({ add: [{ ...bobs, keyPackage: carols.keyPackage }] })).toBe("key_package_refused");
    expect(await begin({ add: [{ ...bobs, keyPackage: bobs.keyPackage.slice(4) }] })).toBe(
      "key_package_refused",
    );
    const classical = added(bilal, await newKeyPackage(bilal, 0x0001));
    expect(await begin({ add: [classical] })).toBe("suite");
    expect(await begin({ add: [classical], policy: { ...policy, suite: 0x0001 } })).toBe("policy_refused");
    const talkedDown = { ...policy, suite: 0x0001, sizeClass: "large" } as const;
    expect(await begin({ add: [classical], policy: talkedDown })).toBe("policy_refused");
    const second = await newDevice(asma.keys.person);
    const alone = { add: [added(second, await newKeyPackage(second))], roster: [...roster, second.entry] };
    expect(await begin(alone)).toBe("policy_refused");
    const tampered = bobs.keyPackage.slice();
    tampered[tampered.length - 1]! ^= 1;
    expect(await begin({ add: [{ ...bobs, keyPackage: tampered }] })).toBe("key_package_refused");
    await expect(engine.begin(input)).resolves.toMatchObject({ epochAfter: 1 });
  });

  it("refuses KeyPackages valid for too long or with extensions, though their device signed them", async () => {
    const [asma, bilal] = [await newDevice(), await newDevice()];
    const roster = [asma.entry, bilal.entry];
    const input = { keys: asma.keys, policy: directPolicy(asma, bilal), roster, seen: seenAt(0), now };
    const from = BigInt(Math.floor(now / 1_000));
    const begin = async (days: bigint, extensions: Extension[], leafExtensions: Extension[]) => {
      const { publicPackage } = await generateKeyPackageWithKey(
        credentialOf(bilal.keys),
        CAPABILITIES,
        { notBefore: from - 3_600n, notAfter: from + days * 86_400n },
        extensions,
        { signKey: bilal.keys.signaturePrivate, publicKey: bilal.keys.signaturePublic },
        await ciphersuite(0x0053),
        leafExtensions,
      );
      const keyPackage = encodeMlsMessage({
        version: "mls10",
        wireformat: "mls_key_package",
        keyPackage: publicPackage,
      });
      const add = [{ person: bilal.keys.person, device: bilal.keys.device, keyPackage }];
      return engine.begin({ ...input, add, profile: zeros(0) });
    };
    const extension = { extensionType: 0xf000, extensionData: zeros(1) };
    await expect(begin(90n, [], [])).resolves.toMatchObject({ epochAfter: 1 });
    expect(await codeOf(() => begin(91n, [], []))).toBe("key_package_refused");
    expect(await codeOf(() => begin(90n, [extension], []))).toBe("key_package_refused");
    expect(await codeOf(() => begin(90n, [], [extension]))).toBe("capabilities");
  });

  it("refuses a classical group of few unless it was made large", async () => {
    const [asma, bilal] = [await newDevice(), await newDevice()];
    const normal = { ...directPolicy(asma, bilal), persons: [] };
    const policy: typeof normal = { ...normal, kind: "group", suite: 0x0001 };
    const add = [added(bilal, await newKeyPackage(bilal, 0x0001))];
    const roster = [asma.entry, bilal.entry];
    const profile = encodeGroupProfile({ name: "Few", picture: zeros(0), at: 0, by: null, members: [] });
    const roles: RoleChange[] = [{ person: asma.keys.person, role: "admin" }];
    const input = { keys: asma.keys, add, roster, seen: seenAt(0), profile, roles, now };
    expect(await codeOf(() => engine.begin({ ...input, policy }))).toBe("policy_refused");
    const large: typeof normal = { ...policy, sizeClass: "large" };
    await expect(engine.begin({ ...input, policy: large })).resolves.toMatchObject({ epochAfter: 1 });
  });
});

describe("slots", () => {
  it("seals and opens read positions and typing", async () => {
    pair = copyOf(fresh);
    const state = pair.states.asma;
    for (const label of ["read", "typing"] as const) {
      const frame = await engine.sealSlot({ state, label, counter: 7, plaintext: Uint8Array.of(1, 2) });
      expect(frame).toMatchObject({ label, leaf: 0, epoch: 1, counter: 7 });
      expect(frame.body.length).toBeLessThanOrEqual(1_024);
      const opened = await engine.openSlot({ state: pair.states.bilal, frame });
      expect(opened.plaintext).toEqual(Uint8Array.of(1, 2));
      expect(opened.member.device).toEqual(pair.asma.keys.device);
      const again = { state: pair.states.bilal, frame, after: 7 };
      expect(await codeOf(() => engine.openSlot(again))).toBe("slot_old");
    }
  });

  it("refuses a slot of another epoch, leaf, label or counter, and one signed by another device", async () => {
    pair = copyOf(fresh);
    const frame = await engine.sealSlot({
      state: pair.states.asma,
      label: "read",
      counter: 3,
      plaintext: zeros(8),
    });
    const open = (change: Partial<typeof frame>, state = pair.states.bilal) =>
      codeOf(() => engine.openSlot({ state, frame: { ...frame, ...change } }));
    expect(await open({ epoch: 2 })).toBe("slot_refused");
    expect(await open({ counter: 4 })).toBe("slot_refused");
    expect(await open({ label: "typing" })).toBe("slot_refused");
    expect(await open({ leaf: 1 })).toBe("slot_refused");
    expect(await open({ leaf: 5 })).toBe("slot_refused");
    expect(await open({ body: frame.body.slice(1) })).toBe("slot_refused");
    for (const at of [2, 20, frame.body.length - 1]) {
      const body = frame.body.slice();
      body[at]! ^= 1;
      expect(await open({ body })).toBe("slot_refused");
    }
    // Bilal has the key of Asma's slot, as every member has, but not her signature key.
    const forged = { ...frame, body: await forgeSlot(pair) };
    expect(await open(forged)).toBe("slot_refused");
    const commit = await healed(pair, "asma", 2);
    await hear(pair, "bilal", commit);
    expect(await open({})).toBe("slot_refused");
  });
});

/** Asma's slot, rightly encrypted under the epoch's key for her leaf, but signed by Bilal. */
async function forgeSlot(pair: Pair): Promise<Uint8Array> {
  const { sealSlot } = await import("../../src/crypto/mls/slots");
  const { policy, state } = await new StateCache().open(pair.states.bilal, new Roster([]));
  const asAsma = { ...state, privatePath: { ...state.privatePath, leafIndex: 0 } };
  const forged = await sealSlot({ policy, state: asAsma }, "read", 3, zeros(8));
  expect(forged.leaf).toBe(0);
  expect(await verify(pair.bilal.keys.signaturePublic, "Slot", zeros(1), zeros(64))).toBe(false);
  return forged.body;
}
