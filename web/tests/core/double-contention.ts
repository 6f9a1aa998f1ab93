import type { Id } from "../../src/core/api";

const STEP_S = 2;
const WAIT_MOST_S = 20;

/** The line of those who lost an epoch, by the rule of `messaging.engine.contention`. */
export class Contention {
  readonly #line = new Map<Id, number>();

  /** `now` in seconds. */
  lost(device: Id, now: number): { ahead: number; wait: number } {
    this.#line.delete(device);
    for (const [other, until] of this.#line) if (until <= now) this.#line.delete(other);
    const ahead = this.#line.size;
    this.#line.set(device, now + (ahead + 2) * STEP_S);
    return { ahead, wait: Math.min(ahead * STEP_S, WAIT_MOST_S) };
  }

  won(device: Id): void {
    this.#line.delete(device);
  }
}
