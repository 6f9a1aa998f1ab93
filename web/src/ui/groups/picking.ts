/** What a picker chooses from and into. */
import type { SvelteMap } from "svelte/reactivity";
import type { Id, PersonCard } from "../../core/api";

export type Chosen = SvelteMap<Id, PersonCard>;

/** Devices in a group above which its encryption is classical. Each person has one device at least. */
export const hybridDevices = 100;
/** People from whom on a group may come to that number: five devices each at most. */
export const mayBeLarge = 20;

/** Whether somebody may be chosen: in service, and not in the group already. */
export function choosable(person: PersonCard, taken: ReadonlySet<Id>): boolean {
  return person.active && !taken.has(person.id);
}

export function toggle(chosen: Chosen, person: PersonCard): void {
  if (!chosen.delete(person.id)) chosen.set(person.id, person);
}

/** What to say about a group's size: nothing, that it may become large, or that it is. */
export function sizeHint(people: number): "none" | "may" | "large" {
  if (people > hybridDevices) return "large";
  return people > mayBeLarge ? "may" : "none";
}

/** Lines of a pasted list: one person each, without blanks, bullets, repetitions. Commas and tabs separate columns. */
export function pastedLines(text: string): string[] {
  const lines = text
    .split(/[\r\n;]+/u)
    .map((line) =>
      line
        .replace(/^(?:[\s\-*•·]|[\d۰-۹٠-٩]+[.)](?=\s))+/u, "")
        .replace(/\t/gu, " ")
        .trim(),
    )
    .filter((line) => line !== "");
  return [...new Set(lines)];
}
