import { SvelteMap } from "svelte/reactivity";
import type { App, Id, PersonCard } from "../core/api";

/** Milliseconds until a card is asked for again: names and posts change seldom, and only in the directory. */
const freshFor = 5 * 60_000;

/** The directory's cards by id, for views that know a person by id only: senders, notices, who types. */
export class People {
  readonly #cards = new SvelteMap<Id, PersonCard>();
  /** When each card was last asked for. Not reactive: reading a card must not depend on the asking. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- for that reason
  readonly #asked = new Map<Id, number>();

  constructor(private readonly app: App) {}

  /** The card as far as it is known; what is missing or old is fetched, and the reader then runs again. */
  get(id: Id): PersonCard | undefined {
    const asked = this.#asked.get(id) ?? Number.NEGATIVE_INFINITY;
    if (Date.now() - asked > freshFor) {
      this.#asked.set(id, Date.now());
      // Not within the reader: it may be a derived value, which may start nothing.
      queueMicrotask(() => void this.#load(id));
    }
    return this.#cards.get(id);
  }

  async #load(id: Id): Promise<void> {
    try {
      this.#cards.set(id, await this.app.person(id));
    } catch {
      // Offline and never seen: the view shows the person without a name, and asks again when it is drawn anew.
      this.#asked.delete(id);
    }
  }
}
