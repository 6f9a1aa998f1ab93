import type { Environment } from "./environment";

/**
 * One tab of a browser profile leads: it alone holds the socket and writes MLS state. The Web Lock elects it; the fence
 * in the database makes sure that a tab which was frozen while it led cannot write after another has taken over.
 */
export class Leader {
  #wanted = false;
  #abort: AbortController | null = null;
  #release: (() => void) | null = null;

  constructor(
    private readonly env: Environment,
    /** Begins to lead; the lock is held. */
    private readonly lead: () => Promise<void>,
    /** Ends leading; the lock is given up when the promise ends. */
    private readonly yieldLead: () => Promise<void>,
  ) {}

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    void this.#stand();
  }

  /** Gives the lead up for good (locking, closing). */
  async stop(): Promise<void> {
    this.#wanted = false;
    await this.#stepDown();
  }

  /** Gives the lead up and stands again behind whoever waits: after a freeze, or when the fence has moved. */
  async pass(): Promise<void> {
    if (!this.#release) return;
    await this.#stepDown();
  }

  #ended: Promise<void> = Promise.resolve();

  async #stepDown(): Promise<void> {
    this.#abort?.abort();
    this.#release?.();
    await this.#ended;
  }

  async #stand(): Promise<void> {
    while (this.#wanted) {
      const abort = new AbortController();
      this.#abort = abort;
      const term = (): Promise<void> => this.#term(abort.signal);
      try {
        if (this.env.locks)
          await this.env.locks.request(`${this.env.name}-leader`, { signal: abort.signal }, term);
        else await term();
      } catch {
        // Aborted while waiting for the lock, or the term failed: the loop decides whether to stand again.
      }
      // A breath, so that a term that fails at once does not spin.
      if (this.#wanted) await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  async #term(signal: AbortSignal): Promise<void> {
    if (!this.#wanted || signal.aborted) return;
    let end = (): void => undefined;
    this.#ended = new Promise((resolve) => {
      end = resolve;
    });
    try {
      const released = new Promise<void>((resolve) => {
        this.#release = resolve;
      });
      await this.lead();
      await released;
    } finally {
      this.#release = null;
      await this.yieldLead().catch(() => undefined);
      end();
    }
  }
}
