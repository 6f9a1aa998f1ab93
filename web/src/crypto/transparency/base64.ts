/** Base64 (RFC 4648 §4, padded) in its one spelling, as notes and policies write it. */

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The bytes; undefined for any other spelling of them, and for what is not base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  let decoded: string;
  try {
    decoded = atob(text);
  } catch {
    return undefined;
  }
  const bytes = Uint8Array.from(decoded, (symbol) => symbol.charCodeAt(0));
  return toBase64(bytes) === text ? bytes : undefined;
}
