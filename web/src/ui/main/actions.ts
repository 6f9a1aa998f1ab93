/** What one can do with a conversation from a menu. Pinning and muting can be undone; leaving is asked about first. */
import type { App, ConversationSummary } from "../../core/api";
import { t } from "../../i18n/index.svelte";
import type { MenuItem } from "../parts/menu";
import { errorMessage } from "../errors";
import { Bell, BellOff, LogOut, Pin, PinOff } from "../icons";
import { toast } from "../toast.svelte";

const hour = 3_600_000;

export function isMuted(conversation: ConversationSummary, now: number): boolean {
  return conversation.mutedUntil > now;
}

/** The order of the list: pinned ones first, both parts as the core has them. */
export function inOrder(conversations: readonly ConversationSummary[]): ConversationSummary[] {
  return [...conversations].sort((one, two) => Number(two.pinned) - Number(one.pinned));
}

/** Do it, say so, and offer the way back; a refusal is said in the same place. */
function reversible(done: string, work: () => Promise<void>, back: () => Promise<void>): void {
  const failed = (reason: unknown): void => toast(errorMessage(reason));
  work().then(() => toast(done, () => void back().catch(failed)), failed);
}

export function conversationActions(
  app: App,
  conversation: ConversationSummary,
  onleave: () => void,
  now = Date.now(),
): MenuItem[] {
  const { id, pinned, mutedUntil } = conversation;
  const setMute = (until: number): void =>
    reversible(
      t(until === 0 ? "unmuted" : "muted"),
      () => app.mute(id, until),
      () => app.mute(id, mutedUntil),
    );
  const items: MenuItem[] = [
    {
      name: pinned ? "unpin" : "pin",
      label: t(pinned ? "unpin" : "pin"),
      icon: pinned ? PinOff : Pin,
      select: () =>
        reversible(
          t(pinned ? "unpinned" : "pinned"),
          () => app.pin(id, !pinned),
          () => app.pin(id, pinned),
        ),
    },
  ];
  if (isMuted(conversation, now)) {
    items.push({ name: "unmute", label: t("unmute"), icon: Bell, select: () => setMute(0) });
  } else {
    items.push(
      { name: "mute-1", label: t("mute-1"), icon: BellOff, select: () => setMute(now + hour) },
      { name: "mute-8", label: t("mute-8"), icon: BellOff, select: () => setMute(now + 8 * hour) },
      { name: "mute-always", label: t("mute-always"), icon: BellOff, select: () => setMute(Infinity) },
    );
  }
  if (conversation.kind === "group" && conversation.standing !== "out") {
    items.push({
      name: "leave",
      label: t("leave-group"),
      icon: LogOut,
      danger: true,
      apart: true,
      select: onleave,
    });
  }
  return items;
}
