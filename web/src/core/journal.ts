/** What went wrong lately, for the diagnostics page: labels and codes with a count, never content, never ids. */
export class Journal {
  readonly #counts = new Map<string, { label: string; code: string; count: number; at: number }>();

  constructor(private readonly now: () => number) {}

  note(label: string, code: string): void {
    const key = `${label}: ${code}`;
    const entry = this.#counts.get(key);
    this.#counts.set(key, { label, code, count: (entry?.count ?? 0) + 1, at: this.now() });
  }

  /** The last time of each, newest first; how often, in the label. */
  entries(): { at: number; label: string; code: string }[] {
    const all = [...this.#counts.values()].sort((a, b) => b.at - a.at);
    return all.map(({ at, label, code, count }) => ({
      at,
      label: count === 1 ? label : `${label} (${String(count)} times)`,
      code,
    }));
  }
}
