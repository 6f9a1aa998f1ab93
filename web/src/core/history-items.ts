/**
 * What a chunk of history holds, beside its sealing (`crypto/history.ts`): rows of the messages' table in short, and the
 * conversations that they belong to. The sender is a device of one's own, but what it says was written by others once:
 * every field is checked before it becomes a row here.
 */

import * as v from "valibot";
import type { MessageRecord, NoticeRecord } from "../store";
import { MAX_TEXT, MAX_TIME } from "../crypto/content";
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

const NOTICES: ReadonlySet<string> = new Set<NoticeRecord["kind"]>([
  "begun",
  "new-device",
  "log-mismatch",
  "group-begun",
  "added",
  "invited",
  "removed",
  "you-removed",
  "you-left",
  "left",
  "admin",
  "renamed",
  "picture",
  "device-added",
  "device-removed",
  "successor",
  "identity-reset",
  "reset-requested",
  "directory-changed",
  "gap",
]);

const uuidText = v.pipe(v.string(), v.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/));

const notice = v.pipe(
  v.looseObject({
    kind: v.pipe(
      v.string(),
      v.check((kind) => NOTICES.has(kind)),
    ),
  }),
  v.check((value) =>
    Object.entries(value).every(([name, field]) =>
      name === "kind"
        ? true
        : name === "persons"
          ? v.is(v.pipe(v.array(uuidText), v.maxLength(2_000)), field)
          : name === "person" || name === "by"
            ? field === null || v.is(uuidText, field)
            : name === "name" || name === "reason"
              ? v.is(v.pipe(v.string(), v.maxLength(200)), field)
              : typeof field === "boolean" || v.is(uint, field),
    ),
  ),
);

const message = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[0-9a-z-]{1,120}$/)),
  c: bin(16),
  o: order,
  q: v.nullable(uint),
  mine: v.boolean(),
  s: v.nullable(bin(16)),
  a: v.pipe(uint, v.maxValue(MAX_TIME)),
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
  const { kind, seq, notice: line, sender } = record;
  const told = kind === "notice" && line !== null && NOTICES.has(line.kind);
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
    n: told ? ({ ...line } as HistoryMessage["n"]) : null,
    f: record.frank ? { ...record.frank } : null,
  };
}

/**
 * The id that another own device would give this message. A device keeps the id that it made for its own messages; one
 * that reads them in the log takes a hash of the sender and that id.
 */
async function commonId(record: MessageRecord): Promise<string> {
  const { kind, mine, id, sender } = record;
  if (kind !== "text" || !mine || sender === null || !v.is(uuidText, id)) return id;
  return toHex((await sha256(idBytes(sender), idBytes(id))).subarray(0, 16));
}

/** The row as it is kept here; null for what does not have the shape. */
export function fromHistory(value: unknown): { conversation: Id; record: MessageRecord } | null {
  const read = v.safeParse(message, value);
  if (!read.success) return null;
  const { id, c, o, q, mine, s, a, x, n, f } = read.output;
  const about = idText(c);
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
    notice: n as NoticeRecord | null,
    failed: null,
    frank: f ? { k: f.k.slice(), content: f.content.slice() } : null,
  };
  return { conversation: about, record };
}
