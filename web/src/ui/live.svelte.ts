import { untrack } from "svelte";

/** The page's one polite live region: what a screen reader says without being asked. */
let sentence = $state("");

/**
 * Say `text` once. The same text twice in a row gets an invisible difference, because a screen reader is silent about a
 * region that did not change.
 */
export function announce(text: string): void {
  // An effect that speaks must not depend on what was last said.
  sentence = untrack(() => sentence) === text ? `${text}\u00a0` : text;
}

export function spoken(): string {
  return sentence;
}
