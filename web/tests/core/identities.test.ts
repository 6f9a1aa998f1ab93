/** People change: resets, the directory, its root. What is said of it, and what is believed. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Id, MessageItem } from "../../src/core/api";
import { Identities } from "../../src/core/identities";
import { idBytes } from "../../src/core/ids";
import { People } from "../../src/core/people";
import { StoreError } from "../../src/store";
import { generateSigningKey } from "../../src/crypto/signing";
import { Authority } from "./double-authority";
import { DeviceDouble } from "./double-devices";
import { items } from "./group";
import { Member } from "./member";
import { until } from "./node";
import { Visitor } from "./visitor";

const SUITES = [0x0053] as const;
const PASSPHRASE = "seven quiet rivers of home";

let server: DeviceDouble;
let ayesha: Member;
let omar: Member;
let conversation: Id;

beforeEach(async () => {
  server = new DeviceDouble();
  ayesha = await Member.create(server, { suites: SUITES });
  omar = await Member.create(server, { suites: SUITES });
  await ayesha.open();
  await omar.open();
  conversation = await ayesha.app!.openDirect(omar.person);
  await ayesha.app!.send(conversation, "hello");
  await expect.poll(() => texts(omar), { timeout: 50_000 }).toEqual(["hello"]);
});

afterEach(() => {
  ayesha.kill();
  omar.kill();
});

const texts = async (member: Member): Promise<string[]> =>
  (await items(member, conversation)).filter((item) => item.kind === "text").map((item) => item.text);

async function notice(member: Member, kind: string): Promise<MessageItem["notice"]> {
  let found: MessageItem["notice"] = null;
  await expect
    .poll(
      async () => {
        found =
          (await items(member, conversation)).find((item) => item.notice?.kind === kind)?.notice ?? null;
        return found !== null;
      },
      { timeout: 50_000 },
    )
    .toBe(true);
  return found;
}

describe("safety numbers", () => {
  it("are the same on both sides, and a scanned one marks as verified", async () => {
    const hers = await ayesha.app!.safetyNumber(omar.person);
    const his = await omar.app!.safetyNumber(ayesha.person);
    expect(hers.groups).toHaveLength(12);
    expect(his.groups).toEqual(hers.groups);
    expect(hers).toMatchObject({ verified: false, changed: false });
    const other = `${his.qr.slice(0, -9)}${his.qr.at(-9) === "A" ? "B" : "A"}${his.qr.slice(-8)}`;
    expect(await ayesha.app!.checkSafetyQr(omar.person, other)).toBe(false);
    // Cut off while it was copied: no alarm, for it says nothing.
    for (const part of [his.qr.slice(0, -9), `${his.qr}x`, "BEEP-SAFETY:"])
      await expect(ayesha.app!.checkSafetyQr(omar.person, part)).rejects.toMatchObject({
        code: "safety_malformed",
      });
    expect((await ayesha.app!.safetyNumber(omar.person)).verified).toBe(false);
    expect(await ayesha.app!.checkSafetyQr(omar.person, his.qr)).toBe(true);
    expect(await ayesha.app!.safetyNumber(omar.person)).toMatchObject({ verified: true, changed: false });
    await ayesha.app!.setVerified(omar.person, false);
    expect(await ayesha.app!.safetyNumber(omar.person)).toMatchObject({ verified: false, changed: false });
  }, 120_000);

  it("stay when a device comes", async () => {
    const before = await ayesha.app!.safetyNumber(omar.person);
    await omar.approve();
    const after = await ayesha.app!.safetyNumber(omar.person);
    expect(after.groups).toEqual(before.groups);
  }, 120_000);
});

describe("a chain", () => {
  /** Asks for his chain; the server's answer, which is of now, arrives when `arrive` is called. */
  async function asked(identities: Identities) {
    const { api } = ayesha.context;
    const { identity } = api;
    let arrive = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    let answered = false;
    api.identity = async (person, after) => {
      const answer = await identity.call(api, person, after);
      answered = true;
      await held;
      return answer;
    };
    const chain = identities.refresh(omar.person);
    await expect.poll(() => answered).toBe(true);
    api.identity = identity;
    return { chain, arrive };
  }

  it("that a restored server has lost is given back, and one that was cut raises the alarm", async () => {
    const identities = new Identities(ayesha.context);
    await omar.approve();
    const { version } = await identities.refresh(omar.person);
    const whole = server.chains.get(omar.person)!;
    server.chains.set(omar.person, whole.slice(0, 1));
    await expect(identities.refresh(omar.person)).rejects.toMatchObject({ code: "identity_chain_refused" });
    expect(await identities.alarms()).toBe(1);
    // The same loss, but the operators say that they restore.
    server.readOnly = true;
    expect((await identities.refresh(omar.person)).version).toBe(version);
    expect(server.chains.get(omar.person)).toEqual(whole);
    expect(await identities.alarms()).toBe(0);
    server.readOnly = false;
  }, 120_000);

  it("that has grown is not hidden by an older answer that arrives later", async () => {
    const identities = new Identities(ayesha.context);
    const before = await identities.refresh(omar.person);
    const late = await asked(identities);
    await omar.approve();
    identities.markStale(omar.person);
    expect((await identities.fresh(omar.person)).version).toBe(before.version + 1);
    late.arrive();
    await late.chain;
    expect((await identities.fresh(omar.person)).version).toBe(before.version + 1);
  }, 120_000);

  it("that grows while it is on its way is asked for again", async () => {
    const identities = new Identities(ayesha.context);
    const before = await identities.refresh(omar.person);
    const late = await asked(identities);
    await omar.approve();
    identities.markStale(omar.person);
    late.arrive();
    await late.chain;
    expect((await identities.fresh(omar.person)).version).toBe(before.version + 1);
  }, 120_000);
});

describe("the directory", () => {
  it("changes a post: a line in every shared conversation, and a verified mark is gone", async () => {
    await ayesha.app!.setVerified(omar.person, true);
    // What was known of him before.
    await ayesha.app!.person(omar.person);
    server.cards.set(omar.person, { post: { latin: "Director", local: "" } });
    server.tell([ayesha.person], { t: "person_changed", person: idBytes(omar.person) });
    expect(await notice(ayesha, "directory-changed")).toEqual({
      kind: "directory-changed",
      person: omar.person,
      wasVerified: true,
    });
    await expect.poll(async () => (await ayesha.app!.safetyNumber(omar.person)).verified).toBe(false);
    // The same news again is no news.
    server.tell([ayesha.person], { t: "person_changed", person: idBytes(omar.person) });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const lines = (await items(ayesha, conversation)).filter(
      (item) => item.notice?.kind === "directory-changed",
    );
    expect(lines).toHaveLength(1);
  }, 120_000);

  it("changes a post while the page dies: said at the next look", async () => {
    const { context } = ayesha;
    const told: string[] = [];
    let dies = true;
    const people = new People(context, (before, after) => {
      if (dies) return Promise.reject(new StoreError("closed"));
      told.push(`${before.post.latin} → ${after.post.latin}`);
      return Promise.resolve();
    });
    const card = await ayesha.app!.person(omar.person);
    const promoted = { ...card, post: { latin: "Director", local: "" } };
    await expect(people.remember([promoted])).rejects.toThrow(StoreError);
    dies = false;
    await people.remember([promoted]);
    await people.remember([promoted]);
    expect(told).toContain(`${card.post.latin} → Director`);
  }, 120_000);

  it("shows another root: an alarm that stays, and no reset is believed under it", async () => {
    await server.appointOfficers();
    server.root = (await generateSigningKey()).publicKey;
    ayesha.kill();
    await ayesha.open();
    await expect
      .poll(async () => (await ayesha.app!.diagnostics()).text, { timeout: 50_000 })
      .toContain("directory root: trust_root_changed");
    server.root = null;
    ayesha.kill();
    await ayesha.open();
    await until(ayesha.app!.connection, (state) => state === "online");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await ayesha.app!.diagnostics()).text).toContain("directory root: trust_root_changed");
  }, 120_000);
});

describe("a reset", () => {
  it("is announced, survives reloads of the page, and clears the verified mark", async () => {
    await server.appointOfficers();
    const letter = await server.letter(omar.person);
    server.logins.set("ayesha", omar.person);
    await ayesha.app!.setVerified(omar.person, true);
    const before = await ayesha.app!.safetyNumber(omar.person);
    const fresh = new Visitor(server);
    await fresh.open();
    const offer = await fresh.app.beginReset(letter, "123");
    expect(offer.recoveryCode).toMatch(/^([0-9A-Z]{4}-){6}[0-9A-Z]{4}$/);
    await fresh.app.requestReset({ passphrase: PASSPHRASE, totp: "000000", deviceName: "Anew" });
    expect(await notice(ayesha, "reset-requested")).toMatchObject({ person: omar.person });
    expect(await fresh.app.resetStatus()).toMatchObject({ state: "waiting", officers: 0 });
    // The page is closed for as long as the officers need.
    await fresh.kill();
    await fresh.open();
    expect(fresh.app.session.get()).toMatchObject({ kind: "locked", needsSignIn: true });
    await expect(fresh.app.unlock(PASSPHRASE)).rejects.toMatchObject({ code: "reset_refused" });
    server.signResets();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await fresh.app.resetStatus()).toMatchObject({ state: "open", officers: 2 });
    expect(fresh.app.session.get()).toMatchObject({ kind: "open", me: { deviceName: "Anew" } });
    await expect(fresh.app.resetStatus()).rejects.toMatchObject({ code: "reset_refused" });
    expect(await notice(ayesha, "identity-reset")).toEqual({
      kind: "identity-reset",
      person: omar.person,
      wasVerified: true,
    });
    const after = await ayesha.app!.safetyNumber(omar.person);
    expect(after).toMatchObject({ verified: false, changed: true });
    expect(after.groups).not.toEqual(before.groups);
    expect(server.living(omar.person)).toEqual([fresh.device]);
    // A fresh process verifies the chain with what is pinned here, without asking anybody.
    ayesha.kill();
    await ayesha.open();
    expect((await ayesha.app!.safetyNumber(omar.person)).groups).toEqual(after.groups);
    await fresh.kill();
  }, 120_000);

  it("is told to whoever comes later, and stopped by a device that is still there", async () => {
    server.resetDelay = 3_600_000;
    const letter = await server.letter(omar.person);
    server.logins.set("ayesha", omar.person);
    ayesha.kill();
    omar.kill();
    const fresh = new Visitor(server);
    await fresh.open();
    await fresh.app.beginReset(letter, "123");
    const { earliest } = await fresh.app.requestReset({
      passphrase: PASSPHRASE,
      totp: "000000",
      deviceName: "Anew",
    });
    await ayesha.open();
    expect(await notice(ayesha, "reset-requested")).toEqual({
      kind: "reset-requested",
      person: omar.person,
      earliest,
    });
    expect(ayesha.app!.ownReset.get()).toBeNull();
    await expect(ayesha.app!.stopReset()).rejects.toMatchObject({ code: "not_found" });
    await omar.open();
    const own = await until(omar.app!.ownReset, (reset) => reset !== null);
    expect(own).toMatchObject({ person: omar.person, earliest });
    const before = await omar.app!.safetyNumber(ayesha.person);
    await omar.app!.stopReset();
    expect(omar.app!.ownReset.get()).toBeNull();
    await expect(omar.app!.stopReset()).rejects.toMatchObject({ code: "not_found" });
    expect(await fresh.app.resetStatus()).toMatchObject({ state: "dropped" });
    await ayesha.app!.send(conversation, "was it you?");
    await expect.poll(() => texts(omar), { timeout: 50_000 }).toEqual(["hello", "was it you?"]);
    expect((await omar.app!.safetyNumber(ayesha.person)).groups).toEqual(before.groups);
    // Heard again by every connection, said once.
    ayesha.kill();
    await ayesha.open();
    await until(ayesha.app!.connection, (state) => state === "online");
    const said = (await items(ayesha, conversation)).filter((one) => one.notice?.kind === "reset-requested");
    expect(said).toHaveLength(1);
    await fresh.kill();
  }, 120_000);

  it("is taken in with the first words of a new device, which came while nobody was here", async () => {
    await server.appointOfficers();
    const letter = await server.letter(omar.person);
    server.logins.set("ayesha", omar.person);
    ayesha.kill();
    omar.kill();
    const fresh = new Visitor(server);
    await fresh.open();
    await fresh.app.beginReset(letter, "123");
    await fresh.app.requestReset({ passphrase: PASSPHRASE, totp: "000000", deviceName: "Anew" });
    server.signResets();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await fresh.app.resetStatus()).toMatchObject({ state: "open" });
    expect(await fresh.app.openDirect(ayesha.person)).toBe(conversation);
    await fresh.app.send(conversation, "it is me, anew");
    const talk = server.talks.get(conversation)!;
    await expect.poll(() => talk.envelopes.at(-1)?.generation, { timeout: 50_000 }).toBe(2);
    // The chain is judged while the log is read: the line about the reset must not wait for the log.
    await ayesha.open();
    await expect.poll(() => texts(ayesha), { timeout: 50_000 }).toEqual(["hello", "it is me, anew"]);
    expect(await notice(ayesha, "identity-reset")).toMatchObject({ person: omar.person });
    await fresh.kill();
  }, 120_000);

  it("without officers under the pinned root is refused", async () => {
    // A server that was taken over appoints officers of its own.
    await server.appointOfficers(await Authority.create(Date.now()));
    const letter = await server.letter(omar.person);
    server.logins.set("ayesha", omar.person);
    const fresh = new Visitor(server);
    await fresh.open();
    await fresh.app.beginReset(letter, "123");
    await fresh.app.requestReset({ passphrase: PASSPHRASE, totp: "000000", deviceName: "Anew" });
    server.signResets();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await expect(fresh.app.resetStatus()).rejects.toMatchObject({ code: "identity_chain_refused" });
    await expect(ayesha.app!.safetyNumber(omar.person)).rejects.toMatchObject({
      code: "identity_chain_refused",
    });
    const { lines } = await ayesha.app!.diagnostics();
    expect(lines).toContainEqual({ label: "identity alarms", value: "1" });
    await fresh.kill();
  }, 120_000);
});
