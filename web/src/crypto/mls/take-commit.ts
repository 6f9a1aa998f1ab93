/** Taking somebody else's commit (RFC 9420 §12.4.2); why not by the library's `processPublicMessage`: `epoch.ts`. */

import type { CiphersuiteImpl, ClientState, GroupContext, PublicMessage, RatchetTree } from "ts-mls";
import { applyUpdatePathSecret } from "ts-mls/createCommit.js";
import { deriveSecret } from "ts-mls/crypto/kdf.js";
import type { FramedContentCommit } from "ts-mls/framedContent.js";
import { verifyLeafNodeSignature } from "ts-mls/leafNode.js";
import { unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { mergePrivateKeyPaths, type PrivateKeyPath } from "ts-mls/privateKeyPath.js";
import { filteredDirectPathAndCopathResolution } from "ts-mls/ratchetTree.js";
import { leafToNodeIndex, type NodeIndex, toLeafIndex } from "ts-mls/treemath.js";
import { applyUpdatePath, type UpdatePath } from "ts-mls/updatePath.js";
import { equal, equalSecret } from "../bytes";
import { demand } from "../errors";
import { nextEpoch } from "./epoch";
import { guarded } from "./library";
import { type Applied, applyProposals } from "./proposals";
import { treeHashOf } from "./tree-hash";
import { demandUniqueKeys } from "./tree-validation";

/**
 * The membership tag and the committer's signature (RFC 9420 §6.1, §6.2): asked before a commit is judged, so that only
 * a member can make this device wait for an order. A commit that removes this device has nothing more to show, for its
 * confirmation tag cannot be verified without the next epoch's secrets.
 *
 * @throws CryptoError `not_authentic`.
 */
export async function authenticate(
  { groupContext, keySchedule, ratchetTree }: ClientState,
  message: PublicMessage,
  impl: CiphersuiteImpl,
): Promise<void> {
  await guarded("not_authentic", () =>
    unprotectPublicMessage(keySchedule.membershipKey, groupContext, ratchetTree, message, impl),
  );
}

/**
 * The state after a commit that is authentic, that the guards have let through and that does not remove this device.
 *
 * Secrets: the path secrets that are found here become private keys of the path's nodes; the commit secret is wiped.
 *
 * @throws CryptoError `not_authentic` or `key_package_refused`; whatever the library throws is to be read as the first.
 */
export async function takeCommit(
  state: ClientState,
  message: PublicMessage,
  impl: CiphersuiteImpl,
): Promise<ClientState> {
  const { content, auth } = message;
  demand(content.contentType === "commit" && auth.contentType === "commit", "content_type");
  demand(content.sender.senderType === "member", "sender_type");
  const proposals = content.commit.proposals.flatMap((item) =>
    item.proposalOrRefType === "proposal" ? [item.proposal] : [],
  );
  const applied = await applyProposals(state.ratchetTree, proposals, impl);
  const { path } = content.commit;
  const taken =
    path === undefined
      ? { tree: applied.tree, privatePath: state.privatePath, commitSecret: new Uint8Array(impl.kdf.size) }
      : await takePath(state, applied, content.sender.leafIndex, path, impl);
  demandUniqueKeys(taken.tree, "key_package_refused");
  const signed = { content: content as FramedContentCommit, signature: auth.signature };
  const next = await nextEpoch(state, taken.tree, taken.privatePath, taken.commitSecret, signed, impl);
  taken.commitSecret.fill(0);
  next.joinerSecret.fill(0);
  next.welcomeSecret.fill(0);
  demand(equalSecret(next.state.confirmationTag, auth.confirmationTag), "not_authentic");
  return next.state;
}

async function takePath(
  state: ClientState,
  applied: Applied,
  sender: number,
  path: UpdatePath,
  impl: CiphersuiteImpl,
): Promise<{ tree: RatchetTree; privatePath: PrivateKeyPath; commitSecret: Uint8Array }> {
  const { groupContext, privatePath } = state;
  const committer = toLeafIndex(sender);
  const { leafNode } = path;
  const signed = await verifyLeafNodeSignature(leafNode, groupContext.groupId, sender, impl.signature);
  demand(signed, "not_authentic");
  // Compares the path's shape and parent hashes with the tree, and the leaf's key with the one before.
  const tree = await applyUpdatePath(applied.tree, committer, path, impl.hash);
  const newcomers = applied.added.map(({ leaf }) => leafToNodeIndex(leaf));
  const nodes = demandSealedForAll(tree, sender, path, newcomers);
  const provisional: GroupContext = {
    ...groupContext,
    epoch: groupContext.epoch + 1n,
    treeHash: await treeHashOf(tree, impl.hash),
  };
  const found = await applyUpdatePathSecret(tree, privatePath, committer, provisional, path, newcomers, impl);
  const { keys, highest } = await climb(tree, nodes, found.nodeIndex, found.pathSecret, impl);
  return {
    tree,
    privatePath: mergePrivateKeyPaths(privatePath, { leafIndex: privatePath.leafIndex, privateKeys: keys }),
    commitSecret: await deriveSecret(highest, "path", impl.kdf),
  };
}

/** Each node's secret is sealed once for each key below its other child, newcomers' but; returns the path's nodes. */
function demandSealedForAll(
  tree: RatchetTree,
  sender: number,
  path: UpdatePath,
  newcomers: readonly NodeIndex[],
): NodeIndex[] {
  const excluded = new Set(newcomers);
  const wanted = filteredDirectPathAndCopathResolution(toLeafIndex(sender), tree);
  demand(wanted.length === path.nodes.length, "not_authentic");
  for (const [i, { resolution }] of wanted.entries()) {
    const receivers = resolution.filter((index) => !excluded.has(index)).length;
    demand(path.nodes[i]?.encryptedPathSecret.length === receivers, "not_authentic");
  }
  return wanted.map(({ nodeIndex }) => nodeIndex);
}

/**
 * From the path secret of `start` to the highest node of the filtered direct path `nodes` (lowest first): the private
 * keys of these nodes, whose public halves must be those that the tree shows (RFC 9420 §12.4.2, §12.4.3.1).
 *
 * @throws CryptoError `not_authentic`.
 */
export async function climb(
  tree: RatchetTree,
  nodes: readonly NodeIndex[],
  start: NodeIndex,
  secret: Uint8Array,
  impl: CiphersuiteImpl,
): Promise<{ keys: Record<number, Uint8Array>; highest: Uint8Array }> {
  const from = nodes.indexOf(start);
  demand(from >= 0, "not_authentic");
  const keys: Record<number, Uint8Array> = {};
  let current = secret;
  for (const [step, index] of nodes.slice(from).entries()) {
    if (step > 0) current = await deriveSecret(current, "path", impl.kdf);
    const pair = await impl.hpke.deriveKeyPair(await deriveSecret(current, "node", impl.kdf));
    const node = tree[index];
    const published = node?.nodeType === "parent" && node.parent.hpkePublicKey;
    const matches = published && equal(await impl.hpke.exportPublicKey(pair.publicKey), published);
    demand(matches === true, "not_authentic");
    keys[index] = await impl.hpke.exportPrivateKey(pair.privateKey);
  }
  return { keys, highest: current };
}
