/** The page's side of the crypto worker: the same interface, each call a message. */

import { CryptoError } from "./errors";
import { type Answer, type Call, compact, type Engine, fromPlainError, type Method, methods } from "./rpc";

/** The part of `Worker` that is used, so that a test under Node can pass a MessagePort. */
export interface WorkerLike {
  postMessage(message: Call): void;
  addEventListener(type: "message", listener: (event: MessageEvent<Answer>) => void): void;
  addEventListener(type: "error" | "messageerror", listener: () => void): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: CryptoError): void;
}

/**
 * An engine that works in `worker`. Errors arrive as `CryptoError` with code and detail; when the worker itself fails,
 * every waiting and every later call ends with `engine_failed`, so that nobody waits for an answer that cannot come.
 */
export function createWorkerEngine(worker: WorkerLike): Engine {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let failed = false;

  worker.addEventListener("message", ({ data }) => {
    const promise = waiting.get(data.call);
    waiting.delete(data.call);
    if ("error" in data) promise?.reject(fromPlainError(data.error));
    else promise?.resolve(data.value);
  });

  const fail = (): void => {
    failed = true;
    for (const { reject } of waiting.values()) reject(new CryptoError("engine_failed"));
    waiting.clear();
  };
  worker.addEventListener("error", fail);
  worker.addEventListener("messageerror", fail);

  const call = (method: Method, input: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (failed) {
        reject(new CryptoError("engine_failed"));
        return;
      }
      const number = ++last;
      waiting.set(number, { resolve, reject });
      // Not transferred: the caller keeps its bytes.
      worker.postMessage({ call: number, method, input: compact(input) });
    });

  const engine = Object.fromEntries(
    methods.map((method) => [method, (input: unknown) => call(method, input)]),
  );
  return engine as unknown as Engine;
}
