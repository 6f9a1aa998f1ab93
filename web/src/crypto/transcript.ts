/**
 * The transcript: one hash over a conversation's whole log, so that it cannot be reordered, thinned or rewritten
 * unseen.
 *
 *     envelope_hash = SHA-256(conversation[16] ‖ u64 seq ‖ u32 generation ‖ u64 epoch ‖ u8 kind ‖ device[16] ‖
 *                             u64 counter ‖ u64 server_time ‖ SHA-256(body))
 *     T_0 = SHA-256("beep T v1" ‖ conversation)        T_n = SHA-256(T_{n-1} ‖ u64 seq ‖ envelope_hash)
 *
 * A destroyed body becomes its hash; the row and its place stay, and so does T.
 */

import type { Uuid } from "./api";
import { sha256, utf8 } from "./bytes";
import { Writer } from "./tls";

export interface EnvelopeHeader {
  conversation: Uuid;
  seq: number;
  generation: number;
  epoch: number;
  /** 1 application, 2 commit, 3 begin. */
  kind: number;
  device: Uuid;
  counter: number;
  /** Server time, milliseconds UTC. */
  time: number;
}

/** 32 bytes. `body` may be given as its SHA-256 where it has been destroyed. */
export async function envelopeHash(
  header: EnvelopeHeader,
  body: Uint8Array | { sha256: Uint8Array },
): Promise<Uint8Array> {
  const bodyHash = body instanceof Uint8Array ? await sha256(body) : body.sha256;
  return sha256(
    new Writer()
      .fixed(header.conversation, 16)
      .u64(header.seq)
      .u32(header.generation)
      .u64(header.epoch)
      .u8(header.kind)
      .fixed(header.device, 16)
      .u64(header.counter)
      .u64(header.time)
      .fixed(bodyHash, 32).bytes,
  );
}

/** T_0 of a conversation. */
export const firstTranscript = (conversation: Uuid): Promise<Uint8Array> =>
  sha256(utf8("beep T v1"), conversation);

/** T_n from T_{n-1}. */
export const nextTranscript = (previous: Uint8Array, seq: number, hash: Uint8Array): Promise<Uint8Array> =>
  sha256(new Writer().fixed(previous, 32).u64(seq).fixed(hash, 32).bytes);
