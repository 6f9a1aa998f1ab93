// @vitest-environment happy-dom
/** Making a group: what was chosen waits for its owner, and goes when it should. */
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PersonCard } from "../src/core/api";
import NewGroup from "../src/ui/groups/NewGroup.svelte";
import { shownToast } from "../src/ui/toast.svelte";
import { me as deviceMe } from "./fake-devices";
import { people } from "./fake-people";
import { $, appears, fill, ViewKit, soon } from "./view-kit";

const kit = new ViewKit();
const bilal = people[1]!;
beforeEach(() => kit.begin());
afterEach(() => kit.end());

describe("a new group", () => {
  const choose = async (person: PersonCard): Promise<void> => {
    await fill("[role=tabpanel] input", person.name.latin);
    (await appears(`label[data-person="${person.id}"] input`)).click();
    await appears(`[data-chip][data-person="${person.id}"]`);
  };
  async function leave(selector: string): Promise<void> {
    $(selector).click();
    await kit.hide();
  }
  const again = (): void => kit.show(NewGroup, { me: { ...deviceMe, temporary: false } });

  test("is found as it was left, and gone when it is discarded, which can be undone", async () => {
    again();
    await choose(bilal);
    $("[data-tab=paste]").click();
    await tick();
    await fill("textarea", "somebody else");
    $("[data-action=next]").click();
    await tick();
    await fill("input[required]", "Budget");
    $("header button").click();
    await tick();
    await leave("header button");
    expect(shownToast()?.text).toContain("kept");

    again();
    expect($(`[data-chip][data-person="${bilal.id}"]`)).toBeDefined();
    expect($<HTMLTextAreaElement>("textarea").value).toBe("somebody else");
    $("[data-action=next]").click();
    await tick();
    expect($<HTMLInputElement>("input[required]").value).toBe("Budget");
    $("header button").click();
    await tick();
    await leave("[data-action=discard-group]");
    const undo = shownToast()?.undo;

    again();
    expect(document.querySelector("[data-chip]")).toBeNull();
    await kit.hide();
    undo?.();
    again();
    expect($(`[data-chip][data-person="${bilal.id}"]`)).toBeDefined();
  });

  test("goes when Beep is locked, and when it is made", async () => {
    again();
    await choose(bilal);
    await leave("header button");
    await kit.app.lock();
    kit.app.session.set({ kind: "open", me: deviceMe, needsSignIn: false });
    again();
    expect(document.querySelector("[data-chip]")).toBeNull();
    await choose(bilal);
    $("[data-action=next]").click();
    await tick();
    await fill("input[required]", "Budget");
    $("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await soon(() => expect(kit.calls("createGroup")).toHaveLength(1));
    await soon(() => expect(location.pathname).toMatch(/^\/c\//u));
    await kit.hide();
    again();
    expect(document.querySelector("[data-chip]")).toBeNull();
  });
});
