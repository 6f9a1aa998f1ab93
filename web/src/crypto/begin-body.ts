/** The body of an envelope of kind begin: `opaque policy<V>; opaque commit<V>`. */

import { decode, Writer } from "./tls";

export interface BeginBody {
  policy: Uint8Array;
  /** MLSMessage(PublicMessage(commit)) of epoch 0. */
  commit: Uint8Array;
}

export const encodeBeginBody = ({ policy, commit }: BeginBody): Uint8Array =>
  new Writer().opaque(policy).opaque(commit).bytes;

/** @throws CryptoError of the parsing codes. */
export const parseBeginBody = (bytes: Uint8Array): BeginBody =>
  decode(bytes, (reader) => ({ policy: reader.opaque(), commit: reader.opaque() }), encodeBeginBody);
