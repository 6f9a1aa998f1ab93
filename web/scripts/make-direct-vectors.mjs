// Writes tests/vectors/mls/direct.json: the life of one direct conversation as ts-mls makes it: a KeyPackage, a begin,
// a healing commit by the newcomer and by the founder. Run by hand: node scripts/make-direct-vectors.mjs (in web/).
//
// Keys are fresh on every run and belong to nobody; they are written down so that a test can sign identity statements
// with them. All binary values are hexadecimal.

import { createHash, randomBytes, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import {
  acceptAll,
  createCommit,
  createGroup,
  defaultKeyPackageEqualityConfig,
  defaultKeyRetentionConfig,
  defaultLifetimeConfig,
  defaultPaddingConfig,
  emptyPskIndex,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  processMessage,
} from "ts-mls";

const target = new URL("../../tests/vectors/mls/direct.json", import.meta.url);
const HYBRID = "MLS_256_XWING_AES256GCM_SHA512_Ed25519";
const CLASSICAL = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519";

const nowMs = Date.now();
const nowSeconds = BigInt(Math.floor(nowMs / 1000));
const lifetime = { notBefore: nowSeconds - 3600n, notAfter: nowSeconds + 90n * 86400n };
const capabilities = {
  versions: ["mls10"],
  ciphersuites: [HYBRID, CLASSICAL],
  extensions: [],
  proposals: [],
  credentials: ["basic"],
};
const clientConfig = {
  keyRetentionConfig: defaultKeyRetentionConfig,
  lifetimeConfig: defaultLifetimeConfig,
  keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
  paddingConfig: defaultPaddingConfig,
  // The vectors are about bytes; who may speak is tested elsewhere, with the real authentication service.
  authService: { validateCredential: async () => true },
};
const cs = await getCiphersuiteImpl(getCiphersuiteFromName(HYBRID));

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const ofUuid = (id) => Buffer.from(id.replaceAll("-", ""), "hex");
const u16 = (value) => Buffer.from([value >> 8, value & 0xff]);

/** A signing key in whichever form the library has it: the seed is its last 32 bytes, or the first of 64. */
const seedOf = (key) => (key.length === 64 ? key.slice(0, 32) : key.slice(-32));

async function person() {
  const ids = { person: randomUUID(), device: randomUUID() };
  const keys = await cs.signature.keygen();
  const credential = {
    credentialType: "basic",
    identity: new TextEncoder().encode(`${ids.person}/${ids.device}`),
  };
  const made = await generateKeyPackageWithKey(credential, capabilities, lifetime, [], keys, cs);
  return { ...ids, keys, ...made };
}

const alice = await person();
const bob = await person();
const conversation = randomUUID();

// messaging.formats.GroupPolicy
const persons = [ofUuid(alice.person), ofUuid(bob.person)].sort(Buffer.compare);
const policy = Buffer.concat([
  u16(1),
  randomBytes(32),
  ofUuid(conversation),
  Buffer.from([1, 32]),
  ...persons,
  u16(0x0053),
  Buffer.from([1, 0]),
  Buffer.alloc(16 + 32 + 32),
]);
const groupId = createHash("sha256").update("beep group v1").update(policy).digest();

/** messaging.formats.AuthenticatedData of a commit; the transcript is not the server's to check. */
function authenticatedData(seenSeq) {
  const seq = Buffer.alloc(8);
  seq.writeBigUInt64BE(BigInt(seenSeq));
  return Buffer.concat([u16(1), seq, Buffer.alloc(32), Buffer.from([0, 0, 0])]);
}

const commitOf = (state, seenSeq, proposals = []) =>
  createCommit(
    { state, cipherSuite: cs },
    {
      wireAsPublicMessage: true,
      extraProposals: proposals,
      ratchetTreeExtension: true,
      authenticatedData: authenticatedData(seenSeq),
    },
  );

const founded = await createGroup(groupId, alice.publicPackage, alice.privatePackage, [], cs, clientConfig);
const begun = await commitOf(founded, 0, [{ proposalType: "add", add: { keyPackage: bob.publicPackage } }]);
const welcome = begun.welcome;
const joined = await joinGroup(
  welcome,
  bob.publicPackage,
  bob.privatePackage,
  emptyPskIndex,
  cs,
  undefined,
  undefined,
  clientConfig,
);
const healed = await commitOf(joined, 1);
const followed = await processMessage(healed.commit, begun.newState, emptyPskIndex, acceptAll, cs);
const again = await commitOf(followed.newState, 2);
await processMessage(again.commit, healed.newState, emptyPskIndex, acceptAll, cs);

const written = (member) => ({
  person: member.person,
  device: member.device,
  seed: hex(seedOf(member.keys.signKey)),
  signature_key: hex(member.keys.publicKey),
  key_package: hex(
    encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: member.publicPackage }),
  ),
});
const vectors = {
  made_by: "ts-mls 1.6.4",
  now_ms: nowMs,
  conversation,
  alice: written(alice),
  bob: written(bob),
  policy: hex(policy),
  group_id: hex(groupId),
  begin: {
    commit: hex(encodeMlsMessage(begun.commit)),
    welcome: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome })),
  },
  bob_heals: hex(encodeMlsMessage(healed.commit)),
  alice_heals: hex(encodeMlsMessage(again.commit)),
};
await writeFile(target, JSON.stringify(vectors, null, 1) + "\n");
