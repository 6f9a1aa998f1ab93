import { decodeFrame, encodeFrame } from "../wire/codec";
import * as wire from "../wire/frames";
import { Backoff } from "./backoff";
import { TransportError } from "./errors";
import type { Answers, Link, LinkState, RequestFields, RequestTag } from "./link";
import { PageSize } from "./pages";
import { Requests } from "./requests";
import { WayBack } from "./way-back";
import { type Line, type Way, Ways } from "./ways";

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
  /** Long-poll only: a frame without an answer, which may wait for company. */
  later?(data: Uint8Array<ArrayBuffer>): void;
  /** Long-poll only: whether somebody looks at the page. */
  shown?(visible: boolean): void;
  /** Long-poll only: a piece of an answer has come, not yet all of it. */
  onprogress?: (() => void) | null;
  close(code?: number, reason?: string): void;
}

export interface SocketOptions {
  /** `wss://host/ws`. */
  url: string;
  open: (url: string, protocol: string) => WebSocketLike;
  /** Opens a long-poll; absent where the WebSocket is the only way. */
  poll?: () => WebSocketLike;
  /** In [0, 1); spreads reconnects. */
  random: () => number;
  /** False while the machine says that there is no network. */
  online: () => boolean;
  /** Called when the network comes or goes; returns the end of the subscription. */
  onOnlineChange: (run: (online: boolean) => void) => () => void;
  /** Called when the page comes into sight or goes out of it; returns the end of the subscription. */
  onVisibleChange?: (run: (visible: boolean) => void) => () => void;
  /** Milliseconds. */
  requestTimeout?: number;
  connectTimeout?: number;
}

/** Fewer than the server's `MAX_IN_FLIGHT`, so that a ping always has room. */
const IN_FLIGHT = wire.MAX_IN_FLIGHT - 8;
/** A connection that lived this long has proved itself: the next loss starts waiting from the beginning. */
const STABLE_MS = 10_000;
/** Until hello is answered. A long-poll is waited for longer: there is nothing else to try. */
const CONNECT_MS: Readonly<Record<Way, number>> = { websocket: 8_000, "long-poll": 20_000 };
/**
 * Silence after which a ping asks whether the line is alive: often while somebody looks, rarely in the background,
 * where each ping wakes a radio for nothing. The server's own ping, every 50 s, keeps the path through proxies open.
 */
const QUIET_MS = { visible: 25_000, hidden: 240_000 };
/** How long a ping may take when something gives cause to doubt the line. */
const DOUBT_MS = 8_000;
/** Codes from here on are Beep's own: whoever closes with one has spoken the protocol. */
const OWN_CODES = 4_000;

/**
 * One connection that comes back by itself until it is stopped, superseded (4409) or ended (4401). Anything that the
 * protocol does not allow closes it: better a reconnect than a guess. A WebSocket where the network lets one through,
 * else a long-poll, beside which the WebSocket is tried again now and then.
 */
export class Socket implements Link {
  #state: LinkState = { kind: "closed" };
  #socket: WebSocketLike | null = null;
  #requests: Requests | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #ping: ReturnType<typeof setTimeout> | null = null;
  #connect: ReturnType<typeof setTimeout> | null = null;
  #way: Way = "websocket";
  #readyAt = 0;
  #heardAt = 0;
  #roundTrip: number | null = null;
  #visible = true;
  #ends: (() => void)[] = [];
  readonly #ways: Ways;
  readonly #wayBack: WayBack;
  readonly #pages = new PageSize();
  readonly #backoff: Backoff;
  readonly #stateListeners = new Set<(state: LinkState) => void>();
  readonly #eventListeners = new Set<(event: wire.Event) => void>();

  constructor(private readonly options: SocketOptions) {
    this.#backoff = new Backoff(options.random);
    this.#ways = new Ways(options.poll !== undefined);
    this.#wayBack = new WayBack(
      () => options.open(options.url, wire.SUBPROTOCOL),
      (socket) => {
        this.#comeBack(socket);
      },
    );
  }

  get line(): Line | null {
    if (this.#state.kind !== "ready") return null;
    return { way: this.#way, since: this.#readyAt, roundTrip: this.#roundTrip };
  }

  get state(): LinkState {
    return this.#state;
  }

  start(): void {
    if (this.#state.kind === "connecting" || this.#state.kind === "ready") return;
    if (this.#ends.length === 0) {
      const visible = this.options.onVisibleChange?.((seen) => {
        this.#visibleChanged(seen);
      });
      const online = this.options.onOnlineChange((on) => {
        this.#onlineChanged(on);
      });
      this.#ends = visible ? [online, visible] : [online];
    }
    this.#backoff.reset();
    this.#set({ kind: "connecting" });
    this.#attempt();
  }

  stop(): void {
    this.#rest({ kind: "closed" });
  }

  request<K extends RequestTag>(tag: K, fields: RequestFields[K]): Promise<Answers[K]> {
    if (this.#state.kind !== "ready" || !this.#requests) return Promise.reject(new TransportError("offline"));
    if (tag === "fetch")
      return this.#fetch(this.#requests, fields as RequestFields["fetch"]) as Promise<Answers[K]>;
    return this.#requests.request(tag, fields);
  }

  /** A page that a slow network cannot bring in time would be asked for again and again: the size follows. */
  async #fetch(requests: Requests, fields: RequestFields["fetch"]): Promise<wire.Page> {
    const limit = Math.min(fields.limit, this.#pages.limit);
    const began = Date.now();
    let count = 0;
    try {
      const page = await requests.request("fetch", { ...fields, limit });
      count = page.envelopes.length;
      return page;
    } finally {
      // One that never came took long as well: the next attempt must ask for less.
      this.#pages.took(count, Date.now() - began);
    }
  }

  note(frame: wire.Note): boolean {
    if (this.#state.kind !== "ready" || !this.#socket) return false;
    const later = this.#socket.later?.bind(this.#socket);
    // Whoever polls pays a request's headers for a frame: too much for who is typing.
    if (later && frame.t === "typing") return true;
    (later ?? this.#socket.send.bind(this.#socket))(encodeFrame(frame));
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

  #visibleChanged(visible: boolean): void {
    this.#visible = visible;
    this.#socket?.shown?.(visible);
    this.#listenForSilence();
    if (visible) this.#doubt();
  }

  #onlineChanged(online: boolean): void {
    if (online) {
      this.#ways.networkChanged();
      this.#doubt();
      this.#wayBack.hurry();
    }
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
    const way = this.#ways.next();
    const { open, poll, url } = this.options;
    this.#use(way === "long-poll" && poll ? poll() : open(url, wire.SUBPROTOCOL), way);
  }

  /** `opened`: it has opened already, and greets at once. */
  #use(socket: WebSocketLike, way: Way, opened = false): void {
    this.#socket = socket;
    this.#way = way;
    socket.binaryType = "arraybuffer";
    const requests = new Requests(
      (frame) => {
        socket.send(encodeFrame(frame));
        return socket.bufferedAmount;
      },
      () => {
        if (this.#socket === socket) this.#lost(1006, "timeout");
      },
      this.options.requestTimeout ?? 30_000,
      IN_FLIGHT,
    );
    this.#requests = requests;
    const connectTimeout = this.options.connectTimeout ?? CONNECT_MS[way];
    this.#connect = setTimeout(() => {
      if (this.#socket === socket) this.#lost(1006, "timeout");
    }, connectTimeout);
    const greet = (): void => {
      if (this.#socket === socket) void this.#hello(requests, way);
    };
    socket.onopen = greet;
    socket.onmessage = (event) => {
      if (this.#socket === socket) this.#received(event.data, requests);
    };
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#lost(event.code, event.reason);
    };
    socket.shown?.(this.#visible);
    if (way === "long-poll") {
      socket.onprogress = () => {
        if (this.#socket === socket) requests.progress();
      };
    }
    // `close` always follows and says more.
    socket.onerror = () => undefined;
    if (opened) greet();
  }

  async #hello(requests: Requests, way: Way): Promise<void> {
    try {
      const began = Date.now();
      const ready = await requests.request("hello", { minor: wire.MINOR });
      if (this.#requests !== requests) return;
      if (this.#connect) clearTimeout(this.#connect);
      this.#readyAt = Date.now();
      this.#roundTrip = this.#readyAt - began;
      this.#ways.opened(way);
      if (way === "long-poll") this.#wayBack.start();
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
    this.#heardAt = Date.now();
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
    // A long-poll is answered within a minute, and fails by itself where it is not.
    if (this.#state.kind !== "ready" || this.#way === "long-poll") return;
    this.#ping = setTimeout(
      () => {
        this.#askWhetherAlive();
      },
      this.#visible ? QUIET_MS.visible : QUIET_MS.hidden,
    );
  }

  /** The machine may have slept, or the network is another one: the line is asked now and must answer soon. */
  #doubt(): void {
    if (this.#state.kind === "ready" && this.#way === "websocket" && Date.now() - this.#heardAt > DOUBT_MS)
      this.#askWhetherAlive(DOUBT_MS);
  }

  /** An unanswered ping times out like any request and drops the line. */
  #askWhetherAlive(patience?: number): void {
    const requests = this.#requests;
    if (!requests) return;
    const began = Date.now();
    requests.request("ping", {}, patience).then(
      () => {
        this.#roundTrip = Date.now() - began;
      },
      () => undefined,
    );
  }

  /** A WebSocket has opened beside the long-poll: it takes its place. */
  #comeBack(socket: WebSocketLike): void {
    this.#ways.returning();
    this.#state = { kind: "connecting" };
    this.#drop();
    this.#set(this.#state);
    this.#use(socket, "websocket", true);
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
    this.#wayBack.stop();
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    requests?.failAll("offline");
  }

  /** Closed for good until `start`. */
  #rest(state: LinkState): void {
    for (const end of this.#ends.splice(0)) end();
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
    const stable = wasReady && Date.now() - this.#readyAt > STABLE_MS;
    if (stable) this.#backoff.reset();
    if (stable || code >= OWN_CODES) this.#ways.proved(this.#way);
    else if (this.options.online()) this.#ways.failed(this.#way);
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
