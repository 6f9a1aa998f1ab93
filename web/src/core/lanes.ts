/** One task at a time for each name, in the order of the calls. Tasks of different names run side by side. */
export class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>();

  run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const result = before.then(task, task);
    const tail = result.catch(() => undefined);
    this.#tails.set(name, tail);
    void tail.then(() => {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
    return result;
  }

  /** When everything that was asked for until now has ended. */
  async settled(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}

/** Runs `task` again and again on demand: at most once at a time, and once more when asked while it runs. */
export class Pump {
  #running: Promise<void> | null = null;
  #again = false;

  constructor(private readonly task: () => Promise<void>) {}

  poke(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#loop().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #loop(): Promise<void> {
    do {
      this.#again = false;
      await this.task();
    } while (this.#again);
  }
}

/** The results of `task` over all items in their order, at most `width` of them under way at once. */
export async function pooled<T, R>(
  items: readonly T[],
  task: (item: T) => Promise<R>,
  width = 16,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await task(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
