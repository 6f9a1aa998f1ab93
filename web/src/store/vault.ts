import { StoreError } from "./errors";
import type { Database } from "./schema";
import type { Bilingual } from "./words";

/** The data key, wrapped by the passphrase; what its fields are is the crypto layer's affair. */
export interface WrappedKey {
  version: 1;
  salt: Uint8Array;
  deviceRandom: Uint8Array;
  nonce: Uint8Array;
  wrapped: Uint8Array;
}

export interface VaultRow {
  wrapped: WrappedKey;
  /** Shown on the lock screen, and so in the clear. */
  login: string;
  name: Bilingual;
  /** `pending`: made, but the server has not confirmed the activation or replacement that it was made for. */
  phase: "pending" | "active";
  /** The server session ended; only a sign-in opens a new one. */
  needsSignIn: boolean;
  /**
   * A reset of the identity that officers still have to sign. The ticket only asks how that stands; to finish, the
   * device's key is needed, which is in the vault.
   */
  reset: { ticket: string; earliest: number } | null;
  /** Random, the same in the canary: tells which vault the canary speaks of. */
  id: string;
}

interface HandleRow {
  key: CryptoKey;
  lastUsed: number;
}

/** A few strings outside IndexedDB (in a browser: localStorage), which browsers evict and roll back separately. */
export interface KeyValue {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
}

/** No typing at a cold start within this time of the last use. */
export const HANDLE_LIFETIME_MS = 12 * 60 * 60 * 1000;
/** A clock that went back by more than this makes the handle worthless. */
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;

export type Health = "empty" | "fine" | "evicted" | "rolled-back";

/**
 * What is readable while the app is locked: the wrapped data key, whose it is, and for at most 12 h after the last use a
 * handle on the data key itself (a CryptoKey that no script can export, kept by structured clone). Locking deletes the
 * handle.
 *
 * The canary notices lost and old databases: the vault's id and the number of the last MLS write stand in a second
 * storage. A database without its vault was evicted; one whose number is lower than the canary's is an old copy, and
 * going on with it would use message keys twice.
 */
export class Vault {
  constructor(
    private readonly database: Database,
    private readonly canary: KeyValue,
  ) {}

  async read(): Promise<VaultRow | null> {
    const row = (await this.database.meta.get("vault"))?.value as VaultRow | undefined;
    // Vaults of before resets have none under way.
    return row ? { ...row, reset: (row.reset as VaultRow["reset"] | undefined) ?? null } : null;
  }

  async health(): Promise<Health> {
    const vault = await this.read();
    const expected = this.canary.get("beep.vault");
    if (!vault) return expected === null ? "empty" : "evicted";
    if (expected !== vault.id) return "fine";
    const mark = (await this.database.meta.get("mark"))?.value;
    const seen = Number(this.canary.get("beep.mark") ?? "0");
    return (typeof mark === "number" ? mark : 0) < seen ? "rolled-back" : "fine";
  }

  async create(row: Omit<VaultRow, "id" | "reset">): Promise<void> {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    await this.#strict(() => this.database.meta.put({ k: "vault", value: { ...row, reset: null, id } }));
    this.canary.set("beep.mark", "0");
    this.canary.set("beep.vault", id);
  }

  async change(change: Partial<Omit<VaultRow, "id">>): Promise<void> {
    await this.#strict(() =>
      this.database.dexie.transaction("rw", this.database.meta, async () => {
        const row = await this.database.meta.get("vault");
        if (row)
          await this.database.meta.put({ k: "vault", value: { ...(row.value as VaultRow), ...change } });
      }),
    );
  }

  /** The handle, if it was used less than 12 h ago. */
  async handle(now: number): Promise<CryptoKey | null> {
    const row = (await this.database.meta.get("handle"))?.value as HandleRow | undefined;
    if (!row) return null;
    const age = now - row.lastUsed;
    if (age < HANDLE_LIFETIME_MS && age > -CLOCK_TOLERANCE_MS) return row.key;
    await this.dropHandle();
    return null;
  }

  /** When any tab was last used; null while locked. */
  async lastUsed(): Promise<number | null> {
    const row = (await this.database.meta.get("handle"))?.value as HandleRow | undefined;
    return row?.lastUsed ?? null;
  }

  async keepHandle(key: CryptoKey, now: number): Promise<void> {
    await this.#strict(() => this.database.meta.put({ k: "handle", value: { key, lastUsed: now } }));
  }

  /** Moves the last use; does nothing after a lock, so that a late call cannot bring the handle back. */
  async touch(now: number): Promise<void> {
    await this.#strict(() =>
      this.database.dexie.transaction("rw", this.database.meta, async () => {
        const row = await this.database.meta.get("handle");
        const handle = row?.value as HandleRow | undefined;
        if (handle) await this.database.meta.put({ k: "handle", value: { ...handle, lastUsed: now } });
      }),
    );
  }

  async dropHandle(): Promise<void> {
    await this.#strict(() => this.database.meta.delete("handle"));
  }

  /** Called after every MLS write with the mark it reached. */
  marked(mark: number): void {
    this.canary.set("beep.mark", String(mark));
  }

  async preferences(): Promise<unknown> {
    return (await this.database.meta.get("preferences"))?.value ?? null;
  }

  /** Language and theme are needed before anything is unlocked and tell nothing: in the clear. */
  async setPreferences(value: unknown): Promise<void> {
    await this.#strict(() => this.database.meta.put({ k: "preferences", value }));
  }

  /** Erases everything of this person; the preferences stay. */
  async erase(): Promise<void> {
    // The canary first: a crash in between must not look like an eviction.
    this.canary.remove("beep.vault");
    this.canary.remove("beep.mark");
    await this.#strict(() =>
      this.database.dexie.transaction("rw", this.database.dexie.tables, async () => {
        for (const table of this.database.dexie.tables) if (table.name !== "meta") await table.clear();
        const kept = ["schema", "preferences", "fence"];
        const keys = await this.database.meta.toCollection().primaryKeys();
        await this.database.meta.bulkDelete(keys.filter((key) => !kept.includes(key)));
      }),
    );
  }

  async #strict<T>(work: () => PromiseLike<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new StoreError("failed", "the browser's storage refused", { cause: error });
    }
  }
}
