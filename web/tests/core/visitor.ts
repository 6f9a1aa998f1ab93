/** A browser that is new to its person, over the double. */

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import type { Id } from "../../src/core/api";
import type { CoreApp } from "../../src/core/app";
import type { Environment } from "../../src/core/environment";
import { LocalEngine } from "../../src/crypto/engine";
import type { DeviceDouble } from "./double-devices";
import { DoubleSocket } from "./double-socket";
import { Profile, Tab } from "./node";

type Made = ReturnType<LocalEngine["createVault"]>;
const vaults = new Map<string, Made>();

/** Stretches each passphrase once for all tests: Argon2id is meant to be slow, and vault.test.ts is about it. */
class QuickVault extends LocalEngine {
  override createVault(input: { passphrase: string; salt: Uint8Array }): Made {
    const known = vaults.get(input.passphrase) ?? super.createVault(input);
    vaults.set(input.passphrase, known);
    return known;
  }

  override async openVault(input: Parameters<LocalEngine["openVault"]>[0]) {
    const { dataKey, signInSecret } = (await vaults.get(input.passphrase)) ?? (await super.openVault(input));
    return { dataKey, signInSecret };
  }
}

/** A whole app that signs in, is approved, and is a device of its own then. */
export class Visitor {
  readonly indexedDB = new IDBFactory();
  readonly values = new Map<string, string>();
  device: Id | null = null;
  app!: CoreApp;
  tab!: Tab;
  #socket: DoubleSocket | null = null;

  constructor(readonly server: DeviceDouble) {}

  /** A fresh process over the same profile. */
  async open(): Promise<CoreApp> {
    this.tab = new Tab(new Profile("http://double"));
    this.app = (await this.tab.start(this.#environment())) as CoreApp;
    return this.app;
  }

  /** The process is gone. */
  async kill(): Promise<void> {
    this.#socket?.drop();
    await this.app.dispose();
  }

  #environment(): Partial<Environment> {
    const canary = {
      get: (key: string) => this.values.get(key) ?? null,
      set: (key: string, value: string) => void this.values.set(key, value),
      remove: (key: string) => void this.values.delete(key),
    };
    return {
      engine: new QuickVault(),
      idb: { indexedDB: this.indexedDB, IDBKeyRange },
      canary,
      locks: null,
      fetch: (input, init) => this.server.visit(this, String(input), init),
      openSocket: () => {
        if (this.device === null) throw new TypeError("no session");
        this.#socket = new DoubleSocket(this.server, this.device, () => true);
        return this.#socket;
      },
    };
  }
}
