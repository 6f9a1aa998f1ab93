/** KeyPackages: what a device publishes so that others can add it while it is away (RFC 9420 §10). */

import { type KeyPackage, type PrivateKeyPackage, generateKeyPackageWithKey } from "ts-mls";
import type { DeviceKeys, MadeKeyPackage, Suite } from "../api";
import { equal } from "../bytes";
import { demand } from "../errors";
import { decode, Writer } from "../tls";
import { credentialOf, type DeviceIdentity, equalCredential } from "./credential";
import { ciphersuite, decodeKeyPackage, encodeMessage, keyPackageRef } from "./library";
import { CAPABILITIES, CLOCK_SLACK, MAX_LIFETIME, MAX_SPAN, type Profile, SUITE_NAMES } from "./profile";
import { demandPlainLeaf } from "./tree";

const HOUR = 3_600_000;
const seconds = (milliseconds: number): bigint => BigInt(Math.floor(milliseconds / 1_000));

/**
 * One KeyPackage with its private halves.
 *
 * Secrets: an init key and a leaf key, made here by the suite's KEM, returned in `privateKeyPackage`, kept sealed by the
 * store, and erased in the transaction that stores the group joined with them. The signature key is the device's.
 */
async function makeKeyPackage(
  keys: DeviceKeys,
  suite: Suite,
  lifetime: { notBefore: bigint; notAfter: bigint },
  lastResort: boolean,
): Promise<MadeKeyPackage> {
  const impl = await ciphersuite(suite);
  const { publicPackage, privatePackage } = await generateKeyPackageWithKey(
    credentialOf(keys),
    CAPABILITIES,
    lifetime,
    [],
    { signKey: keys.signaturePrivate, publicKey: keys.signaturePublic },
    impl,
    [],
  );
  return {
    suite,
    ref: await keyPackageRef(publicPackage, impl),
    keyPackage: encodeMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: publicPackage }),
    privateKeyPackage: encodePrivate(privatePackage),
    notAfter: Number(lifetime.notAfter) * 1_000,
    lastResort,
  };
}

/** Valid from a little before `now` (other clocks are wrong, too) until `now` + `lifetime`, at most 90 days. */
export async function makeKeyPackages(input: {
  keys: DeviceKeys;
  suite: Suite;
  count: number;
  lastResort: boolean;
  now: number;
  lifetime: number;
}): Promise<MadeKeyPackage[]> {
  const { keys, suite, count, lastResort, now, lifetime } = input;
  demand(lifetime > 0 && lifetime <= MAX_LIFETIME && count >= 1, "out_of_range");
  const slack = Math.max(HOUR, Math.min(CLOCK_SLACK, MAX_SPAN - lifetime));
  const span = {
    notBefore: seconds(now - slack),
    notAfter: seconds(now - slack) + seconds(slack + lifetime),
  };
  const made: MadeKeyPackage[] = [];
  for (let i = 0; i < count; i++) made.push(await makeKeyPackage(keys, suite, span, lastResort));
  return made;
}

/** `u16 format = 1; opaque init_private_key<V>; opaque leaf_private_key<V>`. */
const encodePrivate = (keys: Pick<PrivateKeyPackage, "initPrivateKey" | "hpkePrivateKey">): Uint8Array =>
  new Writer().u16(1).opaque(keys.initPrivateKey).opaque(keys.hpkePrivateKey).bytes;

/** The private halves as the library wants them, with the device's signature key. */
export function decodePrivate(bytes: Uint8Array, keys: DeviceKeys): PrivateKeyPackage {
  const halves = decode(
    bytes,
    (reader) => {
      demand(reader.u16() === 1, "format_unknown");
      return { initPrivateKey: reader.opaque(), hpkePrivateKey: reader.opaque() };
    },
    encodePrivate,
  );
  return { ...halves, signaturePrivateKey: keys.signaturePrivate };
}

/**
 * A KeyPackage that `identity` may be added with in `suite` at `now`: everything but the signatures, which the library
 * verifies when it adds.
 *
 * @throws CryptoError `key_package_refused`, `suite` or `capabilities`.
 */
export function readKeyPackage(
  bytes: Uint8Array,
  identity: DeviceIdentity,
  suite: Suite,
  now: number,
  profile: Profile,
): KeyPackage {
  const keyPackage = decodeKeyPackage(bytes);
  demandKeyPackage(keyPackage, suite, profile);
  const { lifetime, credential } = keyPackage.leafNode;
  demand(equalCredential(credential, credentialOf(identity)), "key_package_refused");
  const at = seconds(now);
  demand(lifetime.notBefore <= at && at <= lifetime.notAfter, "key_package_refused");
  demand(Number(lifetime.notAfter - lifetime.notBefore) * 1_000 <= profile.maxSpan, "key_package_refused");
  return keyPackage;
}

/** What holds for an added KeyPackage whoever added it and whenever. Throws as `readKeyPackage`. */
export function demandKeyPackage(keyPackage: KeyPackage, suite: Suite, profile: Profile): void {
  const { leafNode, initKey, extensions } = keyPackage;
  demand(keyPackage.cipherSuite === SUITE_NAMES[suite], "suite");
  demand(keyPackage.version === "mls10" && extensions.length === 0, "key_package_refused");
  demand(!equal(initKey, leafNode.hpkePublicKey), "key_package_refused");
  demandPlainLeaf(leafNode, profile);
}
