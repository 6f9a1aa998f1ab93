/**
 * What becomes of a person's devices and identity while they do not look, against the real server: see
 * real-server.test.ts for what it needs.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Id } from "../../src/core/api";
import { allHear, type Colleague, demo, freePeople, manage, newcomer, url } from "./colleague";
import { approval, confirmed } from "./ceremonies";
import { until } from "./node";

/** What the directory's database says of a device that nobody has used for a hundred days; and what a timer wakes then. */
const UNSEEN = (device: Id): string =>
  `
from datetime import timedelta
from accounts.models import Device
from beep import clock
from messaging import unseen
from messaging.models import KeyPackage
KeyPackage.objects.filter(device_id="${device}").delete()
Device.objects.filter(id="${device}").update(last_seen_at=clock.now() - timedelta(days=100))
print("ordered out:", unseen.order_removals())
`.trim();

describe.skipIf(url === undefined || demo === undefined)("devices and a real server", () => {
  let ayesha: Colleague;
  let omar: Colleague;
  let phone: Colleague;
  let talk: Id;
  const everybody = new Set<Colleague>();

  beforeAll(async () => {
    const free = freePeople();
    ayesha = await newcomer(free);
    omar = await newcomer(free);
    for (const one of [ayesha, omar]) everybody.add(one);
    talk = await ayesha.app.openDirect(omar.personId);
    await allHear([ayesha, omar], ayesha, talk, "with two devices");
  }, 120_000);

  afterAll(async () => {
    await Promise.all([...everybody].map((one) => one.app.signOut()));
  }, 120_000);

  it("a device that is not seen for 90 days is put out, and comes back when it is used again", async () => {
    phone = await ayesha.elsewhere();
    const digits = await approval(phone, "Phone", false);
    const [pairing] = await until(ayesha.app.pairings, (all) => all.some(({ name }) => name === "Phone"));
    await ayesha.app.approveWithDigits(pairing!.id, digits, false);
    await confirmed(phone);
    everybody.add(phone);
    await until(ayesha.app.details(talk), (now) => now?.members.find(({ me }) => me)?.devices === 2, 60_000);
    await allHear([ayesha, omar, phone], omar, talk, "with the phone", 60_000);
    const mine = async () => (await ayesha.app.devices()).find(({ name }) => name === "Phone")!;
    const { id } = await mine();
    await phone.stop();
    expect(await manage(["shell", "-v0", "-c", UNSEEN(id)])).toContain("ordered out: 1");
    // Whoever speaks next puts it out first.
    await allHear([ayesha, omar], omar, talk, "without the phone");
    expect(Date.now() - ((await mine()).lastSeenAt ?? 0)).toBeGreaterThan(99 * 24 * 3_600_000);
    await phone.restart();
    // It reads that it was put out, asks to be let in, and says what it has missed.
    await phone.items(talk, (all) => all.some(({ notice }) => notice?.kind === "gap"), 60_000);
    await allHear([ayesha, omar, phone], omar, talk, "with the phone again", 60_000);
    const read = (await phone.texts(talk, 1)).map(({ text }) => text);
    expect(read).not.toContain("without the phone");
  }, 180_000);

  it("a reset that was asked for meanwhile is told of, and stopped by a device", async () => {
    await phone.stop();
    await omar.stop();
    const printed = await manage(["reset_letter", "--login", ayesha.person.login]);
    const [code] = /(?:[0-9A-Z]{4}-)+[0-9A-Z]{4}/.exec(printed) ?? [""];
    const thief = await ayesha.anew(code);
    expect(await thief.app.resetStatus()).toMatchObject({ state: "waiting", officers: 0 });
    await omar.restart();
    expect(await omar.told(talk, "reset-requested")).toMatchObject({ person: ayesha.personId });
    await phone.restart();
    await until(phone.app.ownReset, (reset) => reset?.person === ayesha.personId);
    await phone.app.stopReset();
    expect(await thief.app.resetStatus()).toMatchObject({ state: "dropped" });
    await until(ayesha.app.ownReset, (reset) => reset === null);
    await allHear([ayesha, omar, phone], ayesha, talk, "still me");
  }, 180_000);
});
