/**
 * What people say: a typed, versioned union in MessagePack. Every map has `t` (type), `v` (version), `id` (16 bytes,
 * made by the sender) and `at` (milliseconds UTC, the sender's clock).
 *
 * A type or version that this client does not know, and a known one with fields that it does not know, reads as
 * `unknown`: shown as "made by a newer version of Beep", kept as bytes, never dropped.
 */

import { Decoder, Encoder } from "@msgpack/msgpack";
import type { Uuid } from "./api";
import { CryptoError, demand } from "./errors";
import { MAX_GROUP_NAME, MAX_PICTURE } from "./profile";

export type Content =
  | { t: "text"; id: Uuid; at: number; text: string }
  | { t: "reply"; id: Uuid; at: number; to: Uuid; text: string }
  | { t: "edit"; id: Uuid; at: number; of: Uuid; text: string }
  | { t: "deletion"; id: Uuid; at: number; of: Uuid }
  | { t: "reaction"; id: Uuid; at: number; of: Uuid; emoji: string }
  /** Name and picture of a group conversation, by an admin; the last one in the log's order holds. */
  | { t: "profile"; id: Uuid; at: number; name: string; picture: Uint8Array }
  /** What somebody shows a moderator: with k each content proves itself against the log (`plaintext.ts`). */
  | { t: "report"; id: Uuid; at: number; note: string; items: ReportItem[] }
  /** Only between one person's devices: read positions, mutes, drafts, verified marks, pins. */
  | { t: "sync"; id: Uuid; at: number; values: Record<string, SyncValue> }
  /** `file`, `system` and all that is not known yet; `id` and `at` where they could be read. */
  | { t: "unknown"; id: Uuid | null; at: number | null };

/** One message of another person, as it was sent. */
export interface ReportItem {
  conversation: Uuid;
  seq: number;
  /** The franking key, 32 bytes. */
  k: Uint8Array;
  content: Uint8Array;
  /** The person who said it. */
  sender: Uuid;
}

/** A byte string has 32 bytes, or none. */
export type SyncValue = number | string | Uint8Array;

export type KnownContent = Exclude<Content, { t: "unknown" }>;

export const CONTENT_VERSION = 1;
export const MAX_TEXT = 16_000;
const MAX_EMOJI = 64;
export const MAX_NOTE = 2_000;
export const MAX_REPORTED = 50;
/** Values in one `sync`: below the decoder's bound of a map. */
export const MAX_SYNCED = 60;
const MAX_SYNC_KEY = 64;
/** The end of the year 9999. `Date` and `Intl` throw from 8.64e15 on: one such message would break every view of it. */
export const MAX_TIME = 253_402_300_799_999;

/** Names of the fields beyond t, v, id and at, with the check of each. */
const FIELDS: Readonly<Record<KnownContent["t"], Readonly<Record<string, (value: unknown) => boolean>>>> = {
  text: { text: isText },
  reply: { to: isId, text: isText },
  edit: { of: isId, text: isText },
  deletion: { of: isId },
  reaction: { of: isId, emoji: (value) => isString(value, MAX_EMOJI) },
  profile: {
    name: (value) => value === "" || isString(value, MAX_GROUP_NAME),
    picture: (value) => value instanceof Uint8Array && value.length <= MAX_PICTURE,
  },
  report: {
    note: (value) => value === "" || isString(value, MAX_NOTE),
    items: (value) =>
      Array.isArray(value) && value.length >= 1 && value.length <= MAX_REPORTED && value.every(isReportItem),
  },
  sync: { values: isSynced },
};

const encoder = new Encoder({ ignoreUndefined: false });
/** Bounds before any value is made: a hostile length may not allocate. Content fits one envelope of 64 kB. */
const decoder = new Decoder({
  maxStrLength: 65_536,
  maxBinLength: 65_536,
  maxArrayLength: 1_024,
  maxMapLength: 64,
  maxExtLength: 0,
});

/** @throws CryptoError `content_malformed` when a field is out of its bounds. */
export function encodeContent(content: KnownContent): Uint8Array {
  const { t, id, at, ...rest } = content;
  demand(isKnown(t, { id, at, ...rest }), "content_malformed");
  return encoder.encode({ t, v: CONTENT_VERSION, id, at, ...rest });
}

/**
 * Reads content, which a member signed but nobody checked.
 *
 * @throws CryptoError `content_malformed` when it is not one MessagePack map with a type and a version, or is of a
 *   known type and version with a field out of its bounds.
 */
export function decodeContent(bytes: Uint8Array): Content {
  let value: unknown;
  try {
    value = decoder.decode(bytes);
  } catch {
    throw new CryptoError("content_malformed");
  }
  demand(isMap(value), "content_malformed");
  const { t, v, ...fields } = value;
  demand(typeof t === "string" && isUint(v), "content_malformed");
  const names = isKnownType(t) ? ["id", "at", ...Object.keys(FIELDS[t])] : [];
  const newer =
    !isKnownType(t) || v !== CONTENT_VERSION || Object.keys(fields).some((name) => !names.includes(name));
  if (newer) {
    const { id, at } = fields;
    return { t: "unknown", id: isId(id) ? id.slice() : null, at: isTime(at) ? at : null };
  }
  demand(isKnown(t, fields), "content_malformed");
  // Copies: the decoder's binaries are views that would keep (and clone) the whole plaintext with them.
  return { t, ...(owned(fields) as object) } as KnownContent;
}

function owned(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(owned);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, owned(field)]));
}

const isKnownType = (t: string): t is KnownContent["t"] => Object.hasOwn(FIELDS, t);

function isKnown(t: KnownContent["t"], fields: Readonly<Record<string, unknown>>): boolean {
  const checks = Object.entries(FIELDS[t]);
  return (
    isId(fields["id"]) &&
    isTime(fields["at"]) &&
    Object.keys(fields).length === checks.length + 2 &&
    checks.every(([name, check]) => check(fields[name]))
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isId(value: unknown): value is Uuid {
  return value instanceof Uint8Array && value.length === 16;
}

function isUint(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isTime(value: unknown): value is number {
  return isUint(value) && value <= MAX_TIME;
}

/** Length in characters as people count them: code points. */
function isString(value: unknown, max: number): value is string {
  return typeof value === "string" && value.length >= 1 && [...value].length <= max && value.isWellFormed();
}

function isText(value: unknown): boolean {
  return isString(value, MAX_TEXT);
}

function isReportItem(value: unknown): boolean {
  if (!isMap(value) || Object.keys(value).length !== 5) return false;
  const { conversation, seq, k, content, sender } = value;
  return (
    isId(conversation) &&
    isUint(seq) &&
    k instanceof Uint8Array &&
    k.length === 32 &&
    content instanceof Uint8Array &&
    isId(sender)
  );
}

/** What a key means, and whether its value fits, is the reader's business: an unknown key is passed over. */
function isSynced(value: unknown): boolean {
  if (!isMap(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length >= 1 &&
    entries.length <= MAX_SYNCED &&
    entries.every(([key, item]) => isString(key, MAX_SYNC_KEY) && isSyncValue(item))
  );
}

function isSyncValue(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length === 0 || value.length === 32;
  return value === "" || isText(value) || isUint(value);
}
