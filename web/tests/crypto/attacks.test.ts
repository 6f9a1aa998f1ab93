/** Attacks A and D on the log of a direct conversation: refused, state unchanged, the next message is read. */

import {
  defaultCapabilities,
  encodeMlsMessage,
  type LeafNode,
  type MLSMessage,
  type Proposal,
  proposeAddExternal,
} from "ts-mls";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeAuthenticatedData } from "../../src/crypto/authenticated-data";
import { credentialOf } from "../../src/crypto/mls/credential";
import { decodeKeyPackage } from "../../src/crypto/mls/library";
import {
  addOf,
  altered,
  attackerGroup,
  commitData,
  envelope,
  expectRefused,
  hostileCommit,
  hostileProposal,
  inAuth,
  suite,
  withProposals,
} from "./attacker";
import {
  copyOf,
  healed,
  hear,
  newDevice,
  newKeyPackage,
  newPair,
  type Pair,
  said,
  seenAt,
  speak,
  texts,
  zeros,
} from "./people-in-groups";

let fresh: Pair;
let other: Pair;
let pair: Pair;
beforeAll(async () => {
  [fresh, other] = [await newPair(), await newPair()];
});

const start = (): Pair => (pair = copyOf(fresh));

describe("frames in the wrong place", () => {
  it("of another group", async () => {
    start();
    const message = { ...(await speak(copyOf(other), "bilal", "x", 2)), sender: pair.bilal.keys.device };
    await expectRefused(pair, { ...message, seq: 50 }, "group_id");
    const commit = { ...(await healed(copyOf(other), "bilal", 2)), sender: pair.bilal.keys.device };
    await expectRefused(pair, commit, "group_id");
  });

  it("of another epoch than the envelope says", async () => {
    start();
    const message = await speak(pair, "bilal", "x", 50);
    await expectRefused(pair, { ...message, epoch: 2 }, "epoch_mismatch");
    const commit = await healed(copyOf(pair), "bilal", 50);
    await expectRefused(pair, { ...commit, epoch: 0 }, "epoch_mismatch");
  });

  it("of an epoch that has ended, though its keys might still be there", async () => {
    start();
    const late = await speak(pair, "bilal", "late", 70);
    const lateCommit = await healed(copyOf(pair), "bilal", 71);
    const commit = await healed(pair, "bilal", 3);
    await hear(pair, "asma", commit);
    await expectRefused(pair, late, "epoch_old");
    await expectRefused(pair, lateCommit, "epoch_old");
    await expectRefused(pair, commit, "epoch_old");
  });

  it("with the epoch rewritten by the server", async () => {
    start();
    const message = await speak(pair, "bilal", "x", 50);
    const body = altered(message.body, (frame) =>
      frame.wireformat === "mls_private_message"
        ? { ...frame, privateMessage: { ...frame.privateMessage, epoch: 2n } }
        : frame,
    );
    const results = await hear(pair, "asma", { ...message, body, epoch: 2 });
    expect(results).toEqual([{ kind: "waiting", seq: 50, code: "epoch_unknown" }]);
    await expectRefused(pair, { ...message, body }, "epoch_mismatch");
  });

  it("attributed to another device, or this one's own", async () => {
    start();
    const message = await speak(pair, "bilal", "x", 50);
    await expectRefused(pair, { ...message, sender: pair.asma.keys.device }, "sender_mismatch");
    await expectRefused(pair, { ...message, sender: (await newDevice()).keys.device }, "sender_mismatch");
    const commit = await healed(copyOf(pair), "bilal", 50);
    await expectRefused(pair, { ...commit, sender: pair.asma.keys.device }, "sender_mismatch");
    const own = await speak(copyOf(pair), "asma", "own", 50);
    await expectRefused(pair, own, "own_frame");
    // One's own path commit cannot be processed: it is adopted from the pending state instead.
    await expectRefused(pair, await healed(copyOf(pair), "asma", 50), "own_frame");
  });
});

describe("senders that the verified chains do not list", () => {
  it("are refused though they stand in the tree, until their chain is known", async () => {
    start();
    const hello = await speak(pair, "bilal", "hello", 2);
    const commit = await healed(copyOf(pair), "bilal", 3);
    const { roster } = pair;
    const impostor = { ...pair.bilal.entry, signatureKey: pair.asma.keys.signaturePublic };
    for (const partial of [[pair.asma.entry], [pair.asma.entry, impostor]]) {
      pair.roster = partial;
      for (const frame of [hello, commit])
        expect(await hear(pair, "asma", frame)).toMatchObject([
          { kind: "refused", code: "device_not_listed" },
        ]);
    }
    // Another person who lists the same device id under a key of their own pushes nobody out.
    const squatter = { ...impostor, person: (await newDevice()).keys.person };
    pair.roster = [...roster, squatter];
    expect(texts(await hear(pair, "asma", hello))).toEqual(["hello"]);
  });
});

describe("frames of the wrong kind", () => {
  it("a commit called a message, a message called a commit", async () => {
    start();
    const message = await speak(pair, "bilal", "x", 50);
    const commit = await healed(copyOf(pair), "bilal", 50);
    await expectRefused(pair, { ...message, kind: "commit" }, "wire_format");
    await expectRefused(pair, { ...commit, kind: "application" }, "wire_format");
  });

  it("an encrypted commit", async () => {
    start();
    const { envelope: hidden } = await hostileCommit(pair, [], { wireAsPublicMessage: false });
    await expectRefused(pair, hidden, "wire_format");
    await expectRefused(pair, { ...hidden, kind: "application" }, "content_type");
  });

  it("proposals, public and encrypted: nothing waits to be committed by reference", async () => {
    start();
    const isPublic = encodeMlsMessage(await hostileProposal(pair, true));
    const hidden = encodeMlsMessage(await hostileProposal(pair, false));
    await expectRefused(pair, envelope(pair, "commit", isPublic), "content_type");
    await expectRefused(pair, envelope(pair, "application", hidden), "content_type");
    await expectRefused(pair, envelope(pair, "application", isPublic), "wire_format");
  });

  it("a KeyPackage and a Welcome", async () => {
    start();
    const { keyPackage } = await newKeyPackage(pair.bilal);
    for (const body of [keyPackage, pair.begun.welcome]) {
      await expectRefused(pair, envelope(pair, "commit", body), "wire_format");
      await expectRefused(pair, envelope(pair, "application", body), "wire_format");
    }
  });

  it("from outside the group: an external proposal to join", async () => {
    start();
    const stranger = await newDevice();
    const made = await newKeyPackage(stranger);
    const { state } = await attackerGroup(pair);
    const info = { groupContext: state.groupContext } as Parameters<typeof proposeAddExternal>[0];
    const own = decodeKeyPackage(made.keyPackage);
    const keys = { signaturePrivateKey: stranger.keys.signaturePrivate } as Parameters<
      typeof proposeAddExternal
    >[2];
    const proposal = await proposeAddExternal(info, own, keys, suite, commitData());
    await expectRefused(pair, envelope(pair, "commit", encodeMlsMessage(proposal)), "content_type");
  });

  it("commits of senders that are not members", async () => {
    start();
    const { envelope: commit } = await hostileCommit(pair, []);
    for (const senderType of ["external", "new_member_proposal", "new_member_commit"] as const) {
      const body = altered(commit.body, (frame) => {
        if (frame.wireformat !== "mls_public_message") return frame;
        const sender = senderType === "external" ? { senderType, senderIndex: 0 } : { senderType };
        const { content, auth } = frame.publicMessage;
        return {
          ...frame,
          publicMessage: { content: { ...content, sender }, auth, senderType },
        } as MLSMessage;
      });
      await expectRefused(pair, { ...commit, body }, "sender_type");
    }
  });
});

describe("hostile commits of a member", () => {
  const gce: Proposal = {
    proposalType: "group_context_extensions",
    groupContextExtensions: { extensions: [] },
  };
  const refused: Record<string, Proposal> = {
    "new context extensions": gce,
    reinit: {
      proposalType: "reinit",
      reinit: { groupId: zeros(32), version: "mls10", cipherSuite: suite.name, extensions: [] },
    },
  };

  it.each(Object.entries(refused))("a proposal of %s", async (_name, proposal) => {
    start();
    const { envelope: commit } = await hostileCommit(pair, [proposal]);
    await expectRefused(pair, commit, "proposal_type");
  });

  it("proposals that the library itself would not commit", async () => {
    start();
    const { envelope: commit } = await hostileCommit(pair, []);
    const psk = {
      proposalType: "psk",
      psk: {
        preSharedKeyId: { psktype: "external", pskId: said("k"), pskNonce: zeros(64) },
      },
    } as Proposal;
    const { state } = await attackerGroup(pair);
    const node = state.ratchetTree[2];
    if (node?.nodeType !== "leaf") throw new Error("no leaf");
    const update = {
      proposalType: "update",
      update: { leafNode: { ...node.leaf, leafNodeSource: "update" } },
    } as unknown as Proposal;
    const init: Proposal = { proposalType: "external_init", externalInit: { kemOutput: zeros(1_120) } };
    const custom: Proposal = { proposalType: 0xf123, proposalData: said("?") };
    for (const proposal of [psk, update, init, custom]) {
      const body = altered(commit.body, (frame) =>
        withProposals(frame, [{ proposalOrRefType: "proposal", proposal }]),
      );
      const [result] = await hear(copyOf(pair), "asma", { ...commit, body });
      expect(result).toMatchObject({ kind: "refused" });
      expect(["proposal_type", "frame_malformed"]).toContain((result as { code: string }).code);
    }
    const reference = altered(commit.body, (frame) =>
      withProposals(frame, [{ proposalOrRefType: "reference", reference: zeros(64) }]),
    );
    await expectRefused(pair, { ...commit, body: reference }, "proposal_reference");
  });

  it("adds a third person, though the person's device is listed", async () => {
    start();
    const carol = await newDevice();
    pair.roster = [...pair.roster, carol.entry];
    const { envelope: commit } = await hostileCommit(pair, [await addOf(carol)]);
    pair.roster = fresh.roster;
    await expectRefused(
      { ...pair, roster: [...fresh.roster, carol.entry] },
      commit,
      "person_not_in_conversation",
    );
  });

  it("adds a device of a person that no chain lists: inserted by the server", async () => {
    start();
    const inserted = await newDevice(pair.asma.keys.person);
    const { envelope: commit } = await hostileCommit(pair, [await addOf(inserted)]);
    await expectRefused(pair, commit, "device_not_listed");
  });

  it("adds a listed device under another key", async () => {
    start();
    const listed = await newDevice(pair.bilal.keys.person);
    const impostor = await newDevice(pair.bilal.keys.person);
    impostor.keys = { ...impostor.keys, device: listed.keys.device };
    pair.roster = [...pair.roster, listed.entry];
    const { envelope: commit } = await hostileCommit(pair, [await addOf(impostor)]);
    await expectRefused(pair, commit, "device_not_listed");
  });

  it("adds a device twice, or one that is there", async () => {
    start();
    const second = await newDevice(pair.bilal.keys.person);
    pair.roster = [...pair.roster, second.entry];
    const { envelope: commit } = await hostileCommit(pair, [await addOf(second)]);
    const add = await addOf(second);
    const twice = altered(commit.body, (frame) =>
      withProposals(frame, [
        { proposalOrRefType: "proposal", proposal: add },
        { proposalOrRefType: "proposal", proposal: add },
      ]),
    );
    await expectRefused(pair, { ...commit, body: twice }, "device_duplicate");
    const there = await addOf(pair.asma);
    const body = altered(commit.body, (frame) =>
      withProposals(frame, [{ proposalOrRefType: "proposal", proposal: there }]),
    );
    await expectRefused(pair, { ...commit, body }, "device_duplicate");
  });

  it("adds a device with other capabilities", async () => {
    start();
    const second = await newDevice(pair.bilal.keys.person);
    pair.roster = [...pair.roster, second.entry];
    const add = await addOf(second);
    if (!("add" in add)) throw new Error("not an add");
    const { keyPackage } = add.add;
    const leafNode = { ...keyPackage.leafNode, capabilities: defaultCapabilities() };
    const greedy: Proposal = { ...add, add: { keyPackage: { ...keyPackage, leafNode } } };
    const { envelope: commit } = await hostileCommit(pair, [add]);
    const body = altered(commit.body, (frame) =>
      withProposals(frame, [{ proposalOrRefType: "proposal", proposal: greedy }]),
    );
    await expectRefused(pair, { ...commit, body }, "capabilities");
  });

  it("removes the committer, an empty leaf, or one leaf twice", async () => {
    start();
    const remove = (removed: number): Proposal => ({ proposalType: "remove", remove: { removed } });
    const { envelope: commit } = await hostileCommit(pair, []);
    for (const removed of [[1], [7], [0, 0]]) {
      const body = altered(commit.body, (frame) =>
        withProposals(
          frame,
          removed.map((index) => ({ proposalOrRefType: "proposal", proposal: remove(index) })),
        ),
      );
      await expectRefused(pair, { ...commit, body }, "remove_refused");
    }
  });

  const impostors: Record<string, (leaf: LeafNode) => Partial<LeafNode>> = {
    credential: () => ({ credential: credentialOf(fresh.asma.keys) }),
    "signature key": () => ({ signaturePublicKey: fresh.asma.keys.signaturePublic }),
    capabilities: () => ({ capabilities: defaultCapabilities() }),
    extensions: () => ({ extensions: [{ extensionType: 0xf000, extensionData: zeros(1) }] }),
  };

  it.each(Object.entries(impostors))("a path that changes the committer's %s", async (_name, change) => {
    start();
    const { envelope: commit } = await hostileCommit(pair, [], {}, (state) => {
      const tree = state.ratchetTree.slice();
      const node = tree[2];
      if (node?.nodeType !== "leaf") throw new Error("no leaf");
      tree[2] = { nodeType: "leaf", leaf: { ...node.leaf, ...change(node.leaf) } as LeafNode };
      return { ...state, ratchetTree: tree };
    });
    await expectRefused(pair, commit, "path_leaf_changed");
  });

  it("without the path it needs", async () => {
    start();
    const { envelope: commit } = await hostileCommit(pair, []);
    const body = altered(commit.body, (frame) => withProposals(frame, []));
    await expectRefused(pair, { ...commit, body }, "path_missing");
  });

  it("with a franking tag, or authenticated data that cannot be read", async () => {
    start();
    const tagged = encodeAuthenticatedData({ seen: seenAt(1), frankingTag: zeros(32), orderHashes: [] });
    for (const authenticatedData of [tagged, zeros(0), commitData().slice(1)]) {
      const { envelope: commit } = await hostileCommit(pair, [], { authenticatedData });
      await expectRefused(pair, commit, "authenticated_data");
    }
  });

  it("whose signature or membership tag was made for something else", async () => {
    start();
    const { envelope: commit } = await hostileCommit(pair, []);
    for (const change of [
      (frame: MLSMessage) => inAuth(frame, (auth) => ({ ...auth, signature: zeros(64) })),
      (frame: MLSMessage) => inAuth(frame, (auth) => ({ ...auth, confirmationTag: zeros(64) })),
    ]) {
      await expectRefused(pair, { ...commit, body: altered(commit.body, change) }, "not_authentic");
    }
  });
});
