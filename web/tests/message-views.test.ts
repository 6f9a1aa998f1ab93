// @vitest-environment happy-dom
/** One message: its menu by mouse, finger and keyboard, and how far it has come. */
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Id, MessageItem } from "../src/core/api";
import MessageInfo from "../src/ui/details/MessageInfo.svelte";
import MessageView from "../src/ui/main/MessageView.svelte";
import { shownToast } from "../src/ui/toast.svelte";
import { me } from "./fake-devices";
import { $, group, ViewKit, soon } from "./view-kit";

const kit = new ViewKit();
beforeEach(() => kit.begin());
afterEach(async () => {
  vi.useRealTimers();
  await kit.end();
});

const itemOf = (id: Id, fits: (item: MessageItem) => boolean): MessageItem => {
  const found = kit.app.thread(id).get().find(fits);
  if (!found) throw new Error("no such message");
  return found;
};
const mine = (): MessageItem => itemOf(group(0), (item) => item.mine);
const theirs = (): MessageItem => itemOf(group(0), (item) => !item.mine && item.kind === "text");

function show(
  item: MessageItem,
  choosing = false,
): { oninfo: ReturnType<typeof vi.fn>; onreport: typeof vi.fn } {
  const doings = { oninfo: vi.fn(), onreport: vi.fn() };
  kit.show(MessageView, {
    row: { item, newDay: false, firstUnread: false, leads: true, trails: true, newestMine: item.mine },
    now: Date.now(),
    conversation: kit.summary(group(0)),
    me,
    newest: true,
    choice: choosing ? { chosen: false, toggle: () => undefined } : null,
    ...doings,
  });
  return doings as never;
}
const actions = (): (string | undefined)[] =>
  [...document.querySelectorAll<HTMLElement>("[role=menuitem]")].map((one) => one.dataset["action"]);
const pointer = (type: string, x: number, pointerType = "touch"): PointerEvent =>
  new PointerEvent(type, { bubbles: true, cancelable: true, clientX: x, clientY: 10, pointerType });

describe("the menu of a message", () => {
  test("of one's own has its way to the others; of another person's the report", async () => {
    const own = show(mine());
    $("[data-message-menu]").click();
    await tick();
    expect(actions()).toEqual(["copy", "info"]);
    $("[data-action=info]").click();
    expect(own.oninfo).toHaveBeenCalledWith(mine().id);
    await kit.hide();
    const other = show(theirs());
    $("[data-message-menu]").click();
    await tick();
    expect(actions()).toEqual(["copy", "report"]);
    $("[data-action=report]").click();
    expect(other.onreport).toHaveBeenCalledWith(theirs().id);
  });

  test("copies the words as they were written, or says how to", async () => {
    const write = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText: write } });
    show(theirs());
    for (const answer of ["Copied", "did not allow"]) {
      $("[data-message-menu]").click();
      await tick();
      $("[data-action=copy]").click();
      await soon(() => expect(shownToast()?.text).toContain(answer));
      write.mockRejectedValueOnce(new Error("denied"));
    }
    expect(write).toHaveBeenCalledWith(theirs().text);
    vi.unstubAllGlobals();
  });

  test("comes to a finger that rests and has left, and not to one that moves", async () => {
    show(mine());
    vi.useFakeTimers();
    const bubble = $(".bubble");
    bubble.dispatchEvent(pointer("pointerdown", 10));
    bubble.dispatchEvent(pointer("pointermove", 40));
    vi.advanceTimersByTime(1_000);
    bubble.dispatchEvent(pointer("pointerup", 40));
    vi.advanceTimersByTime(10);
    await tick();
    expect(actions()).toEqual([]);
    bubble.dispatchEvent(pointer("pointerdown", 10));
    vi.advanceTimersByTime(1_000);
    await tick();
    expect(actions()).toEqual([]);
    bubble.dispatchEvent(pointer("pointerup", 10));
    vi.advanceTimersByTime(10);
    await tick();
    expect(actions()).toEqual(["copy", "info"]);
  });

  test("is away while messages are chosen, and for what is no text", () => {
    show(mine(), true);
    expect(document.querySelector("[data-message-menu]")).toBeNull();
  });
});

test("what was refused can be discarded and had back", async () => {
  const failed = { ...mine(), state: "failed" as const, error: "busy" };
  kit.app.thread(group(0)).set([failed]);
  show(failed);
  $(".failed button:last-child").click();
  await soon(() => expect(shownToast()?.undo).toBeTruthy());
  expect(kit.calls("discard")).toEqual([[group(0), failed.id]]);
  shownToast()?.undo?.();
  await soon(() => expect(kit.calls("send")).toEqual([[group(0), failed.text]]));
});

describe("how far a message has come", () => {
  const reached = (): Record<string, number> =>
    Object.fromEntries(
      [...document.querySelectorAll<HTMLElement>("[data-reached]")].map((one) => [
        one.dataset["reached"],
        one.querySelectorAll("[data-person]").length,
      ]),
    );

  test("names who has read it, who has got it, and who has not", () => {
    kit.show(MessageInfo, {
      conversation: kit.summary(group(0)),
      message: mine().id,
      onclose: () => undefined,
    });
    const { read, delivered, sent } = reached();
    expect([read, delivered]).toEqual([1, 1]);
    expect(sent).toBeGreaterThan(0);
    expect($("dialog").textContent).not.toContain("fifty");
  });

  test("says in a large group that nobody is told", async () => {
    await kit.begin("large");
    const large = kit.app.conversations
      .get()
      .find(({ id }) => (kit.app.details(id).get()?.members.length ?? 0) > 50)!;
    const own = itemOf(large.id, (item) => item.mine);
    kit.show(MessageInfo, { conversation: large, message: own.id, onclose: () => undefined });
    expect(reached()).toEqual({});
    expect($("dialog").textContent).toContain("fifty");
  });
});
