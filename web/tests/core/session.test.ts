/** One browser profile without a network: cold starts, locking, tabs, drafts and the message window. */

import { IDBKeyRange } from "fake-indexeddb";
import { describe, expect, it, onTestFinished } from "vitest";
import type { CoreApp } from "../../src/core/app";
import { register } from "../../src/core/entering";
import {
  Batch,
  Database,
  HANDLE_LIFETIME_MS,
  type MessageRecord,
  named,
  Store,
  Vault,
} from "../../src/store";
import { TransportError } from "../../src/transport";
import { hurry } from "./clock";
import { until } from "./node";
import {
  applicant,
  newcomer,
  profile,
  apps,
  person,
  dataKey,
  partner,
  conversation,
  openTab,
  context,
  makeConversation,
} from "./one-profile";

describe("a cold start", () => {
  it("opens without typing within twelve hours of the last use, and is locked after them", async () => {
    const { app } = await openTab();
    expect(app.session.get()).toMatchObject({
      kind: "open",
      me: { login: "ayesha", person: { id: person } },
    });
    await app.dispose();
    profile.offset = HANDLE_LIFETIME_MS + 60_000;
    const late = await openTab();
    expect(late.app.session.get()).toMatchObject({
      kind: "locked",
      login: "ayesha",
      name: { latin: "Ayesha" },
    });
    await expect(late.app.send(conversation, "x")).rejects.toMatchObject({ code: "not_signed_in" });
  });

  it("says that the browser evicted the data, and begins anew on demand", async () => {
    const names = (await profile.indexedDB.databases()).map((one) => one.name ?? "");
    for (const name of names) profile.indexedDB.deleteDatabase(name);
    const { app } = await openTab();
    expect(app.session.get()).toEqual({ kind: "broken", reason: "evicted" });
    await app.erase();
    expect(app.session.get()).toMatchObject({ kind: "signed-out" });
  });

  it("says that the data is an old copy", async () => {
    profile.values.set("beep.mark", "1000");
    const { app } = await openTab();
    expect(app.session.get()).toEqual({ kind: "broken", reason: "rolled-back" });
  });

  it("leaves the data of a newer version alone", async () => {
    const database = await Database.open("beep", { indexedDB: profile.indexedDB, IDBKeyRange });
    await database.meta.put({ k: "schema", value: 99 });
    database.close();
    const { app } = await openTab();
    apps.pop();
    expect(app.session.get()).toEqual({ kind: "broken", reason: "newer-version" });
    await expect(app.unlock("whatever it was")).rejects.toMatchObject({ code: "storage_failed" });
  });
});

describe("a person whose activation got no answer", () => {
  it("keeps the keys that the server may have listed, and is asked to sign in", async () => {
    newcomer();
    const { shared, candidate } = await applicant("omar");
    const { database, vault } = shared;
    await expect(
      register(shared, candidate, () => Promise.reject(new TransportError("timeout"))),
    ).rejects.toMatchObject({ code: "timeout" });
    expect(await vault.read()).toMatchObject({ phase: "pending", needsSignIn: true, login: "omar" });
    const store = await Store.open(database, vault, dataKey);
    expect((await store.get("account", "me"))?.value.signaturePrivate).toEqual(
      candidate.keys.signaturePrivate,
    );
    // A clear refusal leaves nothing behind.
    await expect(
      register(shared, candidate, () => Promise.reject(new TransportError("totp_refused"))),
    ).rejects.toMatchObject({ code: "totp_refused" });
    expect(await vault.read()).toBeNull();
    database.close();
  });
});

describe("two tabs", () => {
  it("have one leader, see each other's changes, and the second takes over", async () => {
    const one = await openTab();
    const two = await openTab();
    await makeConversation(one.app);
    await expect.poll(() => context(one.app).leads).toBe(true);
    expect(context(two.app).leads).toBe(false);
    const window = await one.app.openMessages(conversation);
    await two.app.send(conversation, "written in the other tab");
    await until(window.items, (items) => items.some((item) => item.text === "written in the other tab"));
    await until(one.app.conversations, (all) => all[0]?.lastMessage?.text === "written in the other tab");
    const fence = context(one.app).fence;
    await one.app.dispose();
    apps.shift();
    await expect.poll(() => context(two.app).leads).toBe(true);
    expect(context(two.app).fence).toBeGreaterThan(fence);
  });

  it("lock together, and a frozen leader lets go", async () => {
    const one = await openTab();
    const two = await openTab();
    await expect.poll(() => context(one.app).leads).toBe(true);
    one.tab.tell("freeze");
    await expect.poll(() => context(two.app).leads).toBe(true);
    expect(context(one.app).leads).toBe(false);
    await two.app.lock();
    await until(one.app.session, (state) => state.kind === "locked");
    const vault = new Vault(
      await Database.open("beep", { indexedDB: profile.indexedDB, IDBKeyRange }),
      profile.canary(),
    );
    expect(await vault.handle(Date.now())).toBeNull();
  });
});

describe("drafts", () => {
  it("are on disk from the first key, and all of it when the page is hidden", async () => {
    const { tab, app } = await openTab();
    await makeConversation(app);
    const { store } = context(app);
    const blind = await store.conversation(conversation);
    await app.setDraft(conversation, "S");
    expect((await store.get("drafts", blind))?.value.text).toBe("S");
    // The pause after a key would outlast the test: what is on disk is there because the page was hidden.
    onTestFinished(hurry(0.001));
    void app.setDraft(conversation, "Sa");
    void app.setDraft(conversation, "Sal");
    tab.tell("hide");
    await expect.poll(async () => (await store.get("drafts", blind))?.value.text).toBe("Sal");
  });

  it("are gone when the message is queued, even if a key was still on its way to the disk", async () => {
    const { app } = await openTab();
    await makeConversation(app);
    await app.setDraft(conversation, "H");
    void app.setDraft(conversation, "Hello");
    await app.send(conversation, "Hello");
    await new Promise((resolve) => setTimeout(resolve, 400));
    await until(app.conversations, (all) => all[0]?.draft === "" && all[0].lastMessage?.state === "queued");
    const { store } = context(app);
    expect(await store.get("drafts", await store.conversation(conversation))).toBeNull();
  });
});

describe("the message window", () => {
  const COUNT = 300;

  async function fill(app: CoreApp, unreadFrom: number | null): Promise<void> {
    await makeConversation(app);
    const { store } = context(app);
    const blind = await store.conversation(conversation);
    const batch = new Batch();
    const unread: number[] = [];
    for (let seq = 1; seq <= COUNT; seq++) {
      const id = `${partner}:${String(seq)}`;
      const record: MessageRecord = {
        id,
        conversation,
        order: seq,
        seq,
        kind: "text",
        mine: false,
        sender: partner,
        copied: false,
        at: seq,
        text: `text ${String(seq)}`,
        notice: null,
        failed: null,
        frank: null,
      };
      batch.put("messages", named(blind, id), record, { group: blind, order: seq });
      if (unreadFrom !== null && seq >= unreadFrom) unread.push(seq);
    }
    await store.commit(batch);
    await store.update("conversations", blind, (record) => record && { ...record, cursor: COUNT, unread });
  }

  const seqs = (list: { items: { get(): readonly { seq: number | null }[] } }) =>
    list.items.get().map((item) => item.seq);

  it("opens at the end and grows to the beginning", async () => {
    const { app } = await openTab();
    await fill(app, null);
    const list = await app.openMessages(conversation);
    expect(seqs(list).at(-1)).toBe(COUNT);
    expect(list.atEnd.get()).toBe(true);
    expect(list.atStart.get()).toBe(false);
    for (let i = 0; i < 10 && !list.atStart.get(); i++) await list.loadOlder();
    expect(seqs(list)).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1));
    list.close();
  });

  it("opens around the first unread message and grows both ways without a gap", async () => {
    const { app } = await openTab();
    await fill(app, 100);
    const list = await app.openMessages(conversation);
    expect(list.firstUnread).toBe(100);
    expect(seqs(list)).toContain(99);
    expect(list.atEnd.get()).toBe(false);
    for (let i = 0; i < 10 && !list.atEnd.get(); i++) await list.loadNewer();
    for (let i = 0; i < 10 && !list.atStart.get(); i++) await list.loadOlder();
    expect(seqs(list)).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1));
    await app.markRead(conversation, COUNT);
    await until(app.unread, (unread) => unread === 0);
    list.close();
  });

  it("jumps to the latest and shows what is sent there", async () => {
    const { app } = await openTab();
    await fill(app, 10);
    const list = await app.openMessages(conversation);
    await app.send(conversation, "below the window");
    expect(list.items.get().some((item) => item.text === "below the window")).toBe(false);
    await list.jumpToLatest();
    expect(list.items.get().at(-1)).toMatchObject({ text: "below the window", state: "queued", seq: null });
    list.close();
  });
});
