import { untrack } from "svelte";
import { announce } from "./live.svelte";

/** Something that was done, said for a moment, with the way back where there is one. */
export interface Toast {
  text: string;
  undo: (() => void) | null;
}

let current = $state.raw<Toast | null>(null);

export function shownToast(): Toast | null {
  return current;
}

export function toast(text: string, undo: (() => void) | null = null): void {
  current = { text, undo };
  untrack(() => announce(text));
}

export function dismissToast(): void {
  current = null;
}
