/** Sealing and opening slots (read positions) and typing frames; the bytes are in `slot-frame.ts`. */

import { mlsExporter } from "ts-mls";
import type { Member, SlotFrame } from "../api";
import { randomBytes, view } from "../bytes";
import { CryptoError, demand } from "../errors";
import { HYBRID } from "../policy";
import { sign, verify } from "../signing";
import {
  encodeSlotBody,
  parseSlotBody,
  slotAssociatedData,
  type SlotBody,
  slotExporterContext,
  type SlotHeader,
  type SlotLabel,
  slotSigned,
} from "../slot-frame";
import { ciphersuite } from "./library";
import type { Group } from "./state";
import { leafAt, memberOf } from "./tree";

/**
 * The key of one leaf's slots in this epoch: MLS-Exporter("beep slot v1", u32 leaf), 16 bytes in the classical suite
 * and 32 in the hybrid one. Derived for one call, imported non-extractable, not kept; gone with the epoch's secrets.
 */
async function slotKey({ policy, state }: Group, leaf: number): Promise<CryptoKey> {
  const impl = await ciphersuite(policy.suite);
  const { exporterSecret } = state.keySchedule;
  const length = policy.suite === HYBRID ? 32 : 16;
  const raw = await mlsExporter(exporterSecret, "beep slot v1", slotExporterContext(leaf), length, impl);
  const key = await crypto.subtle.importKey("raw", view(raw), "AES-GCM", false, ["encrypt", "decrypt"]);
  raw.fill(0);
  return key;
}

const headerOf = ({ state }: Group, label: SlotLabel, leaf: number, counter: number): SlotHeader => ({
  label,
  groupId: state.groupContext.groupId,
  epoch: Number(state.groupContext.epoch),
  leaf,
  counter,
});

/** Seals this member's slot. The nonce is random: an epoch sees few slots, and each counter is used once. */
export async function sealSlot(
  group: Group,
  label: SlotLabel,
  counter: number,
  plaintext: Uint8Array,
): Promise<SlotFrame> {
  const { state } = group;
  demand(state.groupActiveState.kind === "active", "removed");
  demand(plaintext.length > 0, "out_of_range");
  const leaf = state.privatePath.leafIndex;
  const header = headerOf(group, label, leaf, counter);
  const associatedData = slotAssociatedData(header);
  const nonce = randomBytes(12);
  const key = await slotKey(group, leaf);
  const algorithm = { name: "AES-GCM", iv: view(nonce), additionalData: view(associatedData) };
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, view(plaintext)));
  const content = slotSigned(associatedData, nonce, ciphertext);
  const signature = await sign(state.signaturePrivateKey, "Slot", content);
  return {
    label,
    leaf,
    epoch: header.epoch,
    counter,
    body: encodeSlotBody({ nonce, ciphertext, signature }),
  };
}

/**
 * Verifies the device's signature, then opens.
 *
 * @throws CryptoError `slot_old` when `after` is given and the counter is not above it; `slot_refused` for another
 *   epoch, an empty leaf, another device's signature, or anything that was changed.
 */
export async function openSlot(
  group: Group,
  frame: SlotFrame,
  after: number | undefined,
): Promise<{ member: Member; plaintext: Uint8Array }> {
  demand(after === undefined || frame.counter > after, "slot_old");
  demand(frame.epoch === Number(group.state.groupContext.epoch), "slot_refused");
  const leaf = leafAt(group.state.ratchetTree, frame.leaf);
  demand(leaf !== undefined, "slot_refused");
  const member = memberOf(leaf, frame.leaf);
  try {
    const { nonce, ciphertext, signature }: SlotBody = parseSlotBody(frame.body);
    const associatedData = slotAssociatedData(headerOf(group, frame.label, frame.leaf, frame.counter));
    const content = slotSigned(associatedData, nonce, ciphertext);
    demand(await verify(member.signatureKey, "Slot", content, signature), "slot_refused");
    const key = await slotKey(group, frame.leaf);
    const algorithm = { name: "AES-GCM", iv: view(nonce), additionalData: view(associatedData) };
    const plaintext = await crypto.subtle.decrypt(algorithm, key, view(ciphertext));
    return { member, plaintext: new Uint8Array(plaintext) };
  } catch {
    throw new CryptoError("slot_refused");
  }
}
