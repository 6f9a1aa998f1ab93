/** A device on a shared computer: what it may do, and that nothing of it stays. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { App, Id } from "../../src/core/api";
import { Database } from "../../src/store";
import { IDBKeyRange } from "fake-indexeddb";
import { hurry, sleep } from "./clock";
import { DeviceDouble } from "./double-devices";
import { Member } from "./member";
import { until } from "./node";
import { Visitor } from "./visitor";

const PASSPHRASE = "seven quiet rivers of home";
const SUITES = [0x0053] as const;

let server: DeviceDouble;
let ayesha: Member;
let omar: Member;
let guest: Visitor;
let conversation: Id;

/** A storage that nobody may touch: any use is kept and fails the test. */
const touched: string[] = [];
const forbidden = (name: string): unknown =>
  new Proxy(
    {},
    {
      get: (_, property) => {
        touched.push(`${name}.${String(property)}`);
        return undefined;
      },
      set: (_, property) => {
        touched.push(`${name}.${String(property)}`);
        return true;
      },
    },
  );

beforeEach(() => hurry(8));

beforeEach(async () => {
  touched.length = 0;
  for (const name of ["localStorage", "sessionStorage", "caches"]) vi.stubGlobal(name, forbidden(name));
  server = new DeviceDouble();
  ayesha = await Member.create(server, { suites: SUITES });
  omar = await Member.create(server, { suites: SUITES });
  server.logins.set("ayesha", ayesha.person);
  await ayesha.open();
  await omar.open();
  guest = new Visitor(server);
  await guest.open();
  conversation = await ayesha.app!.openDirect(omar.person);
  await ayesha.app!.send(conversation, "before the guest came");
  await shows(omar.app!, "before the guest came");
});

afterEach(async () => {
  vi.unstubAllGlobals();
  ayesha.kill();
  omar.kill();
  await guest.kill().catch(() => undefined);
});

async function shows(app: App, text: string): Promise<void> {
  const list = await app.openMessages(conversation);
  try {
    await until(list.items, (items) => items.some((item) => item.text === text), 50_000);
  } finally {
    list.close();
  }
}

async function approve(): Promise<void> {
  await guest.app.signIn({ login: "ayesha", passphrase: PASSPHRASE, totp: "000000" });
  const approval = await guest.app.beginApproval({ deviceName: "Reception", temporary: true });
  const state = await until(approval, (now) => now.state === "asking" && now.qr !== "");
  const { qr } = await ayesha.app!.approveWithQr(state.state === "asking" ? state.qr : "", false);
  await guest.app.scanApproval(qr);
}

/** Everything in this browser's storage. */
async function stored(): Promise<string> {
  const names = (await guest.indexedDB.databases()).map((one) => one.name ?? "").sort();
  const rows: unknown[] = [];
  for (const name of names) {
    const database = await Database.open(name, { indexedDB: guest.indexedDB, IDBKeyRange });
    for (const table of database.dexie.tables) rows.push([table.name, await table.toArray()]);
    database.close();
  }
  return JSON.stringify([names, rows, [...guest.values]]);
}

describe("a temporary device", () => {
  it("joins what it opens, reads and writes there, and may approve nobody", async () => {
    await approve();
    expect(guest.app.session.get()).toMatchObject({ kind: "open", me: { temporary: true } });
    await until(guest.app.conversations, (all) => all.some((one) => one.id === conversation));
    const talk = server.talks.get(conversation)!;
    expect(talk.leafOf(guest.device!)).toBeNull();
    const list = await guest.app.openMessages(conversation);
    await expect.poll(() => talk.leafOf(guest.device!), { timeout: 50_000 }).not.toBeNull();
    await guest.app.send(conversation, "from the reception");
    await shows(omar.app!, "from the reception");
    await omar.app!.send(conversation, "to the reception");
    await until(list.items, (items) => items.some((item) => item.text === "to the reception"), 50_000);
    list.close();
    const devices = await ayesha.app!.devices();
    const entry = devices.find((one) => one.id === guest.device);
    expect(entry).toMatchObject({ kind: "temporary", name: "Reception" });
    expect((entry?.expiresAt ?? 0) - (entry?.addedAt ?? 0)).toBe(24 * 60 * 60 * 1000);
    expect(guest.app.pairings.get()).toEqual([]);
  }, 120_000);

  it("is not let into what it does not open", async () => {
    await approve();
    await until(guest.app.connection, (state) => state === "online");
    const talk = server.talks.get(conversation)!;
    // Longer than a regular device waits for its siblings before it asks everybody, at the test's speed.
    await sleep(3_000);
    await omar.app!.send(conversation, "not for the reception");
    await shows(ayesha.app!, "not for the reception");
    await sleep(1_500);
    expect(talk.leafOf(guest.device!)).toBeNull();
    const list = await guest.app.openMessages(conversation);
    await expect.poll(() => talk.leafOf(guest.device!), { timeout: 50_000 }).not.toBeNull();
    list.close();
  }, 120_000);

  it("takes itself out when the page goes away, and leaves nothing behind", async () => {
    const before = await stored();
    await approve();
    const list = await guest.app.openMessages(conversation);
    const talk = server.talks.get(conversation)!;
    await expect.poll(() => talk.leafOf(guest.device!), { timeout: 50_000 }).not.toBeNull();
    await guest.app.send(conversation, "from the reception");
    await guest.app.setDraft(conversation, "not yet said");
    await guest.app.updateSettings({ theme: "dark" });
    await shows(omar.app!, "from the reception");
    list.close();
    // While it is open nothing of it is in the browser's storage either.
    expect(await stored()).toBe(before);
    const { device } = guest;
    // The page goes away: what is not begun in this very call does not happen.
    guest.tab.tell("close");
    expect(server.kept).toEqual(["devices/revoke"]);
    await guest.kill();
    await expect.poll(() => server.living(ayesha.person)).toEqual([ayesha.device]);
    expect(server.isRevoked(device!)).toBe(true);
    // The others take its leaf out.
    await expect.poll(() => talk.leafOf(device!), { timeout: 50_000 }).toBeNull();
    expect(await stored()).toBe(before);
    expect(touched).toEqual([]);
    await guest.open();
    expect(guest.app.session.get()).toEqual({ kind: "signed-out", login: "" });
  }, 120_000);

  it("is gone after signing out, too", async () => {
    const before = await stored();
    await approve();
    await until(guest.app.conversations, (all) => all.length > 0);
    await guest.app.signOut();
    expect(guest.app.session.get()).toEqual({ kind: "signed-out", login: "" });
    expect(server.living(ayesha.person)).toEqual([ayesha.device]);
    expect(await stored()).toBe(before);
    expect(touched).toEqual([]);
  }, 120_000);

  it("leaves nothing when the person cancels or the other device refuses", async () => {
    const before = await stored();
    await guest.app.signIn({ login: "ayesha", passphrase: PASSPHRASE, totp: "000000" });
    const approval = await guest.app.beginApproval({ deviceName: "Reception", temporary: true });
    await until(approval, (now) => now.state === "asking" && now.digits !== "", 50_000);
    const [request] = await until(ayesha.app!.pairings, (all) => all[0]?.name === "Reception");
    expect(request).toMatchObject({ kind: "temporary" });
    await ayesha.app!.refusePairing(request!.id);
    await until(approval, (now) => now.state === "refused");
    await guest.app.signIn({ login: "ayesha", passphrase: PASSPHRASE, totp: "000000" });
    await guest.app.beginApproval({ deviceName: "Reception", temporary: true });
    await guest.app.cancelApproval();
    expect(await stored()).toBe(before);
    expect(server.living(ayesha.person)).toEqual([ayesha.device]);
  }, 120_000);
});
