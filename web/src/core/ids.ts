import { parseUuid, randomBytes, uuidText } from "../crypto/bytes";
import type { Id } from "./api";

/** The 16 bytes of an id. Ids come from our own store or were checked at the border, so another spelling is a fault. */
export function idBytes(id: Id): Uint8Array {
  const bytes = parseUuid(id);
  if (!bytes) throw new TypeError("not a UUID");
  return bytes;
}

export const idText = (bytes: Uint8Array): Id => uuidText(bytes);

/** A random UUID, version 4 (RFC 9562 §5.4). */
export function newId(): Id {
  const bytes = randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return uuidText(bytes);
}
