/** Entry of the crypto worker: answers calls with the local engine. Nothing else runs in here. */

import { LocalEngine } from "./engine";
import { type Answer, type Call, detach, isMethod, toPlainError } from "./rpc";

/** The part of DedicatedWorkerGlobalScope that is used; the page's DOM types have another `postMessage`. */
interface WorkerScope {
  addEventListener(type: "message", listener: (event: MessageEvent<Call>) => void): void;
  postMessage(message: Answer, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const engine = new LocalEngine();

async function answer({ call, method, input }: Call): Promise<void> {
  try {
    if (!isMethod(method)) throw new TypeError("no such method");
    const run = engine[method].bind(engine) as (input: unknown) => Promise<unknown>;
    const { value, transfer } = detach(await run(input));
    scope.postMessage({ call, value }, transfer);
  } catch (error) {
    scope.postMessage({ call, error: toPlainError(error) }, []);
  }
}

scope.addEventListener("message", (event) => void answer(event.data));
