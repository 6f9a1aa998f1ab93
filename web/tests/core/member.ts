/** One device of one person as a whole app over the server's double: everything but the views is the real thing. */

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import type { App, Id } from "../../src/core/api";
import type { CoreApp } from "../../src/core/app";
import { Bus } from "../../src/core/bus";
import type { Context } from "../../src/core/context";
import { deviceEntry, register } from "../../src/core/entering";
import type { Environment } from "../../src/core/environment";
import { deviceSigner, recoverySigner } from "../../src/core/identities";
import { idBytes, newId } from "../../src/core/ids";
import { Journal } from "../../src/core/journal";
import type { Session } from "../../src/core/session";
import type { DeviceKeys, Suite } from "../../src/crypto/api";
import { toHex } from "../../src/crypto/bytes";
import { verifyChain } from "../../src/crypto/chain";
import { LocalEngine } from "../../src/crypto/engine";
import { CLASSICAL, HYBRID } from "../../src/crypto/policy";
import { firstStatement, nextStatement, resetStatement } from "../../src/crypto/statements";
import { Batch, type CommitOptions, Database, Vault } from "../../src/store";
import { Api, Http } from "../../src/transport";
import type { ServerDouble } from "./double";
import { DoubleSocket } from "./double-socket";
import type { Ledger } from "./ledger";
import { copyDatabases } from "./idb-copy";
import { Profile, Tab, until } from "./node";

const LIFETIME_MS = 90 * 86_400_000;
const SUITES: readonly Suite[] = [HYBRID, CLASSICAL];
/** KeyPackages of each suite beside the last resort. */
const POOL = 3;

export interface MemberOptions {
  ledger?: Ledger;
  /** Groups that this device begins are classical: many devices in little time. */
  classical?: boolean;
  /** Suites of which KeyPackages are made. */
  suites?: readonly Suite[];
}

export class Died extends Error {}

export class Member {
  indexedDB = new IDBFactory();
  values = new Map<string, string>();
  /** Its clock against the machine's, milliseconds. */
  offset = 0;
  /** False: no network. */
  online = true;
  app: CoreApp | null = null;
  dataKey!: CryptoKey;
  keys!: DeviceKeys;
  /** Steps (transactions and frames) after which the process dies; null: lives. */
  diesAfter: number | null = null;
  #tab: Tab | null = null;
  #socket: DoubleSocket | null = null;
  #process = 0;

  private constructor(
    readonly server: ServerDouble,
    readonly person: Id,
    readonly options: MemberOptions,
    readonly device: Id = newId(),
  ) {
    if (options.classical) server.newGroups = CLASSICAL;
    if (!server.devices.some((one) => one.device === device)) server.register(person, device);
  }

  /** A new person with one device; `open` starts it. */
  static async create(server: ServerDouble, options: MemberOptions = {}): Promise<Member> {
    const member = new Member(server, newId(), options);
    const engine = new LocalEngine();
    const person = idBytes(member.person);
    member.keys = await engine.generateDeviceKeys({ person, device: idBytes(member.device) });
    const recovery = await recoverySigner(engine, await engine.newRecoveryCode(), person);
    const device = deviceEntry(member.keys, "Node", 1);
    const signer = deviceSigner(engine, member.keys);
    const first = await firstStatement({ person, device, at: 1, deviceSigner: signer, recovery });
    await server.appendStatement(member.person, first);
    await member.#register(engine);
    return member;
  }

  /** Another device of the same person, approved by this one. */
  async approve(): Promise<Member> {
    const { server, person } = this;
    const member = new Member(server, person, this.options);
    member.offset = this.offset;
    const engine = new LocalEngine();
    member.keys = await engine.generateDeviceKeys({
      person: idBytes(person),
      device: idBytes(member.device),
    });
    const chain = await verifyChain(server.chains.get(person) ?? [], { person: idBytes(person) });
    const at = Math.max(this.now(), chain.at);
    const signer = deviceSigner(engine, this.keys);
    const add = [deviceEntry(member.keys, "Node", at)];
    await server.appendStatement(person, await nextStatement({ chain, add, at, signer }));
    await member.#register(engine);
    return member;
  }

  /** The same person after everything was lost: one new device, and two officers who say so. */
  async reset(): Promise<Member> {
    const { server, options } = this;
    const member = new Member(server, this.person, options);
    const engine = new LocalEngine();
    const person = idBytes(this.person);
    member.keys = await engine.generateDeviceKeys({ person, device: idBytes(member.device) });
    const chain = await verifyChain(server.chains.get(this.person) ?? [], { person });
    const at = Math.max(this.now(), chain.at);
    const recovery = await recoverySigner(engine, await engine.newRecoveryCode(), person);
    const signer = deviceSigner(engine, member.keys);
    const device = deviceEntry(member.keys, "Node", at);
    const asked = await resetStatement({ chain, device, at, deviceSigner: signer, recovery });
    await server.appendStatement(this.person, await server.authority.grantReset(asked));
    await member.#register(engine);
    return member;
  }

  now(): number {
    return Date.now() + this.offset;
  }

  get context(): Context {
    return this.#session.opened.context;
  }

  get #session(): Session {
    if (!this.app) throw new Error("the app is not running");
    return (this.app as unknown as { holder: Session }).holder;
  }

  /** Which process of this device runs; another one after each death. */
  get life(): number {
    return this.#process;
  }

  /** False: killed, or the session here has ended (the device was revoked). */
  get running(): boolean {
    return this.app !== null && this.#session.current.get() !== null;
  }

  /**
   * A thief's copy of the whole profile as it is now: database, canary, even the handle on the data key. It says it is
   * the same device, which it is.
   */
  async copy(): Promise<Member> {
    const { server, person, options, dataKey, keys, offset } = this;
    const copied = new Member(server, person, options, this.device);
    Object.assign(copied, { dataKey, keys, offset, values: new Map(this.values) });
    await copyDatabases(this.indexedDB, copied.indexedDB);
    return copied;
  }

  /** Another tab of the same browser, which believes that it leads. */
  beside(): Member {
    const { server, person, options, dataKey, keys, offset, indexedDB, values } = this;
    const tab = new Member(server, person, options, this.device);
    return Object.assign(tab, { dataKey, keys, offset, indexedDB, values });
  }

  /** The tab comes to the front. */
  show(): void {
    this.#tab?.tell("show");
  }

  /** What its journal says, for a test that fails. */
  async troubles(): Promise<string> {
    const { errors } = (await this.app?.diagnostics()) ?? { errors: [] };
    return errors.map(({ label, code }) => `${label} ${code}`).join(", ");
  }

  /** A fresh process over the same database. */
  async open(): Promise<App> {
    const environment = this.#environment();
    const process = ++this.#process;
    this.app = (await this.#tab!.start(environment)) as CoreApp;
    // After more than twelve hours the handle is worthless; the person types the passphrase.
    if (this.app.session.get().kind === "locked") await this.#session.open(this.dataKey, true);
    const { store } = this.context;
    const commit = store.commit.bind(store);
    store.commit = async (batch: Batch, options?: CommitOptions) => {
      this.#step(process);
      await commit(batch, options);
      this.#step(process);
    };
    return this.app;
  }

  /** Waits until this device leads and is connected. */
  async connected(): Promise<void> {
    const { app } = this;
    if (app) await until(app.connection, (state) => state === "online");
  }

  /** The process is gone in the middle of whatever it did: nothing is flushed, nothing is told. */
  kill(): void {
    const { app } = this;
    if (!app) return;
    this.#process += 1;
    this.#socket?.drop();
    if (this.running) this.context.store.close();
    this.app = null;
    this.diesAfter = null;
    void app.dispose().catch(() => undefined);
  }

  setOnline(online: boolean): void {
    this.online = online;
    if (!online) this.#socket?.drop();
    this.#tab?.setOnline(online);
  }

  #step(process: number): void {
    if (process !== this.#process) throw new Died();
    if (this.diesAfter === null) return;
    this.diesAfter -= 1;
    if (this.diesAfter > 0) return;
    this.kill();
    throw new Died();
  }

  #environment(): Environment {
    const engine = new LocalEngine();
    this.options.ledger?.watch(engine);
    if (this.options.classical) beginsClassical(engine);
    const tab = new Tab(new Profile("http://double"));
    if (!this.online) tab.setOnline(false);
    this.#tab = tab;
    const process = this.#process + 1;
    return tab.environment({
      engine,
      now: () => this.now(),
      idb: { indexedDB: this.indexedDB, IDBKeyRange },
      canary: {
        get: (key) => this.values.get(key) ?? null,
        set: (key, value) => void this.values.set(key, value),
        remove: (key) => void this.values.delete(key),
      },
      locks: null,
      fetch: async (input, init) => {
        if (!this.online || process !== this.#process) throw new TypeError("no network");
        const from = this.server.device(this.device);
        const answer = await this.server.fetch(from, String(input), init);
        if (!this.online || process !== this.#process) throw new TypeError("no network");
        return answer;
      },
      openSocket: () => {
        const socket = new DoubleSocket(this.server, this.device, () => {
          try {
            this.#step(process);
            return true;
          } catch {
            return false;
          }
        });
        if (!this.online || process !== this.#process) socket.drop();
        this.#socket = socket;
        return socket;
      },
    });
  }

  /** Everything that an activation leaves behind, and a small full pool of KeyPackages. */
  async #register(engine: LocalEngine): Promise<void> {
    const { server, person, device, keys } = this;
    const env = this.#environment();
    const database = await Database.open(env.name, env.idb);
    const vault = new Vault(database, env.canary);
    const api = new Api(new Http({ fetch: env.fetch, origin: "http://double" }));
    const shared = { env, database, vault, api, bus: new Bus(null), journal: new Journal(() => 0) };
    const aes = { name: "AES-GCM", length: 256 };
    this.dataKey = await crypto.subtle.generateKey(aes, false, ["encrypt", "decrypt"]);
    const wrapped = {
      version: 1 as const,
      salt: new Uint8Array(16),
      deviceRandom: new Uint8Array(32),
      nonce: new Uint8Array(12),
      wrapped: new Uint8Array(48),
    };
    const name = { latin: person.slice(0, 8), local: "" };
    const candidate = {
      ...{ person, login: person.slice(0, 8), name, card: null, device, deviceName: "Node", keys },
      ...{ wrapped, dataKey: this.dataKey, statements: server.chains.get(person) ?? [] },
      trust: { root: server.authority.root, certificates: server.authority.certificates, alarm: null },
      ...{ kind: "regular" as const, expiresAt: null },
    };
    this.#process += 1;
    const { store } = await register(shared, candidate, () => api.me());
    const batch = new Batch();
    const entry = server.device(device);
    for (const suite of this.options.suites ?? SUITES)
      for (const lastResort of [false, true]) {
        const count = lastResort ? 1 : POOL;
        const pool = { keys, suite, count, lastResort, now: this.now(), lifetime: LIFETIME_MS };
        for (const one of await engine.generateKeyPackages(pool)) {
          batch.put("keyPackages", toHex(one.ref), one);
          entry.packages.push({
            suite,
            ref: one.ref,
            body: one.keyPackage,
            lastResort,
            notAfter: one.notAfter,
          });
        }
      }
    batch.put("notes", "last-resort-at", { value: this.now() });
    await store.commit(batch);
    await vault.keepHandle(this.dataKey, this.now());
    store.close();
    database.close();
  }
}

/** Group conversations become classical ones made large, as their policy may say; the rest stays as it is. */
function beginsClassical(engine: LocalEngine): void {
  const begin = engine.begin.bind(engine);
  engine.begin = (input) =>
    begin(
      input.policy.kind === "group"
        ? { ...input, policy: { ...input.policy, suite: CLASSICAL, sizeClass: "large" } }
        : input,
    );
}
