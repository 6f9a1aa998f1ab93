/** Locks, lost answers and foreign sessions in the middle of things. */

import { IDBKeyRange } from "fake-indexeddb";
import { expect, it } from "vitest";
import type { CoreApp } from "../../src/core/app";
import { register } from "../../src/core/entering";
import { idBytes, newId } from "../../src/core/ids";
import { Database, Store, Vault } from "../../src/store";
import { TransportError } from "../../src/transport";
import { Tab, until } from "./node";
import {
  applicant,
  newcomer,
  profile,
  apps,
  person,
  partner,
  conversation,
  environment,
  openTab,
  context,
  makeConversation,
} from "./one-profile";

const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));
it("a lock in another tab while this one opens keeps the handle away", async () => {
  const one = await openTab();
  const tab = new Tab(profile);
  tab.setOnline(false);
  // slow the opening down: reading the account takes a while
  const get = Store.prototype.get;
  Store.prototype.get = async function (this: Store, ...a: never[]) {
    await sleep(300);
    return (get as (...x: never[]) => Promise<never>).apply(this, a);
  } as never;
  const starting = tab.start({ ...environment(tab), online: () => false });
  await sleep(100);
  await one.app.lock();
  const two = (await starting) as CoreApp;
  apps.push(two);
  Store.prototype.get = get;
  await until(two.session, ({ kind }) => kind === "locked");
  // And nothing that was still under way opens it again.
  await sleep(800);
  const vault = new Vault(
    await Database.open("beep", { indexedDB: profile.indexedDB, IDBKeyRange }),
    profile.canary(),
  );
  expect([await vault.handle(Date.now()), two.session.get().kind]).toEqual([null, "locked"]);
});
it("locking does not wait for the network", async () => {
  const one = await openTab();
  let answer = (): void => undefined;
  void context(one.app).lanes.run("x", () => new Promise<void>((resolve) => (answer = resolve)));
  await expect.poll(() => context(one.app).leads).toBe(true);
  const locking = one.app.lock();
  await until(one.app.session, ({ kind }) => kind === "locked");
  answer();
  await locking;
});
it.each(["busy", "internal", "bad_answer"])(
  "keys are kept when the server's answer does not say what happened: %s",
  async (code) => {
    newcomer();
    const { shared, candidate } = await applicant("omar");
    const { database, vault } = shared;
    await expect(
      register(shared, candidate, () => Promise.reject(new TransportError(code))),
    ).rejects.toBeTruthy();
    expect(await vault.read()).not.toBeNull();
    database.close();
  },
);
it("send right after the first key leaves no draft", async () => {
  const { app } = await openTab();
  await makeConversation(app);
  void app.setDraft(conversation, "Hello");
  await app.send(conversation, "Hello");
  await sleep(400);
  const { store } = context(app);
  expect(await store.get("drafts", await store.conversation(conversation))).toBeNull();
});
it("openDirect believes a conversation with somebody else", async () => {
  const { app } = await openTab();
  const mallory = newId();
  const ctx = context(app);
  (ctx.api as { openDirect: unknown }).openDirect = () =>
    Promise.resolve({
      id: conversation,
      kind: "direct",
      persons: [person, mallory].sort(),
      last_seq: 0,
      generation: 0,
      epoch: 0,
      group_id: null,
      blocked: false,
    });
  (ctx.api as { person: unknown }).person = (id: string) =>
    Promise.resolve({
      id,
      name: { latin: "Omar", local: "" },
      post: { latin: "", local: "" },
      unit: { latin: "", local: "" },
      ministry: { latin: "", local: "" },
      activated: true,
      active: true,
    });
  await expect(app.openDirect(partner)).rejects.toBeTruthy();
});
it("a session of another device is not used", async () => {
  const tab = new Tab(profile);
  const { encode, decode } = await import("@msgpack/msgpack");
  const seen: string[] = [];
  const make = () => {
    const s: Record<string, unknown> = {
      binaryType: "",
      readyState: 1,
      bufferedAmount: 0,
      protocol: "",
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
      close: () => undefined,
    };
    s["send"] = (data: Uint8Array) => {
      const f = decode(data) as { t: string; id: number };
      seen.push(f.t);
      if (f.t === "hello") {
        const ready = encode({
          t: "ready",
          re: f.id,
          minor: 0,
          time: 1,
          person: idBytes(newId()),
          device: idBytes(newId()),
        });
        setTimeout(() => (s["onmessage"] as (e: unknown) => void)({ data: ready.slice().buffer }), 5);
      }
    };
    setTimeout(() => (s["onopen"] as (e: unknown) => void)({}), 5);
    return s as never;
  };
  const app = (await tab.start(
    tab.environment({ fetch: () => Promise.reject(new TypeError("offline")), openSocket: make }),
  )) as CoreApp;
  apps.push(app);
  await expect.poll(() => seen.includes("hello")).toBe(true);
  await new Promise((r) => setTimeout(r, 800));
  expect(seen.filter((t) => t !== "hello")).toEqual([]);
});
