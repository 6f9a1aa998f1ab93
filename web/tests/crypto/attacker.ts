/**
 * A member who has real keys and the MLS library without Beep's rules, and the server, which has all ciphertext and no
 * keys: what either can put into a log.
 */

import {
  acceptAll,
  type ClientState,
  type CreateCommitOptions,
  createApplicationMessage,
  createCommit,
  createProposal,
  defaultAuthenticationService,
  encodeMlsMessage,
  type MLSMessage,
  type Proposal,
} from "ts-mls";
import type { InEnvelope, Suite } from "../../src/crypto/api";
import { encodeAuthenticatedData } from "../../src/crypto/authenticated-data";
import { ciphersuite, decodeKeyPackage, decodeMessage } from "../../src/crypto/mls/library";
import { clientConfig } from "../../src/crypto/mls/profile";
import { Roster } from "../../src/crypto/mls/roster";
import { type Group, StateCache } from "../../src/crypto/mls/state";
import { encodePlaintext, frankingTag } from "../../src/crypto/plaintext";
import { expect } from "vitest";
import {
  type Device,
  hear,
  newKeyPackage,
  type Pair,
  said,
  seenAt,
  speak,
  texts,
  zeros,
} from "./people-in-groups";

export { acceptAll };
export const suite = await ciphersuite(0x0053);

/**
 * The attacker's own group state under the library's default rules: everyone is accepted. Ratchets for handshakes, which
 * Beep's states do not have, are put in, so that the library can encrypt some.
 */
export const attackerGroup = (pair: Pair, name: "asma" | "bilal" = "bilal"): Promise<Group> =>
  looseGroup(pair.states[name]);

/** The same of any state that a client keeps. */
export async function looseGroup(bytes: Uint8Array): Promise<Group> {
  const { state, policy } = await new StateCache().open(bytes, new Roster([]));
  const secretTree = state.secretTree.map(({ application }) => ({ application, handshake: application }));
  return {
    policy,
    state: { ...state, secretTree, clientConfig: clientConfig(defaultAuthenticationService) },
  };
}

export const commitData = (): Uint8Array =>
  encodeAuthenticatedData({ seen: seenAt(1), frankingTag: zeros(0), orderHashes: [] });

export const envelope = (pair: Pair, kind: InEnvelope["kind"], body: Uint8Array, epoch = 1): InEnvelope => ({
  seq: 50,
  epoch,
  kind,
  sender: pair.bilal.keys.device,
  body,
});

/** Bilal's commit as the library makes it, with any proposals and any change of his own view of the group. */
export async function hostileCommit(
  pair: Pair,
  proposals: Proposal[],
  options: CreateCommitOptions = {},
  change: (state: ClientState) => ClientState = (state) => state,
): Promise<{ envelope: InEnvelope; state: ClientState }> {
  const { body, state } = await hostileBody(await attackerGroup(pair), proposals, options, change);
  return { envelope: envelope(pair, "commit", body), state };
}

/** The body of such a commit in any group of the suite. */
export async function hostileBody(
  { state }: Group,
  proposals: Proposal[],
  options: CreateCommitOptions = {},
  change: (state: ClientState) => ClientState = (same) => same,
): Promise<{ body: Uint8Array; state: ClientState }> {
  const made = await createCommit(
    { state: change(state), cipherSuite: suite },
    {
      wireAsPublicMessage: true,
      extraProposals: proposals,
      authenticatedData: commitData(),
      ratchetTreeExtension: true,
      ...options,
    },
  );
  return { body: encodeMlsMessage(made.commit), state: made.newState };
}

export async function addOf(device: Device, suiteId: Suite = 0x0053): Promise<Proposal> {
  const { keyPackage } = await newKeyPackage(device, suiteId);
  return { proposalType: "add", add: { keyPackage: decodeKeyPackage(keyPackage) } };
}

/** Bilal's application message with plaintext and authenticated data of his choice. */
export async function hostileMessage(
  pair: Pair,
  change: { plaintext?: Uint8Array; data?: Uint8Array; state?: (state: ClientState) => ClientState } = {},
): Promise<InEnvelope> {
  const { state } = await attackerGroup(pair);
  const plaintext = { k: zeros(32), content: said("hostile") };
  const tag = await frankingTag(plaintext);
  const { privateMessage } = await createApplicationMessage(
    (change.state ?? ((same) => same))(state),
    change.plaintext ?? encodePlaintext(plaintext),
    suite,
    change.data ?? encodeAuthenticatedData({ seen: seenAt(1), frankingTag: tag, orderHashes: [] }),
  );
  const message: MLSMessage = { version: "mls10", wireformat: "mls_private_message", privateMessage };
  return envelope(pair, "application", encodeMlsMessage(message));
}

export async function hostileProposal(pair: Pair, isPublic: boolean): Promise<MLSMessage> {
  const { state } = await attackerGroup(pair);
  const remove: Proposal = { proposalType: "remove", remove: { removed: 0 } };
  return (await createProposal(state, isPublic, remove, suite, commitData())).message;
}

/** The frame with one field of its PublicMessage or PrivateMessage changed: what the server can do. */
export function altered(frame: Uint8Array, change: (message: MLSMessage) => MLSMessage): Uint8Array {
  return encodeMlsMessage(change(decodeMessage(frame, 1_000_000, "frame_malformed")));
}

export type ProposalOrRef =
  | { proposalOrRefType: "proposal"; proposal: Proposal }
  | { proposalOrRefType: "reference"; reference: Uint8Array };

/** The commit with other proposals and without a path. */
export function withProposals(frame: MLSMessage, proposals: ProposalOrRef[]): MLSMessage {
  if (frame.wireformat !== "mls_public_message") throw new Error("not public");
  const { content } = frame.publicMessage;
  if (content.contentType !== "commit") throw new Error("not a commit");
  const commit = { proposals, path: undefined };
  return { ...frame, publicMessage: { ...frame.publicMessage, content: { ...content, commit } } };
}

/** The frame with another signature or tag. */
export function inAuth(frame: MLSMessage, change: (auth: object) => object): MLSMessage {
  if (frame.wireformat !== "mls_public_message") throw new Error("not public");
  const { publicMessage } = frame;
  return { ...frame, publicMessage: { ...publicMessage, auth: change(publicMessage.auth) } } as MLSMessage;
}

/** Asma refuses with `code`, her state is the very same, and Bilal's next message is read. */
export async function expectRefused(pair: Pair, hostile: InEnvelope, code: string): Promise<void> {
  const before = pair.states.asma;
  const copy = before.slice();
  expect(await hear(pair, "asma", hostile)).toEqual([{ kind: "refused", seq: hostile.seq, code }]);
  expect(pair.states.asma).toBe(before);
  expect(before).toEqual(copy);
  expect(texts(await hear(pair, "asma", await speak(pair, "bilal", "still here", 60)))).toEqual([
    "still here",
  ]);
}
