import { StoreError } from "./errors";
import type { TableName, Tables } from "./records";
import type { Database, Row } from "./schema";
import { Blinder, seal, type Sealed, unseal } from "./seal";
import { completed } from "./upgrade";
import type { Vault } from "./vault";

/** A record with the revision at which it was read. */
export interface Stored<T> {
  key: string;
  value: T;
  revision: number;
}

export interface PutOptions {
  /** The revision that the row must still have; 0: the row must not exist. Left out: any. */
  expect?: number;
  /** Where the row stands in `[c+o]` listings. */
  group?: string;
  order?: number;
}

interface Change {
  table: TableName;
  key: string;
  /** undefined: remove. */
  value: unknown;
  options: PutOptions;
}

/** Changes that are written together or not at all. Later changes of one row replace earlier ones. */
export class Batch {
  readonly changes = new Map<string, Change>();

  put<K extends TableName>(table: K, key: string, value: Tables[K], options: PutOptions = {}): this {
    this.changes.set(`${table}\0${key}`, { table, key, value, options });
    return this;
  }

  remove(table: TableName, key: string, options: Pick<PutOptions, "expect"> = {}): this {
    this.changes.set(`${table}\0${key}`, { table, key, value: undefined, options });
    return this;
  }

  get empty(): boolean {
    return this.changes.size === 0;
  }
}

export interface CommitOptions {
  /**
   * The leader's fence: the write happens only while it is the newest. Given with every write that touches MLS state;
   * such writes also raise the write mark by which a rolled-back database is noticed.
   */
  fence?: number;
}

export interface Range {
  group: string;
  /** Inclusive bounds of the order. */
  from?: number;
  to?: number;
  limit?: number;
  /** Highest order first. */
  descending?: boolean;
}

const HIGH = Number.MAX_SAFE_INTEGER;

interface Keys {
  /** AES-256-GCM, non-extractable. */
  data: CryptoKey;
  blinder: Blinder;
  /** Nonce of the sealed blinding key: random for each vault, so it tells this vault's rows from the next one's. */
  mark: Uint8Array;
}

/**
 * The encrypted store of one open vault. Cryptography is done before and after, never inside, a database transaction:
 * IndexedDB commits as soon as it is left idle.
 */
export class Store {
  /** null once closed: nothing here holds a key any longer. */
  #keys: Keys | null;

  private constructor(
    private readonly database: Database,
    keys: Keys,
    private readonly vault: Vault,
  ) {
    this.#keys = keys;
  }

  /** Throws `StoreError("unreadable")` when the key does not belong to this database. */
  static async open(database: Database, vault: Vault, data: CryptoKey): Promise<Store> {
    const row = await database.meta.get("blind");
    let raw: Uint8Array;
    let sealed: Sealed;
    if (row === undefined) {
      raw = crypto.getRandomValues(new Uint8Array(32));
      sealed = await seal(data, "meta", "blind", raw);
      await database.meta.add({ k: "blind", value: sealed });
    } else {
      sealed = row.value as Sealed;
      raw = (await unseal(data, "meta", "blind", sealed)) as Uint8Array;
    }
    return new Store(database, { data, blinder: await Blinder.from(raw), mark: sealed.n }, vault);
  }

  /** Drops the keys: every later call fails with `closed`. */
  close(): void {
    this.#keys = null;
  }

  /** Throws `StoreError("closed")`. */
  async person(id: string): Promise<string> {
    return this.#opened().blinder.blind("person", id);
  }

  /** Throws `StoreError("closed")`. */
  async conversation(id: string): Promise<string> {
    return this.#opened().blinder.blind("conversation", id);
  }

  async get<K extends TableName>(table: K, key: string): Promise<Stored<Tables[K]> | null> {
    const row = await this.#run(() => this.database.table(table).get(key));
    return row === undefined ? null : this.#open(table, row);
  }

  async many<K extends TableName>(table: K, keys: readonly string[]): Promise<Stored<Tables[K]>[]> {
    const rows = await this.#run(() => this.database.table(table).bulkGet([...keys]));
    return this.#openAll(
      table,
      rows.filter((row) => row !== undefined),
    );
  }

  /** Rows whose key begins with `prefix` (all without one), in key order. */
  async all<K extends TableName>(table: K, prefix = ""): Promise<Stored<Tables[K]>[]> {
    const rows = await this.#run(() =>
      prefix === ""
        ? this.database.table(table).toArray()
        : this.database.table(table).where("k").startsWith(prefix).toArray(),
    );
    return this.#openAll(table, rows);
  }

  /** Keys that begin with `prefix`, in order; nothing is opened. */
  keys(table: TableName, prefix: string): Promise<string[]> {
    return this.#run(() => this.database.table(table).where("k").startsWith(prefix).primaryKeys());
  }

  /** Rows of one group by order. */
  async range<K extends "messages" | "outbox">(table: K, range: Range): Promise<Stored<Tables[K]>[]> {
    const { group, from = 0, to = HIGH, limit, descending = false } = range;
    const rows = await this.#run(() => {
      let found = this.database.table(table).where("[c+o]").between([group, from], [group, to], true, true);
      if (descending) found = found.reverse();
      return (limit === undefined ? found : found.limit(limit)).toArray();
    });
    return this.#openAll(table, rows);
  }

  count(table: TableName): Promise<number> {
    return this.#run(() => this.database.table(table).count());
  }

  /**
   * One strict transaction. Throws `StoreError`: `conflict` when a row is not at its expected revision, `fenced` when
   * another tab leads, `closed` when another tab has erased the vault, `failed` when the storage does not take it. In
   * each case nothing is written.
   */
  async commit(batch: Batch, options: CommitOptions = {}): Promise<void> {
    const changes = [...batch.changes.values()];
    const keys = this.#opened();
    const sealed = await Promise.all(
      changes.map((change) =>
        change.value === undefined ? null : seal(keys.data, change.table, change.key, change.value),
      ),
    );
    const names = [...new Set(changes.map((change) => change.table))];
    const mark = await this.#run(() =>
      this.database.dexie.transaction(
        "rw",
        [this.database.meta, ...names.map((name) => this.database.table(name))],
        async () => {
          await this.#checkVault(keys);
          const raised = options.fence === undefined ? null : await this.#checkFence(options.fence);
          for (const name of names) {
            const indexes = changes.flatMap((change, index) => (change.table === name ? [index] : []));
            const table = this.database.table(name);
            const present = await table.bulkGet(indexes.map((index) => changes[index]?.key ?? ""));
            const puts: Row[] = [];
            const removals: string[] = [];
            indexes.forEach((index, position) => {
              const change = changes[index];
              if (!change) return;
              const revision = present[position]?.v ?? 0;
              const { expect, group, order } = change.options;
              if (expect !== undefined && expect !== revision)
                throw new StoreError("conflict", `${name} changed`);
              const record = sealed[index];
              if (!record) {
                removals.push(change.key);
                return;
              }
              puts.push({
                k: change.key,
                v: revision + 1,
                ...record,
                ...(group === undefined ? {} : { c: group }),
                ...(order === undefined ? {} : { o: order }),
              });
            });
            if (puts.length > 0) await table.bulkPut(puts);
            if (removals.length > 0) await table.bulkDelete(removals);
          }
          return raised;
        },
      ),
    );
    if (mark !== null) this.vault.marked(mark);
  }

  /**
   * Reads one row, changes it and writes it back, again from the start while somebody else was quicker. `change` returns
   * null to leave the row as it is. Must not be used on rows that hold MLS state.
   */
  async update<K extends TableName>(
    table: K,
    key: string,
    change: (value: Tables[K] | null) => Tables[K] | null,
  ): Promise<Tables[K] | null> {
    for (;;) {
      const stored = await this.get(table, key);
      const value = change(stored?.value ?? null);
      if (value === null) return stored?.value ?? null;
      try {
        await this.commit(new Batch().put(table, key, value, { expect: stored?.revision ?? 0 }));
        return value;
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== "conflict") throw error;
      }
    }
  }

  /** Makes this tab the leader in the eyes of the database: writes under an older fence fail from now on. */
  async takeFence(): Promise<number> {
    const keys = this.#opened();
    return this.#run(() =>
      this.database.dexie.transaction("rw", this.database.meta, async () => {
        await this.#checkVault(keys);
        const row = await this.database.meta.get("fence");
        const fence = (typeof row?.value === "number" ? row.value : 0) + 1;
        await this.database.meta.put({ k: "fence", value: fence });
        return fence;
      }),
    );
  }

  /**
   * Inside a transaction: refuses a vault that is gone. A tab that has not heard of an erasure yet would otherwise leave
   * rows behind, which nobody can open and the next person's store would stumble over.
   */
  async #checkVault({ mark }: Keys): Promise<void> {
    const row = await this.database.meta.get("blind");
    const now = (row?.value as Sealed | undefined)?.n;
    const same = now?.length === mark.length && mark.every((byte, i) => byte === now[i]);
    if (!same) throw new StoreError("closed", "the vault was erased");
  }

  /** Inside a transaction: refuses an old fence, raises the write mark and returns it. */
  async #checkFence(fence: number): Promise<number> {
    const [current, mark] = await this.database.meta.bulkGet(["fence", "mark"]);
    if (current?.value !== fence) throw new StoreError("fenced");
    const raised = (typeof mark?.value === "number" ? mark.value : 0) + 1;
    await this.database.meta.put({ k: "mark", value: raised });
    return raised;
  }

  async #openAll<K extends TableName>(table: K, rows: readonly Row[]): Promise<Stored<Tables[K]>[]> {
    return Promise.all(rows.map((row) => this.#open(table, row)));
  }

  async #open<K extends TableName>(table: K, row: Row): Promise<Stored<Tables[K]>> {
    const value = completed(table, await unseal(this.#opened().data, table, row.k, row));
    this.#opened();
    return { key: row.k, value, revision: row.v };
  }

  /** Throws `StoreError("closed")`. */
  #opened(): Keys {
    if (!this.#keys) throw new StoreError("closed");
    return this.#keys;
  }

  async #run<T>(work: () => PromiseLike<T>): Promise<T> {
    this.#opened();
    try {
      return await work();
    } catch (error) {
      if (error instanceof StoreError) throw error;
      throw new StoreError("failed", "the browser's storage refused", { cause: error });
    }
  }
}
