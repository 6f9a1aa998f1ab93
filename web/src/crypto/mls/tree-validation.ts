/**
 * Whether a newcomer may believe a ratchet tree (RFC 9420 §7.9.2, §12.4.3.1).
 *
 * Why this is not left to the library: ts-mls 1.6.4 demands that every ancestor of an unmerged leaf lists the same
 * leaves, where the RFC asks it of the nodes *between* the leaf and the node that lists it. It so refuses sound trees,
 * and nobody could be added to a group that has lived a while. It also never compares a node's unmerged leaves with the
 * resolution below it, and hashes the same subtrees again for every leaf, which is quadratic. Every check that the
 * library makes of a tree is made here as well, but for credentials and capabilities, which `tree.ts` judges by stricter
 * rules of our own. A test shows the library's mistake, so that an upgrade that mends it is noticed.
 */

import type { CiphersuiteImpl, GroupContext, LeafNode, RatchetTree } from "ts-mls";
import { verifyLeafNodeSignature, verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js";
import { encodeParentHashInput } from "ts-mls/parentHash.js";
import { resolution } from "ts-mls/ratchetTree.js";
import {
  directPath,
  leafToNodeIndex,
  leafWidth,
  left,
  type NodeIndex,
  right,
  rootFromNodeWidth,
  toLeafIndex,
  toNodeIndex,
} from "ts-mls/treemath.js";
import { equal } from "../bytes";
import { CryptoError, type CryptoErrorCode } from "../errors";
import { TreeHashes } from "./tree-hash";

/** Which check failed: `detail.rule` of the refusal. */
export type TreeRule = "shape" | "keys" | "unmerged_leaves" | "tree_hash" | "parent_hash" | "leaf_signature";

function demandRule(condition: boolean, rule: TreeRule): asserts condition {
  if (!condition) throw new CryptoError("welcome_refused", { rule });
}

/**
 * @param tree nodes of a full binary tree, 2^(d+1) - 1 of them, as `decodeRatchetTree` extends it.
 * @throws CryptoError `welcome_refused` with the rule.
 */
export async function demandValidTree(
  tree: RatchetTree,
  context: GroupContext,
  impl: CiphersuiteImpl,
): Promise<void> {
  demandShape(tree);
  demandUniqueKeys(tree, "welcome_refused");
  demandUnmergedLeaves(tree);
  const hashes = new TreeHashes(tree, impl.hash);
  const treeHash = await hashes.of(rootFromNodeWidth(tree.length));
  demandRule(equal(treeHash, context.treeHash), "tree_hash");
  await demandParentHashes(tree, hashes, impl);
  await demandLeafSignatures(tree, context.groupId, impl);
}

/** Leaves at even places, parents at odd ones, in a full tree. */
function demandShape(tree: RatchetTree): void {
  const leaves = leafWidth(tree.length);
  demandRule(Number.isInteger(Math.log2(leaves)), "shape");
  const placed = tree.every((node, i) => node === undefined || (node.nodeType === "leaf") === (i % 2 === 0));
  demandRule(placed, "shape");
}

/** One character for each byte: a string that is equal exactly when the bytes are, and cheap to put into a set. */
const keyText = new TextDecoder("latin1");

/**
 * No encryption key stands in two nodes, no signature key in two leaves (RFC 9420 §7.3, §12.4.3.1). Held for every state
 * that is saved, because the library compares an added leaf with nothing: a member could bring a key of somebody else's
 * leaf into the tree, and no newcomer would take that tree any more.
 */
export function demandUniqueKeys(tree: RatchetTree, code: CryptoErrorCode): void {
  const encryption = new Set<string>();
  const signature = new Set<string>();
  const take = (keys: Set<string>, key: Uint8Array): void => {
    const text = keyText.decode(key);
    if (keys.has(text)) throw new CryptoError(code, { rule: "keys" satisfies TreeRule });
    keys.add(text);
  };
  for (const node of tree) {
    if (node?.nodeType === "parent") take(encryption, node.parent.hpkePublicKey);
    if (node?.nodeType !== "leaf") continue;
    take(encryption, node.leaf.hpkePublicKey);
    take(signature, node.leaf.signaturePublicKey);
  }
}

/**
 * Each list is ascending and names non-blank leaves below its node, which every parent in between names as well
 * (RFC 9420 §12.4.3.1).
 */
function demandUnmergedLeaves(tree: RatchetTree): void {
  const leaves = leafWidth(tree.length);
  const listed = tree.map((node) =>
    node?.nodeType === "parent" ? new Set(node.parent.unmergedLeaves) : null,
  );
  for (const [index, node] of tree.entries()) {
    if (node?.nodeType !== "parent") continue;
    let before = -1;
    for (const leaf of node.parent.unmergedLeaves) {
      demandRule(leaf > before && leaf < leaves, "unmerged_leaves");
      before = leaf;
      const place = leafToNodeIndex(toLeafIndex(leaf));
      const above = directPath(place, leaves);
      const distance = above.indexOf(toNodeIndex(index));
      demandRule(tree[place] !== undefined && distance >= 0, "unmerged_leaves");
      const between = above.slice(0, distance).every((one) => listed[one]?.has(leaf) ?? true);
      demandRule(between, "unmerged_leaves");
    }
  }
}

/** Every non-blank parent node is parent-hash valid (RFC 9420 §7.9.2). */
async function demandParentHashes(
  tree: RatchetTree,
  hashes: TreeHashes,
  impl: CiphersuiteImpl,
): Promise<void> {
  for (const [i, node] of tree.entries()) {
    if (node?.nodeType !== "parent") continue;
    const index = toNodeIndex(i);
    const sides = [
      { child: left(index), sibling: right(index) },
      { child: right(index), sibling: left(index) },
    ];
    let valid = false;
    for (const { child, sibling } of sides) {
      const claimed = claimedParentHash(tree, child, node.parent.unmergedLeaves);
      if (claimed === undefined) continue;
      const input = encodeParentHashInput({
        encryptionKey: node.parent.hpkePublicKey,
        parentHash: node.parent.parentHash,
        originalSiblingTreeHash: await hashes.without(sibling, node.parent.unmergedLeaves),
      });
      valid ||= equal(await impl.hash.digest(input), claimed);
    }
    demandRule(valid, "parent_hash");
  }
}

/**
 * The parent hash that the one possible node D under `child` carries: the resolution of `child` is D and, but for D,
 * exactly the parent's unmerged leaves that stand there. Undefined when there is no such D.
 */
function claimedParentHash(tree: RatchetTree, child: NodeIndex, unmerged: number[]): Uint8Array | undefined {
  const listed = new Set(unmerged.map((leaf) => leafToNodeIndex(toLeafIndex(leaf))));
  const [descendant, ...more] = resolution(tree, child).filter((index) => !listed.has(index));
  if (descendant === undefined || more.length > 0) return undefined;
  const node = tree[descendant];
  if (node?.nodeType === "parent") return node.parent.parentHash;
  return node?.leaf.leafNodeSource === "commit" ? node.leaf.parentHash : undefined;
}

/** Each leaf signed by its own key; a commit's leaf for this group and place (RFC 9420 §7.2). */
async function demandLeafSignatures(
  tree: RatchetTree,
  groupId: Uint8Array,
  impl: CiphersuiteImpl,
): Promise<void> {
  const verified = await Promise.all(
    tree.map((node, i) =>
      node?.nodeType === "leaf" ? verifyLeaf(node.leaf, groupId, i / 2, impl) : Promise.resolve(true),
    ),
  );
  demandRule(verified.every(Boolean), "leaf_signature");
}

/** An "update" leaf comes from a proposal that Beep's groups do not have. */
function verifyLeaf(
  leaf: LeafNode,
  groupId: Uint8Array,
  index: number,
  impl: CiphersuiteImpl,
): Promise<boolean> {
  if (leaf.leafNodeSource === "update") return Promise.resolve(false);
  return leaf.leafNodeSource === "key_package"
    ? verifyLeafNodeSignatureKeyPackage(leaf, impl.signature)
    : verifyLeafNodeSignature(leaf, groupId, index, impl.signature);
}
