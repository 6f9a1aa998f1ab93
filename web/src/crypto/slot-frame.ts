/**
 * The bytes of slots (read positions) and typing frames.
 *
 *     body = u16 format = 1; opaque nonce[12]; opaque ciphertext<V>; opaque signature[64]
 *     AAD  = opaque label<V>; opaque group_id<V>; u64 epoch; u32 leaf; opaque name<V> (= label); u64 counter
 *
 * The ciphertext is AES-GCM under a key exported from the epoch for that leaf; the device's signature (label `Slot`)
 * covers AAD ‖ nonce ‖ ciphertext. The key alone would let every member write every slot.
 */

import { concat, utf8 } from "./bytes";
import { demand } from "./errors";
import { decode, type Reader, Writer } from "./tls";

export type SlotLabel = "read" | "typing";

export interface SlotBody {
  nonce: Uint8Array;
  /** With the 16-byte tag, so at least 17 bytes. */
  ciphertext: Uint8Array;
  signature: Uint8Array;
}

export interface SlotHeader {
  label: SlotLabel;
  groupId: Uint8Array;
  epoch: number;
  leaf: number;
  counter: number;
}

export const encodeSlotBody = ({ nonce, ciphertext, signature }: SlotBody): Uint8Array =>
  new Writer().u16(1).fixed(nonce, 12).opaque(ciphertext).fixed(signature, 64).bytes;

/** @throws CryptoError of the parsing codes, or `format_unknown`. */
export const parseSlotBody = (bytes: Uint8Array): SlotBody => decode(bytes, readSlotBody, encodeSlotBody);

function readSlotBody(reader: Reader): SlotBody {
  demand(reader.u16() === 1, "format_unknown");
  const nonce = reader.fixed(12);
  const ciphertext = reader.opaque();
  demand(ciphertext.length > 16, "out_of_range");
  return { nonce, ciphertext, signature: reader.fixed(64) };
}

export function slotAssociatedData({ label, groupId, epoch, leaf, counter }: SlotHeader): Uint8Array {
  const name = utf8(label);
  return new Writer().opaque(name).opaque(groupId).u64(epoch).u32(leaf).opaque(name).u64(counter).bytes;
}

/** What the device's signature covers, before SignContent. */
export const slotSigned = (
  associatedData: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array => concat(associatedData, nonce, ciphertext);

/** The exporter's context: the leaf whose slot it is, so that no two members share a key. */
export const slotExporterContext = (leaf: number): Uint8Array => new Writer().u32(leaf).bytes;
