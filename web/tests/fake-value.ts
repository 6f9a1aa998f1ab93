import type { Readable } from "../src/core/api";

export class Value<T> implements Readable<T> {
  readonly #runs = new Set<(value: T) => void>();
  constructor(private value: T) {}
  get(): T {
    return this.value;
  }
  set(value: T): void {
    this.value = value;
    for (const run of this.#runs) run(value);
  }
  subscribe(run: (value: T) => void): () => void {
    this.#runs.add(run);
    run(this.value);
    return () => this.#runs.delete(run);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const hour = 3_600_000;
