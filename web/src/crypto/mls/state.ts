/**
 * A group's state as bytes: what the core stores, in one transaction with the cursor.
 *
 *     u16 format = 1; opaque policy<V>; opaque group_state<V> (the library's encoding)
 *
 * Secrets inside: the epoch's secrets, the ratchets of every leaf, this leaf's HPKE and signature keys. Made by `begin`
 * or `join`, renewed by every commit; kept only in these bytes (sealed by the store) and in the small cache below;
 * gone when the core overwrites the bytes and the cache lets go (at the latest at `forget`, when the app locks). Buffers are not wiped one by one: decoded values are
 * views that several states share, and a wiped ratchet under a state that the core still holds would make it encrypt
 * with a key of zeros.
 */

import { type ClientState, decodeGroupState, encodeGroupState } from "ts-mls";
import type { GroupPolicy } from "../api";
import { sha256, toHex } from "../bytes";
import { CryptoError, demand } from "../errors";
import { encodePolicy, parsePolicy } from "../policy";
import { decode, type Reader, Writer } from "../tls";
import { clientConfig, suiteOf } from "./profile";
import type { Roster } from "./roster";

type GroupState = Omit<ClientState, "clientConfig">;

export interface Group {
  policy: GroupPolicy;
  state: ClientState;
}

/** Decoded states by the hash of their bytes: parsing a large group costs more than decrypting a message in it. */
export class StateCache {
  readonly #entries = new Map<string, { policy: GroupPolicy; state: GroupState }>();
  readonly #capacity: number;

  constructor(capacity = 16) {
    this.#capacity = capacity;
  }

  /**
   * The group of these bytes, under the rules of `roster`. The cache only saves work: which bytes are current is
   * decided by the core's compare-and-swap in storage.
   *
   * @throws CryptoError `state_malformed`.
   */
  async open(bytes: Uint8Array, roster: Roster): Promise<Group> {
    const key = toHex(await sha256(bytes));
    const entry = this.#entries.get(key) ?? decodeState(bytes);
    this.#remember(key, entry);
    return { policy: entry.policy, state: { ...entry.state, clientConfig: clientConfig(roster) } };
  }

  /** The bytes of a changed state. `replaces` is what the core will overwrite: its copy here is let go at once. */
  async save({ policy, state }: Group, replaces?: Uint8Array): Promise<Uint8Array> {
    // The log is read in order, so a message of an ended epoch is refused: its keys serve nobody but a thief.
    const kept: GroupState = { ...state, historicalReceiverData: new Map() };
    const bytes = new Writer().u16(1).opaque(encodePolicy(policy)).opaque(encodeGroupState(kept)).bytes;
    if (replaces !== undefined) this.#entries.delete(toHex(await sha256(replaces)));
    this.#remember(toHex(await sha256(bytes)), { policy, state: kept });
    return bytes;
  }

  /** Lets go of everything; the next call decodes anew. */
  clear(): void {
    this.#entries.clear();
  }

  #remember(key: string, entry: { policy: GroupPolicy; state: GroupState }): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#capacity) break;
      this.#entries.delete(oldest);
    }
  }
}

function decodeState(bytes: Uint8Array): { policy: GroupPolicy; state: GroupState } {
  try {
    const { policy, state } = decode(
      bytes,
      (reader: Reader) => {
        demand(reader.u16() === 1, "format_unknown");
        return { policy: reader.opaque(), state: reader.opaque() };
      },
      (read) => new Writer().u16(1).opaque(read.policy).opaque(read.state).bytes,
    );
    const decoded = decodeGroupState(state, 0);
    demand(decoded !== undefined && decoded[1] === state.length, "state_malformed");
    const parsed = parsePolicy(policy);
    demand(suiteOf(decoded[0].groupContext.cipherSuite) === parsed.suite, "state_malformed");
    return { policy: parsed, state: decoded[0] };
  } catch {
    throw new CryptoError("state_malformed");
  }
}
