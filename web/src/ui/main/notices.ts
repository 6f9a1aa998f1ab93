import type { Id, Notice, Settings } from "../../core/api";
import { t } from "../../i18n/index.svelte";
import { dateTime } from "../format";
import type { People } from "../people.svelte";
import { nameOf, namesOf } from "./names";

/** What a notice's sentence is made with: who reads it, and in which language and calendar. */
export interface NoticeReader {
  people: People;
  me: Id;
  language: string;
  calendar: Settings["calendar"];
}

/** The sentence of a notice. What one did oneself has a sentence of its own, because "you" is no name. */
export function noticeText(notice: Notice, reader: NoticeReader): string {
  const { people, me, language, calendar } = reader;
  const name = (id: Id): string => nameOf(people.get(id), language);
  const names = (ids: readonly Id[]): string => namesOf(ids, people, language, me);
  /** `id` by the directory, by oneself, or by somebody. */
  const by = (what: string, who: Id | null, args: Record<string, string> = {}): string => {
    if (who === null) return t(`notice-${what}-directory`, args);
    return who === me ? t(`notice-${what}-mine`, args) : t(`notice-${what}`, { by: name(who), ...args });
  };
  switch (notice.kind) {
    case "begun":
      return t("notice-begun");
    case "new-device":
      return notice.mine
        ? t("notice-new-device-mine")
        : t("notice-new-device", { name: name(notice.person) });
    case "log-mismatch":
      return t("notice-log-mismatch");
    case "history-elsewhere":
      return t("notice-history-elsewhere");
    case "group-begun":
      return by("group-begun", notice.by);
    case "added":
      if (notice.persons.length === 1 && notice.persons[0] === me)
        return t("notice-added-you", { by: name(notice.by) });
      return by("added", notice.by, { names: names(notice.persons) });
    case "invited":
      return by("invited", notice.by, { names: names(notice.persons) });
    case "joined":
      return notice.persons.length === 1 && notice.persons[0] === me
        ? t("notice-joined-you")
        : t("notice-joined", { names: names(notice.persons) });
    case "removed":
      return by("removed", notice.by, { names: names(notice.persons) });
    case "you-removed":
      return notice.by === null
        ? t("notice-you-removed-directory")
        : t("notice-you-removed", { name: name(notice.by) });
    case "you-left":
      return t("notice-you-left");
    case "left":
      return t("notice-left", { name: name(notice.person) });
    case "admin": {
      const what = notice.admin ? "admin" : "unadmin";
      if (notice.person === me) return t(`notice-${what}-you`);
      return by(what, notice.by, { name: name(notice.person) });
    }
    case "renamed":
      return by("renamed", notice.by, { name: notice.name });
    case "picture":
      return by("picture", notice.by);
    case "device-added":
      return notice.person === me
        ? t("notice-device-added-mine")
        : t("notice-device-added", { name: name(notice.person) });
    case "device-removed":
      return notice.person === me
        ? t("notice-device-removed-mine")
        : t("notice-device-removed", { name: name(notice.person) });
    case "successor":
      return t(`notice-successor-${notice.reason}`);
    case "identity-reset":
      if (notice.person === me) return t("notice-identity-reset-mine");
      return t(notice.wasVerified ? "notice-identity-reset-verified" : "notice-identity-reset", {
        name: name(notice.person),
      });
    case "reset-requested":
      return t(notice.person === me ? "notice-reset-requested-mine" : "notice-reset-requested", {
        name: name(notice.person),
        date: dateTime(notice.earliest, calendar),
      });
    case "directory-changed":
      return t(notice.wasVerified ? "notice-directory-changed-verified" : "notice-directory-changed", {
        name: name(notice.person),
      });
    case "gap":
      return t("notice-gap", { from: dateTime(notice.from, calendar), to: dateTime(notice.to, calendar) });
  }
}

/** Notices that ask for attention: a key, an identity or the log is not what it was. */
export function isWarning(notice: Notice): boolean {
  return (
    ["new-device", "log-mismatch", "identity-reset", "reset-requested"].includes(notice.kind) ||
    (notice.kind === "directory-changed" && notice.wasVerified)
  );
}
