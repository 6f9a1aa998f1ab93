import { nextStatement } from "../crypto/statements";
import { Database, type KeyValue, Vault } from "../store";
import { Bus } from "./bus";
import type { Context } from "./context";
import type { Shared } from "./entering";
import { deviceSigner, type Identities, listsDevice } from "./identities";
import { idBytes, newId } from "./ids";
import { Pump } from "./lanes";

/**
 * On a shared computer nothing of a person may stay. The whole store of the session is an IndexedDB in memory (the same
 * code above it, `fake-indexeddb` below, loaded only here) under a name of its own; canary, tabs and locks are in memory
 * or absent, so that another profile in this browser is neither touched nor hears of it. The page's end is the end.
 */
export async function temporaryShared(shared: Shared): Promise<Shared> {
  const { IDBFactory, IDBKeyRange } = await import("fake-indexeddb");
  const env = {
    ...shared.env,
    idb: { indexedDB: new IDBFactory(), IDBKeyRange },
    name: `beep-temporary-${newId()}`,
    canary: memoryOnly(),
    locks: null,
    openChannel: () => null,
    persistStorage: () => Promise.resolve(false),
  };
  const database = await Database.open(env.name, env.idb);
  const { api, journal } = shared;
  return { env, database, vault: new Vault(database, env.canary), api, bus: new Bus(null), journal };
}

function memoryOnly(): KeyValue {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
  };
}

/**
 * A temporary device takes itself out of its person's chain when it ends. A page that goes away has no time to sign
 * anything, so the statement that revokes this device is made beforehand, again whenever the chain has grown, and only
 * has to be sent.
 */
export class Farewell {
  #statement: Uint8Array | null = null;
  #said = false;
  readonly #making = new Pump(() => this.#make());

  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
  ) {}

  /** Makes the statement that follows the chain's head as the server has it now; one at a time, the newest last. */
  prepare(): Promise<void> {
    return this.#making.poke();
  }

  async #make(): Promise<void> {
    const { self, env } = this.context;
    const chain = await this.identities.refresh(self.person);
    if (!listsDevice(chain, self.device)) return;
    this.#statement = await nextStatement({
      chain,
      revoke: [idBytes(self.device)],
      at: env.now(),
      signer: deviceSigner(env.engine, self.keys),
    });
  }

  /** Sends it in this very call: the page goes away. Should it be lost, the device ends by itself within a day. */
  sayNow(): void {
    if (!this.#statement || this.#said) return;
    this.#said = true;
    this.context.background("farewell", this.context.api.revokeOnClosing(this.#statement));
  }

  /** The same with time: once more over a chain that has grown. */
  async say(): Promise<void> {
    if (this.#said) return;
    await this.prepare();
    if (!this.#statement) return;
    await this.context.api.revokeOnClosing(this.#statement);
    this.#said = true;
  }
}
