/** What went wrong lately, for the diagnostics page: labels and codes with a count, never content, never ids. */
export class Journal {
  readonly #counts = new Map<string, { count: number; at: number }>();

  constructor(private readonly now: () => number) {}

  note(label: string, code: string): void {
    const key = `${label}: ${code}`;
    const entry = this.#counts.get(key);
    this.#counts.set(key, { count: (entry?.count ?? 0) + 1, at: this.now() });
  }

  lines(): { label: string; value: string }[] {
    return [...this.#counts].map(([label, { count, at }]) => ({
      label,
      value: `${String(count)} × ${new Date(at).toISOString()}`,
    }));
  }
}
