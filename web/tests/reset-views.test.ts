// @vitest-environment happy-dom
/** What a person sees on a device that is still theirs while somebody asks to begin anew in their place. */
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AppError } from "../src/core/api";
import { useLanguage } from "../src/i18n/index.svelte";
import ResetBanner from "../src/ui/devices/ResetBanner.svelte";
import { FakeApp } from "./fake-app";
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

function show(temporary: boolean): void {
  const reset = app.ownReset.get()!;
  mounted = mount(ViewHost, {
    target: document.body,
    props: { app, view: ResetBanner, props: { reset, temporary, onstopped } },
  });
  flushSync();
}
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
