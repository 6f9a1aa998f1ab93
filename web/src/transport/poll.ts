import { CLOSE_GOING_AWAY, MAX_FRAME } from "../wire/frames";
import { join, Unpacker } from "./framing";
import type { WebSocketLike } from "./socket";

/** Frames wait this long for others that leave with them: each POST costs its headers. */
const COMPANY_MS = 20;
/** Notes wait this long for a request that takes them along. */
const NOTES_MS = 5_000;
/**
 * How long the server holds a poll while nothing happens: unasked, and in the background, where each answer wakes a
 * radio for nothing. Proxies usually allow an answer a minute; where one does not, the long hold is given up.
 */
const HELD_MS = { visible: 25_000, hidden: 55_000 };
/**
 * Without a byte for so long the line is dead, whatever the system believes. No limit on the whole: half a megabyte
 * takes minutes where a network is slow, and as long as bytes come it is on its way.
 */
const SILENCE_MS = 30_000;
/** What is sent is given time by its size, for nobody tells how much of it has left: a millisecond for a byte. */
const BYTES_PER_MS = 1;
/** A poll that was asked longer ago is doubted when the page comes back into sight: the machine may have slept. */
const DOUBT_MS = 8_000;
/** Waits before a poll that failed is said again; its answer, if there was one, comes once more. */
const RETRIES_MS = [1_000, 3_000];
/** One POST holds no more (`hello` is one of them), and the server takes two frames of the largest size. */
const FRAMES = 63;
const BYTES = MAX_FRAME;
const CONTENT_TYPE = "application/vnd.beep.v1";
const LOST = 1006;

/** What stands in an answer's head. Its frames are heard while they come. */
interface Answer {
  /** Names the listener and the answer. */
  poll: string | null;
  close: number | null;
}

/** A refusal that ends the line, with the close code that a WebSocket would have had. */
class Closed extends Error {
  constructor(readonly code: number) {
    super(`closed with ${String(code)}`);
  }
}

export interface PollOptions {
  /** `https://host/poll`; relative in a page. */
  url: string;
  fetch: typeof fetch;
}

/**
 * The frames of one socket over HTTP (`messaging/polling.py`), in the shape of a WebSocket, so that whoever uses it
 * cannot tell. One POST at a time carries what is asked, in order; beside it a poll is held by the server, from the
 * answer to `resume` on, and brings the events. Every POST repeats `hello`, whose second and later answers are dropped.
 *
 * A frame is heard as soon as it is whole. When the rest of a poll's answer is cut off, the poll is said again, its
 * answer comes once more, and what was heard of it is passed over: each attempt gets further on the worst of networks.
 */
export class PollSocket implements WebSocketLike {
  binaryType = "arraybuffer";
  readonly protocol = "beep.v1";
  readyState = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  onprogress: (() => void) | null = null;
  #hello: Uint8Array | null = null;
  #greeted = false;
  #queue: Uint8Array[] = [];
  #notes: Uint8Array[] = [];
  #asking = false;
  /** Bytes of the POST that is on its way. */
  #leaving = 0;
  #poll: string | null = null;
  #visible = true;
  /** A poll that was held for longer than usual got lost: something on the way does not bear it. */
  #cutShort = false;
  #listening: { began: number; abort: AbortController } | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #notesTimer: ReturnType<typeof setTimeout> | null = null;
  readonly #abort = new AbortController();

  constructor(private readonly options: PollOptions) {
    queueMicrotask(() => {
      if (this.readyState !== 0) return;
      this.readyState = 1;
      (this.onopen as (() => void) | null)?.();
    });
  }

  get bufferedAmount(): number {
    return this.#queue.reduce((sum, frame) => sum + frame.length, this.#leaving);
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 1) return;
    if (this.#hello === null) this.#hello = data;
    else this.#queue.push(data);
    this.#timer ??= setTimeout(() => void this.#flush(), COMPANY_MS);
  }

  /** A frame without an answer, which may leave with the next request. */
  later(data: Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 1) return;
    this.#notes.push(data);
    this.#notesTimer ??= setTimeout(() => {
      this.#queue.push(...this.#notes.splice(0));
      void this.#flush();
    }, NOTES_MS);
  }

  /** Out of sight polls are held for longer; the first look at the page asks anew, as a WebSocket is doubted then. */
  shown(visible: boolean): void {
    const back = visible && !this.#visible;
    this.#visible = visible;
    if (back && this.#listening && Date.now() - this.#listening.began > DOUBT_MS)
      this.#listening.abort.abort();
  }

  close(): void {
    this.#end();
  }

  async #flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#asking || this.#hello === null) return;
    if (this.#queue.length === 0 && this.#greeted) return;
    this.#asking = true;
    const body = join([this.#hello, ...this.#take()]);
    // `ready` comes first in every answer; the one to the first POST is the only one that was asked for.
    let asked = !this.#greeted;
    try {
      this.#leaving = body.length;
      const answer = await this.#post(body, {}, SILENCE_MS + body.length / BYTES_PER_MS, (frame) => {
        this.#leaving = 0;
        if (asked) this.#hear(frame);
        asked = true;
      });
      this.#greeted = true;
      if (answer.close !== null) this.#end(answer.close);
      if (answer.poll !== null) {
        const listening = this.#poll !== null;
        this.#poll = answer.poll;
        if (!listening) void this.#listen();
      }
    } catch (error) {
      this.#lose(error);
    } finally {
      this.#asking = false;
      this.#leaving = 0;
    }
    if (this.readyState === 1) void this.#flush();
  }

  /** What fits into one POST, notes behind the requests where there is room. */
  #take(): Uint8Array[] {
    this.#queue.push(...this.#notes.splice(0));
    if (this.#notesTimer) clearTimeout(this.#notesTimer);
    this.#notesTimer = null;
    let count = 0;
    let bytes = 0;
    for (const frame of this.#queue) {
      if (count === FRAMES || (count > 0 && bytes + frame.length > BYTES)) break;
      count += 1;
      bytes += frame.length;
    }
    return this.#queue.splice(0, count);
  }

  async #listen(): Promise<void> {
    let failures = 0;
    let former = "";
    let heard = 0;
    while (this.readyState === 1 && this.#poll !== null) {
      const asked = this.#poll;
      if (asked !== former) heard = 0;
      former = asked;
      const hidden = !this.#visible && !this.#cutShort;
      const hold = hidden ? HELD_MS.hidden : HELD_MS.visible;
      const headers = { "Beep-Poll": asked, ...(hidden ? { "Beep-Hold": String(hold / 1_000) } : {}) };
      const listening = { began: Date.now(), abort: new AbortController() };
      this.#listening = listening;
      let count = 0;
      try {
        const hear = (frame: ArrayBuffer): void => {
          count += 1;
          if (count <= heard) return;
          heard = count;
          failures = 0;
          this.#hear(frame);
        };
        const patience = hold + SILENCE_MS;
        const answer = await this.#post(new Uint8Array(0), headers, patience, hear, listening.abort.signal);
        failures = 0;
        // Another resume has named another listener meanwhile.
        if (this.#poll === asked) this.#poll = answer.poll;
        if (answer.close !== null) this.#end(answer.close);
        else if (answer.poll === null) this.#end(LOST);
      } catch (error) {
        // Asked anew because somebody looks.
        if (listening.abort.signal.aborted) continue;
        if (hidden && count === 0) this.#cutShort = true;
        const wait = error instanceof Closed ? undefined : RETRIES_MS[failures++];
        if (wait === undefined) this.#lose(error);
        else await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  /**
   * One POST. `hear` gets each frame as it becomes whole; `patience` milliseconds are given to the head of the answer.
   * Throws `Closed`, and whatever `fetch` throws when there is no network.
   */
  async #post(
    body: Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
    patience: number,
    hear: (frame: ArrayBuffer) => void,
    given?: AbortSignal,
  ): Promise<Answer> {
    const { fetch, url } = this.options;
    const silence = new Silence(patience);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": CONTENT_TYPE, ...headers },
        body,
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.any([this.#abort.signal, silence.signal, ...(given ? [given] : [])]),
      });
      silence.broken(SILENCE_MS);
      if (response.status !== 200) throw new Closed(await closeCode(response));
      if (response.headers.get("Content-Type") !== CONTENT_TYPE) throw new Closed(LOST);
      const unpacker = new Unpacker();
      const reader = response.body?.getReader();
      for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
        silence.broken(SILENCE_MS);
        this.onprogress?.();
        unpacker.take(piece.value, hear);
      }
      unpacker.end();
      const close = response.headers.get("Beep-Close");
      return { poll: response.headers.get("Beep-Poll"), close: close === null ? null : Number(close) };
    } finally {
      silence.end();
    }
  }

  #hear(data: ArrayBuffer): void {
    if (this.readyState === 1) this.onmessage?.({ data });
  }

  #lose(error: unknown): void {
    this.#end(error instanceof Closed ? error.code : LOST);
  }

  #end(code?: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#notesTimer) clearTimeout(this.#notesTimer);
    this.#abort.abort();
    if (code !== undefined) this.onclose?.({ code, reason: "" });
  }
}

/** Aborts what nothing is heard of. */
class Silence {
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout>;

  constructor(patience: number) {
    this.#timer = this.#wait(patience);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Something came; `patience` milliseconds until the next of it. */
  broken(patience: number): void {
    clearTimeout(this.#timer);
    this.#timer = this.#wait(patience);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #wait(patience: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#abort.abort();
    }, patience);
  }
}

/** `detail.close` of Beep's refusals. Without one the server wants us to come back, and a proxy's page says nothing. */
async function closeCode(response: Response): Promise<number> {
  let said: { code?: unknown; detail?: { close?: unknown } };
  try {
    said = (await response.json()) as typeof said;
  } catch {
    return LOST;
  }
  const close = said.detail?.close;
  if (typeof close === "number") return close;
  return typeof said.code === "string" ? CLOSE_GOING_AWAY : LOST;
}
