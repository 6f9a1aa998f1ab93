/** Making frames: application messages and healing commits. Nothing of a result may leave before it is stored. */

import { createApplicationMessage } from "ts-mls";
import type { Seen } from "../api";
import { encodeAuthenticatedData } from "../authenticated-data";
import { randomBytes } from "../bytes";
import { demand } from "../errors";
import { encodePlaintext, frankingTag } from "../plaintext";
import { ciphersuite, encodeMessage, guarded } from "./library";
import { makeCommit } from "./make-commit";
import { MAX_BODY } from "./profile";
import type { Roster } from "./roster";
import type { Group } from "./state";
import { membersOf } from "./tree";

/** Members are listed and living, and this device is one of them. */
function demandMaySend(group: Group, roster: Roster, now: number): void {
  demand(group.state.groupActiveState.kind === "active", "removed");
  roster.demandAllLiving(membersOf(group.state.ratchetTree), now);
}

/**
 * One application message.
 *
 * Secrets: k is random, stands only inside the ciphertext and is dropped here; the generation's key is derived from
 * the ratchet, which moves on in the returned state.
 *
 * @throws CryptoError `removed`, `device_revoked`, `device_expired`, `device_not_listed`, `content_too_large`.
 */
export async function encrypt(
  group: Group,
  content: Uint8Array,
  seen: Seen,
  roster: Roster,
  now: number,
): Promise<{ group: Group; body: Uint8Array }> {
  demandMaySend(group, roster, now);
  const impl = await ciphersuite(group.policy.suite);
  const plaintext = { k: randomBytes(32), content };
  const tag = await frankingTag(plaintext);
  const data = encodeAuthenticatedData({ seen, frankingTag: tag, orderHashes: [] });
  const { newState, privateMessage } = await guarded("engine_failed", () =>
    createApplicationMessage(group.state, encodePlaintext(plaintext), impl, data),
  );
  plaintext.k.fill(0);
  const body = encodeMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage });
  demand(body.length <= MAX_BODY, "content_too_large");
  return { group: { ...group, state: newState }, body };
}

/**
 * An empty commit with a path: renews this leaf's key and the way to the root, so that whoever had stolen the keys of
 * this device reads nothing after it (RFC 9420 §16.6).
 *
 * @throws CryptoError as `encrypt`: a path secret is encrypted to every leaf, so none may be revoked.
 */
export async function heal(
  group: Group,
  seen: Seen,
  roster: Roster,
  now: number,
): Promise<{ group: Group; commit: Uint8Array; epoch: number }> {
  demandMaySend(group, roster, now);
  const impl = await ciphersuite(group.policy.suite);
  const data = encodeAuthenticatedData({ seen, frankingTag: new Uint8Array(), orderHashes: [] });
  const { state: newState, commit } = await guarded("engine_failed", () =>
    makeCommit(group.state, [], { authenticatedData: data, path: true, groupInfoExtensions: [] }, impl),
  );
  return {
    group: { ...group, state: newState },
    commit: encodeMessage(commit),
    epoch: Number(group.state.groupContext.epoch),
  };
}
