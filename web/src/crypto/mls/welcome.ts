/** Opening a Welcome (RFC 9420 §12.4.3.1); why not by the library's `joinGroup`: `tree-validation.ts`. */

import type {
  CiphersuiteImpl,
  ClientConfig,
  ClientState,
  Extension,
  GroupInfo,
  KeyPackage,
  PrivateKeyPackage,
  RatchetTree,
  Welcome,
} from "ts-mls";
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from "ts-mls/groupInfo.js";
import { makeKeyPackageRef } from "ts-mls/keyPackage.js";
import { deriveKeySchedule } from "ts-mls/keySchedule.js";
import { encodeLeafNode } from "ts-mls/leafNode.js";
import {
  decodeRatchetTree,
  encodeRatchetTree,
  filteredDirectPathAndCopathResolution,
} from "ts-mls/ratchetTree.js";
import { isAncestor, leafToNodeIndex, toLeafIndex, toNodeIndex } from "ts-mls/treemath.js";
import { decryptGroupInfo, decryptGroupSecrets } from "ts-mls/welcome.js";
import { equal } from "../bytes";
import { CryptoError, demand } from "../errors";
import { newSecretTree } from "./epoch";
import { climb } from "./take-commit";
import { leafAt } from "./tree";
import { demandValidTree } from "./tree-validation";

/** The extensions of a GroupInfo that Beep's members make. */
export interface OpenedWelcome {
  state: ClientState;
  extensions: Extension[];
  /** Leaf of the member who made the commit and signed the GroupInfo. */
  signer: number;
}

/**
 * The state of a newcomer. Credentials and capabilities are not judged here.
 *
 * Secrets: joiner secret and epoch secret are wiped; a path secret becomes private keys of the nodes above the own leaf.
 *
 * @throws CryptoError `welcome_refused`, `suite` or `group_context`; what the library throws is to be read as the first.
 */
export async function openWelcome(
  welcome: Welcome,
  own: KeyPackage,
  privateKeys: PrivateKeyPackage,
  config: ClientConfig,
  impl: CiphersuiteImpl,
): Promise<OpenedWelcome> {
  const initKey = await impl.hpke.importPrivateKey(privateKeys.initPrivateKey);
  const ref = await makeKeyPackageRef(own, impl.hash);
  const secrets = await decryptGroupSecrets(initKey, ref, welcome, impl.hpke);
  demand(secrets?.psks.length === 0 && secrets.joinerSecret.length === impl.kdf.size, "welcome_refused");
  const noPsk = new Uint8Array(impl.kdf.size);
  const info = await decryptGroupInfo(welcome, secrets.joinerSecret, noPsk, impl);
  if (info === undefined) throw new CryptoError("welcome_refused");
  const { groupContext, confirmationTag } = info;
  demand(groupContext.version === "mls10" && groupContext.cipherSuite === own.cipherSuite, "suite");
  demand(groupContext.extensions.length === 0, "group_context");
  const tree = readTree(info);
  const signer = leafAt(tree, info.signer);
  demand(signer !== undefined, "welcome_refused");
  const signed = await verifyGroupInfoSignature(info, signer.signaturePublicKey, impl.signature);
  demand(signed, "welcome_refused");
  await demandValidTree(tree, groupContext, impl);
  const leafIndex = ownLeaf(tree, own);
  demand(leafIndex !== info.signer, "welcome_refused");
  const confirmed = await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, noPsk, impl);
  demand(confirmed, "welcome_refused");
  const above =
    secrets.pathSecret && (await keysAbove(tree, leafIndex, info.signer, secrets.pathSecret, impl));
  const place = leafToNodeIndex(toLeafIndex(leafIndex));
  const [keySchedule, encryptionSecret] = await deriveKeySchedule(
    secrets.joinerSecret,
    noPsk,
    groupContext,
    impl.kdf,
  );
  const state: ClientState = {
    groupContext,
    ratchetTree: tree,
    privatePath: { leafIndex, privateKeys: { ...above, [place]: privateKeys.hpkePrivateKey } },
    signaturePrivateKey: privateKeys.signaturePrivateKey,
    confirmationTag,
    unappliedProposals: {},
    keySchedule,
    secretTree: await newSecretTree(tree, encryptionSecret, impl),
    historicalReceiverData: new Map(),
    groupActiveState: { kind: "active" },
    clientConfig: config,
  };
  encryptionSecret.fill(0);
  secrets.joinerSecret.fill(0);
  return { state, extensions: info.extensions, signer: info.signer };
}

/** The tree of the ratchet_tree extension, in its one encoding. */
function readTree(info: GroupInfo): RatchetTree {
  const [extension, ...more] = info.extensions.filter((one) => one.extensionType === "ratchet_tree");
  demand(extension !== undefined && more.length === 0, "welcome_refused");
  const tree = decodeRatchetTree(extension.extensionData, 0)?.[0];
  demand(tree !== undefined && equal(encodeRatchetTree(tree), extension.extensionData), "welcome_refused");
  return tree;
}

/** The leaf that holds exactly the KeyPackage's leaf node. */
function ownLeaf(tree: RatchetTree, { leafNode }: KeyPackage): number {
  const encoded = encodeLeafNode(leafNode);
  const place = tree.findIndex(
    (node) =>
      node?.nodeType === "leaf" &&
      equal(node.leaf.hpkePublicKey, leafNode.hpkePublicKey) &&
      equal(encodeLeafNode(node.leaf), encoded),
  );
  demand(place >= 0, "welcome_refused");
  return place / 2;
}

/** The private keys from the lowest node that the signer's path and the newcomer have in common, upwards. */
async function keysAbove(
  tree: RatchetTree,
  leaf: number,
  signer: number,
  pathSecret: Uint8Array,
  impl: CiphersuiteImpl,
): Promise<Record<number, Uint8Array>> {
  const nodes = filteredDirectPathAndCopathResolution(toLeafIndex(signer), tree).map((one) => one.nodeIndex);
  const place = leafToNodeIndex(toLeafIndex(leaf));
  const common = nodes.find((index) => isAncestor(place, toNodeIndex(index), tree.length));
  if (common === undefined) throw new CryptoError("welcome_refused");
  return (await climb(tree, nodes, common, pathSecret, impl)).keys;
}
