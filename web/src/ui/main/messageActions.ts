/** What one can do with a single message. */
import type { MessageItem } from "../../core/api";
import { t } from "../../i18n/index.svelte";
import { Copy, Flag, Info } from "../icons";
import type { MenuItem } from "../parts/menu";
import { toast } from "../toast.svelte";

export interface MessageDoings {
  /** Show how far it has come. */
  oninfo: (id: string) => void;
  /** Begin a report with it. */
  onreport: (id: string) => void;
}

/** Whether another person said it, as text that has arrived: what a report can prove. */
export function isReportable({ kind, seq, mine }: MessageItem): boolean {
  return kind === "text" && seq !== null && !mine;
}

export function messageActions(item: MessageItem, { oninfo, onreport }: MessageDoings): MenuItem[] {
  const items: MenuItem[] = [];
  if (item.kind === "text")
    items.push({ name: "copy", label: t("copy"), icon: Copy, select: () => void copy(item.text) });
  if (item.kind === "text" && item.mine)
    items.push({ name: "info", label: t("message-info"), icon: Info, select: () => oninfo(item.id) });
  if (isReportable(item))
    items.push({ name: "report", label: t("report-message"), icon: Flag, select: () => onreport(item.id) });
  return items;
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("copied"));
  } catch {
    toast(t("copy-refused"));
  }
}
