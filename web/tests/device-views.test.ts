// @vitest-environment happy-dom
/** What devices tell their person of: a reset that somebody asks for, the past on its way. */
import { type Component, flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AppError } from "../src/core/api";
import { useLanguage } from "../src/i18n/index.svelte";
import type { DeviceInfo } from "../src/core/api";
import HistoryBar from "../src/ui/devices/HistoryBar.svelte";
import { timeLeft } from "../src/ui/devices/left";
import PairingDialog from "../src/ui/devices/PairingDialog.svelte";
import ResetBanner from "../src/ui/devices/ResetBanner.svelte";
import ResetWait from "../src/ui/entry/ResetWait.svelte";
import Banners from "../src/ui/main/Banners.svelte";
import Devices from "../src/ui/settings/Devices.svelte";
import { FakeApp } from "./fake-app";
import { me, newcomer } from "./fake-devices";
import ViewHost from "./ViewHost.svelte";
import { soon } from "./view-kit";

let app: FakeApp;
let mounted: ReturnType<typeof mount> | undefined;
const onstopped = vi.fn();

beforeEach(async () => {
  await useLanguage("en");
  onstopped.mockClear();
  app = new FakeApp("reset-asked");
});
afterEach(async () => {
  if (mounted) await unmount(mounted);
  mounted = undefined;
  document.body.replaceChildren();
});

function put<Props extends Record<string, unknown>>(view: Component<Props>, props: Props): void {
  mounted = mount(ViewHost, { target: document.body, props: { app, view, props } });
  flushSync();
}
const show = (temporary: boolean): void =>
  put(ResetBanner, { reset: app.ownReset.get()!, temporary, onstopped });
const click = (action: string): void => {
  document.querySelector<HTMLElement>(`[data-action=${action}]`)!.click();
  flushSync();
};

test("it says how much time is left, and one's word stops it", async () => {
  show(false);
  // Without the marks that isolate what stands in a sentence.
  const words = document.body.textContent.replaceAll(/[\u2068\u2069]/gu, "");
  expect(words).toContain("at the earliest (52 hours left)");
  click("reset-not-me");
  click("reset-stop");
  await soon(() => expect(onstopped).toHaveBeenCalledOnce());
  expect(app.calls.filter(([name]) => name === "stopReset")).toHaveLength(1);
  expect(document.querySelector("[data-action=reset-stop]")).toBeNull();
});

test("a refusal is shown and nothing is claimed", async () => {
  app.stopReset = () => Promise.reject(new AppError("offline"));
  show(false);
  click("reset-not-me");
  click("reset-stop");
  await soon(() => expect(document.querySelector("[data-error=offline]")).not.toBeNull());
  expect(onstopped).not.toHaveBeenCalled();
});

test("a shared computer tells of it and stops nothing", () => {
  show(true);
  expect(document.querySelector("[data-banner=reset]")).not.toBeNull();
  expect(document.querySelector("[data-action=reset-not-me]")).toBeNull();
});

test("what is left is counted in hours, and in whole days when they are many", () => {
  const hour = 3_600_000;
  const words = (rest: number): string => timeLeft(rest, 0).replaceAll(/[\u2068\u2069]/gu, "");
  expect([1, 60_000, hour, 49.5 * hour, 72 * hour].map(words)).toEqual([
    "1 hour left",
    "1 hour left",
    "1 hour left",
    "50 hours left",
    "72 hours left",
  ]);
  expect([72.5 * hour, 95 * hour, 96 * hour].map(words)).toEqual([
    "3 days left",
    "3 days left",
    "4 days left",
  ]);
  expect([0, -hour].map(words)).toEqual(["no time left", "no time left"]);
});

test("whoever waits for a reset sees what is missing, and how long", async () => {
  const hour = 3_600_000;
  const shown = async (officers: number, rest: number): Promise<[string, boolean]> => {
    if (mounted) await unmount(mounted);
    app = new FakeApp("reset");
    app.resetting = { state: "waiting", officers, earliest: Date.now() + rest };
    put(ResetWait, { onagain: () => undefined });
    await soon(() => expect(document.querySelector("[data-reset=waiting]")).not.toBeNull());
    return [document.querySelector("h1")!.textContent, document.querySelector("[data-left]") !== null];
  };
  expect(await shown(1, 40 * hour)).toEqual(["Waiting for two officers", true]);
  expect(await shown(2, 40 * hour)).toEqual(["Waiting for the time to pass", true]);
  expect(await shown(1, -1)).toEqual(["Waiting for two officers", false]);
  expect(await shown(2, -1)).toEqual(["You can begin anew now", false]);
});

test("after the approval it says when the new device has come in, and is left by one press", async () => {
  app = new FakeApp("pairing");
  const onclose = vi.fn();
  put(PairingDialog, { pairing: app.pairings.get()[0]!, onclose });
  const field = document.querySelector<HTMLInputElement>("[data-pairing-digits]")!;
  field.value = "40871526";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  document.querySelector("form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await soon(() => expect(document.querySelector("[data-qr^='BEEP-APPROVED:']")).not.toBeNull());
  const done = document.querySelector<HTMLElement>("[data-action=done]")!;
  await soon(() => expect(document.activeElement).toBe(done));
  expect(document.querySelector("dialog[data-arrived]")).toBeNull();
  const now = Date.now();
  const device = { id: newcomer, name: "New", kind: "regular" as const, expiresAt: null, current: false };
  // In the list since the approval; seen once it has come in.
  app.more = [{ ...device, addedAt: now, lastSeenAt: now, revokedAt: null }];
  await soon(() => expect(document.querySelector("dialog[data-arrived]")).not.toBeNull());
  expect(document.body.textContent).toContain("Your messages follow");
  expect(document.querySelector("[data-qr]")).toBeNull();
  click("done");
  expect(onclose).toHaveBeenCalledOnce();
});

test("without a camera each scanner says what else there is", async () => {
  app = new FakeApp("pairing");
  const asked = app.pairings.get()[0]!;
  for (const [pairing, otherwise] of [
    [asked, "Type the number"],
    [null, "paste it here"],
  ] as const) {
    if (mounted) await unmount(mounted);
    put(PairingDialog, { pairing, onclose: () => undefined });
    if (pairing) click("scan");
    [...document.querySelectorAll("button")]
      .find((button) => button.textContent.includes("Use the camera"))!
      .click();
    await soon(() => expect(document.querySelector("[data-scan] [role=alert]")).not.toBeNull());
    expect(document.querySelector("[data-scan] [role=alert]")!.textContent).toContain(otherwise);
  }
});

test("leaving a shared computer is spoken of as such, and an own device as such", async () => {
  const asked = async (temporary: boolean): Promise<string> => {
    if (mounted) await unmount(mounted);
    put(Devices, { me: { ...me, temporary } });
    const leave = [...document.querySelectorAll("button")].findLast((one) =>
      one.textContent.includes("Sign out"),
    );
    leave!.click();
    flushSync();
    return document.querySelector("dialog")!.textContent;
  };
  const shared = await asked(true);
  expect(shared).toContain("shared computer is erased");
  expect(shared).not.toContain("recovery code");
  expect(await asked(false)).toContain("you need your recovery code");
});

test("banners: a restored server, and when a shared computer erases itself", async () => {
  app = new FakeApp("read-only");
  put(Banners, { me: { ...me, temporary: true }, needsSignIn: false });
  expect(document.querySelector("[data-banner=read-only]")).not.toBeNull();
  expect(document.querySelector("[data-until]")).toBeNull();
  if (mounted) await unmount(mounted);
  const own = (await app.devices()).map((one) => ({
    ...one,
    expiresAt: one.current ? 1_800_000_000_000 : null,
  }));
  app.devices = () => Promise.resolve(own);
  put(Banners, { me: { ...me, temporary: true }, needsSignIn: false });
  await soon(() => expect(document.querySelector("[data-until='1800000000000']")).not.toBeNull());
  app.readOnly.set(false);
  flushSync();
  expect(document.querySelector("[data-banner=read-only]")).toBeNull();
});

test("copying can be stopped while it is under way, and not after", async () => {
  app = new FakeApp("history");
  put(HistoryBar, { history: app.history.get()! });
  click("stop-history");
  await soon(() => expect(app.history.get()).toBeNull());
  expect(app.calls.filter(([name]) => name === "cancelHistory")).toHaveLength(1);
  if (mounted) await unmount(mounted);
  put(HistoryBar, { history: { role: "sending", state: "done", progress: { done: 3, total: 3 } } });
  expect(document.querySelector("[data-action=stop-history]")).toBeNull();
});

test("the list names what is unused for 90 days, and says when it is full", async () => {
  const day = 86_400_000;
  const now = Date.now();
  const device = (id: string, days: number): DeviceInfo => ({
    id,
    name: id,
    kind: "regular",
    expiresAt: null,
    current: false,
    addedAt: now - 400 * day,
    lastSeenAt: now - days * day,
    revokedAt: null,
  });
  app.more = [device("old", 91), device("older", 120)];
  put(Devices, { me });
  await soon(() => expect(document.querySelectorAll("[data-device]").length).toBe(6));
  const unseen = [...document.querySelectorAll("[data-device]:has([data-unseen])")];
  expect(unseen.map((row) => row.getAttribute("data-device"))).toEqual(["old", "older"]);
  expect(document.querySelector("[data-devices-full]")).toBeNull();
  if (mounted) await unmount(mounted);
  app.more = [device("one", 1), device("two", 1), device("three", 1)];
  put(Devices, { me });
  await soon(() => expect(document.querySelector("[data-devices-full]")).not.toBeNull());
});
