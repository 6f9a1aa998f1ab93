// @vitest-environment happy-dom
/** The list of conversations and its search. */
import { afterEach, beforeEach, expect, test } from "vitest";
import Conversation from "../src/ui/main/Conversation.svelte";
import ListPane from "../src/ui/main/ListPane.svelte";
import { me } from "./fake-devices";
import { people } from "./fake-people";
import { $, appears, fill, group, ViewKit, soon } from "./view-kit";

const kit = new ViewKit();
beforeEach(() => kit.begin());
afterEach(() => kit.end());

const rows = (within: string): (string | undefined)[] =>
  [...document.querySelectorAll<HTMLElement>(`${within} [data-conversation]`)].map(
    (row) => row.dataset["conversation"],
  );

test("a search finds one's groups and conversations before the directory, also without a network", async () => {
  kit.show(ListPane, { current: null, me, onleave: () => undefined });
  const { name } = kit.summary(group(0));
  await fill("[role=search] input", name.toUpperCase());
  expect(rows("[data-found]")).toEqual([group(0)]);
  kit.app.connection.set("offline");
  await fill("[role=search] input", people[1]!.name.local);
  expect(rows("[data-found]")).toHaveLength(1);
  await soon(() => expect($("nav").textContent).toContain("No network"));
  $("[data-found] a").dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  await appears("nav > ul");
  expect(document.querySelector("[data-found]")).toBeNull();
});

test("an address of no conversation says so, with the way back", async () => {
  const props = { me, onleave: () => undefined };
  kit.show(Conversation, { ...props, id: "00000000-0000-4000-8000-000000000000" });
  (await appears("[data-absent] button")).click();
  expect(location.pathname).toBe("/");
});
