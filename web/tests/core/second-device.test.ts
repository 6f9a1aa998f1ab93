/** What a second device gets: the conversations, the past, and what its person has read on the first one. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { App, ConversationSummary, Id, MessageItem } from "../../src/core/api";
import { hurry } from "./clock";
import { DeviceDouble } from "./double-devices";
import { Member } from "./member";
import { until } from "./node";
import { Visitor } from "./visitor";

const PASSPHRASE = "seven quiet rivers of home";
const SUITES = [0x0053] as const;

let server: DeviceDouble;
let ayesha: Member;
let omar: Member;
let second: Visitor;
let conversation: Id;

beforeEach(() => hurry(8));

beforeEach(async () => {
  server = new DeviceDouble();
  ayesha = await Member.create(server, { suites: SUITES });
  omar = await Member.create(server, { suites: SUITES });
  server.logins.set("ayesha", ayesha.person);
  await ayesha.open();
  await omar.open();
  second = new Visitor(server);
  await second.open();
  conversation = await ayesha.app!.openDirect(omar.person);
  await ayesha.app!.send(conversation, "first by Ayesha");
  await texts(omar.app!, conversation, 1);
  await omar.app!.send(conversation, "first by Omar");
  await texts(ayesha.app!, conversation, 2);
});

afterEach(async () => {
  ayesha.kill();
  omar.kill();
  await second.kill().catch(() => undefined);
});

/** The conversation's texts once it shows `count` of them and all have left. */
async function texts(app: App, id: Id, count: number): Promise<readonly MessageItem[]> {
  const list = await app.openMessages(id);
  const shown = (items: readonly MessageItem[]) => items.filter((item) => item.kind === "text");
  try {
    const items = await until(
      list.items,
      (now) => shown(now).length >= count && shown(now).every((item) => item.state !== "queued"),
      120_000,
    );
    return shown(items);
  } finally {
    list.close();
  }
}

/** The second device is approved by QR. */
async function approve(history: boolean): Promise<void> {
  await second.app.signIn({ login: "ayesha", passphrase: PASSPHRASE, totp: "000000" });
  const approval = await second.app.beginApproval({ deviceName: "Second", temporary: false });
  const state = await until(approval, (now) => now.state === "asking" && now.qr !== "");
  const { qr } = await ayesha.app!.approveWithQr(state.state === "asking" ? state.qr : "", history);
  await second.app.scanApproval(qr);
}

const said = (items: readonly MessageItem[]) => items.map((item) => item.text);

describe("a second device", () => {
  it("is let into the conversations and reads what is said from then on, but nothing before", async () => {
    await approve(false);
    await expect.poll(() => inGroup(), { timeout: 50_000 }).toBe(true);
    await omar.app!.send(conversation, "to both");
    const items = await texts(second.app, conversation, 1);
    expect(said(items)).toEqual(["to both"]);
    await second.app.send(conversation, "by the second device");
    expect(said(await texts(omar.app!, conversation, 4)).at(-1)).toBe("by the second device");
    const own = await texts(ayesha.app!, conversation, 4);
    expect(own.at(-1)).toMatchObject({ text: "by the second device", mine: true, sender: ayesha.person });
    expect(second.app.history.get()).toBeNull();
  }, 120_000);

  it("gets the past, marked as copied, and keeps what it read itself", async () => {
    for (let i = 0; i < 80; i++) await ayesha.app!.send(conversation, `line ${String(i)}`);
    await texts(omar.app!, conversation, 82);
    await approve(true);
    await until(second.app.history, (state) => state?.state === "done", 60_000);
    await until(ayesha.app!.history, (state) => state?.state === "done", 50_000);
    await expect.poll(() => inGroup(), { timeout: 50_000 }).toBe(true);
    await omar.app!.send(conversation, "after");
    const list = await second.app.openMessages(conversation);
    while (!list.atStart.get()) await list.loadOlder();
    const items = await until(list.items, (now) => now.some((item) => item.text === "after"), 50_000);
    const all = items.filter((item) => item.kind === "text");
    expect(said(all).slice(0, 2)).toEqual(["first by Ayesha", "first by Omar"]);
    expect(said(all).slice(2, 82)).toEqual(Array.from({ length: 80 }, (_, i) => `line ${String(i)}`));
    expect(all.filter((item) => item.copied)).toHaveLength(82);
    expect(all[0]).toMatchObject({ mine: true, sender: ayesha.person });
    expect(all[1]).toMatchObject({ mine: false, sender: omar.person });
    expect(all.at(-1)).toMatchObject({ text: "after", copied: false });
    expect(items.some((item) => item.notice?.kind === "history-elsewhere")).toBe(false);
    list.close();
    // Nothing of the transfer stays on the server, and the key that opens it is gone.
    for (const pairing of server.pairings.values()) expect(pairing.chunks.size).toBe(0);
    const { store } = contextOf(second);
    const [transfer] = await store.all("transfers");
    expect(transfer?.value.key).toHaveLength(0);
  }, 180_000);

  it("goes on with the past after either side was killed", async () => {
    for (let i = 0; i < 40; i++)
      await ayesha.app!.send(conversation, `${String(i)} ${"long ".repeat(1_500)}`);
    await texts(omar.app!, conversation, 42);
    let put = 0;
    // Each chunk's answer is lost once: the sender makes it anew and is told that the server has it.
    const fetch = server.fetch.bind(server);
    server.fetch = async (from, input, init) => {
      const answer = await fetch(from, input, init);
      if (init?.method === "POST" && /history\/[^/]+\/\d+$/.test(input)) {
        put += 1;
        if (put === 2) {
          ayesha.kill();
          throw new TypeError("no network");
        }
      }
      return answer;
    };
    await approve(true);
    await expect.poll(() => put, { timeout: 60_000 }).toBe(2);
    await expect
      .poll(() => second.app.history.get()?.progress.done ?? 0, { timeout: 50_000 })
      .toBeGreaterThan(0);
    await second.kill();
    await ayesha.open();
    await second.open();
    await until(second.app.history, (state) => state?.state === "done", 90_000);
    const copied = (await contextOf(second).store.all("messages")).filter((row) => row.value.copied);
    const numbers = copied.map((row) => row.value.text.split(" ")[0]);
    for (let i = 0; i < 40; i++) expect(numbers.filter((one) => one === String(i))).toHaveLength(1);
  }, 240_000);

  it("gets what is over, too: a group that its person has left, with its name and its lines", async () => {
    const persons = [ayesha.person];
    const group = await omar.app!.createGroup({ name: "Budget", picture: null, persons });
    await until(ayesha.app!.conversations, (all) => all.some((row) => row.name === "Budget"), 50_000);
    await omar.app!.send(group, "said in the group");
    await texts(ayesha.app!, group, 1);
    await ayesha.app!.leaveGroup(group);
    const isOver = (row: ConversationSummary) => row.id === group && row.standing === "out";
    await until(ayesha.app!.conversations, (all) => all.some(isOver), 50_000);
    await approve(true);
    await until(second.app.history, (state) => state?.state === "done", 60_000);
    const shown = await until(second.app.conversations, (all) => all.some(isOver), 50_000);
    expect(shown.find(isOver)).toMatchObject({ name: "Budget", lastMessage: { text: "said in the group" } });
    // The newest stands first: what came over last is not what was said last.
    const times = shown.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    const list = await second.app.openMessages(group);
    while (!list.atStart.get()) await list.loadOlder();
    const kinds = list.items.get().map((item) => item.notice?.kind ?? item.kind);
    list.close();
    expect(kinds).toContain("group-begun");
    expect(kinds.slice(-2)).toEqual(["text", "you-left"]);
  }, 180_000);

  it("goes on with the past when a row of it was written by somebody else meanwhile", async () => {
    const fetch = server.fetch.bind(server);
    let pass = (): void => undefined;
    const watched = new Promise<void>((resolve) => (pass = resolve));
    server.fetch = async (from, input, init) => {
      if (/history\/[^/]+\/\d+$/.test(input) && init?.method !== "POST") await watched;
      return fetch(from, input, init);
    };
    await approve(true);
    const { store, env } = contextOf(second);
    const open = env.engine.openHistory.bind(env.engine);
    let crossed = 0;
    env.engine.openHistory = async (input) => {
      const plaintext = await open(input);
      if (crossed++ === 0)
        for (const { key } of await store.all("transfers"))
          await store.update("transfers", key, (row) => row);
      return plaintext;
    };
    pass();
    await until(second.app.history, (state) => state?.state === "done", 60_000);
    expect(crossed).toBeGreaterThan(1);
    expect(said(await texts(second.app, conversation, 2))).toEqual(["first by Ayesha", "first by Omar"]);
  }, 180_000);

  it("gets no more once its person stops it, also after a reload", async () => {
    for (let i = 0; i < 40; i++)
      await ayesha.app!.send(conversation, `${String(i)} ${"long ".repeat(1_500)}`);
    await texts(omar.app!, conversation, 42);
    const fetch = server.fetch.bind(server);
    let pass = (): void => undefined;
    const stopped = new Promise<void>((resolve) => (pass = resolve));
    server.fetch = async (from, input, init) => {
      // The second chunk is on its way while the person decides.
      if (init?.method === "POST" && /history\/[^/]+\/1$/.test(input)) await stopped;
      return fetch(from, input, init);
    };
    await approve(true);
    await until(second.app.history, (state) => (state?.progress.done ?? 0) > 0, 60_000);
    await second.app.cancelHistory();
    expect(second.app.history.get()).toBeNull();
    pass();
    await until(ayesha.app!.history, (state) => state?.state === "failed", 50_000);
    for (const pairing of server.pairings.values()) expect(pairing.chunks.size).toBe(0);
    const copied = async () =>
      (await contextOf(second).store.all("messages")).filter((row) => row.value.copied).length;
    const before = await copied();
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(42);
    await second.kill();
    await second.open();
    await until(second.app.connection, (state) => state === "online", 50_000);
    await second.app.send(conversation, "goes on without");
    expect(said(await texts(omar.app!, conversation, 43)).at(-1)).toBe("goes on without");
    const [transfer] = await contextOf(second).store.all("transfers");
    expect(transfer?.value).toMatchObject({ state: "cancelled", key: new Uint8Array() });
    expect(await copied()).toBe(before);
  }, 180_000);

  it("is told what was read, muted and drafted, and tells it itself", async () => {
    await approve(false);
    await expect.poll(() => inGroup(), { timeout: 50_000 }).toBe(true);
    const self = await until2(() => [...server.talks.values()].find((talk) => talk.kind === "self"));
    await expect.poll(() => self.epoch, { timeout: 50_000 }).toBeGreaterThan(0);
    await omar.app!.send(conversation, "unread so far");
    const [last] = (await texts(second.app, conversation, 1)).slice(-1);
    await until(ayesha.app!.conversations, (all) => all[0]?.unread === 2, 50_000);
    await until(second.app.conversations, (all) => all[0]?.unread === 1, 50_000);
    await second.app.markRead(conversation, last?.seq ?? 0);
    await until(ayesha.app!.conversations, (all) => all[0]?.unread === 0, 50_000);
    await ayesha.app!.mute(conversation, Infinity);
    await ayesha.app!.pin(conversation, true);
    await ayesha.app!.setDraft(conversation, "begun at the office");
    await ayesha.app!.setVerified(omar.person, true);
    await until(
      second.app.conversations,
      (all) => all[0]?.mutedUntil === Infinity && all[0].pinned && all[0].draft === "begun at the office",
      120_000,
    );
    await expect
      .poll(async () => (await second.app.safetyNumber(omar.person)).verified, { timeout: 50_000 })
      .toBe(true);
    // None of it is a conversation on the screen.
    expect(second.app.conversations.get()).toHaveLength(1);
    expect(ayesha.app!.conversations.get()).toHaveLength(1);
  }, 180_000);
});

const contextOf = (visitor: Visitor): Member["context"] =>
  (visitor.app as unknown as { holder: { opened: { context: Member["context"] } } }).holder.opened.context;

const inGroup = (): boolean =>
  second.device !== null && (server.talks.get(conversation)?.leafOf(second.device) ?? null) !== null;

async function until2<T>(find: () => T | undefined): Promise<T> {
  for (let i = 0; i < 600; i++) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("never came");
}
