/** Who is meant, as text. */
import type { ConversationSummary, GroupMember, Id, PersonCard } from "../../core/api";
import { t } from "../../i18n/index.svelte";
import { inPageDirection, list, number } from "../format";
import type { People } from "../people.svelte";
import { displayName } from "../text";

/** More names than this in one sentence are counted and not listed. */
const listed = 3;

/** A person's name, or "A colleague" while the directory has not answered. */
export function nameOf(card: PersonCard | null | undefined, language: string): string {
  // A card that is only an id so far has no name either.
  return (card && displayName(card.name, language)) || t("somebody");
}

/** The first word of a name, for where there is little room and the whole name stands elsewhere. */
export function firstName(name: string): string {
  return name.split(/\s+/u).find((word) => /^\p{L}/u.test(word)) ?? name;
}

/** "A", "A and B", "A, B, C and 4 others"; `me` is "you" and comes first. Each is isolated, so that scripts may mix. */
export function namesOf(ids: readonly Id[], people: People, language: string, me?: Id): string {
  const others = ids.filter((id) => id !== me).map((id) => nameOf(people.get(id), language));
  return joined(others.length < ids.length ? [t("names-you"), ...others] : others);
}

function joined(names: readonly string[]): string {
  const isolated = names.map((name) => `\u2068${name}\u2069`);
  const rest = isolated.length - listed;
  if (rest <= 1) return inPageDirection(list(isolated));
  return t("names-more", {
    names: inPageDirection(list(isolated.slice(0, listed), "unit")),
    count: rest,
    shown: number(rest),
  });
}

/** A conversation's name for a label. A group without a name is called by its members, once they are known. */
export function titleOf(
  conversation: ConversationSummary,
  language: string,
  members: readonly GroupMember[] = [],
): string {
  if (conversation.kind === "direct") return nameOf(conversation.partner, language);
  if (conversation.name !== "") return conversation.name;
  const others = members.filter(({ me }) => !me).map(({ person }) => person);
  return others.length > 0 ? joined(others.map((card) => nameOf(card, language))) : t("group-unnamed");
}
