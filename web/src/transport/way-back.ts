import type { WebSocketLike } from "./socket";

/** How long a WebSocket may take to open here. */
const OPEN_MS = 8_000;
/** On a long-poll: first try of the WebSocket, and the following ones. */
const WAIT_MS = { first: 15_000, later: 10 * 60_000 };
/** The network has changed: at once, but not before it has settled. */
const SOON_MS = 1_000;

/** Beside a long-poll: tries now and then whether a WebSocket opens, and hands over the one that does. */
export class WayBack {
  #timer: ReturnType<typeof setTimeout> | null = null;
  #candidate: WebSocketLike | null = null;

  constructor(
    private readonly open: () => WebSocketLike,
    private readonly opened: (socket: WebSocketLike) => void,
  ) {}

  start(): void {
    this.#after(WAIT_MS.first);
  }

  /** Does nothing while it is not started. */
  hurry(): void {
    if (this.#timer) this.#after(SOON_MS);
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#drop();
  }

  #after(wait: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#try();
    }, wait);
  }

  #try(): void {
    this.#drop();
    // Whatever comes of this one, there will be another.
    this.#after(WAIT_MS.later);
    const candidate = this.open();
    this.#candidate = candidate;
    const patience = setTimeout(() => {
      if (this.#candidate === candidate) this.#drop();
    }, OPEN_MS);
    candidate.onclose = () => {
      clearTimeout(patience);
      if (this.#candidate === candidate) this.#candidate = null;
    };
    candidate.onopen = () => {
      clearTimeout(patience);
      if (this.#candidate !== candidate) return;
      this.#candidate = null;
      this.opened(candidate);
    };
  }

  #drop(): void {
    const candidate = this.#candidate;
    this.#candidate = null;
    if (!candidate) return;
    candidate.onopen = candidate.onclose = null;
    candidate.close();
  }
}
