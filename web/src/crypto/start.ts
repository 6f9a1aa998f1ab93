/** Starts the crypto worker in a browser. Apart from `client.ts`, because only a bundler can resolve the address. */

import { trustedScriptUrl } from "../trusted";
import { createWorkerEngine, type WorkerLike } from "./client";
import type { Engine } from "./rpc";
import workerUrl from "./worker?worker&url";

/**
 * A worker of our own build, its address passed through the Trusted Types policy `beep-worker`.
 *
 * It is loaded at the first call: who only looks at the sign-in page does not pay for the MLS library.
 */
export function startCryptoWorker(): { engine: Engine; stop(): void } {
  let worker: Worker | null = null;
  const listeners: Parameters<Worker["addEventListener"]>[] = [];
  const lazy: WorkerLike = {
    postMessage(message) {
      if (!worker) {
        worker = new Worker(trustedScriptUrl(workerUrl), { type: "module", name: "crypto" });
        for (const listener of listeners) worker.addEventListener(...listener);
      }
      worker.postMessage(message);
    },
    addEventListener(type: string, listener: (event: never) => void) {
      listeners.push([type, listener as EventListener]);
    },
  };
  return { engine: createWorkerEngine(lazy), stop: () => worker?.terminate() };
}
