// @vitest-environment happy-dom
/** "Why can I trust this device list?": every state that a check can have is said, in every language. */
import { flushSync, mount, unmount } from "svelte";
import { afterEach, expect, test } from "vitest";
import type { KeyCheck, KeyTrust } from "../src/core/api";
import { type Language, useLanguage } from "../src/i18n/index.svelte";
import KeyTrustPanel from "../src/ui/details/KeyTrustPanel.svelte";
import { people } from "./fake-people";

/** As `describeKeys` gives them. */
const STATES: Record<KeyCheck["name"], readonly KeyCheck["state"][]> = {
  policy: ["good", "bad"],
  witnesses: ["good", "waiting"],
  fresh: ["good", "waiting", "warning"],
  grows: ["good", "waiting", "bad"],
  listed: ["good", "waiting"],
  own: ["good", "waiting", "bad"],
  members: ["good", "waiting", "warning", "bad"],
};
const all = Object.entries(STATES).flatMap(([name, states]) =>
  states.map((state) => ({ name, state, count: 2, of: 3, by: people[1]?.id }) as KeyCheck),
);

let mounted: ReturnType<typeof mount> | undefined;
afterEach(async () => {
  if (mounted) await unmount(mounted);
  mounted = undefined;
});

function show(keys: KeyTrust): HTMLElement {
  mounted = mount(KeyTrustPanel, { target: document.body, props: { keys, people } });
  flushSync();
  const panel = document.querySelector<HTMLElement>("details.keys");
  if (!panel) throw new Error("no panel");
  return panel;
}

const textOf = (panel: HTMLElement, { name, state }: KeyCheck): string =>
  panel.querySelector(`[data-check="${name}"][data-state="${state}"]`)?.textContent.trim() ?? "";

test.each<Language>(["en", "ur", "fa"])("every state has its words: %s", async (language) => {
  await useLanguage(language);
  // One panel for each check: a list holds each name once.
  for (const check of all) {
    const panel = show({ state: check.state, checks: [check] });
    const text = textOf(panel, check);
    expect(text, `${check.name} ${check.state}`).toMatch(/ .* /);
    expect(text).not.toContain("keys-");
    expect(panel.dataset["state"]).toBe(check.state);
    if (mounted) await unmount(mounted);
    mounted = undefined;
  }
});

test("who says otherwise is named, also when they are of another conversation", async () => {
  await useLanguage("en");
  const check: KeyCheck = { name: "members", state: "warning", by: people[1]!.id };
  expect(textOf(show({ state: "warning", checks: [check] }), check)).toContain(people[1]!.name.latin);
  if (mounted) await unmount(mounted);
  const stranger: KeyCheck = { ...check, state: "bad", by: "00000000-0000-4000-8000-0000000000ff" };
  expect(textOf(show({ state: "bad", checks: [stranger] }), stranger)).toContain("A colleague");
});

test("a check that has not been made does not look like one that has", async () => {
  await useLanguage("en");
  const good: KeyCheck = { name: "own", state: "good" };
  const waiting: KeyCheck = { name: "members", state: "waiting" };
  const panel = show({ state: "waiting", checks: [good, waiting] });
  const [first, second] = [...panel.querySelectorAll("li .mark svg")].map((mark) => mark.innerHTML);
  expect(first).toBeTruthy();
  expect(second).not.toBe(first);
});
