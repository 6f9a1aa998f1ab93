import type { Readable } from "./api";
import type { Notice } from "./bus";
import type { Context } from "./context";
import { Value } from "./readable";

interface Reading<T> {
  /** For the journal, when reading fails. */
  name: string;
  /** Whether what is shown may have changed. */
  concerns: (notice: Notice) => boolean;
  /** Reads all of it and hands out what it has; more than once where some comes later. */
  read: (show: (value: T) => void) => Promise<void>;
}

/** A page about something in the store: read while somebody looks at it, and again when it changes. */
export class LiveView<T> implements Readable<T | null> {
  readonly #value = new Value<T | null>(null);
  #readers = 0;
  #end: () => void = () => undefined;
  #again = false;
  #reading = false;

  constructor(
    private readonly context: Context,
    private readonly reading: Reading<T>,
  ) {}

  get(): T | null {
    return this.#value.get();
  }

  subscribe(run: (value: T | null) => void): () => void {
    const end = this.#value.subscribe(run);
    this.#readers += 1;
    if (this.#readers === 1) this.#start();
    let ended = false;
    return () => {
      end();
      if (ended) return;
      ended = true;
      this.#readers -= 1;
      if (this.#readers === 0) this.#end();
    };
  }

  #start(): void {
    this.#end = this.context.bus.listen((notice) => {
      if (this.reading.concerns(notice)) this.#poke();
    });
    this.#poke();
  }

  #poke(): void {
    this.#again = true;
    if (this.#reading) return;
    this.#reading = true;
    this.context.background(
      this.reading.name,
      this.#readAll().finally(() => {
        this.#reading = false;
      }),
    );
  }

  async #readAll(): Promise<void> {
    while (this.#again && this.#readers > 0) {
      this.#again = false;
      await this.reading.read((value) => {
        this.#value.set(value);
      });
    }
  }
}
