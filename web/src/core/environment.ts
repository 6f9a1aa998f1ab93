import type { MlsEngine, SecretsEngine } from "../crypto/api";
import type { Idb, KeyValue } from "../store";
import type { WebSocketLike } from "../transport";

export type Engine = MlsEngine & SecretsEngine;

/** The part of the Web Locks API that electing a leader needs. */
export interface Locks {
  request(name: string, options: { signal: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
}

/** Notices between tabs of one browser; delivery is not promised. */
export interface Channel {
  post(message: unknown): void;
  onMessage(run: (message: unknown) => void): void;
  close(): void;
}

/**
 * `hide`: the page may be discarded from now on. `freeze`: it stops running until `resume`. `close`: the page goes away,
 * and what is not begun in this very call will not happen.
 */
export type Lifecycle = "hide" | "show" | "freeze" | "resume" | "close" | "online" | "offline";

/**
 * Everything of the outside world that the core uses. `browser.ts` builds it in a page; tests build it under Node with
 * the same code above it.
 */
export interface Environment {
  /** Milliseconds UTC. */
  now(): number;
  /** In [0, 1), for spreading waits; never for secrets. */
  random(): number;
  fetch: typeof fetch;
  /** `https://host` for HTTP; empty in a page. */
  origin: string;
  /** `wss://host/ws`. */
  socketUrl: string;
  openSocket(url: string, protocol: string): WebSocketLike;
  idb: Idb;
  /** Names the database, the lock and the channel: one per profile. */
  name: string;
  canary: KeyValue;
  engine: Engine;
  /** null: this is the only tab. */
  locks: Locks | null;
  openChannel(name: string): Channel | null;
  online(): boolean;
  onLifecycle(run: (event: Lifecycle) => void): () => void;
  /** BCP 47 tags that the person prefers, best first. */
  languages: readonly string[];
  /** Asks the browser not to evict our storage; true when it agreed. */
  persistStorage(): Promise<boolean>;
  /** Ends when what is on the screen has been drawn and nothing more urgent waits; soon at the latest. */
  idle(): Promise<void>;
  /** Starts the page anew, after a database that could not be opened was removed. */
  reload(): void;
}
