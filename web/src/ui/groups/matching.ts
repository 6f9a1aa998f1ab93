import type { PersonCard } from "../../core/api";
import { foldDigits } from "../text";

/** Letters that look or sound alike in Urdu, Persian and Arabic writing, and marks that people leave out. */
function fold(text: string): string {
  return foldDigits(text)
    .normalize("NFKD")
    .replace(/[\p{M}\u0640\u200c\u200d]/gu, "")
    .replace(/[\u064a\u0649\u06d2\u0626]/gu, "\u06cc")
    .replace(/\u0643/gu, "\u06a9")
    .replace(/[\u0629\u06c1\u06be\u06c0]/gu, "\u0647")
    .replace(/[\u0622\u0623\u0625]/gu, "\u0627")
    .toLowerCase();
}

/** Those of `items` whose text has every word of `query`; all of them for an empty one. */
export function matchingText<T>(items: readonly T[], query: string, text: (item: T) => string): T[] {
  const words = fold(query).split(/\s+/u).filter(Boolean);
  if (words.length === 0) return [...items];
  return items.filter((item) => {
    const folded = fold(text(item));
    return words.every((word) => folded.includes(word));
  });
}

/** Those of `items` whose person has every word of `query` in name, post, unit or ministry, in either script. */
export function matching<T>(items: readonly T[], query: string, person: (item: T) => PersonCard): T[] {
  return matchingText(items, query, (item) => textOf(person(item)));
}

/** What a person is found by. */
export function textOf({ name, post, unit, ministry }: PersonCard): string {
  return [name, post, unit, ministry].map(({ latin, local }) => `${latin} ${local}`).join(" ");
}
