import type { Notice, PersonCard } from "../../core/api";
import { t } from "../../i18n/index.svelte";
import { displayName } from "../text";

/** The sentence of a notice in a conversation with `partner`. */
export function noticeText(notice: Notice, partner: PersonCard, language: string): string {
  switch (notice.kind) {
    case "begun":
      return t("notice-begun");
    case "new-device":
      return notice.mine
        ? t("notice-new-device-mine")
        : t("notice-new-device", { name: displayName(partner.name, language) });
    case "log-mismatch":
      return t("notice-log-mismatch");
    case "history-elsewhere":
      return t("notice-history-elsewhere");
  }
}
