/** Ratchet trees: what newcomers take and refuse, and that everybody reaches the same epoch whatever the shape. */

import {
  acceptAll,
  type ClientState,
  createCommit,
  decodeMlsMessage,
  emptyPskIndex,
  encodeMlsMessage,
  joinGroup,
  type Node,
  processPublicMessage,
  type RatchetTree,
} from "ts-mls";
import { treeHashRoot } from "ts-mls/treeHash.js";
import { nextEpoch } from "../../src/crypto/mls/epoch";
import { makeCommit } from "../../src/crypto/mls/make-commit";
import { clientConfig } from "../../src/crypto/mls/profile";
import { Roster } from "../../src/crypto/mls/roster";
import { treeHashOf } from "../../src/crypto/mls/tree-hash";
import { demandValidTree } from "../../src/crypto/mls/tree-validation";
import { describe, expect, it } from "vitest";
import {
  addOf,
  classical,
  commit,
  founded,
  joinedBy,
  type Made,
  type Newcomer,
  newcomer,
  removeOf,
  take,
} from "./tree-of";

/** All states of a group by leaf; every commit is taken by everybody, newcomers join by the Welcome. */
class Group {
  readonly states = new Map<number, ClientState>();

  static async founded(): Promise<Group> {
    const group = new Group();
    group.states.set(0, await founded("founder"));
    return group;
  }

  state(leaf: number): ClientState {
    const state = this.states.get(leaf);
    if (!state) throw new Error(`nobody at ${String(leaf)}`);
    return state;
  }

  /** The committer at `leaf` removes and adds; returns the leaves of the newcomers. */
  async commit(leaf: number, remove: number[], add: Newcomer[], withPath?: boolean): Promise<number[]> {
    const made = await commit(this.state(leaf), [...remove.map(removeOf), ...add.map(addOf)], withPath);
    for (const gone of remove) this.states.delete(gone);
    for (const [other, state] of this.states)
      this.states.set(other, other === leaf ? made.state : await take(state, made));
    const leaves: number[] = [];
    for (const one of add) {
      const state = await joinedBy(one, made.welcome);
      leaves.push(state.privatePath.leafIndex);
      this.states.set(state.privatePath.leafIndex, state);
    }
    this.demandAgreement();
    return leaves;
  }

  demandAgreement(): void {
    const [first, ...others] = [...this.states.values()];
    for (const other of others) {
      expect(other.keySchedule).toEqual(first!.keySchedule);
      expect(other.groupContext).toEqual(first!.groupContext);
      expect(other.secretTree).toEqual(first!.secretTree);
    }
  }
}

const newcomers = (count: number): Promise<Newcomer[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => newcomer(`member ${String(i)}`)));

/** Nine leaves: leaf 7 unmerged below a healed node, leaf 8 the newcomer whom the library refuses. */
async function lived(): Promise<{ group: Group; last: Newcomer; made: Made }> {
  const group = await Group.founded();
  const people = await newcomers(8);
  await group.commit(0, [], people.slice(0, 6));
  await group.commit(4, [], []);
  await group.commit(0, [], [people[6]!]);
  await group.commit(0, [], []);
  const last = people[7]!;
  return { group, last, made: await commit(group.state(0), [addOf(last)]) };
}

describe("a sound tree", () => {
  it("with a leaf unmerged at several nodes is refused by the library and taken by us", async () => {
    const { last, made } = await lived();
    const [none, config] = [undefined, clientConfig(new Roster([]))];
    const everyone = { ...config, authService: { validateCredential: () => Promise.resolve(true) } };
    const { publicPackage, privatePackage } = last;
    await expect(
      joinGroup(made.welcome!, publicPackage, privatePackage, emptyPskIndex, classical, none, none, everyone),
    ).rejects.toThrow("unmerged_leaves");
    const joined = await joinedBy(last, made.welcome);
    expect(joined.keySchedule).toEqual(made.state.keySchedule);
  });

  it("has the tree hash that the library computes", async () => {
    const { group } = await lived();
    const { ratchetTree } = group.state(0);
    expect(await treeHashOf(ratchetTree, classical.hash)).toEqual(
      await treeHashRoot(ratchetTree, classical.hash),
    );
  });

  /** Shapes come from a fixed sequence of pseudo-random choices: removes, adds and heals by any member. */
  it.each([1, 2, 3, 4])("of any shape is taken by every newcomer (walk %i)", async (seed) => {
    let state = seed;
    const choose = (below: number): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    const group = await Group.founded();
    const people = await newcomers(40);
    await group.commit(0, [], people.splice(0, 5));
    for (let step = 0; step < 24; step++) {
      const present = [...group.states.keys()].sort((a, b) => a - b);
      const committer = present[choose(present.length)]!;
      const others = present.filter((leaf) => leaf !== committer);
      const removing = others.length > 1 && choose(2) === 0;
      const gone = removing ? others.filter(() => choose(3) === 0) : [];
      const add = people.splice(0, choose(3));
      await group.commit(committer, gone, add, gone.length > 0 || add.length === 0 || choose(2) === 0);
      for (const one of group.states.values())
        await demandValidTree(one.ratchetTree, one.groupContext, classical);
    }
  });
});

describe("a manipulated tree", () => {
  type Change = (tree: RatchetTree) => void;
  const parent = (node: Node | undefined): Extract<Node, { nodeType: "parent" }>["parent"] => {
    if (node?.nodeType !== "parent") throw new Error("no parent");
    return node.parent;
  };
  const leaf = (node: Node | undefined): Extract<Node, { nodeType: "leaf" }>["leaf"] => {
    if (node?.nodeType !== "leaf") throw new Error("no leaf");
    return node.leaf;
  };
  /** In the tree of `lived`: parents at 7 (root of eight leaves), 3 and 1; 11 and 9 by leaf 4; leaf 7 is at node 14. */
  const changes: Record<string, { rule: string; change: Change }> = {
    "a parent hash that is another": {
      rule: "parent_hash",
      change: (tree) => (parent(tree[3]).parentHash = new Uint8Array(32)),
    },
    "another key in a parent": {
      rule: "parent_hash",
      change: (tree) => (parent(tree[3]).hpkePublicKey = new Uint8Array(32).fill(9)),
    },
    "an unmerged leaf kept from the list": {
      rule: "parent_hash",
      change: (tree) => (parent(tree[11]).unmergedLeaves = []),
    },
    "a merged leaf called unmerged": {
      rule: "parent_hash",
      change: (tree) => {
        parent(tree[9]).unmergedLeaves = [5];
        parent(tree[11]).unmergedLeaves = [5, 7];
      },
    },
    "an unmerged leaf from the other side": {
      rule: "unmerged_leaves",
      change: (tree) => (parent(tree[11]).unmergedLeaves = [1, 7]),
    },
    "an unmerged leaf that is blank": {
      rule: "unmerged_leaves",
      change: (tree) => (parent(tree[7]).unmergedLeaves = [9]),
    },
    "an unmerged leaf outside the tree": {
      rule: "unmerged_leaves",
      change: (tree) => (parent(tree[11]).unmergedLeaves = [7, 4_000_000_000]),
    },
    "an unmerged leaf twice": {
      rule: "unmerged_leaves",
      change: (tree) => (parent(tree[11]).unmergedLeaves = [7, 7]),
    },
    "an unmerged leaf that a node in between does not list": {
      rule: "unmerged_leaves",
      change: (tree) => (parent(tree[7]).unmergedLeaves = [5]),
    },
    "one key in two nodes": {
      rule: "keys",
      change: (tree) => (leaf(tree[2]).hpkePublicKey = leaf(tree[4]).hpkePublicKey),
    },
    "a leaf's key in a parent": {
      rule: "keys",
      change: (tree) => (parent(tree[9]).hpkePublicKey = leaf(tree[4]).hpkePublicKey),
    },
    "one signature key in two leaves": {
      rule: "keys",
      change: (tree) => (leaf(tree[2]).signaturePublicKey = leaf(tree[4]).signaturePublicKey),
    },
    "two leaves swapped": {
      rule: "parent_hash",
      change: (tree) => ([tree[2], tree[16]] = [tree[16], tree[2]]),
    },
    "a leaf whose key its owner did not sign": {
      rule: "leaf_signature",
      change: (tree) => (leaf(tree[16]).hpkePublicKey = new Uint8Array(32).fill(8)),
    },
    "a leaf in a parent's place": { rule: "shape", change: (tree) => (tree[5] = tree[2]) },
    "a parent in a leaf's place": { rule: "shape", change: (tree) => (tree[18] = tree[3]) },
    "a node left out": { rule: "shape", change: (tree) => tree.pop() },
  };

  it.each(Object.entries(changes))("%s", async (_name, { rule, change }) => {
    const { made } = await lived();
    const tree = structuredClone(made.state.ratchetTree);
    const context = made.state.groupContext;
    await expect(demandValidTree(tree, context, classical)).resolves.toBeUndefined();
    change(tree);
    // Its maker signs whatever tree hash fits.
    const treeHash = rule === "shape" ? context.treeHash : await treeHashOf(tree, classical.hash);
    await expect(demandValidTree(tree, { ...context, treeHash }, classical)).rejects.toMatchObject({
      code: "welcome_refused",
      detail: { rule },
    });
  });

  it("under the tree hash of another", async () => {
    const { made, group } = await lived();
    const context = { ...made.state.groupContext, treeHash: group.state(0).groupContext.treeHash };
    await expect(demandValidTree(made.state.ratchetTree, context, classical)).rejects.toMatchObject({
      detail: { rule: "tree_hash" },
    });
  });

  it("whose committer's leaf was signed at another place or for another group", async () => {
    const { made } = await lived();
    const other = { ...made.state.groupContext, groupId: new Uint8Array(32) };
    await expect(demandValidTree(made.state.ratchetTree, other, classical)).rejects.toMatchObject({
      detail: { rule: "leaf_signature" },
    });
  });
});

describe("a commit", () => {
  it("that leaves one member alone shuts out the removed one, also from what grows after it", async () => {
    const people = await newcomers(2);
    const begun = await commit(await founded("founder"), [addOf(people[0]!)]);
    const thief = await joinedBy(people[0]!, begun.welcome);
    const alone = await commit(begun.state, [removeOf(1)]);
    const later = await commit(alone.state, [addOf(people[1]!)]);

    // What the removed device can compute: the next epoch from a commit secret of zeros, as the library makes it.
    const guess = async (state: ClientState, made: Made): Promise<ClientState> => {
      const { content, auth } = made.message;
      if (content.contentType !== "commit") throw new Error("not a commit");
      const signed = { content, signature: auth.signature };
      const [zeros, noKeys] = [new Uint8Array(32), { leafIndex: 0, privateKeys: {} }];
      return (await nextEpoch(state, made.state.ratchetTree, noKeys, zeros, signed, classical)).state;
    };
    expect((await guess(thief, alone)).keySchedule).not.toEqual(alone.state.keySchedule);
    expect((await guess(await guess(thief, alone), later)).keySchedule).not.toEqual(later.state.keySchedule);

    // The library itself: the removed member derives the lone member's epoch, and so everything after it.
    const options = {
      wireAsPublicMessage: true,
      extraProposals: [removeOf(1)],
      authenticatedData: new Uint8Array(),
    };
    const theirs = await createCommit({ state: begun.state, cipherSuite: classical }, options);
    if (theirs.commit.wireformat !== "mls_public_message") throw new Error("not public");
    const message = theirs.commit.publicMessage;
    const stolen = await guess(thief, { state: theirs.newState, message, welcome: null });
    expect(stolen.keySchedule).toEqual(theirs.newState.keySchedule);
  });

  it("by a member whose whole other half is gone agrees with the RFC, not with the library", async () => {
    const group = await Group.founded();
    await group.commit(0, [], await newcomers(3));
    await group.commit(2, [0, 1], []);
    await group.commit(3, [], []);
    const made = await commit(group.state(2), []);
    await expect(take(group.state(3), made)).resolves.toMatchObject({ groupContext: { epoch: 4n } });
    // One derivation more than RFC 9420 §7.4 has: the library alone would not find the epoch of another client.
    await expect(
      processPublicMessage(group.state(3), made.message, emptyPskIndex, classical, acceptAll),
    ).rejects.toThrow("confirmation tag");
  });

  it("whose path shows other keys than its secrets make is refused by those below them", async () => {
    const group = await Group.founded();
    await group.commit(0, [], await newcomers(3));
    // The committer publishes a foreign key at the root and seals the right secrets below it.
    const foreign = (await newcomer("foreign")).publicPackage.initKey;
    let exported = 0;
    const exportPublicKey: typeof classical.hpke.exportPublicKey = (key) =>
      ++exported === 2 ? Promise.resolve(foreign) : classical.hpke.exportPublicKey(key);
    const hostile = { ...classical, hpke: { ...classical.hpke, exportPublicKey } };
    const options = { authenticatedData: new Uint8Array(), path: true, groupInfoExtensions: [] };
    const made = await makeCommit(group.state(0), [], options, hostile);
    if (made.commit.wireformat !== "mls_public_message") throw new Error("not public");
    const message = made.commit.publicMessage;
    if (message.content.contentType !== "commit") throw new Error("not a commit");
    expect(message.content.commit.path!.nodes[1]!.hpkePublicKey).toEqual(foreign);
    for (const leaf of [1, 2, 3])
      await expect(take(group.state(leaf), { message })).rejects.toMatchObject({ code: "not_authentic" });
    // The library notices nothing and would fail at a later commit of somebody innocent.
    const fooled = await processPublicMessage(group.state(2), message, emptyPskIndex, classical, acceptAll);
    expect(fooled.newState.groupContext.epoch).toBe(2n);
  });

  it("with a path secret too few or too many is refused", async () => {
    const group = await Group.founded();
    await group.commit(0, [], await newcomers(3));
    const made = await commit(group.state(0), []);
    const sealed = {
      version: "mls10",
      wireformat: "mls_public_message",
      publicMessage: made.message,
    } as const;
    for (const change of ["fewer", "more"] as const) {
      const copy = decodeMlsMessage(encodeMlsMessage(sealed), 0)![0];
      if (copy.wireformat !== "mls_public_message") throw new Error("not public");
      const { content } = copy.publicMessage;
      if (content.contentType !== "commit" || !content.commit.path) throw new Error("no path");
      const secrets = content.commit.path.nodes[1]!.encryptedPathSecret;
      if (change === "fewer") secrets.pop();
      else secrets.push(secrets[0]!);
      await expect(take(group.state(2), { message: copy.publicMessage })).rejects.toThrow();
    }
  });
});
