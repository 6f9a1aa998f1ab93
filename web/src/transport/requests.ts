import type { Answer, Request } from "../wire/frames";
import { TransportError } from "./errors";
import { answerTag, type Answers, type RequestFields, type RequestTag } from "./link";

/** What waits to leave is given this much more time: a network slower than 8 kbit/s is none. */
const BYTES_PER_MS = 1;

interface Waiting {
  tag: RequestTag;
  patience: number;
  timer?: ReturnType<typeof setTimeout>;
  resolve: (answer: Answer) => void;
  reject: (error: TransportError) => void;
}

interface Queued {
  frame: Request;
  waiting: Omit<Waiting, "timer">;
}

/**
 * Requests of one connection that wait for their answers: gives ids, keeps fewer unanswered than the server allows,
 * and fails everything at once when the connection goes.
 */
export class Requests {
  #nextId = 1;
  readonly #waiting = new Map<number, Waiting>();
  #queue: Queued[] = [];

  constructor(
    /** Gives back how many bytes have not left yet. */
    private readonly send: (frame: Request) => number,
    /** Called when an answer did not come in time: the line is dead, whatever the socket says. */
    private readonly onTimeout: () => void,
    private readonly timeout: number,
    private readonly limit: number,
  ) {}

  /** `patience`: milliseconds in place of the usual. */
  request<K extends RequestTag>(
    tag: K,
    fields: RequestFields[K],
    patience = this.timeout,
  ): Promise<Answers[K]> {
    return new Promise<Answers[K]>((resolve, reject) => {
      const id = this.#nextId++;
      const waiting = { tag, patience, resolve: resolve as (answer: Answer) => void, reject };
      const queued = { frame: { ...fields, t: tag, id } as unknown as Request, waiting };
      if (this.#waiting.size < this.limit) this.#leave(queued);
      else this.#queue.push(queued);
    });
  }

  /** False when the answer belongs to no request or has the wrong type: a protocol violation. */
  answer(frame: Answer): boolean {
    const waiting = this.#waiting.get(frame.re);
    if (!waiting) return false;
    clearTimeout(waiting.timer);
    this.#waiting.delete(frame.re);
    if (frame.t === "refused") {
      waiting.reject(new TransportError(frame.code, frame.retry_after, frame.detail, frame.message));
    } else if (frame.t !== answerTag[waiting.tag]) {
      waiting.reject(new TransportError("bad_answer"));
      return false;
    } else {
      waiting.resolve(frame);
    }
    while (this.#queue.length > 0 && this.#waiting.size < this.limit) {
      const next = this.#queue.shift();
      if (next) this.#leave(next);
    }
    return true;
  }

  /** Bytes come: whatever waits is given its time again, for it may be among them. */
  progress(): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.timer === undefined) continue;
      clearTimeout(waiting.timer);
      this.#watch(id, waiting);
    }
  }

  /** Nobody knows what became of the requests under way. */
  failAll(code: string): void {
    const lost = [...this.#waiting.values()];
    const queued = this.#queue;
    this.#waiting.clear();
    this.#queue = [];
    for (const waiting of lost) {
      clearTimeout(waiting.timer);
      waiting.reject(new TransportError(code));
    }
    for (const { waiting } of queued) waiting.reject(new TransportError(code));
  }

  #leave({ frame, waiting }: Queued): void {
    // In place before the frame leaves, for the answer may come within the call.
    const entry: Waiting = { ...waiting };
    this.#waiting.set(frame.id, entry);
    try {
      entry.patience += this.send(frame) / BYTES_PER_MS;
      if (this.#waiting.has(frame.id)) this.#watch(frame.id, entry);
    } catch (error) {
      this.#waiting.delete(frame.id);
      const code = error instanceof TransportError ? error.code : "too_large";
      waiting.reject(new TransportError(code));
    }
  }

  #watch(id: number, waiting: Waiting): void {
    waiting.timer = setTimeout(() => {
      this.#waiting.delete(id);
      waiting.reject(new TransportError("timeout"));
      this.onTimeout();
    }, waiting.patience);
  }
}
