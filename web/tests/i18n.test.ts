/** The words: three complete languages, every refusal has a sentence, and every sentence is used. */
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse, Visitor, type Message, type SelectExpression, type VariableReference } from "@fluent/syntax";
import { describe, expect, test } from "vitest";
import { localCodes } from "../src/core/api";
import { makeBundle } from "../src/i18n/index.svelte";
import { errorId } from "../src/ui/errors";

const here = fileURLToPath(new URL("..", import.meta.url));
const languages = ["en", "ur", "fa"] as const;
const source = (language: string): string => readFileSync(`${here}/src/i18n/${language}.ftl`, "utf8");

class Variables extends Visitor {
  readonly names = new Set<string>();
  readonly selectors = new Set<string>();
  override visitVariableReference(node: VariableReference): void {
    this.names.add(node.id.name);
  }
  override visitSelectExpression(node: SelectExpression): void {
    if (node.selector.type === "VariableReference") {
      const keys = node.variants.map(({ key }) => (key.type === "Identifier" ? key.name : key.value));
      this.selectors.add(`${node.selector.id.name}: ${keys.sort().join(" ")}`);
    }
    this.genericVisit(node);
  }
}

/** Id → its variables and selectors, for comparing languages. */
function shape(language: string): Map<string, { names: string[]; selectors: string[] }> {
  const entries = parse(source(language), { withSpans: false }).body;
  expect(entries.filter((entry) => entry.type === "Junk")).toEqual([]);
  const messages = entries.filter((entry): entry is Message => entry.type === "Message");
  const ids = messages.map((message) => message.id.name);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  return new Map(
    messages.map((message) => {
      const variables = new Variables();
      variables.visit(message);
      return [
        message.id.name,
        { names: [...variables.names].sort(), selectors: [...variables.selectors].sort() },
      ];
    }),
  );
}

const english = shape("en");

describe.each(["ur", "fa"])("%s", (language) => {
  test("has the ids and variables of English, in its order", () => {
    const other = shape(language);
    expect([...other.keys()]).toEqual([...english.keys()]);
    expect(Object.fromEntries(other)).toEqual(Object.fromEntries(english));
  });

  test("is written in its own script", () => {
    const latin = [...source(language).matchAll(/^[\w-]+ = (.*)$/gmu)].filter(
      ([, text = ""]) =>
        !/\p{Script=Arabic}/u.test(text) && !/^[({].*/u.test(text) && text !== "Beep" && text !== "",
    );
    expect(latin).toEqual([]);
  });
});

test.each(languages)("%s formats every sentence without an error", (language) => {
  const bundle = makeBundle(language, source(language));
  for (const [id, { names }] of english) {
    const pattern = bundle.getMessage(id)?.value;
    const errors: Error[] = [];
    const args = Object.fromEntries(names.map((name) => [name, /count|step|seconds/u.test(name) ? 3 : "x"]));
    expect(pattern && bundle.formatPattern(pattern, args, errors), id).toBeTruthy();
    expect(errors, id).toEqual([]);
  }
});

test("an inserted name is isolated, so that it cannot reorder the sentence", () => {
  const bundle = makeBundle("ur", source("ur"));
  const pattern = bundle.getMessage("typing")?.value;
  expect(pattern && bundle.formatPattern(pattern, { name: "Reza" })).toContain("\u2068Reza\u2069");
});

test("every refusal of the server and of the client has its sentence, and no sentence is left over", () => {
  const catalogue = readFileSync(`${here}/../beep/errors.py`, "utf8");
  const serverCodes = [...catalogue.matchAll(/^ {4}"([a-z_]+)": \(\s*\d{3},/gmu)].map(
    (match) => match[1] ?? "",
  );
  expect(serverCodes.length).toBeGreaterThan(35);
  const expected = [...serverCodes, ...localCodes, "unknown"].map(errorId).sort();
  expect([...english.keys()].filter((id) => id.startsWith("error-")).sort()).toEqual(expected);
});

test("views ask for sentences that exist, and every sentence is asked for", () => {
  const files = readdirSync(`${here}/src/ui`, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.(svelte|ts)$/u.test(name),
  );
  const code = files.map((name) => readFileSync(`${here}/src/ui/${name}`, "utf8")).join("\n");
  const literal = [...code.matchAll(/\bt\(\s*"([a-z0-9-]+)"/gu)].map((match) => match[1] ?? "");
  expect([...new Set(literal)].filter((id) => !english.has(id))).toEqual([]);
  const strings = new Set([...code.matchAll(/["`]([a-z][a-z0-9-]*)["`]/gu)].map((match) => match[1]));
  const prefixes = [...code.matchAll(/\bt\(\s*`([a-z-]+)\$\{/gu)].map((match) => match[1] ?? "");
  const session = /^(revoked|broken)-/u;
  const unused = [...english.keys()].filter(
    (id) =>
      !strings.has(id) &&
      !prefixes.some((prefix) => id.startsWith(prefix)) &&
      !id.startsWith("error-") &&
      !session.test(id),
  );
  expect(unused).toEqual([]);
});

test("every line of the diagnostics has its name", () => {
  const code = readFileSync(`${here}/src/core/diagnostics.ts`, "utf8");
  const labels = [...code.matchAll(/\badd\(\s*"([^"]+)"/gu)].map((match) => match[1] ?? "");
  expect(labels.length).toBeGreaterThan(15);
  const ids = [...labels, "history sending", "history receiving"].map(
    (label) => `diagnostic-${label.toLowerCase().replaceAll(" ", "-")}`,
  );
  expect([...english.keys()].filter((id) => id.startsWith("diagnostic-")).sort()).toEqual(ids.sort());
});

test("the sentences that matter stand as the design has them", () => {
  const rows: Record<string, [string, string, string]> = {
    "activate-code-lead": [
      "Type the code from your letter",
      "خط پر لکھا کوڈ درج کریں",
      "کد نامه را وارد کنید",
    ],
    "error-code-used": [
      "Letter already used. Call helpdesk",
      "خط استعمال ہو چکا۔ ہیلپ ڈیسک کو فون کریں",
      "نامه استفاده شده. با پشتیبانی تماس بگیرید",
    ],
    "recovery-keep": [
      "Write this down. Nobody can reissue it",
      "یہ کلید لکھ لیں۔ دوبارہ جاری نہیں ہوگی",
      "این کلید را بنویسید. دوباره صادر نمی‌شود",
    ],
    unverified: [
      "In the directory; numbers not compared",
      "ڈائریکٹری میں ہے؛ نمبر نہیں ملائے",
      "در فهرست هست؛ شماره‌ها مقایسه نشده",
    ],
    "waiting-message": ["Waiting for this message", "اس پیغام کا انتظار ہے", "در انتظار این پیام"],
    "offline-banner": [
      "Saved. Sends when network returns",
      "محفوظ ہے۔ نیٹ ورک آنے پر جائے گا",
      "ذخیره شد. با شبکه فرستاده می‌شود",
    ],
    "shared-computer": [
      "Shared computer: closing erases everything",
      "مشترکہ کمپیوٹر: بند کرتے ہی سب مٹے گا",
      "رایانهٔ مشترک: بستن همه‌چیز را پاک می‌کند",
    ],
    "standing-waiting": [
      "Waiting for a colleague's device",
      "ساتھی کے آلے کا انتظار ہے",
      "در انتظار دستگاه همکار",
    ],
    "no-retention": ["No official copy is kept", "سرکاری نقل محفوظ نہیں ہوتی", "نسخهٔ رسمی نگهداری نمی‌شود"],
    "who-can-read": [
      "Only these members can read this",
      "صرف یہ ارکان پڑھ سکتے ہیں",
      "فقط این اعضا می‌توانند بخوانند",
    ],
  };
  const named: Record<string, [string, string, string]> = {
    "notice-you-removed": ["Reza removed you", "Reza نے آپ کو ہٹا دیا", "Reza شما را حذف کرد"],
    "safety-changed": [
      "Reza has a new key. Confirm by phone",
      "Reza کی کلید نئی ہے۔ فون پر تصدیق کریں",
      "کلید Reza تازه است. تلفنی مطمئن شوید",
    ],
  };
  languages.forEach((language, place) => {
    const bundle = makeBundle(language, source(language));
    for (const [id, texts] of Object.entries(rows))
      expect(bundle.getMessage(id)?.value, id).toBe(texts[place]);
    for (const [id, texts] of Object.entries(named)) {
      const pattern = bundle.getMessage(id)?.value ?? "";
      const shown = bundle.formatPattern(pattern, { name: "Reza" }).replace(/[\u2068\u2069]/gu, "");
      expect(shown, id).toBe(texts[place]);
    }
  });
});
