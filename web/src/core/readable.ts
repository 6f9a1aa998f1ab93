import type { Readable } from "./api";

/** A value that tells its readers when it changes. */
export class Value<T> implements Readable<T> {
  readonly #readers = new Set<(value: T) => void>();

  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const run of [...this.#readers]) run(value);
  }

  subscribe(run: (value: T) => void): () => void {
    // A wrapper, so that one function may subscribe twice and end one subscription.
    const reader = (value: T): void => {
      run(value);
    };
    this.#readers.add(reader);
    run(this.value);
    return () => this.#readers.delete(reader);
  }
}
