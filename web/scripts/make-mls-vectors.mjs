// Writes tests/vectors/mls/beep-profile.json: what ts-mls sends in Beep's profile of MLS, and what it must not send.
// Run by hand after a change of the library or the profile: node scripts/make-mls-vectors.mjs (in web/).
//
// Keys are fresh on every run and thrown away, so the bytes differ while their meaning stays. All binary values are
// hexadecimal. `leaves` are read from the library's own tree, so that the server's leaf map is held to the library's.

import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import {
  createApplicationMessage,
  createCommit,
  createGroup,
  createGroupInfoWithExternalPubAndRatchetTree,
  createProposal,
  defaultKeyPackageEqualityConfig,
  defaultKeyRetentionConfig,
  defaultLifetimeConfig,
  defaultPaddingConfig,
  encodeMlsMessage,
  encodeExternalSender,
  emptyPskIndex,
  generateKeyPackageWithKey,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  joinGroupExternal,
  processMessage,
  acceptAll,
  proposeAddExternal,
  proposeExternal,
} from "ts-mls";

const target = new URL("../../tests/vectors/mls/beep-profile.json", import.meta.url);

const HYBRID = "MLS_256_XWING_AES256GCM_SHA512_Ed25519";
const CLASSICAL = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519";
const CODE_POINTS = { [CLASSICAL]: 0x0001, [HYBRID]: 0x0053 };

const capabilities = {
  versions: ["mls10"],
  ciphersuites: [HYBRID, CLASSICAL],
  extensions: [],
  proposals: [],
  credentials: ["basic"],
};

const nowMs = Date.now();
const nowSeconds = BigInt(Math.floor(nowMs / 1000));
const lifetime = { notBefore: nowSeconds - 3600n, notAfter: nowSeconds + 90n * 86400n };
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const text = (value) => new TextEncoder().encode(value);

// The vectors are about bytes; who may speak is tested elsewhere, with the real authentication service.
const clientConfig = {
  keyRetentionConfig: defaultKeyRetentionConfig,
  lifetimeConfig: defaultLifetimeConfig,
  keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
  paddingConfig: defaultPaddingConfig,
  authService: { validateCredential: async () => true },
};

/** A version 4 UUID that depends on nothing but the name, so that two runs can be compared. */
function uuid(name) {
  const bytes = createHash("sha256").update(`beep vectors ${name}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const identity = (name) => ({ person: uuid(`${name} person`), device: uuid(`${name} device`) });
const credential = (name) => {
  const { person, device } = identity(name);
  return { credentialType: "basic", identity: text(`${person}/${device}`) };
};

async function makeMember(name, cs, using = capabilities, signatureKeys = undefined) {
  const keys = signatureKeys ?? (await cs.signature.keygen());
  const made = await generateKeyPackageWithKey(credential(name), using, lifetime, [], keys, cs);
  return { name, keys, ...made };
}

const keyPackageMessage = (member) =>
  encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: member.publicPackage });
const welcomeMessage = (welcome) =>
  encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome });
const add = (member) => ({ proposalType: "add", add: { keyPackage: member.publicPackage } });
const remove = (leaf) => ({ proposalType: "remove", remove: { removed: leaf } });

/** Leaf index to device id, in the library's own tree (leaves stand at the even places). */
function leaves(state) {
  const map = {};
  state.ratchetTree.forEach((node, index) => {
    if (index % 2 === 0 && node !== undefined) {
      map[index / 2] = new TextDecoder().decode(node.leaf.credential.identity).split("/")[1];
    }
  });
  return map;
}

async function makeSuite(name) {
  const cs = await getCiphersuiteImpl(getCiphersuiteFromName(name));
  const members = {};
  for (const who of ["alice", "bob", "carol", "dave", "erin"]) members[who] = await makeMember(who, cs);
  const groupId = createHash("sha256").update(`beep vectors ${name}`).digest();
  const { alice, bob } = members;
  const founded = await createGroup(groupId, alice.publicPackage, alice.privatePackage, [], cs, clientConfig);
  const states = new Map([["alice", founded]]);

  const commits = [];
  /** Commits, has every other member process it and every newcomer join, and writes it down. */
  async function commit(label, who, proposals, newcomers = []) {
    const before = states.get(who);
    const authenticatedData = text(label);
    const made = await createCommit(
      { state: before, cipherSuite: cs },
      { wireAsPublicMessage: true, extraProposals: proposals, ratchetTreeExtension: true, authenticatedData },
    );
    const removed = proposals.filter((p) => p.proposalType === "remove").map((p) => p.remove.removed);
    for (const [other, state] of [...states]) {
      if (other === who) continue;
      if (removed.includes(state.privatePath.leafIndex)) {
        states.delete(other);
        continue;
      }
      const done = await processMessage(made.commit, state, emptyPskIndex, acceptAll, cs);
      states.set(other, done.newState);
    }
    for (const newcomer of newcomers) {
      const { publicPackage, privatePackage } = members[newcomer];
      const joined = await joinGroup(
        made.welcome,
        publicPackage,
        privatePackage,
        emptyPskIndex,
        cs,
        undefined,
        undefined,
        clientConfig,
      );
      states.set(newcomer, joined);
    }
    states.set(who, made.newState);
    commits.push({
      label,
      sender: who,
      epoch: Number(before.groupContext.epoch),
      leaves_before: leaves(before),
      leaves_after: leaves(made.newState),
      commit: hex(encodeMlsMessage(made.commit)),
      welcome: made.welcome ? hex(welcomeMessage(made.welcome)) : null,
      newcomers,
    });
  }

  await commit("alone", "alice", []);
  await commit("add one", "alice", [add(bob)], ["bob"]);
  // What goes wrong later goes wrong in the group of alice and bob.
  const pair = { alice: states.get("alice"), bob: states.get("bob") };
  const application = await createApplicationMessage(pair.bob, new Uint8Array(256), cs, text("aad"));
  const encryptedProposal = await createProposal(pair.bob, false, remove(0), cs);
  await commit("empty", "alice", []);
  await commit("add two", "alice", [add(members.carol), add(members.dave)], ["carol", "dave"]);
  await commit("empty by newcomer", "dave", []);
  await commit("remove", "bob", [remove(2)]);
  await commit("remove and add", "alice", [add(members.erin), remove(1)], ["erin"]);
  await commit("remove the last two", "alice", [remove(1), remove(3)]);
  if (name === CLASSICAL) {
    // A tree with holes of every size, where the number of nodes on a path is not just its height.
    const crowd = ["frank", "grace", "heidi", "ivan", "judy", "karl", "laura", "mike"];
    for (const who of crowd) members[who] = await makeMember(who, cs);
    const adds = crowd.map((who) => add(members[who]));
    await commit("add eight", "alice", adds, crowd);
    await commit("remove a whole subtree", "mike", [remove(4), remove(6), remove(5), remove(7)]);
    await commit("empty beside a blank subtree", "mike", []);
    await commit("remove the top", "alice", [remove(8), remove(2)]);
    await commit("empty in a smaller tree", "heidi", []);
  }

  return {
    suite: CODE_POINTS[name],
    group_id: hex(groupId),
    members: Object.fromEntries(
      Object.entries(members).map(([who, member]) => [
        who,
        {
          ...identity(who),
          signature_key: hex(member.keys.publicKey),
          key_package: hex(keyPackageMessage(member)),
        },
      ]),
    ),
    commits,
    application: hex(encodeMlsMessage(wrapPrivate(application.privateMessage))),
    application_epoch: Number(pair.bob.groupContext.epoch),
    // The rules do not differ by suite, and hybrid frames are long: one suite's are enough.
    hostile: name === CLASSICAL ? await makeHostile(cs, members, pair, encryptedProposal.message) : {},
  };
}

const wrapPrivate = (privateMessage) => ({
  version: "mls10",
  wireformat: "mls_private_message",
  privateMessage,
});

/** Frames that a member or an outsider can make with the library and that the server must refuse, by name. */
async function makeHostile(cs, members, pair, encryptedProposal) {
  const { carol } = members;
  const aliceLeaf = pair.alice.privatePath.leafIndex;
  const commitOf = async (state, proposals, wireAsPublicMessage = true) => {
    const made = await createCommit(
      { state, cipherSuite: cs },
      { wireAsPublicMessage, extraProposals: proposals, ratchetTreeExtension: true },
    );
    return made.commit;
  };
  /** A copy of a commit with other proposals or another path; only members could see that the signature is off. */
  const edited = (message, changes) => {
    const { publicMessage } = message;
    const changed = { ...publicMessage.content.commit, ...changes };
    return {
      ...message,
      publicMessage: { ...publicMessage, content: { ...publicMessage.content, commit: changed } },
    };
  };
  /** A state whose own leaf has been changed: the library copies it into the path and signs it. */
  const withLeaf = (changes, state = pair.alice) => ({
    ...state,
    ...(changes.signKey ? { signaturePrivateKey: changes.signKey } : {}),
    ratchetTree: state.ratchetTree.map((node, index) =>
      index === aliceLeaf * 2 ? { ...node, leaf: { ...node.leaf, ...changes.leaf } } : node,
    ),
  });

  const empty = await commitOf(pair.alice, []);
  const out = {};

  const proposed = await createProposal(pair.bob, true, add(carol), cs);
  const remembered = await processMessage(proposed.message, pair.alice, emptyPskIndex, acceptAll, cs);
  out.proposal_alone = proposed.message;
  out.proposal_by_reference = await commitOf(remembered.newState, []);

  out.commit_encrypted = await commitOf(pair.alice, [], false);
  out.proposal_encrypted = encryptedProposal;
  out.group_context_extensions = await commitOf(pair.alice, [
    { proposalType: "group_context_extensions", groupContextExtensions: { extensions: [] } },
  ]);
  out.reinit = await commitOf(pair.alice, [
    {
      proposalType: "reinit",
      reinit: { groupId: new Uint8Array(32), version: "mls10", cipherSuite: cs.name, extensions: [] },
    },
  ]);
  const byValue = (proposal) => edited(empty, { proposals: [{ proposalOrRefType: "proposal", proposal }] });
  const leafNode = { ...members.alice.publicPackage.leafNode, leafNodeSource: "update" };
  out.update = byValue({
    proposalType: "update",
    update: { leafNode },
  });
  out.psk = byValue({
    proposalType: "psk",
    psk: { preSharedKeyId: { psktype: "external", pskId: text("psk"), pskNonce: new Uint8Array(32) } },
  });
  out.external_init = byValue({
    proposalType: "external_init",
    externalInit: { kemOutput: new Uint8Array(32) },
  });
  out.unknown_proposal = byValue({ proposalType: 0x0a0a, proposalData: text("grease") });
  out.remove_without_path = edited(await commitOf(pair.alice, [remove(1)]), { path: undefined });
  out.empty_without_path = edited(empty, { path: undefined });

  const mallory = { credential: credential("mallory") };
  out.path_other_identity = await commitOf(withLeaf({ leaf: mallory }), []);
  const other = await cs.signature.keygen();
  out.path_other_signature_key = await commitOf(
    withLeaf({ leaf: { signaturePublicKey: other.publicKey }, signKey: other.signKey }),
    [],
  );
  out.path_more_capabilities = await commitOf(
    withLeaf({ leaf: { capabilities: { ...capabilities, proposals: [0x0a0a] } } }),
    [],
  );
  out.path_extension = await commitOf(
    withLeaf({ leaf: { extensions: [{ extensionType: "application_id", extensionData: text("x") }] } }),
    [],
  );
  out.path_signed_by_other = await commitOf(withLeaf({ leaf: {}, signKey: other.signKey }), []);
  out.path_too_short = edited(empty, { path: { ...empty.publicMessage.content.commit.path, nodes: [] } });

  const greedy = await makeMember("carol", cs, { ...capabilities, proposals: [0x0a0a] }, carol.keys);
  out.add_more_capabilities = await commitOf(pair.alice, [add(greedy)]);

  const info = await createGroupInfoWithExternalPubAndRatchetTree(pair.alice, [], cs);
  out.new_member_proposal = await proposeAddExternal(info, carol.publicPackage, carol.privatePackage, cs);
  const external = await joinGroupExternal(
    info,
    carol.publicPackage,
    carol.privatePackage,
    false,
    cs,
    undefined,
    clientConfig,
  );
  out.external_commit = {
    version: "mls10",
    wireformat: "mls_public_message",
    publicMessage: external.publicMessage,
  };
  const sender = { signaturePublicKey: other.publicKey, credential: credential("mallory") };
  const senders = [{ extensionType: "external_senders", extensionData: encodeExternalSender(sender) }];
  const open = { ...info, groupContext: { ...info.groupContext, extensions: senders } };
  out.external_sender = await proposeExternal(open, remove(0), other.publicKey, other.signKey, cs);

  const { content, ...rest } = empty.publicMessage;
  out.application_public = {
    ...empty,
    publicMessage: {
      ...rest,
      auth: { contentType: "application", signature: rest.auth.signature },
      content: { ...content, contentType: "application", applicationData: text("in the clear") },
    },
  };
  return Object.fromEntries(
    Object.entries(out).map(([label, message]) => [label, hex(encodeMlsMessage(message))]),
  );
}

const suites = [];
for (const name of [CLASSICAL, HYBRID]) suites.push(await makeSuite(name));
await writeFile(target, JSON.stringify({ made_by: "ts-mls 1.6.4", now_ms: nowMs, suites }, null, 1) + "\n");
