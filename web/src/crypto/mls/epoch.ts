/**
 * From one epoch to the next (RFC 9420 §8, §12.4): what the maker of a commit and those who take it do alike.
 *
 * The handshake is composed here of the library's own parts instead of being left to `createCommit` and
 * `processPublicMessage`, because 1.6.4 (1) gives a commit without receivers a commit secret of zeros, so that a device
 * removed from a group of two reads what the other writes alone and the group that grows from there; (2) derives the
 * commit secret once too often where the root is outside the filtered direct path; (3) never compares the keys of a path
 * with the path secrets, so that a member can cut others off and let the next committer be blamed; (4) encodes the whole
 * tree once for each added member. Only the composition is ours: every derivation, signature and encoding is a call into
 * the library.
 */

import type { CiphersuiteImpl, ClientState, RatchetTree } from "ts-mls";
import { nextEpochContext } from "ts-mls/clientState.js";
import { expandWithLabel } from "ts-mls/crypto/kdf.js";
import { createConfirmationTag, type FramedContentCommit } from "ts-mls/framedContent.js";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import type { PrivateKeyPath } from "ts-mls/privateKeyPath.js";
import type { SecretTree, SecretTreeNode } from "ts-mls/secretTree.js";
import {
  directPath,
  isLeaf,
  leafToNodeIndex,
  leafWidth,
  left,
  right,
  rootFromNodeWidth,
  toLeafIndex,
  toNodeIndex,
} from "ts-mls/treemath.js";
import { utf8 } from "../bytes";
import { treeHashOf } from "./tree-hash";

export interface NextEpoch {
  state: ClientState;
  /** For the Welcome; wiped by the caller. */
  joinerSecret: Uint8Array;
  welcomeSecret: Uint8Array;
}

/**
 * The state of the epoch that begins with this commit. Not authenticated yet for one who takes it: the confirmation tag
 * of the answer's state must be compared with the commit's.
 */
export async function nextEpoch(
  state: ClientState,
  tree: RatchetTree,
  privatePath: PrivateKeyPath,
  commitSecret: Uint8Array,
  commit: { content: FramedContentCommit; signature: Uint8Array },
  impl: CiphersuiteImpl,
): Promise<NextEpoch> {
  const groupContext = await nextEpochContext(
    state.groupContext,
    "mls_public_message",
    commit.content,
    commit.signature,
    await treeHashOf(tree, impl.hash),
    state.confirmationTag,
    impl.hash,
  );
  const noPsk = new Uint8Array(impl.kdf.size);
  const { initSecret } = state.keySchedule;
  const secrets = await initializeEpoch(initSecret, commitSecret, groupContext, noPsk, impl.kdf);
  const { keySchedule, joinerSecret, welcomeSecret, encryptionSecret } = secrets;
  const { confirmedTranscriptHash } = groupContext;
  const next: ClientState = {
    groupContext,
    keySchedule,
    secretTree: await newSecretTree(tree, encryptionSecret, impl),
    ratchetTree: tree,
    privatePath: currentKeys(privatePath, tree),
    signaturePrivateKey: state.signaturePrivateKey,
    unappliedProposals: {},
    confirmationTag: await createConfirmationTag(
      keySchedule.confirmationKey,
      confirmedTranscriptHash,
      impl.hash,
    ),
    historicalReceiverData: new Map(),
    groupActiveState: { kind: "active" },
    clientConfig: state.clientConfig,
  };
  encryptionSecret.fill(0);
  return { state: next, joinerSecret, welcomeSecret };
}

const NO_RATCHET = { secret: new Uint8Array(), generation: 0, unusedGenerations: {} };
/** Of a parent, a blank leaf, and every handshake: nothing is ever encrypted there, and a key of no bytes is an error. */
const NO_RATCHETS: SecretTreeNode = { handshake: NO_RATCHET, application: NO_RATCHET };

/**
 * The application ratchets of the tree's members (RFC 9420 §9). The library's own also keeps ratchets for handshakes,
 * blank leaves and parents: four times the bytes in every saved state.
 */
export async function newSecretTree(
  tree: RatchetTree,
  encryptionSecret: Uint8Array,
  { kdf }: CiphersuiteImpl,
): Promise<SecretTree> {
  const secrets = new Array<Uint8Array | undefined>(tree.length);
  const nodes = new Array<SecretTreeNode>(tree.length).fill(NO_RATCHETS);
  const derive = (secret: Uint8Array, label: string, context: string): Promise<Uint8Array> =>
    expandWithLabel(secret, label, utf8(context), kdf.size, kdf);
  const waiting = [rootFromNodeWidth(tree.length)];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const secret = secrets[index] ?? encryptionSecret;
    if (isLeaf(index)) {
      if (tree[index] !== undefined) {
        const application = { ...NO_RATCHET, secret: await derive(secret, "application", "") };
        nodes[index] = { handshake: NO_RATCHET, application };
      }
    } else {
      secrets[left(index)] = await derive(secret, "tree", "left");
      secrets[right(index)] = await derive(secret, "tree", "right");
      waiting.push(left(index), right(index));
    }
    if (secret !== encryptionSecret) secret.fill(0);
  }
  return nodes;
}

/** Private keys of the own leaf and of the nodes above it that are not blank; the others serve nobody but a thief. */
function currentKeys({ leafIndex, privateKeys }: PrivateKeyPath, tree: RatchetTree): PrivateKeyPath {
  const own = leafToNodeIndex(toLeafIndex(leafIndex));
  const places = [own, ...directPath(own, leafWidth(tree.length))].filter(
    (index) => tree[index] !== undefined,
  );
  const kept = places.flatMap((index) => {
    const key = privateKeys[toNodeIndex(index)];
    return key === undefined ? [] : [[index, key] as const];
  });
  return { leafIndex, privateKeys: Object.fromEntries(kept) };
}
