/** Starts the crypto worker in a browser. Apart from `client.ts`, because only a bundler can resolve the address. */

import { trustedScriptUrl } from "../trusted";
import { createWorkerEngine } from "./client";
import type { Engine } from "./rpc";
import workerUrl from "./worker?worker&url";

/** A worker of our own build, its address passed through the Trusted Types policy `beep-worker`. */
export function startCryptoWorker(): { engine: Engine; stop(): void } {
  const worker = new Worker(trustedScriptUrl(workerUrl), { type: "module", name: "crypto" });
  return { engine: createWorkerEngine(worker), stop: () => worker.terminate() };
}
