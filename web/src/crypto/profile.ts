/**
 * The profile of a group conversation as a newcomer gets it in the Welcome's GroupInfo (`group-info.ts`): its name and
 * picture, and who belongs to it as what.
 *
 *     MessagePack map {v: 1, name: str (0..100 characters), picture: bin (0..24,000 bytes; JPEG or WebP, empty: none),
 *                      at: ms, by: bin (person, 16 bytes, or empty), members: [[bin16 person, int role, bin32 base]]}
 *
 * Members ascend by person; roles: 1 member, 2 admin, 3 invited. Direct and self conversations have none: empty bytes.
 */

import { Decoder, encode } from "@msgpack/msgpack";
import type { MemberRole, MembershipEntry, Uuid } from "./api";
import { compare, equal } from "./bytes";
import { CryptoError, demand } from "./errors";

export const MAX_GROUP_NAME = 100;
export const MAX_PICTURE = 24_000;
/** More persons than a group of 1,000 devices can have, invited ones included. */
const MAX_MEMBERS = 5_000;

export interface GroupProfile {
  name: string;
  picture: Uint8Array;
  /** Milliseconds UTC of the content that set it last, 0 when nobody has. */
  at: number;
  /** Who set it last, or null. */
  by: Uuid | null;
  /** Ascending by person. */
  members: MembershipEntry[];
}

/** Bounds before any value is made: a hostile length may not allocate. */
const decoder = new Decoder({
  maxStrLength: 4 * MAX_GROUP_NAME,
  maxBinLength: MAX_PICTURE,
  maxArrayLength: MAX_MEMBERS,
  maxMapLength: 8,
  maxExtLength: 0,
});

const ROLES: readonly (MemberRole | undefined)[] = [undefined, "member", "admin", "invited"];

export function encodeGroupProfile({ name, picture, at, by, members }: GroupProfile): Uint8Array {
  return encode({
    v: 1,
    name,
    picture,
    at,
    by: by ?? new Uint8Array(),
    members: members.map(({ person, role, base }) => [person, ROLES.indexOf(role), base]),
  });
}

/** @throws CryptoError `profile_malformed`. */
export function parseGroupProfile(bytes: Uint8Array): GroupProfile {
  let value: unknown;
  try {
    value = decoder.decode(bytes);
  } catch {
    throw new CryptoError("profile_malformed");
  }
  demand(typeof value === "object" && value !== null, "profile_malformed");
  const { v, name, picture, at, by, members } = value as Readonly<Record<string, unknown>>;
  demand(v === 1 && typeof name === "string" && name.isWellFormed(), "profile_malformed");
  demand([...name].length <= MAX_GROUP_NAME, "profile_malformed");
  demand(picture instanceof Uint8Array && picture.length <= MAX_PICTURE, "profile_malformed");
  demand(typeof at === "number" && Number.isSafeInteger(at) && at >= 0, "profile_malformed");
  demand(by instanceof Uint8Array && (by.length === 0 || by.length === 16), "profile_malformed");
  demand(Array.isArray(members), "profile_malformed");
  const profile: GroupProfile = {
    ...{ name, picture: picture.slice(), at },
    by: by.length === 0 ? null : by.slice(),
    members: members.map(readMember),
  };
  profile.members.forEach(({ person }, i, all) => {
    const previous = all[i - 1];
    demand(previous === undefined || compare(previous.person, person) < 0, "profile_malformed");
  });
  demand(equal(encodeGroupProfile(profile), bytes), "profile_malformed");
  return profile;
}

function readMember(value: unknown): MembershipEntry {
  demand(Array.isArray(value) && value.length === 3, "profile_malformed");
  const [person, code, base] = value as unknown[];
  const role = typeof code === "number" ? ROLES[code] : undefined;
  demand(person instanceof Uint8Array && person.length === 16, "profile_malformed");
  demand(base instanceof Uint8Array && base.length === 32 && role !== undefined, "profile_malformed");
  return { person: person.slice(), role, base: base.slice() };
}
