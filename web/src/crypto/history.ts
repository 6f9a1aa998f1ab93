/**
 * History on its way from one device of a person to another, through a server that must not read it.
 *
 *     chunk i = u16 format = 1; opaque enc<V>; opaque ciphertext<V>; opaque signature[64]
 *
 * HPKE, base mode, single shot for each chunk (RFC 9180 §6.1) to the transfer key that the approved K names, with the
 * KEM, KDF and AEAD of the hybrid suite (X-Wing, HKDF-SHA-512, AES-256-GCM):
 *
 *     info = "beep history v1";  aad = opaque pairing[16]; u32 index; u8 last (0 or 1)
 *
 * HPKE's base mode says nothing of the sender, so the approving device signs (label History) aad ‖ SHA-256(enc ‖
 * ciphertext): nobody else can put words into the past, or end it early. Plaintext: MessagePack
 * {conversations: [...], messages: [...]}, at most 256 kB.
 *
 * The private transfer key is made here for one transfer, returned to be kept sealed in the store and erased when the
 * transfer ends; it never leaves the device.
 * Runs in the worker; what the page needs of the plaintext is in `history-lists.ts`.
 */

import type { SecretsEngine, Uuid } from "./api";
import { concat, sha256, utf8 } from "./bytes";
import { CryptoError, demand } from "./errors";
import { MAX_HISTORY } from "./history-lists";
import { ciphersuite } from "./mls/library";
import { HYBRID } from "./policy";
import { sign, verify } from "./signing";
import { decode, type Reader, Writer } from "./tls";

const INFO = utf8("beep history v1");

interface Chunk {
  enc: Uint8Array;
  ciphertext: Uint8Array;
  signature: Uint8Array;
}

/** Keys of one transfer: the public half goes into K. */
export async function newTransferKeys(): ReturnType<SecretsEngine["newTransferKeys"]> {
  const { hpke } = await ciphersuite(HYBRID);
  const { publicKey, privateKey } = await hpke.generateKeyPair();
  return {
    publicKey: await hpke.exportPublicKey(publicKey),
    privateKey: await hpke.exportPrivateKey(privateKey),
  };
}

const associated = (pairing: Uuid, index: number, last: boolean): Uint8Array =>
  new Writer()
    .fixed(pairing, 16)
    .u32(index)
    .u8(last ? 1 : 0).bytes;

const signed = async (aad: Uint8Array, { enc, ciphertext }: Omit<Chunk, "signature">): Promise<Uint8Array> =>
  concat(aad, await sha256(enc, ciphertext));

const encodeChunk = ({ enc, ciphertext, signature }: Chunk): Uint8Array =>
  new Writer().u16(1).opaque(enc).opaque(ciphertext).fixed(signature, 64).bytes;

function readChunk(reader: Reader): Chunk {
  demand(reader.u16() === 1, "format_unknown");
  return { enc: reader.opaque(), ciphertext: reader.opaque(), signature: reader.fixed(64) };
}

/** @throws CryptoError `key_malformed` for a transfer key that is none, `out_of_range` for too long a plaintext. */
export async function sealHistory(input: Parameters<SecretsEngine["sealHistory"]>[0]): Promise<Uint8Array> {
  demand(input.plaintext.length <= MAX_HISTORY, "out_of_range");
  const { hpke } = await ciphersuite(HYBRID);
  const aad = associated(input.pairing, input.index, input.last);
  let sealed: { enc: Uint8Array; ct: Uint8Array };
  try {
    sealed = await hpke.seal(await hpke.importPublicKey(input.to), input.plaintext, INFO, aad);
  } catch {
    throw new CryptoError("key_malformed");
  }
  const chunk = { enc: sealed.enc, ciphertext: sealed.ct };
  const signature = await sign(input.keys.signaturePrivate, "History", await signed(aad, chunk));
  return encodeChunk({ ...chunk, signature });
}

/** @throws CryptoError `history_refused`: another's signature, another place, altered, or not for this key. */
export async function openHistory(input: Parameters<SecretsEngine["openHistory"]>[0]): Promise<Uint8Array> {
  let chunk: Chunk;
  try {
    chunk = decode(input.chunk, readChunk, encodeChunk);
  } catch {
    throw new CryptoError("history_refused");
  }
  const aad = associated(input.pairing, input.index, input.last);
  // Before the key is used: a stranger's chunk tells its maker nothing about it.
  const genuine = await verify(input.from, "History", await signed(aad, chunk), chunk.signature);
  demand(genuine, "history_refused");
  const { hpke } = await ciphersuite(HYBRID);
  try {
    const key = await hpke.importPrivateKey(input.privateKey);
    return await hpke.open(key, chunk.enc, chunk.ciphertext, INFO, aad);
  } catch {
    throw new CryptoError("history_refused");
  }
}
