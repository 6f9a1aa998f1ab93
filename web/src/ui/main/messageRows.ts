import type { MessageItem } from "../../core/api";
import { dayStart } from "../format";

/** One row of the list: a message with what stands above it. */
export interface MessageRow {
  item: MessageItem;
  /** The first of its day on this device's calendar: a day's title stands above. */
  newDay: boolean;
  /** The first unread one when the conversation was opened: a line stands above. */
  firstUnread: boolean;
  /** The first of a run by one sender: it stands a little apart and names them to a screen reader. */
  leads: boolean;
  /** The last of a run: its corner points to the sender. */
  trails: boolean;
  /** The newest of one's own: its state is shown as a word too. */
  newestMine: boolean;
}

/** Messages further apart than this do not look like one run. */
const runGap = 5 * 60_000;

/**
 * Rows for messages, oldest first. A separator belongs to the row below it and is no row of its own, so that a list that
 * grows at its start keeps its keys and its place.
 */
export function messageRows(items: readonly MessageItem[], firstUnread: number | null): MessageRow[] {
  let unreadShown = false;
  let day = Number.NaN;
  const newestMine = items.findLast((item) => item.mine && item.kind === "text")?.id;
  const rows = items.map((item, index): MessageRow => {
    const previous = items[index - 1];
    const next = items[index + 1];
    const start = dayStart(item.at);
    const newDay = start !== day;
    day = start;
    const unread =
      !unreadShown &&
      firstUnread !== null &&
      !item.mine &&
      item.kind !== "notice" &&
      item.seq !== null &&
      item.seq >= firstUnread;
    unreadShown ||= unread;
    return {
      item,
      newDay,
      firstUnread: unread,
      leads: newDay || unread || !sameRun(previous, item),
      trails: !sameRun(item, next),
      newestMine: item.id === newestMine,
    };
  });
  return rows;
}

function sameRun(one: MessageItem | undefined, two: MessageItem | undefined): boolean {
  if (!one || !two || one.kind === "notice" || two.kind === "notice") return false;
  return one.mine === two.mine && one.sender === two.sender && Math.abs(two.at - one.at) < runGap;
}
