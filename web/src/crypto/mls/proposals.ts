/** Adds and Removes by value applied to a tree (RFC 9420 §12.3), in the order of the RFC: removes first. */

import type { CiphersuiteImpl, KeyPackage, Proposal, ProposalAdd, ProposalRemove, RatchetTree } from "ts-mls";
import { verifyKeyPackage } from "ts-mls/keyPackage.js";
import { verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js";
import { addLeafNode, removeLeafNode } from "ts-mls/ratchetTree.js";
import { type LeafIndex, nodeToLeafIndex, toLeafIndex } from "ts-mls/treemath.js";
import { demand } from "../errors";

export const isAdd = (proposal: Proposal): proposal is ProposalAdd => proposal.proposalType === "add";
export const isRemove = (proposal: Proposal): proposal is ProposalRemove =>
  proposal.proposalType === "remove";

export interface Applied {
  tree: RatchetTree;
  added: { leaf: LeafIndex; keyPackage: KeyPackage }[];
}

/**
 * What the guards ask of proposals (types, places, capabilities, roster) must hold before; here KeyPackages are verified
 * and put into the leftmost free leaves.
 *
 * @throws CryptoError `key_package_refused` when a KeyPackage or its leaf is not signed by the leaf's key.
 */
export async function applyProposals(
  tree: RatchetTree,
  proposals: readonly Proposal[],
  impl: CiphersuiteImpl,
): Promise<Applied> {
  const packages = proposals.filter(isAdd).map(({ add }) => add.keyPackage);
  const verified = await Promise.all(packages.map((one) => verifySignatures(one, impl)));
  demand(verified.every(Boolean), "key_package_refused");
  let current = tree;
  for (const { remove } of proposals.filter(isRemove))
    current = removeLeafNode(current, toLeafIndex(remove.removed));
  const added: Applied["added"] = [];
  for (const keyPackage of packages) {
    const [next, place] = addLeafNode(current, keyPackage.leafNode);
    added.push({ leaf: nodeToLeafIndex(place), keyPackage });
    current = next;
  }
  return { tree: current, added };
}

async function verifySignatures(keyPackage: KeyPackage, impl: CiphersuiteImpl): Promise<boolean> {
  const signed = await verifyKeyPackage(keyPackage, impl.signature);
  return signed && verifyLeafNodeSignatureKeyPackage(keyPackage.leafNode, impl.signature);
}
