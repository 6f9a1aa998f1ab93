import { CLOSE_GOING_AWAY, MAX_FRAME } from "../wire/frames";
import type { WebSocketLike } from "./socket";

/** Frames wait this long for others that leave with them: each POST costs its headers. */
const COMPANY_MS = 20;
/** Notes wait this long for a request that takes them along. */
const NOTES_MS = 5_000;
/** The server answers a poll after 25 s; one that takes this long has been forgotten on its way. */
const HELD_MS = 50_000;
/** Waits before a poll that failed is said again; its answer, if there was one, comes once more. */
const RETRIES_MS = [1_000, 3_000];
/** One POST holds no more (`hello` is one of them), and the server takes two frames of the largest size. */
const FRAMES = 63;
const BYTES = MAX_FRAME;
const CONTENT_TYPE = "application/vnd.beep.v1";
const LOST = 1006;

interface Answer {
  frames: ArrayBuffer[];
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
 */
export class PollSocket implements WebSocketLike {
  binaryType = "arraybuffer";
  readonly protocol = "beep.v1";
  readyState = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  #hello: Uint8Array | null = null;
  #greeted = false;
  #queue: Uint8Array[] = [];
  #notes: Uint8Array[] = [];
  #asking = false;
  #poll: string | null = null;
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
    return this.#queue.reduce((sum, frame) => sum + frame.length, 0);
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

  close(): void {
    this.#end();
  }

  async #flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#asking || this.#hello === null) return;
    if (this.#queue.length === 0 && this.#greeted) return;
    this.#asking = true;
    const frames = this.#take();
    try {
      const answer = await this.#post([this.#hello, ...frames], null, null);
      // `ready` comes first in every answer; the one to the first POST is the only one that was asked for.
      if (this.#greeted) answer.frames.shift();
      this.#greeted = true;
      this.#hear(answer);
      if (answer.poll !== null) {
        const listening = this.#poll !== null;
        this.#poll = answer.poll;
        if (!listening) void this.#listen();
      }
    } catch (error) {
      this.#lose(error);
    } finally {
      this.#asking = false;
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
    while (this.readyState === 1 && this.#poll !== null) {
      const asked = this.#poll;
      try {
        const answer = await this.#post([], asked, HELD_MS);
        failures = 0;
        // Another resume has named another listener meanwhile.
        if (this.#poll === asked) this.#poll = answer.poll;
        this.#hear(answer);
        if (answer.poll === null) this.#end(LOST);
      } catch (error) {
        const wait = error instanceof Closed ? undefined : RETRIES_MS[failures++];
        if (wait === undefined) this.#lose(error);
        else await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  /** Throws `Closed`, and whatever `fetch` throws when there is no network. */
  async #post(frames: readonly Uint8Array[], poll: string | null, patience: number | null): Promise<Answer> {
    const { fetch, url } = this.options;
    const signals = [this.#abort.signal, ...(patience === null ? [] : [AbortSignal.timeout(patience)])];
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": CONTENT_TYPE, ...(poll === null ? {} : { "Beep-Poll": poll }) },
      body: join(frames),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.any(signals),
    });
    if (response.status !== 200) throw new Closed(await closeCode(response));
    if (response.headers.get("Content-Type") !== CONTENT_TYPE) throw new Closed(LOST);
    const close = response.headers.get("Beep-Close");
    return {
      frames: split(await response.arrayBuffer()),
      poll: response.headers.get("Beep-Poll"),
      close: close === null ? null : Number(close),
    };
  }

  #hear(answer: Answer): void {
    for (const data of answer.frames) if (this.readyState === 1) this.onmessage?.({ data });
    if (answer.close !== null) this.#end(answer.close);
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

function join(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(frames.reduce((sum, frame) => sum + 4 + frame.length, 0));
  const view = new DataView(joined.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.length);
    joined.set(frame, at + 4);
    at += 4 + frame.length;
  }
  return joined;
}

/** Throws `Closed` when the body ends within a frame. */
function split(body: ArrayBuffer): ArrayBuffer[] {
  const view = new DataView(body);
  const frames: ArrayBuffer[] = [];
  let at = 0;
  while (at < body.byteLength) {
    const end = at + 4 > body.byteLength ? Infinity : at + 4 + view.getUint32(at);
    if (end > body.byteLength) throw new Closed(LOST);
    frames.push(body.slice(at + 4, end));
    at = end;
  }
  return frames;
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
