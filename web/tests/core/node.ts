/**
 * A browser profile under Node: the same core, with a cookie jar, Node's WebSocket, fake-indexeddb and the crypto engine
 * in this process. Nothing here stands in for code of ours.
 */

import { createHmac } from "node:crypto";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import type { App, Readable } from "../../src/core/api";
import type { Channel, Engine, Environment, Lifecycle, Locks } from "../../src/core/environment";
import { startApp } from "../../src/core/start";
import { LocalEngine } from "../../src/crypto/engine";
import type { KeyValue } from "../../src/store";
import type { WebSocketLike } from "../../src/transport";

/** What survives a "restart": storage, canary and cookies. Apps started on one profile are its tabs. */
export class Profile {
  readonly indexedDB = new IDBFactory();
  readonly values = new Map<string, string>();
  cookie = "";
  readonly channels = new Set<NodeChannel>();
  readonly locks = new NodeLocks();
  /** Moves the clock of every app of this profile. */
  offset = 0;
  readonly engine: Engine = new LocalEngine();

  constructor(readonly url: string) {}

  canary(): KeyValue {
    return {
      get: (key) => this.values.get(key) ?? null,
      set: (key, value) => void this.values.set(key, value),
      remove: (key) => void this.values.delete(key),
    };
  }
}

/** A tab: an environment whose network and visibility the test switches. */
export class Tab {
  readonly #listeners = new Set<(event: Lifecycle) => void>();
  readonly #sockets = new Set<WebSocketLike>();
  #online = true;
  /** What stands between this tab's sockets and the server. */
  line: (socket: WebSocketLike) => WebSocketLike = (socket) => socket;

  constructor(readonly profile: Profile) {}

  environment(change: Partial<Environment> = {}): Environment {
    const { profile } = this;
    return {
      now: () => Date.now() + profile.offset,
      random: () => Math.random(),
      fetch: (input, init) => this.#fetch(String(input), init),
      origin: profile.url,
      socketUrl: `${profile.url.replace(/^http/, "ws")}/ws`,
      openSocket: (url, protocol) => this.#openSocket(url, protocol),
      idb: { indexedDB: profile.indexedDB, IDBKeyRange },
      name: "beep",
      canary: profile.canary(),
      engine: profile.engine,
      locks: profile.locks,
      openChannel: () => new NodeChannel(profile.channels),
      online: () => this.#online,
      onLifecycle: (run) => {
        this.#listeners.add(run);
        return () => this.#listeners.delete(run);
      },
      languages: ["en"],
      persistStorage: () => Promise.resolve(true),
      idle: () => Promise.resolve(),
      reload: () => undefined,
      ...change,
    };
  }

  start(change: Partial<Environment> = {}): Promise<App> {
    return startApp(this.environment(change));
  }

  tell(event: Lifecycle): void {
    for (const run of [...this.#listeners]) run(event);
  }

  setOnline(online: boolean): void {
    this.#online = online;
    this.tell(online ? "online" : "offline");
  }

  async #fetch(input: string, init: RequestInit = {}): Promise<Response> {
    if (!this.#online) throw new TypeError("no network");
    const headers = new Headers(init.headers);
    headers.set("Origin", this.profile.url);
    if (this.profile.cookie !== "") headers.set("Cookie", this.profile.cookie);
    const response = await fetch(input, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      this.profile.cookie = pair.endsWith("=") ? "" : pair;
    }
    return response;
  }

  #openSocket(url: string, protocol: string): WebSocketLike {
    const headers = { Origin: this.profile.url, Cookie: this.profile.cookie };
    // Node's WebSocket takes headers, which the DOM's types do not know.
    const options = { protocols: [protocol], headers } as unknown as string[];
    const socket = this.line(new WebSocket(url, options) as unknown as WebSocketLike);
    this.#sockets.add(socket);
    return socket;
  }
}

class NodeChannel implements Channel {
  #run: (message: unknown) => void = () => undefined;

  constructor(private readonly all: Set<NodeChannel>) {
    all.add(this);
  }

  post(message: unknown): void {
    const copy: unknown = structuredClone(message);
    for (const other of [...this.all])
      if (other !== this)
        queueMicrotask(() => {
          other.#run(copy);
        });
  }

  onMessage(run: (message: unknown) => void): void {
    this.#run = run;
  }

  close(): void {
    this.all.delete(this);
  }
}

/** Exclusive locks of one profile, in the order of the requests, as the Web Locks API grants them. */
class NodeLocks implements Locks {
  #tail: Promise<unknown> = Promise.resolve();

  request(_name: string, options: { signal: AbortSignal }, held: () => Promise<void>): Promise<void> {
    const mine = this.#tail.then(() => {
      if (options.signal.aborted) throw new DOMException("aborted", "AbortError");
      return held();
    });
    this.#tail = mine.catch(() => undefined);
    return mine;
  }
}

/** RFC 6238 with the usual parameters: SHA-1, 30 s, six digits. */
export function totp(secret: string, now = Date.now()): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = "";
  for (const symbol of secret.replaceAll("=", ""))
    bits += alphabet.indexOf(symbol).toString(2).padStart(5, "0");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const offset = mac.readUInt8(19) & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Patience lasts as long as it says, also where the waits of the code under test are made shorter. */
const LATER = setTimeout;

/** Waits until the value satisfies the condition; fails with what it was last. */
export function until<T>(
  readable: Readable<T>,
  condition: (value: T) => boolean,
  patience = 50_000,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let end = (): void => undefined;
    let done = false;
    const timer = LATER(() => {
      end();
      reject(new Error(`still ${JSON.stringify(readable.get())}`));
    }, patience);
    end = readable.subscribe((value) => {
      if (done || !condition(value)) return;
      done = true;
      clearTimeout(timer);
      queueMicrotask(() => {
        end();
      });
      resolve(value);
    });
  });
}
