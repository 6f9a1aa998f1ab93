/**
 * What was found by running ts-mls 1.6.4. Each test shows what the bare library does, so that an upgrade that changes
 * it is noticed, and points to the rule of ours that does not depend on it.
 */

import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import {
  acceptAll,
  defaultAuthenticationService,
  defaultCapabilities,
  defaultKeyRetentionConfig,
  emptyPskIndex,
  encodeMlsMessage,
  processPrivateMessage,
  processPublicMessage,
  type Proposal,
} from "ts-mls";
import { describe, expect, it } from "vitest";
import { decodeMessage } from "../../src/crypto/mls/library";
import { BEEP_PROFILE, CAPABILITIES, clientConfig } from "../../src/crypto/mls/profile";
import { Roster } from "../../src/crypto/mls/roster";
import { attackerGroup, expectRefused, hostileCommit, hostileProposal, envelope, suite } from "./attacker";
import { copyOf, hear, newPair, speak, texts, zeros } from "./people-in-groups";

const fresh = await newPair();

describe("the library", () => {
  it("is exactly 1.6.4, with exact peers", () => {
    const installed = (name: string): string => {
      const address = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
      return (JSON.parse(readFileSync(address, "utf8")) as { version: string }).version;
    };
    expect(installed("ts-mls")).toBe("1.6.4");
    expect(installed("@noble/ciphers")).toBe("2.1.1");
    expect(installed("@noble/curves")).toBe("2.0.1");
    expect(installed("@noble/post-quantum")).toBe("0.5.2");
    expect(installed("@hpke/hybridkem-x-wing")).toBe("0.7.0");
    expect(installed("@hpke/chacha20poly1305")).toBe("1.8.0");
  });

  it("is imported by the crypto layer alone, and never its defaults", async () => {
    const src = new URL("../../src/", import.meta.url).pathname;
    for await (const file of glob("**/*.{ts,svelte}", { cwd: src })) {
      const text = readFileSync(src + file, "utf8");
      if (!file.startsWith("crypto/")) expect(text, file).not.toMatch(/from "ts-mls/u);
      expect(text, file).not.toMatch(/default(AuthenticationService|Capabilities|ClientConfig|Lifetime)\b/u);
      expect(text, file).not.toMatch(/dangerous/iu);
    }
  });

  it("accepts everyone by default; ours asks the roster", async () => {
    const stranger = { credentialType: "basic", identity: zeros(73) } as const;
    expect(await defaultAuthenticationService.validateCredential(stranger, zeros(32))).toBe(true);
    expect(await new Roster(fresh.roster).validateCredential(stranger, zeros(32))).toBe(false);
    const { authService } = clientConfig(new Roster([]));
    expect(await authService.validateCredential(stranger, zeros(32))).toBe(false);
  });

  it("has random default capabilities; ours are explicit", () => {
    const standard = defaultCapabilities();
    expect(standard.credentials).toContain("x509");
    expect(BEEP_PROFILE.acceptsCapabilities(standard)).toBe(false);
    expect(CAPABILITIES).toEqual({
      versions: ["mls10"],
      ciphersuites: [
        "MLS_256_XWING_AES256GCM_SHA512_Ed25519",
        "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
      ],
      extensions: [],
      proposals: [],
      credentials: ["basic"],
    });
  });

  it("mutes a sender after 201 skipped generations at its defaults; ours allow 5,000", async () => {
    const pair = copyOf(fresh);
    const { keyRetentionConfig } = clientConfig(new Roster([]));
    expect(keyRetentionConfig).toEqual({
      retainKeysForEpochs: 1,
      retainKeysForGenerations: 1_000,
      maximumForwardRatchetSteps: 5_000,
    });
    for (let i = 0; i < 201; i++) await speak(pair, "bilal", "lost", 2 + i);
    const after = await speak(pair, "bilal", "heard", 300);
    const message = decodeMessage(after.body, 65_536, "frame_malformed");
    if (message.wireformat !== "mls_private_message") throw new Error("not private");
    const { state } = await attackerGroup(pair, "asma");
    const standard = {
      ...state,
      clientConfig: { ...state.clientConfig, keyRetentionConfig: defaultKeyRetentionConfig },
    };
    await expect(
      processPrivateMessage(standard, message.privateMessage, emptyPskIndex, suite),
    ).rejects.toThrow("too far in the future");
    expect(texts(await hear(pair, "asma", after))).toEqual(["heard"]);
  });

  it("takes a proposal by reference into its pending ones; ours never shows it one", async () => {
    const pair = copyOf(fresh);
    const proposal = await hostileProposal(pair, true);
    if (proposal.wireformat !== "mls_public_message") throw new Error("not public");
    const { state } = await attackerGroup(pair, "asma");
    const taken = await processPublicMessage(state, proposal.publicMessage, emptyPskIndex, suite, acceptAll);
    expect(Object.keys(taken.newState.unappliedProposals)).toHaveLength(1);
    await expectRefused(pair, envelope(pair, "commit", encodeMlsMessage(proposal)), "content_type");
  });

  it("lets a member replace all context extensions; ours refuses the proposal", async () => {
    const pair = copyOf(fresh);
    const extensions = [{ extensionType: 0xf00d, extensionData: zeros(1) }];
    const replace: Proposal = {
      proposalType: "group_context_extensions",
      groupContextExtensions: { extensions },
    };
    const { envelope: commit } = await hostileCommit(pair, [replace]);
    const message = decodeMessage(commit.body, 100_000, "frame_malformed");
    if (message.wireformat !== "mls_public_message") throw new Error("not public");
    const { state } = await attackerGroup(pair, "asma");
    // It needs a path (RFC 9420 §12.4) and the library makes none; it takes the commit all the same.
    const taken = await processPublicMessage(state, message.publicMessage, emptyPskIndex, suite, acceptAll);
    expect(taken.newState.groupContext.extensions).toEqual(extensions);
    await expectRefused(pair, commit, "proposal_type");
  });

  it("cannot process one's own path commit; ours refuses it by its sender", async () => {
    const pair = copyOf(fresh);
    const { envelope: commit } = await hostileCommit(pair, []);
    const message = decodeMessage(commit.body, 100_000, "frame_malformed");
    if (message.wireformat !== "mls_public_message") throw new Error("not public");
    const { state } = await attackerGroup(pair);
    await expect(
      processPublicMessage(state, message.publicMessage, emptyPskIndex, suite, acceptAll),
    ).rejects.toThrow();
    expect(await hear(pair, "bilal", commit)).toEqual([{ kind: "refused", seq: 50, code: "own_frame" }]);
  });

  it("reads messages of an ended epoch that it kept; ours refuses them by the log's order", async () => {
    const pair = copyOf(fresh);
    const late = await speak(pair, "bilal", "late", 2);
    const { envelope: commit } = await hostileCommit(pair, []);
    const message = decodeMessage(commit.body, 100_000, "frame_malformed");
    const old = decodeMessage(late.body, 65_536, "frame_malformed");
    if (message.wireformat !== "mls_public_message") throw new Error("not public");
    if (old.wireformat !== "mls_private_message") throw new Error("not private");
    const { state } = await attackerGroup(pair, "asma");
    const next = await processPublicMessage(state, message.publicMessage, emptyPskIndex, suite, acceptAll);
    const read = await processPrivateMessage(next.newState, old.privateMessage, emptyPskIndex, suite);
    expect(read.kind).toBe("applicationMessage");
    await hear(pair, "asma", commit);
    expect(await hear(pair, "asma", late)).toEqual([{ kind: "refused", seq: 2, code: "epoch_old" }]);
  });
});
