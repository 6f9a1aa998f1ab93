/**
 * Certificates of the offline root: for whom it vouches, and for what. The twin of `accounts/certificates.py`.
 *
 *     unsigned = u16 format = 1; opaque root[32]; opaque key[32]; u8 purpose (1 directory authority, 2 reset officer);
 *                opaque name<V> (UTF-8, NFC, 1..128 bytes, no control characters); u64 not_before; u64 not_after
 *     signed   = unsigned ‖ opaque signature[64]
 *
 * The signature is the root's over the unsigned bytes, label Certificate. Times are milliseconds UTC; valid at t:
 * not_before <= t < not_after. The client pins the root at first contact and believes no other afterwards.
 */

import { equal } from "./bytes";
import { CryptoError, demand } from "./errors";
import { readName, writeName } from "./identity";
import { verify } from "./signing";
import { decode, type Reader, Writer } from "./tls";

export type Purpose = "authority" | "officer";

export interface Certificate {
  root: Uint8Array;
  key: Uint8Array;
  purpose: Purpose;
  name: string;
  notBefore: number;
  notAfter: number;
}

export interface SignedCertificate {
  certificate: Certificate;
  signature: Uint8Array;
}

/** Names of the rules in `detail.rule` of `certificate_refused`; the server's are the same. */
export type CertificateRule = "root" | "purpose" | "time" | "signature";

const PURPOSES: readonly Purpose[] = ["authority", "officer"];

/** What the root signs. */
export function encodeCertificate(certificate: Certificate): Uint8Array {
  demand(certificate.notBefore < certificate.notAfter, "out_of_range");
  return new Writer()
    .u16(1)
    .fixed(certificate.root, 32)
    .fixed(certificate.key, 32)
    .u8(PURPOSES.indexOf(certificate.purpose) + 1)
    .opaque(writeName(certificate.name))
    .u64(certificate.notBefore)
    .u64(certificate.notAfter).bytes;
}

export const encodeSignedCertificate = ({ certificate, signature }: SignedCertificate): Uint8Array =>
  new Writer().fixed(encodeCertificate(certificate)).fixed(signature, 64).bytes;

/** @throws CryptoError of the parsing codes. */
export const parseCertificate = (bytes: Uint8Array): SignedCertificate =>
  decode(bytes, readSigned, encodeSignedCertificate);

function readSigned(reader: Reader): SignedCertificate {
  demand(reader.u16() === 1, "format_unknown");
  const root = reader.fixed(32);
  const key = reader.fixed(32);
  const purpose = PURPOSES[reader.u8() - 1];
  if (purpose === undefined) throw new CryptoError("unknown_value");
  const name = readName(reader.opaque());
  const times = { notBefore: reader.u64(), notAfter: reader.u64() };
  return { certificate: { root, key, purpose, name, ...times }, signature: reader.fixed(64) };
}

/** Throws `certificate_refused` with the rule unless `condition` holds. */
function rule(condition: boolean, name: CertificateRule): asserts condition {
  if (!condition) throw new CryptoError("certificate_refused", { rule: name });
}

/**
 * The certificate, when the pinned `root` signed it for `purpose` and it is valid at `at` (milliseconds UTC). Without a
 * root none is valid.
 *
 * @throws CryptoError `certificate_refused` with the first rule of root, purpose, time, signature.
 */
export async function verifyCertificate(
  { certificate, signature }: SignedCertificate,
  expected: { root: Uint8Array | null; purpose: Purpose; at: number },
): Promise<Certificate> {
  rule(expected.root !== null && equal(certificate.root, expected.root), "root");
  rule(certificate.purpose === expected.purpose, "purpose");
  rule(certificate.notBefore <= expected.at && expected.at < certificate.notAfter, "time");
  const signed = await verify(certificate.root, "Certificate", encodeCertificate(certificate), signature);
  rule(signed, "signature");
  return certificate;
}

/** Keys that `root` vouches for at `at`; certificates that cannot be read or do not verify are passed over. */
export async function validKeys(
  certificates: readonly Uint8Array[],
  expected: { root: Uint8Array | null; purpose: Purpose; at: number },
): Promise<Uint8Array[]> {
  const keys: Uint8Array[] = [];
  for (const bytes of certificates) {
    try {
      keys.push((await verifyCertificate(parseCertificate(bytes), expected)).key);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
    }
  }
  return keys;
}
