/** What is chosen and typed in a picker of people; it outlives the picker while its owner keeps it. */
import { SvelteMap } from "svelte/reactivity";
import type { App, Id, PastedLine, PersonCard } from "../../core/api";
import type { Chosen } from "./picking";

export type PickerTab = "name" | "unit" | "paste";

export class Picking {
  readonly chosen: Chosen = new SvelteMap<Id, PersonCard>();
  tab = $state<PickerTab>("name");
  /** The pasted list, and who its lines were found to mean; null until one has asked. */
  pasted = $state("");
  matches = $state.raw<readonly PastedLine[] | null>(null);
}

/** A group that is being made: who, its name and its picture. */
export class GroupDraft {
  readonly picking = new Picking();
  step = $state<"people" | "about">("people");
  name = $state("");
  picture = $state.raw<Uint8Array | null>(null);

  get empty(): boolean {
    const { chosen, pasted } = this.picking;
    return chosen.size === 0 && pasted.trim() === "" && this.name.trim() === "" && this.picture === null;
  }
}

/**
 * The drafts of this page, in memory alone: they last through other pages of Beep and go with a lock, a sign-out or the
 * page itself, as everything readable does.
 */
const drafts = new WeakMap<App, GroupDraft>();

/** The draft that `app`'s person left, or a new one. */
export function groupDraft(app: App): GroupDraft {
  const kept = drafts.get(app);
  if (kept) return kept;
  const made = new GroupDraft();
  keepDraft(app, made);
  const end = app.session.subscribe(({ kind }) => {
    if (kind === "open") return;
    drafts.delete(app);
    // The store calls at once, before `end` is there.
    queueMicrotask(() => {
      end();
    });
  });
  return made;
}

/** Bring a dropped draft back. */
export function keepDraft(app: App, draft: GroupDraft): void {
  drafts.set(app, draft);
}

/** The group is made, or not wanted. */
export function dropDraft(app: App): void {
  drafts.delete(app);
}
