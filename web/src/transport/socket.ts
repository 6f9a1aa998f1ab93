import { decodeFrame, encodeFrame } from "../wire/codec";
import * as wire from "../wire/frames";
import { Backoff } from "./backoff";
import { TransportError } from "./errors";
import type { Answers, Link, LinkState, RequestFields, RequestTag } from "./link";
import { Requests } from "./requests";

/** The part of the browser's WebSocket (and of Node's) that is used. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly protocol: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export interface SocketOptions {
  /** `wss://host/ws`. */
  url: string;
  open: (url: string, protocol: string) => WebSocketLike;
  /** In [0, 1); spreads reconnects. */
  random: () => number;
  /** False while the machine says that there is no network. */
  online: () => boolean;
  /** Called when the network comes or goes; returns the end of the subscription. */
  onOnlineChange: (run: (online: boolean) => void) => () => void;
  /** Milliseconds. */
  requestTimeout?: number;
  connectTimeout?: number;
  /** Silence after which a ping asks whether the line is alive. */
  quiet?: number;
}

/** Fewer than the server's `MAX_IN_FLIGHT`, so that a ping always has room. */
const IN_FLIGHT = wire.MAX_IN_FLIGHT - 8;
/** A connection that lived this long has proved itself: the next loss starts waiting from the beginning. */
const STABLE_MS = 10_000;

/**
 * One WebSocket that comes back by itself until it is stopped, superseded (4409) or ended (4401). Anything that the
 * protocol does not allow closes it: better a reconnect than a guess.
 */
export class Socket implements Link {
  #state: LinkState = { kind: "closed" };
  #socket: WebSocketLike | null = null;
  #requests: Requests | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #ping: ReturnType<typeof setTimeout> | null = null;
  #connect: ReturnType<typeof setTimeout> | null = null;
  #readyAt = 0;
  #endOnline: (() => void) | null = null;
  readonly #backoff: Backoff;
  readonly #stateListeners = new Set<(state: LinkState) => void>();
  readonly #eventListeners = new Set<(event: wire.Event) => void>();

  constructor(private readonly options: SocketOptions) {
    this.#backoff = new Backoff(options.random);
  }

  get state(): LinkState {
    return this.#state;
  }

  start(): void {
    if (this.#state.kind === "connecting" || this.#state.kind === "ready") return;
    this.#endOnline ??= this.options.onOnlineChange((online) => {
      this.#onlineChanged(online);
    });
    this.#backoff.reset();
    this.#set({ kind: "connecting" });
    this.#attempt();
  }

  stop(): void {
    this.#rest({ kind: "closed" });
  }

  request<K extends RequestTag>(tag: K, fields: RequestFields[K]): Promise<Answers[K]> {
    if (this.#state.kind !== "ready" || !this.#requests) return Promise.reject(new TransportError("offline"));
    return this.#requests.request(tag, fields);
  }

  note(frame: wire.Note): boolean {
    if (this.#state.kind !== "ready" || !this.#socket) return false;
    this.#socket.send(encodeFrame(frame));
    return true;
  }

  onState(run: (state: LinkState) => void): () => void {
    this.#stateListeners.add(run);
    return () => this.#stateListeners.delete(run);
  }

  onEvent(run: (event: wire.Event) => void): () => void {
    this.#eventListeners.add(run);
    return () => this.#eventListeners.delete(run);
  }

  #set(state: LinkState): void {
    this.#state = state;
    for (const run of [...this.#stateListeners]) run(state);
  }

  #onlineChanged(online: boolean): void {
    if (this.#state.kind === "connecting" && online && !this.#socket) {
      this.#backoff.reset();
      this.#attempt();
    } else if (!online && this.#socket) {
      // The system knows before TCP does; waiting for a timeout would leave "sent" in doubt for long.
      this.#lost(1006, "offline");
    }
  }

  #attempt(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    // Without a network the online event tries again; no timer runs.
    if (!this.options.online()) return;
    const socket = this.options.open(this.options.url, wire.SUBPROTOCOL);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    const requests = new Requests(
      (frame) => {
        socket.send(encodeFrame(frame));
      },
      () => {
        if (this.#socket === socket) this.#lost(1006, "timeout");
      },
      this.options.requestTimeout ?? 30_000,
      IN_FLIGHT,
    );
    this.#requests = requests;
    const connectTimeout = this.options.connectTimeout ?? 20_000;
    this.#connect = setTimeout(() => {
      if (this.#socket === socket) this.#lost(1006, "timeout");
    }, connectTimeout);
    socket.onopen = () => {
      if (this.#socket === socket) void this.#hello(requests);
    };
    socket.onmessage = (event) => {
      if (this.#socket === socket) this.#received(event.data, requests);
    };
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#lost(event.code, event.reason);
    };
    // `close` always follows and says more.
    socket.onerror = () => undefined;
  }

  async #hello(requests: Requests): Promise<void> {
    try {
      const ready = await requests.request("hello", { minor: wire.MINOR });
      if (this.#requests !== requests) return;
      if (this.#connect) clearTimeout(this.#connect);
      this.#readyAt = Date.now();
      this.#set({ kind: "ready", ready });
      this.#listenForSilence();
    } catch {
      if (this.#requests === requests) this.#lost(1006, "hello");
    }
  }

  #received(data: unknown, requests: Requests): void {
    let frame: wire.ServerFrame;
    try {
      if (!(data instanceof ArrayBuffer)) throw new TransportError("bad_answer");
      frame = decodeFrame(data);
    } catch {
      this.#lost(1006, "not a frame");
      return;
    }
    this.#listenForSilence();
    if ("re" in frame) {
      // A refusal without a request comes before the server closes; its close code says what to do.
      const unasked = frame.t === "refused" && frame.re === 0;
      if (!unasked && !requests.answer(frame)) this.#lost(1006, "answer to nothing");
    } else {
      for (const run of [...this.#eventListeners]) run(frame);
    }
  }

  #listenForSilence(): void {
    if (this.#ping) clearTimeout(this.#ping);
    if (this.#state.kind !== "ready") return;
    this.#ping = setTimeout(() => {
      // An unanswered ping times out like any request and drops the line.
      this.request("ping", {}).catch(() => undefined);
    }, this.options.quiet ?? 25_000);
  }

  /** Ends the present socket, if there is one, without listening to it any longer. */
  #drop(): void {
    const socket = this.#socket;
    const requests = this.#requests;
    this.#socket = null;
    this.#requests = null;
    if (this.#ping) clearTimeout(this.#ping);
    if (this.#connect) clearTimeout(this.#connect);
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    requests?.failAll("offline");
  }

  /** Closed for good until `start`. */
  #rest(state: LinkState): void {
    this.#endOnline?.();
    this.#endOnline = null;
    const changed = this.#state.kind !== state.kind;
    // The state first: whoever's request fails now must not find the link ready.
    this.#state = state;
    this.#drop();
    if (changed) this.#set(state);
  }

  #lost(code: number, reason: string): void {
    if (code === wire.CLOSE_REVOKED) {
      this.#rest({ kind: "ended", reason });
      return;
    }
    if (code === wire.CLOSE_SUPERSEDED) {
      this.#rest({ kind: "superseded" });
      return;
    }
    const wasReady = this.#state.kind === "ready";
    if (wasReady && Date.now() - this.#readyAt > STABLE_MS) this.#backoff.reset();
    this.#state = { kind: "connecting" };
    this.#drop();
    this.#retry = setTimeout(() => {
      this.#attempt();
    }, this.#waitAfter(code));
    if (wasReady) this.#set(this.#state);
  }

  #waitAfter(code: number): number {
    const wait = this.#backoff.next();
    switch (code) {
      case wire.CLOSE_RATE:
        return 30_000 + wait;
      case wire.CLOSE_NOT_ALLOWED:
        // Both sides think that the other is wrong; haste does not help.
        return 15_000 + wait;
      default:
        return wait;
    }
  }
}
