/** Pictures of groups: bytes of a member, so they are named by what they begin with and never interpreted here. */

const JPEG = [0xff, 0xd8, 0xff];
const RIFF = [0x52, 0x49, 0x46, 0x46];
const WEBP = [0x57, 0x45, 0x42, 0x50];

const startsWith = (bytes: Uint8Array, magic: readonly number[], at = 0): boolean =>
  magic.every((byte, i) => bytes[at + i] === byte);

export function pictureType(bytes: Uint8Array): "image/jpeg" | "image/webp" | null {
  if (startsWith(bytes, JPEG)) return "image/jpeg";
  return startsWith(bytes, RIFF) && startsWith(bytes, WEBP, 8) ? "image/webp" : null;
}

/** An address that an image element can show; null without a picture or with one of another kind. */
export function pictureAddress(bytes: Uint8Array | null): string | null {
  const type = bytes && pictureType(bytes);
  if (!bytes || !type) return null;
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `data:${type};base64,${btoa(text)}`;
}
