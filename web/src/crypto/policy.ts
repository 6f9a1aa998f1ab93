/**
 * The group policy: what a group is for, fixed by construction because the group's id is its hash.
 *
 *     u16 format = 1; opaque nonce[32]; opaque conversation[16]; u8 kind (1 direct, 2 group, 3 self);
 *     opaque persons<V> (direct: both ids ascending, 32 bytes; otherwise empty); u16 suite;
 *     u8 size_class (1 normal, 2 large); u8 retention_class (0 none); opaque ministry[16] (zeros: none);
 *     opaque registry[32] (zeros: none); opaque predecessor[32] (zeros: the first generation)
 *
 *     group_id = SHA-256("beep group v1" ‖ policy)
 */

import type { GroupPolicy, Suite } from "./api";
import { compare, concat, sha256, utf8 } from "./bytes";
import { CryptoError, demand } from "./errors";
import { decode, type Reader, Writer } from "./tls";

const KINDS = ["direct", "group", "self"] as const;
const SIZE_CLASSES = ["normal", "large"] as const;

export const CLASSICAL: Suite = 0x0001;
export const HYBRID: Suite = 0x0053;

export const isSuite = (value: number): value is Suite => value === CLASSICAL || value === HYBRID;

export function encodePolicy(policy: GroupPolicy): Uint8Array {
  checkPersons(policy);
  demand(isSuite(policy.suite), "unknown_value");
  return new Writer()
    .u16(1)
    .fixed(policy.nonce, 32)
    .fixed(policy.conversation, 16)
    .u8(KINDS.indexOf(policy.kind) + 1)
    .opaque(concat(...policy.persons))
    .u16(policy.suite)
    .u8(SIZE_CLASSES.indexOf(policy.sizeClass) + 1)
    .u8(policy.retentionClass)
    .fixed(policy.ministry, 16)
    .fixed(policy.registry, 32)
    .fixed(policy.predecessor, 32).bytes;
}

/** @throws CryptoError of the parsing codes, `format_unknown` or `unknown_value`. */
export function parsePolicy(bytes: Uint8Array): GroupPolicy {
  return decode(bytes, readPolicy, encodePolicy);
}

function readPolicy(reader: Reader): GroupPolicy {
  demand(reader.u16() === 1, "format_unknown");
  const nonce = reader.fixed(32);
  const conversation = reader.fixed(16);
  const kind = choice(KINDS, reader.u8());
  const joined = reader.opaque();
  demand(joined.length === (kind === "direct" ? 32 : 0), "unknown_value");
  const persons = kind === "direct" ? [joined.slice(0, 16), joined.slice(16)] : [];
  const suite = reader.u16();
  demand(isSuite(suite), "unknown_value");
  const policy: GroupPolicy = {
    nonce,
    conversation,
    kind,
    persons,
    suite,
    sizeClass: choice(SIZE_CLASSES, reader.u8()),
    retentionClass: reader.u8(),
    ministry: reader.fixed(16),
    registry: reader.fixed(32),
    predecessor: reader.fixed(32),
  };
  checkPersons(policy);
  return policy;
}

/** Two different persons, in one order, so that a pair has one spelling; nobody in other kinds. */
function checkPersons({ kind, persons }: GroupPolicy): void {
  if (kind !== "direct") {
    demand(persons.length === 0, "unknown_value");
    return;
  }
  const [first, second] = persons;
  demand(persons.length === 2 && first?.length === 16 && second?.length === 16, "unknown_value");
  demand(compare(first, second) < 0, "unknown_value");
}

function choice<T>(choices: readonly T[], code: number): T {
  const value = choices[code - 1];
  if (value === undefined) throw new CryptoError("unknown_value");
  return value;
}

export const groupIdOf = (policyBytes: Uint8Array): Promise<Uint8Array> =>
  sha256(utf8("beep group v1"), policyBytes);
