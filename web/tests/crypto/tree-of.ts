/** A group of bare MLS members in the classical suite: the handshake layer without conversations or roles. */

import {
  type CiphersuiteImpl,
  type ClientState,
  createGroup,
  defaultAuthenticationService,
  generateKeyPackage,
  type KeyPackage,
  type PrivateKeyPackage,
  type Proposal,
  type PublicMessage,
  type Welcome,
} from "ts-mls";
import { ciphersuite } from "../../src/crypto/mls/library";
import { makeCommit } from "../../src/crypto/mls/make-commit";
import { CAPABILITIES, clientConfig } from "../../src/crypto/mls/profile";
import { authenticate, takeCommit } from "../../src/crypto/mls/take-commit";
import { openWelcome } from "../../src/crypto/mls/welcome";

export const classical: CiphersuiteImpl = await ciphersuite(0x0001);
const config = clientConfig(defaultAuthenticationService);

export interface Newcomer {
  publicPackage: KeyPackage;
  privatePackage: PrivateKeyPackage;
}

export function newcomer(name: string): Promise<Newcomer> {
  const credential = { credentialType: "basic", identity: new TextEncoder().encode(name) } as const;
  const span = { notBefore: 0n, notAfter: 99_999_999_999n };
  return generateKeyPackage(credential, CAPABILITIES, span, [], classical);
}

export const addOf = ({ publicPackage }: Newcomer): Proposal => ({
  proposalType: "add",
  add: { keyPackage: publicPackage },
});
export const removeOf = (removed: number): Proposal => ({ proposalType: "remove", remove: { removed } });

export async function founded(name: string): Promise<ClientState> {
  const { publicPackage, privatePackage } = await newcomer(name);
  return createGroup(new Uint8Array(32).fill(7), publicPackage, privatePackage, [], classical, config);
}

export interface Made {
  state: ClientState;
  message: PublicMessage;
  welcome: Welcome | null;
}

/** A commit as Beep makes it: with a path unless it only adds. */
export async function commit(state: ClientState, proposals: Proposal[], withPath?: boolean): Promise<Made> {
  const onlyAdds = proposals.length > 0 && proposals.every(({ proposalType }) => proposalType === "add");
  const options = {
    authenticatedData: new Uint8Array(),
    path: withPath ?? !onlyAdds,
    groupInfoExtensions: [],
  };
  const made = await makeCommit(state, proposals, options, classical);
  if (made.commit.wireformat !== "mls_public_message") throw new Error("not public");
  return { state: made.state, message: made.commit.publicMessage, welcome: made.welcome };
}

export async function take(state: ClientState, { message }: Pick<Made, "message">): Promise<ClientState> {
  await authenticate(state, message, classical);
  return takeCommit(state, message, classical);
}

export async function joinedBy(who: Newcomer, welcome: Welcome | null): Promise<ClientState> {
  if (welcome === null) throw new Error("no welcome");
  return (await openWelcome(welcome, who.publicPackage, who.privatePackage, config, classical)).state;
}
