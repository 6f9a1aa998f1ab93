/** Tree hashes (RFC 9420 §7.8), each node hashed once for all who ask. */

import type { Hash, RatchetTree } from "ts-mls";
import { encodeTreeHashInput } from "ts-mls/treeHash.js";
import { isLeaf, left, type NodeIndex, right, rootFromNodeWidth } from "ts-mls/treemath.js";

const NOBODY: ReadonlySet<number> = new Set();

/** The leaves below a node: indices from `first` to `last`. A node of level k spans 2^k leaves. */
function span(node: number): { first: number; last: number } {
  const level = 31 - Math.clz32(~node & (node + 1));
  const width = 1 << level;
  return { first: (node - (width - 1)) / 2, last: (node + (width - 1)) / 2 };
}

export class TreeHashes {
  readonly #tree: RatchetTree;
  readonly #digest: Hash["digest"];
  readonly #known: (Promise<Uint8Array> | undefined)[] = [];

  constructor(tree: RatchetTree, hash: Pick<Hash, "digest">) {
    this.#tree = tree;
    this.#digest = (data) => hash.digest(data);
  }

  of(node: NodeIndex): Promise<Uint8Array> {
    return (this.#known[node] ??= this.#compute(node, NOBODY));
  }

  /** The hash as it was before `leaves` were added: "original tree hash" (RFC 9420 §7.9). */
  without(node: NodeIndex, leaves: readonly number[]): Promise<Uint8Array> {
    return this.#without(node, new Set(leaves));
  }

  #without(node: NodeIndex, removed: ReadonlySet<number>): Promise<Uint8Array> {
    const { first, last } = span(node);
    for (const leaf of removed) if (leaf >= first && leaf <= last) return this.#compute(node, removed);
    return this.of(node);
  }

  async #compute(index: NodeIndex, removed: ReadonlySet<number>): Promise<Uint8Array> {
    const node = this.#tree[index];
    if (isLeaf(index)) {
      const leafIndex = index / 2;
      const leafNode = node?.nodeType === "leaf" && !removed.has(leafIndex) ? node.leaf : undefined;
      return this.#digest(encodeTreeHashInput({ nodeType: "leaf", leafIndex, leafNode }));
    }
    const [leftHash, rightHash] = await Promise.all([
      this.#without(left(index), removed),
      this.#without(right(index), removed),
    ]);
    const parent = node?.nodeType === "parent" ? node.parent : undefined;
    const parentNode = parent && {
      ...parent,
      unmergedLeaves: parent.unmergedLeaves.filter((leaf) => !removed.has(leaf)),
    };
    return this.#digest(encodeTreeHashInput({ nodeType: "parent", parentNode, leftHash, rightHash }));
  }
}

/** The tree hash of a group context. */
export const treeHashOf = (tree: RatchetTree, hash: Pick<Hash, "digest">): Promise<Uint8Array> =>
  new TreeHashes(tree, hash).of(rootFromNodeWidth(tree.length));
