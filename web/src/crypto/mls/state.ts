/**
 * A group's state as bytes: what the core stores, in one transaction with the cursor.
 *
 *     u16 format = 2; opaque policy<V>; opaque ratchet_tree<V>; opaque group_state<V> (the library's encodings)
 *
 * The tree stands apart because it stays the same through an epoch: its bytes are made once, not for every message.
 *
 * Secrets inside: the epoch's secrets, the ratchets of every leaf, this leaf's HPKE and signature keys. Made by `begin`
 * or `join`, renewed by every commit; kept only in these bytes (sealed by the store) and in the small cache below;
 * gone when the core overwrites the bytes and the cache lets go (at the latest at `forget`, when the app locks). Buffers are not wiped one by one: decoded values are
 * views that several states share, and a wiped ratchet under a state that the core still holds would make it encrypt
 * with a key of zeros.
 */

import type { ClientState, RatchetTree } from "ts-mls";
import { decodeGroupStateWithoutTree, encodeGroupStateWithoutTree } from "ts-mls/clientState.js";
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js";
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
    const bytes = write({
      policy: encodePolicy(policy),
      tree: encodedTree(state.ratchetTree),
      state: encodeGroupStateWithoutTree(kept),
    });
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

interface Parts {
  policy: Uint8Array;
  tree: Uint8Array;
  state: Uint8Array;
}

const write = ({ policy, tree, state }: Parts): Uint8Array =>
  new Writer().u16(2).opaque(policy).opaque(tree).opaque(state).bytes;

function read(reader: Reader): Parts {
  demand(reader.u16() === 2, "format_unknown");
  return { policy: reader.opaque(), tree: reader.opaque(), state: reader.opaque() };
}

/** Trees are never changed in place. */
const treesEncoded = new WeakMap<RatchetTree, Uint8Array>();

function encodedTree(tree: RatchetTree): Uint8Array {
  const bytes = treesEncoded.get(tree) ?? encodeRatchetTree(tree);
  treesEncoded.set(tree, bytes);
  return bytes;
}

function decodeState(bytes: Uint8Array): { policy: GroupPolicy; state: GroupState } {
  try {
    const parts = decode(bytes, read, write);
    const tree = decodeRatchetTree(parts.tree, 0);
    demand(tree !== undefined && tree[1] === parts.tree.length, "state_malformed");
    const state = decodeGroupStateWithoutTree(tree[0])(parts.state, 0);
    demand(state !== undefined && state[1] === parts.state.length, "state_malformed");
    const policy = parsePolicy(parts.policy);
    demand(suiteOf(state[0].groupContext.cipherSuite) === policy.suite, "state_malformed");
    return { policy, state: state[0] };
  } catch {
    throw new CryptoError("state_malformed");
  }
}
