/**
 * What a chunk of history holds, beside its sealing (`crypto/history.ts`): rows of the messages' table in short, and the
 * conversations that they belong to. The sender is a device of one's own, but what it says was written by others once:
 * every field is checked before it becomes a row here.
 */

import * as v from "valibot";
import type { MessageRecord, NoticeRecord } from "../store";
import { MAX_TEXT, MAX_TIME } from "../crypto/content";
import { MAX_GROUP_NAME } from "../crypto/profile";
import { sha256, toHex } from "../crypto/bytes";
import type { Id } from "./api";
import { idBytes, idText } from "./ids";

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
const persons = v.pipe(v.array(person), v.minLength(1), v.maxLength(2_000));
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

/** Which conversations the transfer is about, in its first chunk. */
export interface HistoryConversation {
  id: Uint8Array;
  kind: "direct" | "group";
  /** Of a direct conversation: both. */
  persons: Uint8Array[];
}

/** The row as it travels; null for what makes no sense on another device (queued, waiting, lines about this device). */
export async function toHistory(record: MessageRecord): Promise<HistoryMessage | null> {
  const { kind, seq, sender } = record;
  const told = kind === "notice" && v.is(notice, record.notice) ? record.notice : null;
  if (!told && (kind !== "text" || seq === null)) return null;
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
  const { id, c, o, q, mine, s, a, x, n, f } = read.output;
  const about = idText(c);
  if (n === null) {
    const placed = s !== null && o === q && /^[0-9a-f]{32}$/.test(id);
    if (!placed || mine !== (idText(s) === own)) return null;
  }
  const record: MessageRecord = {
    id,
    conversation: about,
    order: o,
    seq: q,
    kind: n === null ? "text" : "notice",
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
