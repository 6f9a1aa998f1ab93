/** How frames travel. */
export type Way = "websocket" | "long-poll";

/** What diagnostics show of the connection. */
export interface Line {
  readonly way: Way;
  /** Milliseconds UTC: since when. */
  readonly since: number;
  /** Milliseconds from a question to its answer, as last measured; null before the first. */
  readonly roundTrip: number | null;
}

/** Failures of the WebSocket after which the long-poll is tried. */
const PATIENCE = 2;
/** After a long-poll that works, this long until it is tried first again. */
const PREFERRED_MS = 10 * 60_000;

/**
 * Chooses between WebSocket and long-poll. A WebSocket that cannot be opened twice, or is cut soon after it was opened,
 * may be blocked, or there may be no network at all: when the long-poll works then, it was blocked.
 */
export class Ways {
  #failures = 0;
  #preferredUntil = 0;

  constructor(private readonly canPoll: boolean) {}

  next(): Way {
    const blocked = this.#failures >= PATIENCE || Date.now() < this.#preferredUntil;
    return this.canPoll && blocked ? "long-poll" : "websocket";
  }

  /** Hello was answered. */
  opened(way: Way): void {
    if (way === "long-poll") this.#preferredUntil = Date.now() + PREFERRED_MS;
  }

  /** The connection did not come about, or did not last. */
  failed(way: Way): void {
    if (way === "websocket") this.#failures += 1;
    else this.networkChanged();
  }

  /** The connection has proved itself, or the server itself has said something over it. */
  proved(way: Way): void {
    if (way === "websocket") this.#failures = 0;
  }

  /** A WebSocket opens beside a long-poll: one more failure is enough to go back. */
  returning(): void {
    this.#preferredUntil = 0;
    this.#failures = PATIENCE - 1;
  }

  /** What was blocked there may be open here. */
  networkChanged(): void {
    this.#failures = 0;
    this.#preferredUntil = 0;
  }
}
