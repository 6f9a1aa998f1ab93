import { foldText } from "../crypto/folding";
import type { CardRecord, PersonRecord } from "../store";
import { Batch } from "../store";
import { isTransient } from "../transport";
import type { Id, PersonCard } from "./api";
import type { Context } from "./context";

/** How long a card is taken from the cache without asking the server again. */
const FRESH_MS = 6 * 60 * 60 * 1000;
const OFFLINE_RESULTS = 20;

const UNKNOWN = { latin: "", local: "" };

/** The directory: searched on the server, remembered here so that names are there without a network. */
export class People {
  readonly #cards = new Map<Id, PersonRecord>();

  constructor(
    private readonly context: Context,
    /** Told when a card that was known is about to be replaced; perhaps more than once, and with one that says the same. */
    private readonly onChanged: (before: CardRecord, after: CardRecord) => Promise<void> = () =>
      Promise.resolve(),
  ) {}

  /** What the directory finds; without a network, what was seen before and matches. */
  async search(query: string): Promise<readonly PersonCard[]> {
    const trimmed = query.trim();
    if (trimmed === "") return [];
    try {
      const { people } = await this.context.api.people(trimmed);
      await this.remember(people);
      return people.filter((card) => card.id !== this.context.self.person);
    } catch (error) {
      if (!isTransient(error)) throw error;
      return this.#searchHere(trimmed);
    }
  }

  /** A card, from the server when the cached one is old and there is a network. */
  async card(id: Id): Promise<PersonCard> {
    const cached = await this.#cached(id);
    if (cached && this.context.now() - cached.at < FRESH_MS) return cached.card;
    try {
      const card = await this.context.api.person(id);
      await this.remember([card]);
      return card;
    } catch (error) {
      if (cached) return cached.card;
      throw error;
    }
  }

  /** What is known without waiting for the network; an empty card for nobody seen before. */
  async known(id: Id): Promise<PersonCard> {
    const cached = await this.#cached(id);
    if (cached) return cached.card;
    const empty = { name: UNKNOWN, post: UNKNOWN, unit: UNKNOWN, ministry: UNKNOWN };
    return { id, ...empty, activated: true, active: true };
  }

  /** Asks the server about those nobody here has seen before; true when somebody is known now who was not. */
  async meet(persons: Iterable<Id>): Promise<boolean> {
    const strangers: Id[] = [];
    for (const id of new Set(persons)) if (!(await this.#cached(id))) strangers.push(id);
    // Whom the server does not tell of, or not now, stays unknown; the others have names.
    await Promise.allSettled(strangers.map((id) => this.card(id)));
    for (const id of strangers) if (await this.#cached(id)) return true;
    return false;
  }

  async remember(cards: readonly CardRecord[]): Promise<void> {
    if (cards.length === 0) return;
    const at = this.context.now();
    const batch = new Batch();
    const records: PersonRecord[] = [];
    for (const card of cards) {
      const before = await this.#cached(card.id);
      // Said before it is kept: after a crash in between it is news again, and said once all the same.
      if (before) await this.onChanged(before.card, card);
      const record = { card, at };
      records.push(record);
      batch.put("people", await this.context.store.person(card.id), record);
    }
    await this.context.store.commit(batch);
    for (const record of records) this.#cards.set(record.card.id, record);
  }

  /** The directory has changed this person. */
  async changed(id: Id): Promise<void> {
    await this.remember([await this.context.api.person(id)]);
  }

  async #cached(id: Id): Promise<PersonRecord | null> {
    const known = this.#cards.get(id);
    if (known) return known;
    const stored = await this.context.store.get("people", await this.context.store.person(id));
    if (stored) this.#cards.set(id, stored.value);
    return stored?.value ?? null;
  }

  /** Every folded word of the query begins a word of the card. */
  async #searchHere(query: string): Promise<readonly PersonCard[]> {
    const words = foldText(query).split(" ");
    const rows = await this.context.store.all("people");
    return rows
      .map((row) => row.value.card)
      .filter((card) => card.id !== this.context.self.person)
      .filter((card) => {
        const texts = [card.name, card.post, card.unit, card.ministry].flatMap((name) => [
          name.latin,
          name.local,
        ]);
        const present = foldText(texts.join(" ")).split(" ");
        return words.every((word) => present.some((candidate) => candidate.startsWith(word)));
      })
      .slice(0, OFFLINE_RESULTS);
  }
}
