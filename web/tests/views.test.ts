/** The views' small pure parts. */
import { describe, expect, test } from "vitest";
import type { MessageItem } from "../src/core/api";
import { matching } from "../src/ui/groups/matching";
import { pastedLines, sizeHint } from "../src/ui/groups/picking";
import { cropOf, moved } from "../src/ui/groups/picture";
import { firstName } from "../src/ui/main/names";
import { messageRows } from "../src/ui/main/messageRows";
import { minimumLength, strengthOf } from "../src/ui/passphrase";
import { parse, pathOf, type Route } from "../src/ui/router.svelte";
import {
  colourOf,
  displayName,
  foldCode,
  foldDigits,
  initials,
  otherName,
  scriptClass,
  scriptOf,
} from "../src/ui/text";
import { suggestedDeviceName } from "../src/ui/device";
import { people } from "./fake-people";

describe("addresses", () => {
  const id = "0a1b2c3d-0000-4000-8000-00000000000f";
  const routes: [string, Route][] = [
    ["/", { name: "home" }],
    [`/c/${id}`, { name: "conversation", id }],
    ["/new", { name: "new" }],
    ["/settings", { name: "settings", section: null }],
    ["/settings/devices", { name: "settings", section: "devices" }],
    ["/activate", { name: "activate" }],
    ["/sign-in", { name: "sign-in" }],
    ["/recover", { name: "recover" }],
    ["/reset", { name: "reset" }],
    ["/new/group", { name: "new-group" }],
    ["/reports", { name: "reports", id: null }],
    [`/reports/${id}`, { name: "reports", id }],
    [`/reports/${id.replaceAll("-", "")}`, { name: "reports", id: id.replaceAll("-", "") }],
  ];
  test.each(routes)("%s and back", (path, route) => {
    expect(parse(path)).toEqual(route);
    expect(pathOf(route)).toBe(path);
  });
  test.each(["/c/..%2f", "/c/1", "/nowhere", "/c/"])("%s is home", (path) => {
    expect(parse(path)).toEqual({ name: "home" });
  });
  test("an unknown section is the list of sections", () => {
    expect(parse("/settings/secret")).toEqual({ name: "settings", section: null });
  });
});

describe("script of a text", () => {
  test.each([
    ["عائشہ صدیقی", "urdu"],
    ["رضا کریمی", "arabic"],
    ["Reza", "latin"],
    ["12:30 — 14", "none"],
    ["Corrected. شکریہ، ٹھیک", "urdu"],
  ] as const)("%s is %s", (text, script) => expect(scriptOf(text)).toBe(script));

  test("Nastaliq only for Urdu letters, or on an Urdu page", () => {
    expect(scriptClass("رضا", "en")).toBe("script-arabic");
    expect(scriptClass("رضا", "ur")).toBe("script-urdu");
    expect(scriptClass("ٹیم", "fa")).toBe("script-urdu");
    expect(scriptClass("Reza", "ur")).toBe("script-latin");
  });
});

test("names follow the page's language and fall back to the other form", () => {
  const name = { latin: "Zahra Hosseini", local: "زهرا حسینی" };
  expect([displayName(name, "en"), otherName(name, "en")]).toEqual(["Zahra Hosseini", "زهرا حسینی"]);
  expect([displayName(name, "fa"), otherName(name, "fa")]).toEqual(["زهرا حسینی", "Zahra Hosseini"]);
  expect(displayName({ latin: "Kim", local: "" }, "ur")).toBe("Kim");
  expect(otherName({ latin: "Kim", local: "" }, "ur")).toBe("");
});

test("initials: two in Latin letters, one in Arabic ones, none of a title's dots", () => {
  expect(initials("Bilal Ahmed Khan")).toBe("BK");
  expect(initials("بلال احمد")).toBe("ب");
  expect(initials("  ")).toBe("");
  expect(initials("(acting) nadia rahman")).toBe("NR");
});

test("codes compare without case, separators, look-alikes and the digits' script", () => {
  expect(foldDigits("۱۲۳ ٤٥٦")).toBe("123 456");
  expect(foldCode(" 7kq2-o1il ")).toBe(foldCode("7KQ2 0111"));
});

test("a colour stays with its id", () => {
  expect(colourOf("abc", 6)).toBe(colourOf("abc", 6));
  expect(new Set(Array.from({ length: 60 }, (_, at) => colourOf(`id-${at}`, 6))).size).toBe(6);
});

describe("passphrase", () => {
  test.each([
    ["", "short"],
    ["x".repeat(minimumLength - 1), "short"],
    ["aaaaaaaaaaaaaaaa", "weak"],
    ["123456789012345", "weak"],
    ["secret secret secret", "weak"],
    ["correct horse battery staple", "good"],
    ["چار بے ربط الفاظ یہاں", "good"],
  ] as const)("%j is %s", (passphrase, strength) => expect(strengthOf(passphrase)).toBe(strength));
});

test("a device gets a name that a person recognises", () => {
  const linux =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36";
  expect(suggestedDeviceName(linux)).toBe("Chrome, Linux");
  expect(suggestedDeviceName("")).toBe("Browser");
});

describe("rows", () => {
  const minute = 60_000;
  const noon = new Date(2026, 10, 21, 12).getTime();
  const item = (
    id: string,
    at: number,
    mine: boolean,
    seq: number | null,
    kind: MessageItem["kind"] = "text",
  ) => ({
    id,
    at,
    mine,
    seq,
    kind,
    sender: mine ? "me" : "you",
    text: id,
    copied: false,
    state: mine ? ("sent" as const) : null,
    error: null,
    notice: null,
  });

  test("days, runs, the unread line and the newest of one's own", () => {
    const rows = messageRows(
      [
        item("a", noon - 24 * 60 * minute, false, 1),
        item("b", noon, false, 2),
        item("c", noon + minute, false, 3),
        item("d", noon + 2 * minute, true, 4),
        item("e", noon + 30 * minute, true, null),
      ],
      3,
    );
    const marks = rows.map(({ newDay, firstUnread, leads, trails, newestMine }) =>
      Object.entries({ newDay, firstUnread, leads, trails, newestMine })
        .filter(([, set]) => set)
        .map(([name]) => name)
        .join(" "),
    );
    expect(marks).toEqual([
      "newDay leads trails",
      "newDay leads",
      "firstUnread leads trails",
      "leads trails",
      "leads trails newestMine",
    ]);
  });

  test("the unread line is above what others said, once", () => {
    const rows = messageRows(
      [
        item("n", noon, false, 4, "notice"),
        item("m", noon, true, 5),
        item("x", noon, false, 6),
        item("y", noon, false, 7),
      ],
      4,
    );
    expect(rows.filter((row) => row.firstUnread).map((row) => row.item.id)).toEqual(["x"]);
  });
});

describe("choosing people", () => {
  test("a pasted list loses numbering, bullets, blanks and repetitions", () => {
    const text = " 1. Reza\r\n\n• Zahra Hosseini\n- Reza\n۲) عائشہ\nali.khan; 30412\n";
    expect(pastedLines(text)).toEqual(["Reza", "Zahra Hosseini", "عائشہ", "ali.khan", "30412"]);
    expect(pastedLines("30412\n12. 30413")).toEqual(["30412", "30413"]);
  });

  test("members are found by any word, in either script, however it is typed", () => {
    const found = (query: string): string[] =>
      matching(people, query, (one) => one).map(({ name }) => name.latin);
    expect(found("zahra roads")).toEqual(["Zahra Hosseini"]);
    // Arabic yeh and kaf for the Persian ones, as older keyboards write them.
    expect(found("كريمي")).toEqual(["Reza Karimi"]);
    expect(found("  ")).toHaveLength(people.length);
    expect(found("nobody")).toEqual([]);
  });

  test("size is no matter, may become one, or is one", () => {
    expect([2, 20, 21, 100, 101].map(sizeHint)).toEqual(["none", "none", "may", "may", "large"]);
  });

  test("a first name, without a title's dots", () => {
    expect(firstName("Zahra Hosseini")).toBe("Zahra");
    expect(firstName("(acting) Nadia")).toBe("Nadia");
    expect(firstName("…")).toBe("…");
  });
});

describe("a group's picture", () => {
  const middle = { x: 0.5, y: 0.5, zoom: 1 };
  test("is the middle square at first, and never leaves the image", () => {
    expect(cropOf(400, 200, middle)).toEqual({ x: 100, y: 0, side: 200 });
    expect(cropOf(400, 200, { x: 0, y: 1, zoom: 2 })).toEqual({ x: 0, y: 100, side: 100 });
    expect(cropOf(400, 200, { x: 9, y: -9, zoom: 0.1 })).toEqual({ x: 200, y: 0, side: 200 });
  });

  test("moving stops at the edge, so that the way back begins at once", () => {
    const edge = moved(400, 200, middle, 50, 50);
    expect(cropOf(400, 200, edge).x).toBe(200);
    expect(cropOf(400, 200, moved(400, 200, edge, -0.5, 0)).x).toBe(100);
  });
});
