/** One device over the server's double: a database that survives restarts, and the leader's parts over it. */

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import type { Id, MessageItem } from "../../src/core/api";
import { Bus } from "../../src/core/bus";
import { fromState, rememberConversation } from "../../src/core/catchup";
import { Composer } from "../../src/core/composer";
import { Context } from "../../src/core/context";
import { deviceSigner, recoverySigner } from "../../src/core/identities";
import { idBytes, newId } from "../../src/core/ids";
import { Journal } from "../../src/core/journal";
import { MessageWindow } from "../../src/core/messages";
import { People } from "../../src/core/people";
import { Sync } from "../../src/core/sync";
import type { DeviceKeys } from "../../src/crypto/api";
import { toHex } from "../../src/crypto/bytes";
import { LocalEngine } from "../../src/crypto/engine";
import { firstStatement } from "../../src/crypto/statements";
import { Batch, Database, Store, Vault } from "../../src/store";
import { Api, Http } from "../../src/transport";
import type { DoubleLink, ServerDouble } from "./double";
import { Profile, Tab } from "./node";

export class TestDevice {
  readonly person: Id = newId();
  readonly device: Id = newId();
  readonly engine = new LocalEngine();
  readonly link: DoubleLink;
  readonly #indexedDB = new IDBFactory();
  readonly #values = new Map<string, string>();
  #dataKey!: CryptoKey;
  keys!: DeviceKeys;
  database!: Database;
  context!: Context;
  sync: Sync | null = null;
  composer!: Composer;
  rolledBack = false;

  constructor(readonly server: ServerDouble) {
    this.link = server.register(this.person, this.device).link;
  }

  static async create(server: ServerDouble): Promise<TestDevice> {
    const device = new TestDevice(server);
    const aes = { name: "AES-GCM", length: 256 };
    device.#dataKey = await crypto.subtle.generateKey(aes, false, ["encrypt", "decrypt"]);
    device.keys = await device.engine.generateDeviceKeys({
      person: idBytes(device.person),
      device: idBytes(device.device),
    });
    const code = await device.engine.newRecoveryCode();
    const statement = await firstStatement({
      person: idBytes(device.person),
      device: {
        id: idBytes(device.device),
        name: "Node",
        kind: "regular",
        signatureKey: device.keys.signaturePublic,
        addedAt: 1,
        expiresAt: null,
      },
      at: 1,
      deviceSigner: deviceSigner(device.engine, device.keys),
      recovery: await recoverySigner(device.engine, code, idBytes(device.person)),
    });
    server.chains.set(device.person, [statement]);
    await device.open();
    await device.#keyPackages();
    return device;
  }

  /** Opens the database anew, as a fresh process would; nothing of the old one is kept. */
  async open(wrap: (store: Store) => Store = (store) => store): Promise<void> {
    const { server } = this;
    this.database = await Database.open("beep", { indexedDB: this.#indexedDB, IDBKeyRange });
    const vault = new Vault(this.database, {
      get: (key) => this.#values.get(key) ?? null,
      set: (key, value) => void this.#values.set(key, value),
      remove: (key) => void this.#values.delete(key),
    });
    const store = wrap(await Store.open(this.database, vault, this.#dataKey));
    const from = server.devices.find((one) => one.device === this.device)!;
    const env = new Tab(new Profile("http://double")).environment({
      engine: this.engine,
      fetch: (input, init) => server.fetch(from, String(input), init),
    });
    const api = new Api(new Http({ fetch: env.fetch, origin: "http://double" }));
    const journal = new Journal(() => env.now());
    const { person, device, keys, link } = this;
    const self = { person, device, deviceName: "Node", login: "x", keys };
    this.context = new Context(env, store, vault, api, link, new Bus(null), journal, self, () => {
      this.rolledBack = true;
    });
    if (!(await store.get("account", "me"))) {
      const name = { latin: "", local: "" };
      const card = {
        id: person,
        name,
        post: name,
        unit: name,
        ministry: name,
        activated: true,
        active: true,
      };
      const { signaturePublic, signaturePrivate } = keys;
      const account = { person, login: "x", device, deviceName: "Node", card, mailbox: 0 };
      await store.commit(new Batch().put("account", "me", { ...account, signaturePublic, signaturePrivate }));
    }
    this.composer = new Composer(this.context);
  }

  async start(): Promise<void> {
    await this.context.takeFence();
    this.sync = new Sync(this.context, new People(this.context), () => undefined);
    this.sync.start();
  }

  /** The process is gone: nothing is flushed, nothing is told. */
  kill(): void {
    void this.sync?.stop();
    this.sync = null;
    this.context.store.close();
    this.database.close();
  }

  async meet(other: TestDevice): Promise<Id> {
    const talk = this.server.openDirect(this.person, other.person);
    await rememberConversation(this.context, fromState(this.server.state(talk)));
    return talk.id;
  }

  async items(conversation: Id): Promise<readonly MessageItem[]> {
    const window = await MessageWindow.open(this.context, conversation);
    const items = window.items.get();
    window.close();
    return items;
  }

  async texts(conversation: Id): Promise<string[]> {
    return (await this.items(conversation)).filter((item) => item.kind === "text").map((item) => item.text);
  }

  /** Waits until the conversation shows `count` texts, none of them queued. */
  async settled(conversation: Id, count: number, patience = 15_000): Promise<readonly MessageItem[]> {
    const end = Date.now() + patience;
    for (;;) {
      const items = (await this.items(conversation)).filter((item) => item.kind === "text");
      if (items.length >= count && items.every((item) => item.state !== "queued")) return items;
      if (Date.now() > end)
        throw new Error(`still ${JSON.stringify(items.map((one) => [one.text, one.state]))}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #keyPackages(): Promise<void> {
    const made = await this.engine.generateKeyPackages({
      keys: this.keys,
      suite: 0x0053,
      count: 4,
      lastResort: false,
      now: Date.now(),
      lifetime: 86_400_000,
    });
    const batch = new Batch();
    const entry = this.server.devices.find((one) => one.device === this.device)!;
    for (const one of made) {
      batch.put("keyPackages", toHex(one.ref), one);
      entry.packages.push({ ref: one.ref, body: one.keyPackage });
    }
    // The pool is full and fresh: nothing to top up while these tests run.
    batch.put("notes", "last-resort-at", { value: Date.now() });
    await this.context.store.commit(batch);
  }
}
