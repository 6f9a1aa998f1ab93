/**
 * What a chunk of history holds, beside its sealing (`crypto/history.ts`): rows of the messages' table in short, and the
 * conversations that they belong to. The sender is a device of one's own, but what it says was written by others once:
 * every field is checked before it becomes a row here.
 */

import * as v from "valibot";
import type { ConversationRecord, MessageRecord, NoticeRecord, ProfileRecord } from "../store";
import { MAX_TEXT, MAX_TIME } from "../crypto/content";
import { MAX_GROUP_NAME, MAX_PICTURE } from "../crypto/profile";
import { sha256, toHex } from "../crypto/bytes";
import type { Id } from "./api";
import { idBytes, idText } from "./ids";
import { pictureType } from "./pictures";
import { cleanName } from "./profiles";

/** Bytes wherever they lie: the decoder hands out views. */
const binary = v.custom<Uint8Array>((value) => value instanceof Uint8Array);
const bin = (length: number) =>
  v.pipe(
    binary,
    v.check((value) => value.length === length),
  );
const uint = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** Sort positions need not be whole; none may stand above every seq. */
const order = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(2 ** 51));

const time = v.pipe(uint, v.maxValue(MAX_TIME));
const person = v.pipe(v.string(), v.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/));
const MAX_PERSONS = 2_000;
const persons = v.pipe(v.array(person), v.minLength(1), v.maxLength(MAX_PERSONS));
const name = v.pipe(v.string(), v.maxLength(2 * MAX_GROUP_NAME));

/** A line of each kind, with exactly what the views read of it. */
const line = <K extends NoticeRecord["kind"], E extends v.ObjectEntries>(kind: K, entries: E) =>
  v.strictObject({ kind: v.literal(kind), ...entries });
const notice = v.variant("kind", [
  line("begun", {}),
  line("new-device", { person, mine: v.boolean() }),
  line("log-mismatch", {}),
  line("group-begun", { by: person }),
  line("added", { by: person, persons }),
  line("invited", { by: person, persons }),
  line("joined", { persons }),
  line("removed", { by: v.nullable(person), persons }),
  line("you-removed", { by: v.nullable(person) }),
  line("you-left", {}),
  line("left", { person }),
  line("admin", { by: v.nullable(person), person, admin: v.boolean() }),
  line("renamed", { by: person, name }),
  line("picture", { by: person }),
  line("device-added", { person }),
  line("device-removed", { person }),
  line("successor", { by: person, reason: v.picklist(["policy", "broken"]) }),
  line("identity-reset", { person, wasVerified: v.boolean() }),
  line("reset-requested", { person, earliest: time }),
  line("directory-changed", { person, wasVerified: v.boolean() }),
  line("gap", { from: time, to: time }),
]);

const message = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[0-9a-z-]{1,120}$/)),
  c: bin(16),
  o: order,
  q: v.nullable(uint),
  mine: v.boolean(),
  s: v.nullable(bin(16)),
  a: time,
  x: v.pipe(
    v.string(),
    v.check((text) => [...text].length <= MAX_TEXT),
  ),
  n: v.nullable(notice),
  // Something that this version cannot show: its place, its author and its bytes come over, its words stay unknown.
  u: v.optional(v.literal(true)),
  f: v.nullable(
    v.strictObject({
      k: bin(32),
      content: v.pipe(
        binary,
        v.check((value) => value.length <= 65_536),
      ),
    }),
  ),
});

export type HistoryMessage = v.InferOutput<typeof message>;

const conversation = v.strictObject({
  id: bin(16),
  kind: v.picklist(["direct", "group"]),
  persons: v.pipe(v.array(bin(16)), v.maxLength(MAX_PERSONS)),
  out: v.optional(v.boolean(), false),
  profile: v.optional(
    v.nullable(
      v.strictObject({
        name,
        picture: v.pipe(
          binary,
          v.check((value) => value.length <= MAX_PICTURE),
        ),
        at: time,
        by: v.nullable(bin(16)),
      }),
    ),
    null,
  ),
});

/** A conversation whose messages begin in this chunk: what is on the screen beside them. */
export type HistoryConversation = v.InferOutput<typeof conversation>;

/** How the conversation travels; null for what is none to show. */
export function describeConversation(
  { id, kind, persons, standing }: ConversationRecord,
  profile: ProfileRecord | null,
): HistoryConversation | null {
  if (kind === "self") return null;
  const out = standing === "out";
  const named = profile && { ...profile, by: profile.by === null ? null : idBytes(profile.by) };
  // Who is in a group the new device learns from the group; of one that is over, from nobody else.
  const told = kind === "direct" || out ? persons.slice(0, MAX_PERSONS).map(idBytes) : [];
  return { id: idBytes(id), kind, persons: told, out, profile: kind === "group" ? named : null };
}

/** What another own device says of a conversation; null for what does not have the shape. */
export function readConversation(
  value: unknown,
): { id: Id; kind: "direct" | "group"; persons: Id[]; out: boolean; profile: ProfileRecord | null } | null {
  const read = v.safeParse(conversation, value);
  if (!read.success) return null;
  const { id, kind, persons: members, out, profile } = read.output;
  const shown = profile && {
    name: cleanName(profile.name),
    picture: pictureType(profile.picture) ? profile.picture.slice() : new Uint8Array(),
    at: profile.at,
    by: profile.by === null ? null : idText(profile.by),
  };
  return { id: idText(id), kind, persons: members.map(idText), out, profile: shown };
}

/** The row as it travels; null for what makes no sense on another device (queued, waiting, lines about this device). */
export async function toHistory(record: MessageRecord): Promise<HistoryMessage | null> {
  const { kind, seq, sender } = record;
  const told = kind === "notice" && v.is(notice, record.notice) ? record.notice : null;
  const unknown = kind === "newer-version";
  if (!told && ((kind !== "text" && !unknown) || seq === null)) return null;
  return {
    id: await commonId(record),
    c: idBytes(record.conversation),
    o: record.order,
    q: seq,
    mine: record.mine,
    s: sender === null ? null : idBytes(sender),
    a: record.at,
    x: record.text,
    n: told,
    ...(unknown ? { u: true as const } : {}),
    f: record.frank ? { ...record.frank } : null,
  };
}

/**
 * The id that another own device would give this message. A device keeps the id that it made for its own messages; one
 * that reads them in the log takes a hash of the sender and that id.
 */
async function commonId(record: MessageRecord): Promise<string> {
  const { kind, mine, id, sender } = record;
  if (kind !== "text" || !mine || sender === null || !v.is(person, id)) return id;
  return toHex((await sha256(idBytes(sender), idBytes(id))).subarray(0, 16));
}

/**
 * The row as it is kept here; null for what does not have the shape. A text stands at its place in the log under an id
 * that the log would give it (so that what is here is recognized), and is `own`'s exactly when it says so.
 */
export function fromHistory(value: unknown, own: Id): { conversation: Id; record: MessageRecord } | null {
  const read = v.safeParse(message, value);
  if (!read.success) return null;
  const { id, c, o, q, mine, s, a, x, n, u, f } = read.output;
  const about = idText(c);
  if (n === null) {
    const placed =
      s !== null && o === q && (/^[0-9a-f]{32}$/.test(id) || (u && id === `content-${String(q)}`));
    if (!placed || mine !== (idText(s) === own)) return null;
  }
  if (u && (n !== null || x !== "")) return null;
  const record: MessageRecord = {
    id,
    conversation: about,
    order: o,
    seq: q,
    kind: u ? "newer-version" : n === null ? "text" : "notice",
    mine,
    sender: s === null ? null : idText(s),
    copied: true,
    at: a,
    text: x,
    notice: n,
    failed: null,
    frank: f ? { k: f.k.slice(), content: f.content.slice() } : null,
  };
  return { conversation: about, record };
}
