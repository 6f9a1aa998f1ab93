// @vitest-environment happy-dom
/** What goes on behind a dialog that was closed is told where one looks. */
import { tick } from "svelte";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AppError } from "../src/core/api";
import MemberList from "../src/ui/details/MemberList.svelte";
import { errorMessage } from "../src/ui/errors";
import AddMembers from "../src/ui/groups/AddMembers.svelte";
import { shownToast } from "../src/ui/toast.svelte";
import { people } from "./fake-people";
import { $, appears, fill, group, soon, ViewKit } from "./view-kit";

const kit = new ViewKit();
const bilal = people[1]!;
const refusal = new AppError("offline");
beforeEach(() => kit.begin());
afterEach(() => kit.end());

/** A call of the application that is refused when the test says so. */
function held(name: "addMembers" | "removeMember" | "setAdmin"): () => void {
  let refuse = (): void => undefined;
  const answer = new Promise<never>((_, reject) => {
    refuse = () => {
      reject(refusal);
    };
  });
  kit.app[name] = () => answer;
  return refuse;
}
const details = () => kit.app.details(group(0)).get()!;
const list = (): void =>
  kit.show(MemberList, {
    conversation: group(0),
    kind: "group" as const,
    members: details().members,
    admin: true,
    scroller: document.body,
    oncompare: () => undefined,
  });
async function choose(action: string): Promise<void> {
  $(`[data-person="${bilal.id}"] [aria-haspopup]`).click();
  await tick();
  $(`[data-action=${action}]`).click();
  await tick();
}
const told = (): Promise<void> => soon(() => expect(shownToast()?.text).toBe(errorMessage(refusal)));

test("an adding that is refused when its dialog is gone", async () => {
  const refuse = held("addMembers");
  const inside = new Set(details().members.map(({ person }) => person.id));
  const outside = people.find(({ id, active, activated }) => active && activated && !inside.has(id))!;
  kit.show(AddMembers, { details: details(), onclose: () => undefined });
  await fill("[role=tabpanel] input", outside.name.latin);
  (await appears(`label[data-person="${outside.id}"] input`)).click();
  await appears(`[data-chip][data-person="${outside.id}"]`);
  $("[data-action=add]").click();
  await kit.hide();
  refuse();
  await told();
});

test("a removal that is refused when its dialog is gone", async () => {
  const refuse = held("removeMember");
  list();
  await choose("remove");
  const [cancel, remove] = document.querySelectorAll<HTMLElement>("dialog button");
  remove!.click();
  await tick();
  cancel!.click();
  await tick();
  expect(document.querySelector("dialog")).toBeNull();
  refuse();
  await told();
});

test("a role that is refused, however far one has scrolled", async () => {
  const refuse = held("setAdmin");
  list();
  await choose("admin");
  refuse();
  await told();
});
