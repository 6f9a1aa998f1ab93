import { fromBase64Url, toBase64Url } from "../transport";

/** Texts of QR codes: what kind it is, then bytes. They can be pasted where there is no camera. */
const KINDS = { approve: "BEEP-APPROVE:", approved: "BEEP-APPROVED:", safety: "BEEP-SAFETY:" } as const;

export type QrKind = keyof typeof KINDS;

export const qrText = (kind: QrKind, bytes: Uint8Array): string => KINDS[kind] + toBase64Url(bytes);

/** The bytes of a scanned or pasted text of this kind; null for anything else. */
export function qrBytes(kind: QrKind, text: string): Uint8Array | null {
  const clean = text.trim();
  const prefix = KINDS[kind];
  return clean.startsWith(prefix) ? (fromBase64Url(clean.slice(prefix.length)) ?? null) : null;
}
