import { Dexie, type Table } from "dexie";
import { StoreError } from "./errors";
import type { TableName } from "./records";
import type { Sealed } from "./seal";

/** A sealed record and the little about it that is in the clear. */
export interface Row extends Sealed {
  /** Primary key. */
  k: string;
  /** Revision: 1 when the row is made, one more at each write. Writers compare and swap on it. */
  v: number;
  /** Group to list by (a blind conversation) and position in it; absent where a table is not listed so. */
  c?: string;
  o?: number;
}

/** Unsealed bookkeeping: the schema version, the leader's fence, the write mark and what is needed before unlocking. */
export interface MetaRow {
  k: string;
  value: unknown;
}

/** Raised whenever an older client could misread what this one writes. */
export const SCHEMA_VERSION = 2;

const sealedTables: Readonly<Record<TableName, string>> = {
  account: "k",
  keyPackages: "k",
  chains: "k",
  people: "k",
  conversations: "k",
  groups: "k",
  log: "k",
  raw: "k",
  profiles: "k",
  messages: "k, [c+o]",
  outbox: "k, [c+o]",
  mail: "k",
  drafts: "k",
  reads: "k",
  marks: "k",
  notes: "k",
  synced: "k",
  pairings: "k",
  transfers: "k",
  reports: "k",
};

export interface Idb {
  indexedDB: IDBFactory;
  IDBKeyRange: typeof IDBKeyRange;
}

export type Tx = "readonly" | "readwrite";

/** The database itself: tables and their keys. Everything above works through `Store`. */
export class Database {
  readonly dexie: Dexie;

  private constructor(name: string, idb: Idb) {
    this.dexie = new Dexie(name, {
      indexedDB: idb.indexedDB,
      IDBKeyRange: idb.IDBKeyRange,
      // On disk before a ciphertext leaves and before an envelope is acknowledged, even if the power fails.
      chromeTransactionDurability: "strict",
    });
    this.dexie.version(2).stores({ ...sealedTables, meta: "k" });
  }

  /** Throws `StoreError`: `newer` for a database of a later version, `failed` when storage cannot be used. */
  static async open(name: string, idb: Idb): Promise<Database> {
    const database = new Database(name, idb);
    try {
      await database.dexie.open();
      await database.#checkVersion();
    } catch (error) {
      database.dexie.close();
      if (error instanceof StoreError) throw error;
      throw new StoreError("failed", "the database cannot be opened", { cause: error });
    }
    return database;
  }

  table(name: TableName): Table<Row, string> {
    return this.dexie.table(name);
  }

  get meta(): Table<MetaRow, string> {
    return this.dexie.table("meta");
  }

  async #checkVersion(): Promise<void> {
    await this.dexie.transaction("rw", this.meta, async () => {
      const row = await this.meta.get("schema");
      const written = row?.value ?? 0;
      if (typeof written !== "number" || written > SCHEMA_VERSION) throw new StoreError("newer");
      // Rows of an older version are completed as they are read (`upgrade.ts`); the older client must not read ours.
      if (written < SCHEMA_VERSION) await this.meta.put({ k: "schema", value: SCHEMA_VERSION });
    });
  }

  close(): void {
    this.dexie.close();
  }

  /** Removes everything, the preferences too. */
  async destroy(): Promise<void> {
    await this.dexie.delete();
  }
}
