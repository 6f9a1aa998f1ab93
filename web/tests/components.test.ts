// @vitest-environment happy-dom
/** Views on the in-memory application: what a person types, presses and is told. */
import { flushSync, mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AppError } from "../src/core/api";
import { useLanguage } from "../src/i18n/index.svelte";
import ComposerHost from "./ComposerHost.svelte";
import MarkdownView from "../src/ui/main/Markdown.svelte";
import { watchIdle } from "../src/ui/idle";
import { FakeApp } from "./fake-app";
import { soon } from "./view-kit";

let app: FakeApp;
let mounted: ReturnType<typeof mount> | undefined;

beforeEach(async () => {
  await useLanguage("en");
  app = new FakeApp("open");
});
afterEach(async () => {
  if (mounted) await unmount(mounted);
  mounted = undefined;
  vi.useRealTimers();
});

function composer(index: number): { field: HTMLTextAreaElement; id: string } {
  const conversation = app.conversations.get()[index]!;
  mounted = mount(ComposerHost, { target: document.body, props: { app, conversation } });
  flushSync();
  return { field: document.querySelector("textarea")!, id: conversation.id };
}

async function type(field: HTMLTextAreaElement, text: string): Promise<void> {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await tick();
}

async function enter(field: HTMLTextAreaElement, more: KeyboardEventInit = {}): Promise<boolean> {
  const event = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...more });
  field.dispatchEvent(event);
  await tick();
  await Promise.resolve();
  return event.defaultPrevented;
}

const calls = (name: string): unknown[][] =>
  app.calls.filter(([called]) => called === name).map(([, ...rest]) => rest);

test("a draft is kept from the first key, and typing is told", async () => {
  const { field, id } = composer(0);
  await type(field, "J");
  await type(field, "Ja");
  expect(calls("setDraft")).toEqual([
    [id, "J"],
    [id, "Ja"],
  ]);
  expect(calls("typing")).toEqual([[id], [id]]);
});

test("the kept draft is there when the conversation opens", () => {
  const index = app.conversations.get().findIndex((one) => one.draft !== "");
  expect(composer(index).field.value).toBe("The annex is not");
});

test("Enter sends, Shift with Enter does not, an input method's Enter neither", async () => {
  const { field, id } = composer(0);
  await type(field, " آداب ");
  expect(await enter(field, { shiftKey: true })).toBe(false);
  expect(await enter(field, { isComposing: true })).toBe(false);
  expect(calls("send")).toEqual([]);
  expect(await enter(field)).toBe(true);
  expect(calls("send")).toEqual([[id, "آداب"]]);
  expect(field.value).toBe("");
  await soon(() => expect(calls("setDraft").at(-1)).toEqual([id, ""]));
});

test("where Enter begins a line, Control with Enter sends", async () => {
  await app.updateSettings({ enterSends: false });
  const { field } = composer(0);
  await type(field, "x");
  expect(await enter(field)).toBe(false);
  expect(await enter(field, { ctrlKey: true })).toBe(true);
  expect(calls("send")).toHaveLength(1);
});

test("blanks alone are not sent", async () => {
  const { field } = composer(0);
  await type(field, " \n ");
  await enter(field);
  expect(calls("send")).toEqual([]);
});

test("what could not be stored comes back into the field with a sentence that helps", async () => {
  app.send = () => Promise.reject(new AppError("storage_failed"));
  const { field } = composer(0);
  await type(field, "Do not lose me");
  await enter(field);
  await soon(() => expect(field.value).toBe("Do not lose me"));
  expect(document.querySelector("[role=alert]")?.textContent).toContain("Free some disk space");
});

test("somebody who left cannot be written to, and the reader is told why", () => {
  const index = app.conversations.get().findIndex((one) => one.partner?.active === false);
  composer(index);
  expect(document.querySelector("textarea")).toBeNull();
  expect(document.body.textContent).toContain("no longer in service");
});

test("a message is nodes: each block has its own direction and script, links do not leak where they came from", () => {
  const text = "سلام **دنیا** ٹھیک\n\n<b onclick=x>no</b> [form](https://a.example/x)";
  mounted = mount(MarkdownView, { target: document.body, props: { text } });
  const [first, second] = [...document.querySelectorAll("p")];
  expect([first?.dir, first?.classList.contains("script-urdu")]).toEqual(["auto", true]);
  expect([second?.dir, second?.classList.contains("script-latin")]).toEqual(["auto", true]);
  expect(first?.querySelector("strong")?.textContent).toBe("دنیا");
  expect(document.querySelector("b")).toBeNull();
  const link = document.querySelector("a")!;
  expect(link.textContent).toBe("form\u00a0(a.example)");
  expect(link.rel.split(" ")).toEqual(expect.arrayContaining(["noopener", "noreferrer"]));
});

test("an unused application locks by the clock, also after a sleep; use puts it off", () => {
  vi.useFakeTimers();
  let now = 0;
  const stop = watchIdle(app, () => now);
  now = 14 * 60_000;
  vi.advanceTimersByTime(15_000);
  window.dispatchEvent(new Event("keydown"));
  now = 28 * 60_000;
  vi.advanceTimersByTime(15_000);
  expect(calls("lock")).toEqual([]);
  now = 8 * 3_600_000;
  document.dispatchEvent(new Event("visibilitychange"));
  expect(calls("lock")).toEqual([[]]);
  stop();
});

test("use of another tab puts the lock off", async () => {
  let now = 0;
  const stop = watchIdle(app, () => now);
  const other = new BroadcastChannel("beep-use");
  now = 14 * 60_000;
  other.postMessage(null);
  await new Promise((resolve) => setTimeout(resolve, 50));
  now = 20 * 60_000;
  document.dispatchEvent(new Event("visibilitychange"));
  expect(calls("lock")).toEqual([]);
  now = 29 * 60_000;
  document.dispatchEvent(new Event("visibilitychange"));
  expect(calls("lock")).toHaveLength(1);
  other.close();
  stop();
});
