/**
 * Waiting times between attempts to connect: doubling from half a second to thirty, each drawn evenly from its upper
 * half, so that clients that lost the same server do not return together.
 */
export class Backoff {
  #attempt = 0;

  constructor(
    private readonly random: () => number,
    private readonly base = 500,
    private readonly ceiling = 30_000,
  ) {}

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const span = Math.min(this.ceiling, this.base * 2 ** Math.min(this.#attempt, 16));
    this.#attempt += 1;
    return Math.round(span / 2 + (span / 2) * this.random());
  }

  reset(): void {
    this.#attempt = 0;
  }
}
