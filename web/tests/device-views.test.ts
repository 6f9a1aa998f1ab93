// @vitest-environment happy-dom
/** What devices tell their person of: a reset that somebody asks for, the past on its way. */
import { type Component, flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AppError } from "../src/core/api";
import { useLanguage } from "../src/i18n/index.svelte";
import type { DeviceInfo } from "../src/core/api";
import HistoryBar from "../src/ui/devices/HistoryBar.svelte";
import ResetBanner from "../src/ui/devices/ResetBanner.svelte";
import Devices from "../src/ui/settings/Devices.svelte";
import { FakeApp } from "./fake-app";
import { me } from "./fake-devices";
import ViewHost from "./ViewHost.svelte";

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
  expect(words).toContain("at the earliest (3 days left)");
  click("reset-not-me");
  click("reset-stop");
  await vi.waitFor(() => expect(onstopped).toHaveBeenCalledOnce());
  expect(app.calls.filter(([name]) => name === "stopReset")).toHaveLength(1);
  expect(document.querySelector("[data-action=reset-stop]")).toBeNull();
});

test("a refusal is shown and nothing is claimed", async () => {
  app.stopReset = () => Promise.reject(new AppError("offline"));
  show(false);
  click("reset-not-me");
  click("reset-stop");
  await vi.waitFor(() => expect(document.querySelector("[data-error=offline]")).not.toBeNull());
  expect(onstopped).not.toHaveBeenCalled();
});

test("a shared computer tells of it and stops nothing", () => {
  show(true);
  expect(document.querySelector("[data-banner=reset]")).not.toBeNull();
  expect(document.querySelector("[data-action=reset-not-me]")).toBeNull();
});

test("copying can be stopped while it is under way, and not after", async () => {
  app = new FakeApp("history");
  put(HistoryBar, { history: app.history.get()! });
  click("stop-history");
  await vi.waitFor(() => expect(app.history.get()).toBeNull());
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
  await vi.waitFor(() => expect(document.querySelectorAll("[data-device]").length).toBe(6));
  const unseen = [...document.querySelectorAll("[data-device]:has([data-unseen])")];
  expect(unseen.map((row) => row.getAttribute("data-device"))).toEqual(["old", "older"]);
  expect(document.querySelector("[data-devices-full]")).toBeNull();
  if (mounted) await unmount(mounted);
  app.more = [device("one", 1), device("two", 1), device("three", 1)];
  put(Devices, { me });
  await vi.waitFor(() => expect(document.querySelector("[data-devices-full]")).not.toBeNull());
});
