/** One device over the server's double: a database that survives restarts, and the leader's parts over it. */

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import type { Id, MessageItem } from "../../src/core/api";
import { Announcer } from "../../src/core/announce";
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
import { verifyChain } from "../../src/crypto/chain";
import type { DeviceEntry } from "../../src/crypto/identity";
import { CLASSICAL, HYBRID } from "../../src/crypto/policy";
import { firstStatement, nextStatement } from "../../src/crypto/statements";
import { Batch, Database, Store, Vault } from "../../src/store";
import { Api, Http } from "../../src/transport";
import type { DoubleLink, ServerDouble } from "./double";
import { Profile, Tab } from "./node";

const LIFETIME_MS = 90 * 86_400_000;

export class TestDevice {
  readonly device: Id = newId();
  readonly engine = new LocalEngine();
  /** Its clock: `profile.offset` moves it, milliseconds. */
  readonly profile = new Profile("http://double");
  /** The socket of the present process; a fresh one after each `open`. */
  link: DoubleLink;
  readonly #indexedDB = new IDBFactory();
  readonly #values = new Map<string, string>();
  #dataKey!: CryptoKey;
  keys!: DeviceKeys;
  database!: Database;
  context!: Context;
  sync: Sync | null = null;
  composer!: Composer;
  rolledBack = false;
  /** On a shared computer. */
  temporary = false;
  #expiresAt: number | null = null;

  constructor(
    readonly server: ServerDouble,
    readonly person: Id = newId(),
  ) {
    this.link = server.register(this.person, this.device).link;
  }

  /** A new person with one device. */
  static async create(server: ServerDouble, person: Id = newId()): Promise<TestDevice> {
    const device = await TestDevice.#made(server, person);
    const { engine, keys } = device;
    const code = await engine.newRecoveryCode();
    const statement = await firstStatement({
      person: idBytes(person),
      device: device.entry(1),
      at: 1,
      deviceSigner: deviceSigner(engine, keys),
      recovery: await recoverySigner(engine, code, idBytes(person)),
    });
    await server.appendStatement(person, statement);
    await device.open();
    await device.#keyPackages();
    return device;
  }

  /** Another device of the same person, approved by this one. A temporary one expires after `temporaryMs`. */
  async approve(temporaryMs: number | null = null): Promise<TestDevice> {
    const { server, person } = this;
    const device = await TestDevice.#made(server, person);
    const at = this.profile.offset + Date.now();
    const expiry = temporaryMs === null ? {} : { kind: "temporary" as const, expiresAt: at + temporaryMs };
    await server.appendStatement(person, await this.#statement([{ ...device.entry(at), ...expiry }], []));
    device.temporary = temporaryMs !== null;
    device.#expiresAt = temporaryMs === null ? null : at + temporaryMs;
    await device.open();
    await device.#keyPackages();
    return device;
  }

  /** Takes a device of the same person out; it may be this one. */
  async revoke(device: Id): Promise<void> {
    await this.server.appendStatement(this.person, await this.#statement([], [idBytes(device)]));
  }

  static async #made(server: ServerDouble, person: Id): Promise<TestDevice> {
    const device = new TestDevice(server, person);
    const aes = { name: "AES-GCM", length: 256 };
    device.#dataKey = await crypto.subtle.generateKey(aes, false, ["encrypt", "decrypt"]);
    device.keys = await device.engine.generateDeviceKeys({
      person: idBytes(person),
      device: idBytes(device.device),
    });
    return device;
  }

  /** This device as its person's statements list it. */
  entry(addedAt: number): DeviceEntry {
    const { device, keys } = this;
    const { signaturePublic: signatureKey } = keys;
    return { id: idBytes(device), name: "Node", kind: "regular", signatureKey, addedAt, expiresAt: null };
  }

  async #statement(add: DeviceEntry[], revoke: Uint8Array[]): Promise<Uint8Array> {
    const { server, person, engine, keys } = this;
    const chain = await verifyChain(server.chains.get(person) ?? [], { person: idBytes(person) });
    const at = Math.max(this.profile.offset + Date.now(), chain.at);
    return nextStatement({ chain, add, revoke, at, signer: deviceSigner(engine, keys) });
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
    const from = server.device(this.device);
    this.link = server.reconnect(this.device);
    const env = new Tab(this.profile).environment({
      engine: this.engine,
      fetch: (input, init) => server.fetch(from, String(input), init),
    });
    const api = new Api(new Http({ fetch: env.fetch, origin: "http://double" }));
    const journal = new Journal(() => env.now());
    const { person, device, keys, link } = this;
    const self = { person, device, deviceName: "Node", login: "x", keys, temporary: this.temporary };
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
      const trust = {
        root: server.authority.root,
        certificates: [server.authority.certificate],
        alarm: null,
        ...(server.keys && { keyLog: server.keys(from).policy }),
      };
      const kind = this.temporary ? ("temporary" as const) : ("regular" as const);
      const standing = { kind, expiresAt: this.#expiresAt, trust };
      const account = { person, login: "x", device, deviceName: "Node", card, mailbox: 0, ...standing };
      await store.commit(new Batch().put("account", "me", { ...account, signaturePublic, signaturePrivate }));
    }
    this.composer = new Composer(this.context);
  }

  async start(): Promise<void> {
    await this.context.takeFence();
    this.sync = new Sync(
      this.context,
      new People(this.context),
      new Announcer(this.context),
      () => undefined,
    );
    this.sync.start();
  }

  /** The process is gone: nothing is flushed, nothing is told. */
  kill(): void {
    this.link.cut();
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
  async settled(conversation: Id, count: number, patience = 50_000): Promise<readonly MessageItem[]> {
    const end = Date.now() + patience;
    for (;;) {
      const items = (await this.items(conversation)).filter((item) => item.kind === "text");
      if (items.length >= count && items.every((item) => item.state !== "queued")) return items;
      if (Date.now() > end)
        throw new Error(`still ${JSON.stringify(items.map((one) => [one.text, one.state]))}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** A small full pool of each suite, on disk and on the server, with its last resort. */
  async #keyPackages(): Promise<void> {
    const { engine, keys, server } = this;
    const batch = new Batch();
    const entry = server.device(this.device);
    const pools = [
      { suite: HYBRID, count: 4, lastResort: false },
      { suite: HYBRID, count: 1, lastResort: true },
      { suite: CLASSICAL, count: 4, lastResort: false },
      { suite: CLASSICAL, count: 1, lastResort: true },
    ] as const;
    for (const pool of pools) {
      const made = await engine.generateKeyPackages({
        keys,
        ...pool,
        now: Date.now(),
        lifetime: LIFETIME_MS,
      });
      for (const one of made) {
        batch.put("keyPackages", toHex(one.ref), one);
        entry.packages.push({
          suite: pool.suite,
          ref: one.ref,
          body: one.keyPackage,
          lastResort: pool.lastResort,
          notAfter: one.notAfter,
        });
      }
    }
    // The pool is full and fresh: nothing to top up while these tests run.
    batch.put("notes", "last-resort-at", { value: Date.now() });
    await this.context.store.commit(batch);
  }
}
