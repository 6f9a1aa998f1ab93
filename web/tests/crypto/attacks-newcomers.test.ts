/** Lies in a Welcome whose tree and signatures are right: a newcomer believes only what fits the tree. */

import { encodeMlsMessage, type Proposal } from "ts-mls";
import { describe, expect, it } from "vitest";
import type { MembershipEntry } from "../../src/crypto/api";
import { encodeAuthenticatedData } from "../../src/crypto/authenticated-data";
import { encodeGroupInfoExtension, GROUP_INFO_EXTENSION } from "../../src/crypto/group-info";
import { ciphersuite, decodeKeyPackage } from "../../src/crypto/mls/library";
import { makeCommit } from "../../src/crypto/mls/make-commit";
import { encodePolicy } from "../../src/crypto/policy";
import { engine, now, said, seenAt, zeros } from "./people-in-groups";
import { codeOf } from "./vectors";
import { groupProfile, type Scene, scene } from "./village";

const classical = await ciphersuite(0x0001);
const nothingSaid = encodeAuthenticatedData({ seen: seenAt(3), frankingTag: zeros(0), orderHashes: [] });

describe("what a newcomer is told", () => {
  /** Asma adds David with a GroupInfo of her choice; the tree and the signatures are right. */
  async function joinsWith(
    info: (all: Scene) => { profile: Uint8Array; policy?: Uint8Array },
  ): Promise<string> {
    const all = await scene();
    const { village, asma, david } = all;
    const { state, policy } = await village.groupOf(asma);
    const { profile, policy: policyBytes = encodePolicy(policy) } = info(all);
    const { keyPackage } = david.keyPackage;
    const add: Proposal = { proposalType: "add", add: { keyPackage: decodeKeyPackage(keyPackage) } };
    const extensionData = encodeGroupInfoExtension({ policy: policyBytes, seen: seenAt(3), profile });
    const options = {
      authenticatedData: nothingSaid,
      path: false,
      groupInfoExtensions: [{ extensionType: GROUP_INFO_EXTENSION, extensionData }],
    };
    const { welcome } = await makeCommit(state, [add], options, classical);
    const body = encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome: welcome! });
    const { conversation } = village.policy;
    const input = {
      keys: david.device.keys,
      welcome: body,
      keyPackage: david.keyPackage,
      expected: { conversation, persons: [], groupId: village.groupId },
      roster: village.roster,
      now,
    };
    return codeOf(async () => {
      await engine.join(input);
      throw Object.assign(new Error("joined"), { name: "CryptoError", code: "joined" });
    });
  }

  const honest = ({ village, david }: Scene): MembershipEntry[] =>
    [
      ...village.standing.membership,
      { person: david.person, role: "member" as const, base: david.device.entry.base },
    ].sort((a, b) => Buffer.compare(a.person, b.person));
  const changed =
    (change: (entry: MembershipEntry, all: Scene) => MembershipEntry | null) => (all: Scene) => ({
      profile: groupProfile(honest(all).flatMap((entry) => change(entry, all) ?? [])),
    });
  const isCarol = (entry: MembershipEntry, { carol }: Scene) =>
    Buffer.compare(entry.person, carol.person) === 0;

  it("is taken when it fits the tree", async () => {
    expect(await joinsWith((all) => ({ profile: groupProfile(honest(all)) }))).toBe("joined");
  });

  const lies: Record<string, Parameters<typeof joinsWith>[0]> = {
    "somebody in the tree is no member": changed((entry, all) => (isCarol(entry, all) ? null : entry)),
    "somebody in the tree is only invited": changed((entry, all) =>
      isCarol(entry, all) ? { ...entry, role: "invited", base: zeros(32) } : entry,
    ),
    "somebody was admitted under another base": changed((entry, all) =>
      isCarol(entry, all) ? { ...entry, base: zeros(32).fill(7) } : entry,
    ),
    "the newcomer itself is no member": changed((entry, { david }) =>
      Buffer.compare(entry.person, david.person) === 0 ? null : entry,
    ),
  };
  it.each(Object.entries(lies))("is refused when %s", async (_name, lie) => {
    expect(await joinsWith(lie)).toBe("membership_refused");
  });

  it("is refused when the profile cannot be read, is missing, or not in its one form", async () => {
    expect(await joinsWith(() => ({ profile: zeros(0) }))).toBe("profile_malformed");
    expect(await joinsWith(() => ({ profile: said("profile") }))).toBe("profile_malformed");
    expect(await joinsWith((all) => ({ profile: groupProfile(honest(all).reverse()) }))).toBe(
      "profile_malformed",
    );
    const trailing = (all: Scene) => ({ profile: new Uint8Array([...groupProfile(honest(all)), 0]) });
    expect(await joinsWith(trailing)).toBe("profile_malformed");
  });

  it("is refused when the policy is another than the group's", async () => {
    const lie = (all: Scene) => ({
      profile: groupProfile(honest(all)),
      policy: encodePolicy({ ...all.village.policy, nonce: zeros(32) }),
    });
    expect(await joinsWith(lie)).toBe("group_id");
  });
});
