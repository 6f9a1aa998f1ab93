/** Attacks on Welcomes: what a newcomer must not believe. */

import {
  createCommit,
  type CreateCommitOptions,
  createGroup,
  encodeMlsMessage,
  type Extension,
} from "ts-mls";
import {
  defaultAuthenticationService,
  encodeExternalSender,
  encodeRequiredCapabilities,
  generateKeyPackageWithKey,
  type Proposal,
} from "ts-mls";
import { beforeAll, describe, expect, it } from "vitest";
import type { GroupPolicy, RosterDevice } from "../../src/crypto/api";
import { randomBytes } from "../../src/crypto/bytes";
import { encodeGroupInfoExtension, GROUP_INFO_EXTENSION } from "../../src/crypto/group-info";
import { credentialOf } from "../../src/crypto/mls/credential";
import { decodeKeyPackage } from "../../src/crypto/mls/library";
import { CAPABILITIES, clientConfig } from "../../src/crypto/mls/profile";
import { encodePolicy, groupIdOf } from "../../src/crypto/policy";
import { addOf, commitData, suite } from "./attacker";
import {
  added,
  type Device,
  directPolicy,
  engine,
  newDevice,
  newId,
  newKeyPackage,
  newPair,
  now,
  type Pair,
  seenAt,
  welcoming,
  zeros,
} from "./people-in-groups";
import { codeOf } from "./vectors";

let pair: Pair;
beforeAll(async () => {
  pair = await newPair();
});

interface Hostile {
  policy?: Partial<GroupPolicy>;
  groupId?: Uint8Array;
  contextExtensions?: Extension[];
  infoExtensions?: Extension[];
  more?: Proposal[];
  creator?: Device;
  capabilities?: typeof CAPABILITIES;
  options?: CreateCommitOptions;
  persons?: GroupPolicy["persons"];
  /** How Beep's own extension stands in the GroupInfo. */
  info?: (ours: Extension) => Extension[];
}

/** Asma begins a group with Bilal as the bare library lets her, and Bilal tries to join it. */
async function joinHostile(hostile: Hostile, roster: RosterDevice[] = pair.roster): Promise<string> {
  const { bilal } = pair;
  const creator = hostile.creator ?? pair.asma;
  const policy = { ...pair.policy, nonce: randomBytes(32), ...hostile.policy };
  const policyBytes = encodePolicy(policy);
  const groupId = hostile.groupId ?? (await groupIdOf(policyBytes));
  const { publicPackage, privatePackage } = await generateKeyPackageWithKey(
    credentialOf(creator.keys),
    hostile.capabilities ?? CAPABILITIES,
    { notBefore: 0n, notAfter: 99_999_999_999n },
    [],
    { signKey: creator.keys.signaturePrivate, publicKey: creator.keys.signaturePublic },
    suite,
    [],
  );
  const config = clientConfig(defaultAuthenticationService);
  const contextExtensions = hostile.contextExtensions ?? [];
  const alone = await createGroup(groupId, publicPackage, privatePackage, contextExtensions, suite, config);
  const keyPackage = await newKeyPackage(bilal);
  const add: Proposal = { proposalType: "add", add: { keyPackage: decodeKeyPackage(keyPackage.keyPackage) } };
  const ours = {
    extensionType: GROUP_INFO_EXTENSION,
    extensionData: encodeGroupInfoExtension({ policy: policyBytes, seen: seenAt(0), profile: zeros(0) }),
  };
  const { welcome } = await createCommit(
    { state: alone, cipherSuite: suite },
    {
      wireAsPublicMessage: true,
      extraProposals: [add, ...(hostile.more ?? [])],
      ratchetTreeExtension: true,
      authenticatedData: commitData(),
      groupInfoExtensions: hostile.info?.(ours) ?? hostile.infoExtensions ?? [ours],
      ...hostile.options,
    },
  );
  const body = encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome: welcome! });
  const { conversation, persons } = pair.policy;
  const expected = { conversation, persons: hostile.persons ?? persons, groupId };
  try {
    await engine.join({ keys: bilal.keys, welcome: body, keyPackage, expected, roster, now });
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "joined";
}

describe("a Welcome", () => {
  it("of an honest member is taken", async () => {
    expect(await joinHostile({})).toBe("joined");
  });

  it("for another conversation or other persons is refused", async () => {
    expect(await joinHostile({ policy: { conversation: newId() } })).toBe("policy_refused");
    const carol = await newDevice();
    const { persons } = directPolicy(pair.bilal, carol);
    expect(await joinHostile({ policy: { persons } })).toBe("policy_refused");
    expect(await joinHostile({ policy: { kind: "group", persons: [] } })).toBe("policy_refused");
  });

  it("whose policy names another suite than the group has is refused", async () => {
    const policy = { kind: "group", persons: [], suite: 0x0001, sizeClass: "large" } as const;
    const persons: GroupPolicy["persons"] = [];
    expect(await joinHostile({ policy: { ...policy, persons }, persons })).toBe("suite");
  });

  it("whose group id is not its policy's hash is refused", async () => {
    expect(await joinHostile({ groupId: randomBytes(32) })).toBe("group_id");
  });

  it("for another group than the server named is refused: so is an old generation's", async () => {
    const { bilal, begun, bilalPackage, policy, roster } = pair;
    const input = { keys: bilal.keys, welcome: begun.welcome, keyPackage: bilalPackage, roster, now };
    const expected = { conversation: policy.conversation, persons: policy.persons, groupId: randomBytes(32) };
    expect(await codeOf(() => engine.join({ ...input, expected }))).toBe("group_id");
  });

  it("with an unlisted device in its tree is refused: the server put it into its own tables", async () => {
    const inserted = await newDevice(pair.asma.keys.person);
    const more = [await addOf(inserted)];
    expect(await joinHostile({ more })).toBe("device_not_listed");
    expect(await joinHostile({ more }, [...pair.roster, inserted.entry])).toBe("joined");
  });

  it("with a third person in its tree is refused", async () => {
    const carol = await newDevice();
    const more = [await addOf(carol)];
    expect(await joinHostile({ more }, [...pair.roster, carol.entry])).toBe("person_not_in_conversation");
    expect(await joinHostile({ creator: carol }, [...pair.roster, carol.entry])).toBe(
      "person_not_in_conversation",
    );
  });

  it("of a creator that nobody listed is refused", async () => {
    const impostor = await newDevice(pair.asma.keys.person);
    expect(await joinHostile({ creator: impostor })).toBe("device_not_listed");
  });

  it("with context extensions, foreign capabilities or other GroupInfo extensions is refused", async () => {
    const sender = { signaturePublicKey: zeros(32), credential: credentialOf(pair.asma.keys) };
    const contexts: Extension[] = [
      { extensionType: "external_senders", extensionData: encodeExternalSender(sender) },
      {
        extensionType: "required_capabilities",
        extensionData: encodeRequiredCapabilities({
          extensionTypes: [],
          proposalTypes: [],
          credentialTypes: ["basic"],
        }),
      },
    ];
    for (const context of contexts)
      expect(await joinHostile({ contextExtensions: [context] })).toBe("group_context");
    const capable = { ...CAPABILITIES, extensions: [0xf000], proposals: [0xf001] };
    expect(await joinHostile({ capabilities: capable })).toBe("capabilities");
    expect(await joinHostile({ infoExtensions: [] })).toBe("welcome_refused");
    const broken: Extension = { extensionType: GROUP_INFO_EXTENSION, extensionData: zeros(3) };
    expect(await joinHostile({ infoExtensions: [broken] })).toBe("welcome_refused");
    expect(await joinHostile({ infoExtensions: [broken, broken] })).toBe("welcome_refused");
    const external: Extension = { extensionType: "external_pub", extensionData: zeros(32) };
    expect(await joinHostile({ infoExtensions: [external] })).toBe("welcome_refused");
    expect(await joinHostile({ info: (ours) => [ours, ours] })).toBe("welcome_refused");
    expect(await joinHostile({ info: (ours) => [ours, external] })).toBe("welcome_refused");
    expect(await joinHostile({ options: { ratchetTreeExtension: false } })).toBe("welcome_refused");
  });

  it("that is cut, changed, of another kind or for another device is refused", async () => {
    const { asma, bilal, begun, bilalPackage, policy, roster } = pair;
    const { groupId, welcome } = begun;
    const expected = { conversation: policy.conversation, persons: policy.persons, groupId };
    const input = { keys: bilal.keys, welcome, keyPackage: bilalPackage, expected, roster, now };
    const join = (change: Partial<typeof input>) => codeOf(() => engine.join({ ...input, ...change }));
    for (const at of [3, 10, 90, 700, 1_400, welcome.length - 1]) {
      const body = welcome.slice();
      body[at]! ^= 1;
      expect(["welcome_refused", "suite"]).toContain(await join({ welcome: body }));
      expect(await join({ welcome: welcome.slice(0, at) })).toBe("welcome_refused");
    }
    expect(await join({ welcome: begun.commit })).toBe("welcome_refused");
    expect(await join({ keyPackage: await newKeyPackage(bilal) })).toBe("welcome_refused");
    expect(await join({ keyPackage: await newKeyPackage(bilal, 0x0001) })).toBe("suite");
    expect(await join({ keys: asma.keys })).toBe("welcome_refused");
    const { persons } = policy;
    const swapped = { ...expected, persons: [...persons].reverse() };
    await expect(engine.join({ ...input, expected: swapped })).resolves.toMatchObject({ epoch: 1 });
  });

  it("reaches each added device: two of the partner and one more of the creator", async () => {
    const asma2 = await newDevice(pair.asma.keys.person);
    const bilal2 = await newDevice(pair.bilal.keys.person);
    const roster = [...pair.roster, asma2.entry, bilal2.entry];
    const newcomers = [asma2, pair.bilal, bilal2];
    const packages = await Promise.all(newcomers.map((device) => newKeyPackage(device)));
    const begun = welcoming(
      await engine.begin({
        keys: pair.asma.keys,
        policy: pair.policy,
        add: newcomers.map((device, i) => added(device, packages[i]!)),
        roster,
        seen: seenAt(4),
        profile: zeros(0),
        now,
      }),
    );
    const { conversation, persons } = pair.policy;
    for (const [i, device] of newcomers.entries()) {
      const joined = await engine.join({
        keys: device.keys,
        welcome: begun.welcome,
        keyPackage: packages[i]!,
        expected: { conversation, persons, groupId: begun.groupId },
        roster,
        now,
      });
      expect(joined).toMatchObject({ ownLeaf: i + 1, seen: seenAt(4), profile: zeros(0) });
      expect(joined.members).toHaveLength(4);
    }
  });
});
