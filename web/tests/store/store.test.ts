import { SCHEMA_VERSION } from "../../src/store/schema";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { beforeEach, describe, expect, it } from "vitest";
import {
  Batch,
  Database,
  HANDLE_LIFETIME_MS,
  type MessageRecord,
  named,
  Store,
  Vault,
} from "../../src/store";

let indexedDB: IDBFactory;
let values: Map<string, string>;
let dataKey: CryptoKey;

const canary = {
  get: (key: string) => values.get(key) ?? null,
  set: (key: string, value: string) => void values.set(key, value),
  remove: (key: string) => void values.delete(key),
};

const newKey = () =>
  crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

async function open(factory = indexedDB) {
  const database = await Database.open("beep", { indexedDB: factory, IDBKeyRange });
  const vault = new Vault(database, canary);
  return { database, vault, store: await Store.open(database, vault, dataKey) };
}

const message = (id: string, text: string, order = 1): MessageRecord => ({
  id,
  conversation: "c0ffee00-0000-4000-8000-000000000001",
  order,
  seq: null,
  kind: "text",
  mine: true,
  sender: null,
  at: 1,
  text,
  notice: null,
  failed: null,
  copied: false,
  frank: null,
});

const vaultRow = {
  wrapped: {
    version: 1 as const,
    salt: new Uint8Array(16),
    deviceRandom: new Uint8Array(32),
    nonce: new Uint8Array(12),
    wrapped: new Uint8Array(48),
  },
  login: "ayesha",
  name: { latin: "Ayesha", local: "عائشہ" },
  phase: "active" as const,
  needsSignIn: false,
};

/** Everything in the database as one string, bytes as Latin-1 so that UTF-8 text in them would show. */
async function rawDump(database: Database): Promise<string> {
  const tables = await Promise.all(database.dexie.tables.map((table) => table.toArray()));
  return JSON.stringify(tables, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value,
  );
}

beforeEach(async () => {
  indexedDB = new IDBFactory();
  values = new Map();
  dataKey = await newKey();
});

describe("records", () => {
  it("come back as they were, and no raw row holds their text or whom they are about", async () => {
    const { database, store } = await open();
    const person = "5eed0000-0000-4000-8000-00000000beef";
    const secret = "the minister resigns on Friday";
    const blind = await store.conversation(person);
    const key = named(blind, "m1");
    await store.commit(
      new Batch()
        .put("messages", key, message("m1", secret), { group: blind, order: 1 })
        .put("drafts", blind, { text: `${secret} draft` }),
    );
    expect((await store.get("messages", key))?.value.text).toBe(secret);
    const raw = await rawDump(database);
    expect(raw).not.toContain("minister");
    expect(raw).not.toContain(person);
    // The canary of this very check: what is kept in the clear is found.
    await database.meta.put({ k: "clear", value: new TextEncoder().encode("minister") });
    expect(await rawDump(database)).toContain("minister");
  });

  it("do not open when moved to another key, another table or under another data key", async () => {
    const { database, vault, store } = await open();
    await store.commit(new Batch().put("drafts", "a", { text: "one" }));
    const row = await database.table("drafts").get("a");
    await database.table("drafts").put({ ...row!, k: "b" });
    await database.table("notes").put(row!);
    await expect(store.get("drafts", "b")).rejects.toMatchObject({ code: "unreadable" });
    await expect(store.get("notes", "a")).rejects.toMatchObject({ code: "unreadable" });
    await expect(Store.open(database, vault, await newKey())).rejects.toMatchObject({ code: "unreadable" });
  });

  it("are listed by group and order, both ways and within bounds", async () => {
    const { store } = await open();
    const batch = new Batch();
    for (let i = 1; i <= 9; i++)
      batch.put("messages", named("g", String(i)), message(String(i), `text ${String(i)}`, i), {
        group: "g",
        order: i,
      });
    batch.put("messages", named("h", "x"), message("x", "other", 5), { group: "h", order: 5 });
    await store.commit(batch);
    const ids = async (range: Parameters<typeof store.range>[1]) =>
      (await store.range("messages", range)).map((row) => row.value.id).join("");
    expect(await ids({ group: "g" })).toBe("123456789");
    expect(await ids({ group: "g", limit: 3, descending: true })).toBe("987");
    expect(await ids({ group: "g", from: 4, to: 6 })).toBe("456");
    expect(await ids({ group: "h" })).toBe("x");
  });

  it("cannot be read or written once the store is closed", async () => {
    const { store } = await open();
    store.close();
    await expect(store.get("drafts", "a")).rejects.toMatchObject({ code: "closed" });
    await expect(store.commit(new Batch().put("drafts", "a", { text: "" }))).rejects.toMatchObject({
      code: "closed",
    });
  });
});

describe("commit", () => {
  it("writes all or nothing when a revision has moved", async () => {
    const { store } = await open();
    await store.commit(new Batch().put("drafts", "a", { text: "1" }, { expect: 0 }));
    const read = await store.get("drafts", "a");
    await store.commit(new Batch().put("drafts", "a", { text: "2" }, { expect: read!.revision }));
    const late = new Batch()
      .put("drafts", "b", { text: "new" })
      .put("drafts", "a", { text: "3" }, { expect: read!.revision });
    await expect(store.commit(late)).rejects.toMatchObject({ code: "conflict" });
    expect(await store.get("drafts", "b")).toBeNull();
    expect((await store.get("drafts", "a"))?.value.text).toBe("2");
    await expect(
      store.commit(new Batch().put("drafts", "a", { text: "4" }, { expect: 0 })),
    ).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("lets concurrent updates of one row all count", async () => {
    const { store } = await open();
    const add = () => store.update("reads", "r", (read) => ({ readSeq: (read?.readSeq ?? 0) + 1 }));
    await Promise.all(Array.from({ length: 8 }, add));
    expect((await store.get("reads", "r"))?.value.readSeq).toBe(8);
  });

  it("refuses a leader whose fence is old, and an old leader writes nothing", async () => {
    const { store } = await open();
    const first = await store.takeFence();
    const second = await store.takeFence();
    const batch = () => new Batch().put("notes", "n", { value: 1 });
    await expect(store.commit(batch(), { fence: first })).rejects.toMatchObject({ code: "fenced" });
    expect(await store.get("notes", "n")).toBeNull();
    await store.commit(batch(), { fence: second });
    expect(await store.get("notes", "n")).not.toBeNull();
  });
});

describe("a store whose vault is gone", () => {
  it("writes nothing after another tab has erased the vault, nor into the vault that came next", async () => {
    const { vault, store } = await open();
    await vault.create(vaultRow);
    const late = await open();
    const fence = await late.store.takeFence();
    await vault.erase();
    const write = () => late.store.commit(new Batch().put("drafts", "x", { text: "late" }), { fence });
    await expect(write()).rejects.toMatchObject({ code: "closed" });
    await expect(store.takeFence()).rejects.toMatchObject({ code: "closed" });
    await vault.create(vaultRow);
    dataKey = await newKey();
    const next = await open();
    await expect(write()).rejects.toMatchObject({ code: "closed" });
    await next.store.commit(new Batch().put("drafts", "y", { text: "new" }));
    expect((await next.store.all("drafts")).map((row) => row.value.text)).toEqual(["new"]);
  });

  it("does nothing once closed", async () => {
    const { store } = await open();
    store.close();
    await expect(store.conversation("c")).rejects.toMatchObject({ code: "closed" });
    await expect(store.get("drafts", "a")).rejects.toMatchObject({ code: "closed" });
    const write = store.commit(new Batch().put("drafts", "a", { text: "x" }));
    await expect(write).rejects.toMatchObject({ code: "closed" });
  });
});

describe("the vault", () => {
  it("keeps a usable handle for twelve hours after the last use, and none after a lock", async () => {
    const { vault, store, database } = await open();
    await vault.create(vaultRow);
    await store.commit(new Batch().put("drafts", "a", { text: "kept" }));
    await vault.keepHandle(dataKey, 1_000);
    await vault.touch(2_000);
    const handle = await vault.handle(2_000 + HANDLE_LIFETIME_MS - 1);
    expect(handle?.extractable).toBe(false);
    const again = await Store.open(database, vault, handle!);
    expect((await again.get("drafts", "a"))?.value.text).toBe("kept");
    expect(await vault.handle(2_000 + HANDLE_LIFETIME_MS)).toBeNull();
    expect(await vault.lastUsed()).toBeNull();
    await vault.keepHandle(dataKey, 1_000);
    await vault.dropHandle();
    await vault.touch(1_001);
    expect(await vault.handle(1_001)).toBeNull();
  });

  it("does not take a handle from the future", async () => {
    const { vault } = await open();
    await vault.keepHandle(dataKey, 10_000_000);
    expect(await vault.handle(10_000_000 - 6 * 60_000)).toBeNull();
  });

  it("tells an evicted and a rolled-back database from a new one", async () => {
    const { vault, store } = await open();
    expect(await vault.health()).toBe("empty");
    await vault.create(vaultRow);
    const fence = await store.takeFence();
    await store.commit(new Batch().put("notes", "n", { value: 1 }), { fence });
    expect(await vault.health()).toBe("fine");
    // An older copy of the database beside today's canary.
    values.set("beep.mark", "7");
    expect(await vault.health()).toBe("rolled-back");
    const empty = await open(new IDBFactory());
    expect(await empty.vault.health()).toBe("evicted");
    await empty.vault.erase();
    expect(await empty.vault.health()).toBe("empty");
  });

  it("erases everything but the preferences", async () => {
    const { vault, store, database } = await open();
    await vault.create(vaultRow);
    await vault.setPreferences({ language: "ur" });
    await vault.keepHandle(dataKey, 1);
    await store.commit(new Batch().put("drafts", "a", { text: "x" }));
    await vault.erase();
    expect(await vault.read()).toBeNull();
    expect(await vault.handle(1)).toBeNull();
    expect(await database.table("drafts").count()).toBe(0);
    expect(await vault.preferences()).toEqual({ language: "ur" });
  });
});

describe("the schema", () => {
  it("refuses a database of a newer version and leaves it as it is", async () => {
    const { database } = await open();
    await database.meta.put({ k: "schema", value: SCHEMA_VERSION + 1 });
    database.close();
    await expect(open()).rejects.toMatchObject({ code: "newer" });
  });
});
