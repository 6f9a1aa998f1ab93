/**
 * The narrow part of MLS that Beep speaks: two suites, one credential, one set of capabilities, nothing optional.
 * Everything a device declares is compared for equality: a device that could declare more could be asked for more by
 * another member, and a library that then obeys would change the group behind everybody's back. The server compares
 * with the same constants (`messaging/mls/profile.py`).
 */

import type { AuthenticationService, Capabilities, ClientConfig, CiphersuiteName } from "ts-mls";
import type { Suite } from "../api";

export const SUITE_NAMES: Readonly<Record<Suite, CiphersuiteName>> = {
  0x0001: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
  0x0053: "MLS_256_XWING_AES256GCM_SHA512_Ed25519",
};

export const suiteOf = (name: CiphersuiteName): Suite | undefined =>
  name === SUITE_NAMES[0x0053] ? 0x0053 : name === SUITE_NAMES[0x0001] ? 0x0001 : undefined;

/** What every leaf declares, in this order: hybrid first, because it is preferred. The library's default is random
 * GREASE plus x509. */
export const CAPABILITIES: Capabilities = {
  versions: ["mls10"],
  ciphersuites: [SUITE_NAMES[0x0053], SUITE_NAMES[0x0001]],
  extensions: [],
  proposals: [],
  credentials: ["basic"],
};

const same = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

export function equalCapabilities(a: Capabilities, b: Capabilities): boolean {
  return (
    same(a.versions, b.versions) &&
    same(a.ciphersuites, b.ciphersuites) &&
    same(a.extensions, b.extensions) &&
    same(a.proposals, b.proposals) &&
    same(a.credentials, b.credentials)
  );
}

const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** A KeyPackage may be published for 90 days. */
export const MAX_LIFETIME = 90 * DAY;
/** not_before may lie back so far that the whole span is 90 days and an hour; the server allows no more. */
export const MAX_SPAN = MAX_LIFETIME + HOUR;
/** A clock that is wrong by less than this does no harm, as far as the span leaves room. */
export const CLOCK_SLACK = DAY;

/** The largest classical group that must be hybrid instead, unless its policy says "large". */
export const HYBRID_LEAVES = 100;
/** The most devices that a group of each suite may have: past 250, a hybrid commit would not fit into a frame. */
export const MAX_LEAVES: Readonly<Record<Suite, number>> = { 0x0001: 1_000, 0x0053: 250 };

/** One envelope's body of kind application, in bytes; the server takes no more. */
export const MAX_BODY = 65_536;
/** A commit or a Welcome, in bytes. */
export const MAX_HANDSHAKE = 786_432;

/** A sender may be this many generations ahead of what we read (frames are lost, or a batch is refused). */
export const MAX_FORWARD_GENERATIONS = 5_000;

/**
 * The rules of this client. Production has this one object; the test of interoperation with another implementation
 * subclasses the engine to relax it, in the tests' folder, where no production code can reach.
 */
export interface Profile {
  acceptsCapabilities(capabilities: Capabilities): boolean;
  /** Longest not_before to not_after of a KeyPackage, milliseconds. */
  maxSpan: number;
  /** Whether frames without authenticated data (and so without `seen` and franking tag) are taken. */
  acceptsEmptyAuthenticatedData: boolean;
}

export const BEEP_PROFILE: Profile = {
  acceptsCapabilities: (capabilities) => equalCapabilities(capabilities, CAPABILITIES),
  maxSpan: MAX_SPAN,
  acceptsEmptyAuthenticatedData: false,
};

/**
 * The library's configuration. The authentication service is passed explicitly everywhere: the default accepts
 * everyone. One past epoch is kept by the library (0 would keep all); `state.ts` drops even that when it saves.
 */
export const clientConfig = (authService: AuthenticationService): ClientConfig => ({
  keyRetentionConfig: {
    retainKeysForEpochs: 1,
    retainKeysForGenerations: 1_000,
    maximumForwardRatchetSteps: MAX_FORWARD_GENERATIONS,
  },
  lifetimeConfig: { maximumTotalLifetime: BigInt(MAX_SPAN / 1_000), validateLifetimeOnReceive: false },
  keyPackageEqualityConfig: {
    compareKeyPackages: (a, b) => sameBytes(a.leafNode.signaturePublicKey, b.leafNode.signaturePublicKey),
    compareKeyPackageToLeafNode: (a, b) => sameBytes(a.leafNode.signaturePublicKey, b.signaturePublicKey),
  },
  // The content is padded to buckets before it comes here; a minimum of the library's own would only blur that.
  paddingConfig: { kind: "padUntilLength", padUntilLength: 0 },
  authService,
});

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
