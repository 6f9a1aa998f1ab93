import { named, type MessageRecord } from "../store";
import type { Id, MessageInfo, Readable } from "./api";
import type { Context } from "./context";
import { LiveView } from "./live-view";
import { sendState } from "./messages";
import { readView, type View } from "./pending";
import type { People } from "./people";
import { MOST_READERS, NO_MARKS } from "./receipts";

/** Rows after a message that are searched for people who came later than it. */
const LOOK_AHEAD = 2_000;

/**
 * How far one message of one's own has come at each of the others, kept up to date; null while the message is not on
 * this device.
 */
export function messageInfo(
  context: Context,
  people: People,
  conversation: Id,
  message: Id,
): Readable<MessageInfo | null> {
  return new LiveView<MessageInfo | null>(context, {
    name: "message info",
    concerns: (notice) =>
      (notice.t === "conversation" || notice.t === "messages") && notice.conversation === conversation,
    read: async (show) => {
      const view = await readView(context, conversation);
      const record = (await context.store.get("messages", named(view.blind, message)))?.value;
      show(record?.mine === true ? await infoOf(context, people, view, record) : null);
    },
  });
}

async function infoOf(
  context: Context,
  people: People,
  view: View,
  record: MessageRecord,
): Promise<MessageInfo> {
  const marks = (await context.store.get("marks", view.blind))?.value ?? NO_MARKS;
  const { seq, at } = record;
  const state = sendState(record, marks) ?? "queued";
  const told = view.record.persons.length <= MOST_READERS;
  if (seq === null || !told) return { at, state, told, people: [] };
  const later = await cameLater(context, view.blind, record);
  const others = (view.group?.devices ?? []).map(({ person }) => person);
  const readers = [...new Set(others)].filter((one) => one !== context.self.person && !later.has(one));
  return {
    at,
    state,
    told,
    people: await Promise.all(
      readers.map(async (one) => {
        const mark = marks.persons[one] ?? { delivered: 0, read: 0 };
        return {
          person: await people.known(one),
          state: seq <= mark.read ? "read" : seq <= mark.delivered ? "delivered" : "sent",
        } as const;
      }),
    ),
  };
}

/** Whoever was taken in after the message cannot have it, wherever they have read to since. */
async function cameLater(
  { store }: Context,
  blind: string,
  { order }: MessageRecord,
): Promise<ReadonlySet<Id>> {
  const rows = await store.range("messages", { group: blind, from: order, limit: LOOK_AHEAD });
  return new Set(
    rows.flatMap(({ value: { notice } }) =>
      notice?.kind === "added" || notice?.kind === "joined" ? notice.persons : [],
    ),
  );
}
