/** A light reading of handshakes, as far as a server needs it: who commits, who comes and goes, what it declares. */

import type { RoleChange, Suite } from "../../src/crypto/api";
import type { Id } from "../../src/core/api";
import { idText } from "../../src/core/ids";
import { type AuthenticatedData, parseAuthenticatedData } from "../../src/crypto/authenticated-data";
import { parseCredential } from "../../src/crypto/mls/credential";
import { ciphersuite, decodeKeyPackage, decodeMessage, keyPackageRef } from "../../src/crypto/mls/library";
import { TransportError } from "../../src/transport";

export interface Seat {
  person: Id;
  device: Id;
}

/** Leaf index → who sits there. */
export type Leaves = ReadonlyMap<number, Seat>;

export interface ReadCommit {
  groupId: Uint8Array;
  epoch: number;
  leaf: number;
  removed: number[];
  added: (Seat & { ref: Uint8Array })[];
  roles: RoleChange[];
  orderHashes: Uint8Array[];
}

export const refused = (rule: string): TransportError => new TransportError("frame_refused", null, { rule });

type Declared = AuthenticatedData & { roles?: RoleChange[] };

/** Throws `frame_refused` for anything but a PublicMessage with a commit of Adds and Removes by value. */
export async function readCommit(bytes: Uint8Array, suite: Suite): Promise<ReadCommit> {
  const message = decodeMessage(bytes, 786_432, "frame_malformed");
  if (message.wireformat !== "mls_public_message") throw refused("wire_format");
  const { content } = message.publicMessage;
  if (content.contentType !== "commit" || content.sender.senderType !== "member")
    throw refused("content_type");
  const { roles = [], orderHashes } = parseAuthenticatedData(content.authenticatedData) as Declared;
  const removed: number[] = [];
  const added: ReadCommit["added"] = [];
  const impl = await ciphersuite(suite);
  for (const item of content.commit.proposals) {
    if (item.proposalOrRefType !== "proposal") throw refused("proposal_reference");
    const { proposal } = item;
    if (proposal.proposalType === "remove") removed.push(proposal.remove.removed);
    else if (proposal.proposalType === "add") {
      const { keyPackage } = proposal.add;
      const identity = parseCredential(keyPackage.leafNode.credential);
      if (!identity) throw refused("credential");
      const ref = await keyPackageRef(keyPackage, impl);
      added.push({ person: idText(identity.person), device: idText(identity.device), ref });
    } else throw refused("proposal_type");
  }
  const { groupId, epoch, sender } = content;
  return { groupId, epoch: Number(epoch), leaf: sender.leafIndex, removed, added, roles, orderHashes };
}

/** Who an uploaded KeyPackage is for, and its reference. */
export async function refOf(keyPackage: Uint8Array, suite: Suite): Promise<Uint8Array> {
  return keyPackageRef(decodeKeyPackage(keyPackage), await ciphersuite(suite));
}

/** RFC 9420 §12.1: removed leaves are blanked first; each newcomer takes the leftmost blank leaf. */
export function applyCommit(
  before: Leaves,
  commit: Pick<ReadCommit, "removed" | "added">,
): Map<number, Seat> {
  const after = new Map(before);
  for (const leaf of commit.removed) if (!after.delete(leaf)) throw refused("remove_refused");
  for (const { person, device } of commit.added) {
    let leaf = 0;
    while (after.has(leaf)) leaf += 1;
    after.set(leaf, { person, device });
  }
  return after;
}
