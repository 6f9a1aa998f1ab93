import { startCryptoWorker } from "../crypto/start";
import type { KeyValue } from "../store";
import type { WebSocketLike } from "../transport";
import type { Environment, Lifecycle } from "./environment";

/** The one module of the core that knows a page: it hands the browser's parts to `startApp`. */

/** Milliseconds after which work that waits for an idle moment goes on all the same. */
const IDLE_MS = 1_000;

/** Memory in place of a storage that the browser refuses; then evictions simply go unnoticed. */
function keyValue(): KeyValue {
  let storage: Storage | null = null;
  try {
    storage = globalThis.localStorage;
  } catch {
    // Blocked by the person's settings.
  }
  return {
    get: (key) => storage?.getItem(key) ?? null,
    set: (key, value) => {
      try {
        storage?.setItem(key, value);
      } catch {
        // Full: the canary is a help, not a promise.
      }
    },
    remove: (key) => storage?.removeItem(key),
  };
}

function onLifecycle(run: (event: Lifecycle) => void): () => void {
  const page = globalThis.document;
  const abort = new AbortController();
  const listen = (target: EventTarget, type: string, event: () => Lifecycle): void => {
    target.addEventListener(
      type,
      () => {
        run(event());
      },
      { signal: abort.signal },
    );
  };
  listen(page, "visibilitychange", () => (page.visibilityState === "hidden" ? "hide" : "show"));
  listen(globalThis, "pagehide", () => "hide");
  listen(globalThis, "pagehide", () => "close");
  listen(page, "freeze", () => "freeze");
  listen(page, "resume", () => "resume");
  listen(globalThis, "online", () => "online");
  listen(globalThis, "offline", () => "offline");
  // Another network without a moment offline, for example from Wi-Fi to mobile; not every browser tells.
  const { connection } = globalThis.navigator as Navigator & { connection?: EventTarget };
  if (connection) listen(connection, "change", () => (navigator.onLine ? "online" : "offline"));
  return () => {
    abort.abort();
  };
}

export function browserEnvironment(): Environment {
  const { location, navigator } = globalThis;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    fetch: (...call) => globalThis.fetch(...call),
    origin: "",
    socketUrl: `${scheme}://${location.host}/ws`,
    // The DOM types bind handlers to their socket; ours take no `this`.
    openSocket: (url, protocol) => new WebSocket(url, protocol) as unknown as WebSocketLike,
    idb: { indexedDB: globalThis.indexedDB, IDBKeyRange: globalThis.IDBKeyRange },
    name: "beep",
    canary: keyValue(),
    engine: startCryptoWorker().engine,
    // Absent in old browsers and outside secure contexts; then every tab must be the only one.
    locks: "locks" in navigator ? navigator.locks : null,
    openChannel: (name) => {
      const channel = new BroadcastChannel(name);
      return {
        post: (message) => {
          channel.postMessage(message);
        },
        onMessage: (run) => {
          channel.addEventListener("message", (event: MessageEvent<unknown>) => {
            run(event.data);
          });
        },
        close: () => {
          channel.close();
        },
      };
    },
    online: () => navigator.onLine,
    onLifecycle,
    languages: navigator.languages,
    persistStorage: async () => ("storage" in navigator ? navigator.storage.persist() : false),
    idle: () =>
      new Promise((resolve) => {
        // Safari has no requestIdleCallback; a task later is then the best that can be done.
        if ("requestIdleCallback" in globalThis) requestIdleCallback(() => resolve(), { timeout: IDLE_MS });
        else setTimeout(resolve);
      }),
    reload: () => {
      location.reload();
    },
  };
}
