/**
 * The authenticated data of every frame of the log (RFC 9420 §6.1 `authenticated_data`): readable by the server,
 * covered by the sender's signature and the AEAD.
 *
 *     u16 format = 1; u64 seen_seq; opaque T[32]; opaque franking_tag<V> (application: 32, commit: empty);
 *     opaque order_hashes<V> (a multiple of 32); opaque checkpoint<V> (empty, or in a commit 40 bytes)
 *
 * The checkpoint is the sender's pinned one of the key log: `u64 size; opaque root[32]`, never of size 0.
 *
 * Format 2 is the one with role changes, so only of commits: the same fields, then
 *
 *     RoleChange roles<V> (not empty; ascending by person, each once)
 *     RoleChange = opaque person[16]; u8 role (0 none, 1 member, 2 admin, 3 invited)
 *
 * (seen_seq, T) is the end of the log as the sender saw it: the reader compares T with its own at that seq, so that a
 * server showing two people two logs is found out by the next message between them.
 */

import type { RoleChange, Seen } from "./api";
import { compare, concat } from "./bytes";
import { CryptoError, demand } from "./errors";
import { decode, type Reader, Writer } from "./tls";

export interface AuthenticatedData {
  seen: Seen;
  /** HMAC-SHA-256(k, content) of an application message, 32 bytes; empty in a commit. */
  frankingTag: Uint8Array;
  /** SHA-256 of each order that a commit executes; none in an application message. */
  orderHashes: Uint8Array[];
  /** Ascending by person; none in an application message. */
  roles: RoleChange[];
}

const ROLES: readonly RoleChange["role"][] = ["none", "member", "admin", "invited"];

/** Role changes in the one order in which they are written. */
export const sortedRoles = (roles: readonly RoleChange[]): RoleChange[] =>
  [...roles].sort((a, b) => compare(a.person, b.person));

/** Format 2 exactly when there are roles. */
export function encodeAuthenticatedData(
  data: Omit<AuthenticatedData, "roles"> & { roles?: readonly RoleChange[] },
): Uint8Array {
  const { seen, frankingTag, orderHashes, roles = [] } = data;
  demand(frankingTag.length === 0 || frankingTag.length === 32, "out_of_range");
  demand(
    orderHashes.every((hash) => hash.length === 32),
    "out_of_range",
  );
  demand(roles.length === 0 || frankingTag.length === 0, "unknown_value");
  demand(seen.checkpoint === undefined || frankingTag.length === 0, "unknown_value");
  roles.forEach(({ person }, i) => {
    const previous = roles[i - 1];
    demand(previous === undefined || compare(previous.person, person) < 0, "not_canonical");
  });
  const writer = new Writer()
    .u16(roles.length > 0 ? 2 : 1)
    .u64(seen.seq)
    .fixed(seen.transcript, 32)
    .opaque(frankingTag)
    .opaque(concat(...orderHashes))
    .opaque(seen.checkpoint === undefined ? new Uint8Array() : encodeCheckpoint(seen.checkpoint));
  if (roles.length > 0)
    writer.vector(roles, (inner, { person, role }) => inner.fixed(person, 16).u8(ROLES.indexOf(role)));
  return writer.bytes;
}

function encodeCheckpoint({ size, root }: NonNullable<Seen["checkpoint"]>): Uint8Array {
  demand(size > 0, "out_of_range");
  return new Writer().u64(size).fixed(root, 32).bytes;
}

function readCheckpoint(bytes: Uint8Array): Pick<Seen, "checkpoint"> {
  if (bytes.length === 0) return {};
  const checkpoint = decode(
    bytes,
    (reader) => ({ size: reader.u64(), root: reader.fixed(32) }),
    encodeCheckpoint,
  );
  return { checkpoint };
}

/** @throws CryptoError of the parsing codes, or `format_unknown`. */
export function parseAuthenticatedData(bytes: Uint8Array): AuthenticatedData {
  return decode(bytes, readAuthenticatedData, encodeAuthenticatedData);
}

function readAuthenticatedData(reader: Reader): AuthenticatedData {
  const format = reader.u16();
  demand(format === 1 || format === 2, "format_unknown");
  const place = { seq: reader.u64(), transcript: reader.fixed(32) };
  const frankingTag = reader.opaque();
  const joined = reader.opaque();
  demand(joined.length % 32 === 0, "out_of_range");
  const seen: Seen = { ...place, ...readCheckpoint(reader.opaque()) };
  demand(seen.checkpoint === undefined || frankingTag.length === 0, "unknown_value");
  const orderHashes = Array.from({ length: joined.length / 32 }, (_, i) => joined.slice(i * 32, i * 32 + 32));
  const roles = format === 2 ? reader.vector(readRoleChange) : [];
  demand(format === 1 || roles.length > 0, "not_canonical");
  return { seen, frankingTag, orderHashes, roles };
}

function readRoleChange(reader: Reader): RoleChange {
  const person = reader.fixed(16);
  const role = ROLES[reader.u8()];
  if (role === undefined) throw new CryptoError("unknown_value");
  return { person, role };
}
