// @vitest-environment happy-dom
/** The views of groups, devices, safety numbers and reports on the in-memory application. */
import { generate } from "lean-qr";
import decodeQR from "qr/decode.js";
import { flushSync, tick, type Component } from "svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AppError, type Id, type Notice, type PersonCard } from "../src/core/api";
import { useLanguage } from "../src/i18n/index.svelte";
import MemberList from "../src/ui/details/MemberList.svelte";
import PairingDialog from "../src/ui/devices/PairingDialog.svelte";
import ApprovalWait from "../src/ui/entry/ApprovalWait.svelte";
import Reset from "../src/ui/entry/Reset.svelte";
import ByPaste from "../src/ui/groups/ByPaste.svelte";
import { Picking } from "../src/ui/groups/picking.svelte";
import { dateTime, fullDate } from "../src/ui/format";
import { conversationActions } from "../src/ui/main/actions";
import LeaveDialog from "../src/ui/main/LeaveDialog.svelte";
import { nameOf, namesOf, titleOf } from "../src/ui/main/names";
import { noticeText } from "../src/ui/main/notices";
import ReportDialog from "../src/ui/moderation/ReportDialog.svelte";
import { People } from "../src/ui/people.svelte";
import SafetyDialog from "../src/ui/safety/SafetyDialog.svelte";
import { shownToast } from "../src/ui/toast.svelte";
import { FakeApp, type Scene } from "./fake-app";
import { people } from "./fake-people";
import { $, appears, fill, group, ViewKit, soon } from "./view-kit";

const kit = new ViewKit();
let app: FakeApp;
const me = people[0]!.id;
const bilal = people[1]!;

beforeEach(async () => {
  await kit.begin();
  app = kit.app;
});
afterEach(() => kit.end());

function show<Props extends Record<string, unknown>>(
  view: Component<Props>,
  props: Props,
  scene?: Scene,
): void {
  if (scene) app = kit.app = new FakeApp(scene);
  kit.show(view, props);
}
const calls = (name: string): unknown[][] => kit.calls(name);
const summary = (id: Id): ReturnType<typeof kit.summary> => kit.summary(id);

describe("who is meant", () => {
  test("names are listed, and counted when they are many", async () => {
    const known = new People(app);
    const ids = people.slice(0, 6).map(({ id }) => id);
    namesOf(ids, known, "en");
    await soon(() => expect(known.get(ids[5]!)).toBeDefined());
    const plain = (text: string): string => text.replace(/[\u2068\u2069]/gu, "");
    expect(plain(namesOf(ids.slice(1, 3), known, "en"))).toBe("Bilal Ahmed Khan and Zahra Hosseini");
    expect(plain(namesOf(ids, known, "en"))).toBe(
      "Ayesha Siddiqui, Bilal Ahmed Khan, Zahra Hosseini and 3 others",
    );
    expect(plain(namesOf(ids.slice(0, 4), known, "en"))).toContain("and Fatima Noor");
  });

  test.each(["en", "ur", "fa"] as const)(
    "%s: names and dates in a sentence run as the page does",
    async (language) => {
      await useLanguage(language);
      const calendar = "gregorian" as const;
      for (const text of [
        fullDate(0, calendar),
        dateTime(0, calendar),
        namesOf([me, bilal.id], new People(app), language),
      ])
        expect(text.startsWith("\u200f")).toBe(language !== "en");
    },
  );

  test("somebody whose card has not come yet is not nameless", () => {
    expect(nameOf({ ...bilal, name: { latin: "", local: "" } }, "en")).toBe("A colleague");
    expect(nameOf(undefined, "en")).toBe("A colleague");
  });

  test("a group without a name is called by its other members", () => {
    const nameless = summary(group(2));
    const members = app.details(nameless.id).get()?.members ?? [];
    expect(titleOf(nameless, "en")).toBe("Group without a name");
    expect(titleOf(nameless, "en", members)).toContain("Mina Ahmadi");
    expect(titleOf(nameless, "en", members)).not.toContain("Ayesha");
  });
});

const everyNotice: Notice[] = [
  { kind: "begun" },
  { kind: "new-device", person: bilal.id, mine: false },
  { kind: "log-mismatch" },
  { kind: "history-elsewhere" },
  ...[me, bilal.id].flatMap((by): Notice[] => [
    { kind: "group-begun", by },
    { kind: "added", by, persons: [people[2]!.id] },
    { kind: "invited", by, persons: [people[2]!.id] },
    { kind: "joined", persons: [by] },
    { kind: "renamed", by, name: "X" },
    { kind: "picture", by },
    { kind: "successor", by, reason: "policy" },
    { kind: "successor", by, reason: "broken" },
    { kind: "left", person: by },
    { kind: "device-added", person: by },
    { kind: "device-removed", person: by },
    { kind: "reset-requested", person: by, earliest: 1 },
  ]),
  ...[me, bilal.id, null].flatMap((by): Notice[] => [
    { kind: "removed", by, persons: [people[2]!.id] },
    { kind: "you-removed", by },
    ...[me, people[2]!.id].flatMap((person): Notice[] => [
      { kind: "admin", by, person, admin: true },
      { kind: "admin", by, person, admin: false },
    ]),
  ]),
  { kind: "added", by: bilal.id, persons: [me] },
  { kind: "you-left" },
  ...[true, false].flatMap((wasVerified): Notice[] => [
    { kind: "identity-reset", person: bilal.id, wasVerified },
    { kind: "identity-reset", person: me, wasVerified },
    { kind: "directory-changed", person: bilal.id, wasVerified },
  ]),
  { kind: "gap", from: 1, to: 2 },
];

test.each(["en", "ur", "fa"] as const)("%s: every notice has its sentence", async (language) => {
  await useLanguage(language);
  const reader = { people: new People(app), me, language, calendar: "gregorian" as const };
  for (const notice of everyNotice) {
    const text = noticeText(notice, reader);
    expect(text, JSON.stringify(notice)).not.toMatch(/^notice-|\{/u);
    expect(text.length).toBeGreaterThan(5);
  }
});

test("what oneself did is said with 'you', and what happened to oneself too", () => {
  const reader = { people: new People(app), me, language: "en", calendar: "gregorian" as const };
  const say = (notice: Notice): string => noticeText(notice, reader).replace(/[\u2068\u2069]/gu, "");
  expect(say({ kind: "group-begun", by: me })).toBe("You made the group");
  expect(say({ kind: "added", by: bilal.id, persons: [me] })).toBe(
    "A colleague added you. You read what is written from now on",
  );
  expect(say({ kind: "added", by: bilal.id, persons: [people[2]!.id, me] })).toBe(
    "A colleague added you and A colleague",
  );
  expect(say({ kind: "admin", by: bilal.id, person: me, admin: false })).toBe("You are no longer an admin");
});

describe("the menu of a conversation", () => {
  const names = (id: Id, left: () => void = () => undefined): string[] =>
    conversationActions(app, summary(id), left).map(({ name }) => name);

  test("offers leaving for a group that one is in, and never for two", () => {
    const direct = app.conversations.get().find(({ kind }) => kind === "direct")!;
    expect(names(group(0))).toEqual(["unpin", "mute-1", "mute-8", "mute-always", "leave"]);
    expect(names(group(1))).toEqual(["pin", "unmute", "leave"]);
    expect(names(group(3))).not.toContain("leave");
    expect(names(direct.id)).not.toContain("leave");
  });

  test("muting is said and can be undone to what it was", async () => {
    const before = summary(group(0)).mutedUntil;
    conversationActions(app, summary(group(0)), () => undefined, 1000)
      .find(({ name }) => name === "mute-8")
      ?.select();
    await soon(() => expect(shownToast()?.text).toBe("Muted"));
    expect(summary(group(0)).mutedUntil).toBe(1000 + 8 * 3_600_000);
    shownToast()?.undo?.();
    await soon(() => expect(summary(group(0)).mutedUntil).toBe(before));
  });

  test("a refusal is said in the same place, without a way back", async () => {
    app.pin = () => Promise.reject(new AppError("offline"));
    conversationActions(app, summary(group(1)), () => undefined)
      .find(({ name }) => name === "pin")
      ?.select();
    await soon(() => expect(shownToast()?.text).toContain("No network"));
    expect(shownToast()?.undo).toBeNull();
  });
});

describe("leaving", () => {
  test("the last admin is warned; others are not", async () => {
    show(LeaveDialog, { conversation: summary(group(0)), onclose: () => undefined });
    expect(document.querySelector("[data-last-admin]")).not.toBeNull();
    await kit.hide();
    show(LeaveDialog, { conversation: summary(group(1)), onclose: () => undefined });
    expect(document.querySelector("[data-last-admin]")).toBeNull();
  });
});

describe("members", () => {
  const list = (admin: boolean, id = group(0)): void =>
    show(MemberList, {
      conversation: id,
      kind: "group" as const,
      members: app.details(id).get()?.members ?? [],
      admin,
      scroller: document.body,
      oncompare: () => undefined,
    });
  async function menuOf(person: PersonCard): Promise<string[]> {
    $(`[data-person="${person.id}"] [aria-haspopup]`).click();
    await tick();
    return [...document.querySelectorAll<HTMLElement>("[role=menuitem]")].map(
      (item) => item.dataset["action"] ?? "",
    );
  }

  test("an admin may change and remove; a member may compare and write", async () => {
    list(true);
    expect(await menuOf(bilal)).toEqual(["write", "safety", "admin", "remove"]);
    await kit.hide();
    list(false);
    expect(await menuOf(bilal)).toEqual(["write", "safety"]);
    expect(document.querySelector(`[data-person="${me}"] [aria-haspopup]`)).toBeNull();
  });

  test("nobody is removed without a confirmation", async () => {
    list(true);
    await menuOf(bilal);
    $("[data-action=remove]").click();
    await tick();
    expect(calls("removeMember")).toEqual([]);
    [...document.querySelectorAll<HTMLElement>("dialog button")].at(-1)?.click();
    await soon(() => expect(calls("removeMember")).toEqual([[group(0), bilal.id]]));
  });

  test("oneself first, then admins, then members, then those invited", () => {
    list(true);
    const roles = [...document.querySelectorAll<HTMLElement>("[data-role]")];
    expect(roles[0]?.dataset["person"]).toBe(me);
    expect(roles.at(-1)?.dataset["role"]).toBe("invited");
  });
});

test("a pasted list: one hit is taken, of several one is chosen, none is said", async () => {
  const picking = new Picking();
  const { chosen } = picking;
  show(ByPaste, { picking, taken: new Set([me]) });
  await fill("textarea", "Bilal\n• Zahra\nah\nNobody Atall\nAyesha\nNadia");
  $("[data-action=match]").click();
  await appears("[data-line]");
  expect([...chosen.keys()].sort()).toEqual([people[1]!.id, people[2]!.id].sort());
  expect($("[data-hits='0']").textContent).toContain("Nobody found");
  const choices = [...document.querySelectorAll<HTMLInputElement>("[data-line='3'] input")];
  expect(choices.length).toBeGreaterThan(2);
  expect(choices.some(({ disabled }) => disabled)).toBe(true);
  const mina = $<HTMLInputElement>(`[data-line='3'] [data-person="${people[7]!.id}"] input`);
  mina.checked = true;
  mina.dispatchEvent(new Event("change", { bubbles: true }));
  expect(chosen.has(people[7]!.id)).toBe(true);
  expect(chosen.has(people[2]!.id)).toBe(false);
});

describe("a device that asks to be let in", () => {
  const ask = (): void => show(PairingDialog, { pairing: app.pairings.get()[0]!, onclose: () => undefined });
  const approve = async (digits: string): Promise<void> => {
    await fill("[data-pairing-digits]", digits);
    $("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  };
  beforeEach(() => {
    app = new FakeApp("pairing");
  });

  test("a wrong number can be typed again, the third one ends it", async () => {
    ask();
    for (const code of ["approval_digits", "approval_digits_last", "approval_ended"]) {
      await approve("11112222");
      await soon(() => expect(calls("approveWithDigits")).not.toHaveLength(0));
      await appears(`[data-error=${code}]`);
      app.calls.length = 0;
    }
    expect(document.querySelector("[data-action=approve]")).toBeNull();
  });

  test("the right number in any digits; then the answer's code is shown", async () => {
    ask();
    await approve("۴۰۸۷ ۱۵۲۶");
    await appears("[data-qr^='BEEP-APPROVED:']");
    expect(calls("approveWithDigits")).toEqual([[expect.any(String), "40871526", true]]);
  });

  test("refusing tells the other device", async () => {
    ask();
    $("[data-action=refuse]").click();
    await soon(() => expect(calls("refusePairing")).toHaveLength(1));
  });
});

describe("the new device", () => {
  const wait = async (): Promise<void> => {
    const approval = await app.beginApproval({ deviceName: "x", temporary: false });
    show(ApprovalWait, { approval, temporary: false, onback: () => undefined });
  };

  test("shows the number when there is one, and asks what the other device said", async () => {
    await wait();
    expect($("[data-digits]").dataset["digits"]).toBe("40871526");
    app.approval.set({ state: "asking", qr: "BEEP-APPROVE:x", digits: "" });
    flushSync();
    expect($("[data-digits]").textContent).toContain("as soon as");
    app.approval.set({ state: "confirm" });
    flushSync();
    $("[data-action=approved-no]").click();
    await soon(() => expect(calls("confirmApproval")).toEqual([[false]]));
    flushSync();
    expect($("[data-approval]").dataset["reason"]).toBe("mismatch");
  });

  test("leaving the page while it waits cancels", async () => {
    await wait();
    await kit.hide();
    expect(calls("cancelApproval")).toHaveLength(1);
  });
});

describe("safety numbers", () => {
  const paste = async (text: string): Promise<void> => {
    $("[data-action=scan]").click();
    await tick();
    await fill("[data-scan] textarea", text);
    $("[data-scan] form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  };

  test("another number is an alarm and marks nobody", async () => {
    show(SafetyDialog, { person: bilal, onclose: () => undefined });
    await appears("[data-qr]");
    await paste("BEEP-SAFETY:another");
    await appears("[data-mismatch]");
    expect($("dialog").dataset["verified"]).toBeUndefined();
    expect(document.querySelector("[data-action=verify]")).toBeNull();
    expect(calls("setVerified")).toEqual([]);
  });

  test("the same number marks the person; another kind of code is no answer", async () => {
    show(SafetyDialog, { person: bilal, onclose: () => undefined });
    const code = (await appears("[data-qr]")).dataset["qr"] ?? "";
    await paste("BEEP-APPROVE:x");
    expect(calls("checkSafetyQr")).toEqual([]);
    await fill("[data-scan] textarea", code);
    $("[data-scan] form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await soon(() => expect($("dialog").dataset["verified"]).toBe("true"));
  });
});

describe("reports", () => {
  const props = { messages: ["a", "b"], onclose: () => undefined };
  test("go with the note to the moderators that are shown", async () => {
    const onsent = vi.fn();
    show(ReportDialog, { ...props, conversation: summary(group(0)), onsent });
    await appears(`[data-person="${people[7]!.id}"]`);
    await fill("textarea", "  Again.  ");
    $("[data-action=send-report]").click();
    await soon(() => expect(onsent).toHaveBeenCalled());
    expect(calls("report")).toEqual([[group(0), ["a", "b"], "Again."]]);
  });

  test("cannot be sent where there is no moderator", async () => {
    app.moderators = () => Promise.resolve([]);
    show(ReportDialog, { ...props, conversation: summary(group(0)), onsent: () => undefined });
    await soon(() => expect(document.body.textContent).toContain("no moderator"));
    expect($<HTMLButtonElement>("[data-action=send-report]").disabled).toBe(true);
  });
});

describe("a reset", () => {
  test("begins with the letter when none waits", async () => {
    show(Reset, {}, "signed-out");
    await soon(() => expect(document.querySelectorAll("form input")).toHaveLength(2));
  });

  test("shows who has agreed when one waits", async () => {
    show(Reset, {}, "reset");
    const page = await appears("[data-reset=waiting]");
    expect(page.dataset["officers"]).toBe("1");
    expect(page.textContent?.replace(/[\u2068\u2069]/gu, "")).toContain("1 of 2");
  });
});

test.each(["BEEP-APPROVE:", "BEEP-APPROVED:", "BEEP-SAFETY:"])("a code of %s is read back", (prefix) => {
  const text = prefix + "Ab-_09".repeat(22);
  const code = generate(text);
  const scale = 4;
  const side = (code.size + 8) * scale;
  const data = new Uint8Array(side * side * 4).fill(255);
  for (let y = 0; y < side; y += 1)
    for (let x = 0; x < side; x += 1)
      if (code.get(Math.floor(x / scale) - 4, Math.floor(y / scale) - 4))
        data.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3);
  expect(decodeQR({ data, width: side, height: side })).toBe(text);
});
