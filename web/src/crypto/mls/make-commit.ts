/** Making a commit and its Welcome (RFC 9420 §12.4.1, §12.4.3.1); why not by the library's `createCommit`: `epoch.ts`. */

import type {
  CiphersuiteImpl,
  ClientState,
  Extension,
  GroupInfo,
  MLSMessage,
  Proposal,
  Welcome,
} from "ts-mls";
import { deriveSecret } from "ts-mls/crypto/kdf.js";
import { createContentCommitSignature } from "ts-mls/framedContent.js";
import { signGroupInfo } from "ts-mls/groupInfo.js";
import { makeKeyPackageRef } from "ts-mls/keyPackage.js";
import { protectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { mergePrivateKeyPaths, toPrivateKeyPath, updateLeafKey } from "ts-mls/privateKeyPath.js";
import { encodeRatchetTree } from "ts-mls/ratchetTree.js";
import { isAncestor, leafToNodeIndex, toLeafIndex, toNodeIndex } from "ts-mls/treemath.js";
import { createUpdatePath, type PathSecret } from "ts-mls/updatePath.js";
import { encryptGroupInfo, encryptGroupSecrets } from "ts-mls/welcome.js";
import { randomBytes } from "../bytes";
import { CryptoError } from "../errors";
import { type NextEpoch, nextEpoch } from "./epoch";
import { type Applied, applyProposals } from "./proposals";
import { demandUniqueKeys } from "./tree-validation";

export interface CommitOptions {
  authenticatedData: Uint8Array;
  /** With an UpdatePath; must be true when a member is removed or nothing is proposed (RFC 9420 §12.4). */
  path: boolean;
  /** Extensions of the GroupInfo for newcomers, beside the tree. */
  groupInfoExtensions: Extension[];
}

export interface MadeCommit {
  state: ClientState;
  commit: MLSMessage;
  welcome: Welcome | null;
}

/**
 * A commit by value, as a PublicMessage, with the state of the epoch it begins.
 *
 * Secrets: the path secrets come from the system's generator inside `createUpdatePath`; the one that becomes the commit
 * secret is wiped here with the joiner secret, the others live on as private keys of the path's nodes in the state.
 *
 * @throws CryptoError `key_package_refused` for a KeyPackage that is not authentic or brings a key that is there.
 */
export async function makeCommit(
  state: ClientState,
  proposals: readonly Proposal[],
  options: CommitOptions,
  impl: CiphersuiteImpl,
): Promise<MadeCommit> {
  const { groupContext, signaturePrivateKey, privatePath } = state;
  const applied = await applyProposals(state.ratchetTree, proposals, impl);
  const path = options.path ? await makePath(state, applied, impl) : withoutPath(state, applied, impl);
  demandUniqueKeys(path.tree, "key_package_refused");
  const { framedContent, signature } = await createContentCommitSignature(
    groupContext,
    "mls_public_message",
    {
      proposals: proposals.map((proposal) => ({ proposalOrRefType: "proposal", proposal })),
      path: path.updatePath,
    },
    { senderType: "member", leafIndex: privatePath.leafIndex },
    options.authenticatedData,
    signaturePrivateKey,
    impl.signature,
  );
  const signed = { content: framedContent, signature };
  const next = await nextEpoch(state, path.tree, path.privatePath, path.commitSecret, signed, impl);
  path.commitSecret.fill(0);
  const publicMessage = await protectPublicMessage(
    state.keySchedule.membershipKey,
    groupContext,
    {
      wireformat: "mls_public_message",
      content: framedContent,
      auth: { contentType: "commit", signature, confirmationTag: next.state.confirmationTag },
    },
    impl,
  );
  const welcome =
    applied.added.length === 0 ? null : await makeWelcome(next, applied, path.secrets, options, impl);
  next.joinerSecret.fill(0);
  next.welcomeSecret.fill(0);
  return {
    state: next.state,
    commit: { version: "mls10", wireformat: "mls_public_message", publicMessage },
    welcome,
  };
}

interface Path {
  tree: ClientState["ratchetTree"];
  updatePath: Awaited<ReturnType<typeof createUpdatePath>>[1] | undefined;
  /** From the lowest node of the filtered direct path to the highest. */
  secrets: PathSecret[];
  privatePath: ClientState["privatePath"];
  commitSecret: Uint8Array;
}

async function makePath(state: ClientState, applied: Applied, impl: CiphersuiteImpl): Promise<Path> {
  const { privatePath } = state;
  // Newcomers get their path secret in the Welcome, not in the commit (RFC 9420 §12.4.1).
  const newcomers = applied.added.map(({ leaf }) => leafToNodeIndex(leaf));
  const [tree, updatePath, secrets, leafKey] = await createUpdatePath(
    applied.tree,
    toLeafIndex(privatePath.leafIndex),
    state.groupContext,
    state.signaturePrivateKey,
    impl,
    newcomers,
  );
  const byNode = Object.fromEntries(secrets.map(({ nodeIndex, secret }) => [nodeIndex, secret]));
  const above = await toPrivateKeyPath(byNode, privatePath.leafIndex, impl);
  const own = updateLeafKey(privatePath, await impl.hpke.exportPrivateKey(leafKey));
  const highest = secrets.at(-1);
  // Without receivers nobody has to find the commit secret, but those who were removed must not know it.
  const commitSecret =
    highest === undefined ? randomBytes(impl.kdf.size) : await deriveSecret(highest.secret, "path", impl.kdf);
  return { tree, updatePath, secrets, privatePath: mergePrivateKeyPaths(own, above), commitSecret };
}

/** Only newcomers: the commit secret is zeros (RFC 9420 §8), what is secret is the epoch's init secret. */
function withoutPath(state: ClientState, applied: Applied, impl: CiphersuiteImpl): Path {
  const commitSecret = new Uint8Array(impl.kdf.size);
  return {
    tree: applied.tree,
    updatePath: undefined,
    secrets: [],
    privatePath: state.privatePath,
    commitSecret,
  };
}

/** One Welcome for all newcomers: the GroupInfo with the tree once, the secrets for each. */
async function makeWelcome(
  { state, joinerSecret, welcomeSecret }: NextEpoch,
  { added }: Applied,
  secrets: readonly PathSecret[],
  options: CommitOptions,
  impl: CiphersuiteImpl,
): Promise<Welcome> {
  const { groupContext, ratchetTree, confirmationTag, privatePath } = state;
  const tree: Extension = { extensionType: "ratchet_tree", extensionData: encodeRatchetTree(ratchetTree) };
  const extensions = [...options.groupInfoExtensions, tree];
  const unsigned = { groupContext, extensions, confirmationTag, signer: privatePath.leafIndex };
  const info: GroupInfo = await signGroupInfo(unsigned, state.signaturePrivateKey, impl.signature);
  const encryptedGroupInfo = await encryptGroupInfo(info, welcomeSecret, impl);
  const sealFor = async ({
    leaf,
    keyPackage,
  }: Applied["added"][number]): Promise<Welcome["secrets"][number]> => {
    const place = leafToNodeIndex(leaf);
    const common = secrets.find(({ nodeIndex }) =>
      isAncestor(place, toNodeIndex(nodeIndex), ratchetTree.length),
    );
    if (secrets.length > 0 && common === undefined) throw new CryptoError("engine_failed");
    const initKey = await impl.hpke.importPublicKey(keyPackage.initKey);
    const sealed = await encryptGroupSecrets(
      initKey,
      encryptedGroupInfo,
      { joinerSecret, pathSecret: common?.secret, psks: [] },
      impl.hpke,
    );
    return {
      newMember: await makeKeyPackageRef(keyPackage, impl.hash),
      encryptedGroupSecrets: { kemOutput: sealed.enc, ciphertext: sealed.ct },
    };
  };
  const { cipherSuite } = groupContext;
  return { cipherSuite, secrets: await Promise.all(added.map(sealFor)), encryptedGroupInfo };
}
