/** Making application messages. Nothing of a result may leave before it is stored. */

import { createApplicationMessage } from "ts-mls";
import type { Seen } from "../api";
import { encodeAuthenticatedData } from "../authenticated-data";
import { randomBytes } from "../bytes";
import { demand } from "../errors";
import { encodePlaintext, frankingTag } from "../plaintext";
import { ciphersuite, encodeMessage, guarded } from "./library";
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
  const data = encodeAuthenticatedData({ seen, frankingTag: tag, orderHashes: [], roles: [] });
  const { newState, privateMessage } = await guarded("engine_failed", () =>
    createApplicationMessage(group.state, encodePlaintext(plaintext), impl, data),
  );
  plaintext.k.fill(0);
  const body = encodeMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage });
  demand(body.length <= MAX_BODY, "content_too_large");
  return { group: { ...group, state: newState }, body };
}
