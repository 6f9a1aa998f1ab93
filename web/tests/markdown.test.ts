import { describe, expect, test } from "vitest";
import { parseInline, parseMarkdown, plainText } from "../src/ui/markdown";

const text = (value: string) => ({ type: "text", text: value });

describe("inline", () => {
  test("strong, emphasis and code nest as written", () => {
    expect(parseInline("a **b *c*** `d*e*`")).toEqual([
      text("a "),
      { type: "strong", children: [text("b "), { type: "emphasis", children: [text("c")] }] },
      text(" "),
      { type: "code", text: "d*e*" },
    ]);
  });

  test.each([
    "2 * 3 * 4",
    "snake_case_name",
    "**open",
    "` alone",
    "***",
    "a ** b ** c",
    "_ x _",
    "[x](javascript:1)",
  ])("%s is text", (source) => {
    expect(plain(parseInline(source))).toBe(source);
    expect(parseInline(source).every((part) => part.type === "text")).toBe(true);
  });

  test("emphasis in Urdu and Persian", () => {
    expect(parseInline("یہ **اہم** ہے")[1]).toEqual({ type: "strong", children: [text("اہم")] });
    expect(parseInline("این _مهم_ است")[1]).toEqual({ type: "emphasis", children: [text("مهم")] });
  });

  test("a bare address ends before the sentence's mark, in each script", () => {
    for (const mark of [".", "،", "۔", "؟", ")"]) {
      const [, link, rest] = parseInline(`see https://gov.example/a?b=1${mark}`);
      expect(link).toMatchObject({ type: "link", href: "https://gov.example/a?b=1", bare: true });
      expect(rest).toEqual(text(mark));
    }
  });

  test("a named link keeps its host for the reader, punycode included", () => {
    expect(parseInline("[the form](https://xn--80ak6aa92e.example/x)")[0]).toEqual({
      type: "link",
      href: "https://xn--80ak6aa92e.example/x",
      host: "xn--80ak6aa92e.example",
      text: "the form",
      bare: false,
    });
    expect(parseInline("https://аррӏе.example")[0]).toMatchObject({ host: expect.stringMatching(/^xn--/u) });
  });

  test("an address with a user name in it is not a link", () => {
    expect(parseInline("https://bank.example@evil.example/").some((part) => part.type === "link")).toBe(
      false,
    );
  });
});

describe("blocks", () => {
  test("paragraphs keep their line breaks", () => {
    expect(parseMarkdown("a\nb\n\nc").map((block) => block.type === "paragraph" && block.text)).toEqual([
      "a\nb",
      "c",
    ]);
  });

  test("lists, ordered from their first number", () => {
    expect(parseMarkdown("- a\n- b\n3. c\n4. d")).toMatchObject([
      { type: "list", ordered: false, items: [{ text: "a" }, { text: "b" }] },
      { type: "list", ordered: true, start: 3, items: [{ text: "c" }, { text: "d" }] },
    ]);
  });

  test("fenced code is verbatim; an unclosed fence is text", () => {
    expect(parseMarkdown("```\n**x**\n\n- y\n```")).toEqual([{ type: "code", text: "**x**\n\n- y" }]);
    expect(parseMarkdown("```\nx")).toMatchObject([{ type: "paragraph", text: "```\nx" }]);
  });

  test("markup of the page stays text", () => {
    expect(parseMarkdown("<img src=x onerror=alert(1)>")).toEqual([
      {
        type: "paragraph",
        children: [text("<img src=x onerror=alert(1)>")],
        text: "<img src=x onerror=alert(1)>",
      },
    ]);
  });
});

test("hostile input stays fast", () => {
  const started = performance.now();
  for (const unit of ["*a ", "**a", "_a ", "`", "[", "[a](", "https://", "*_`["]) {
    parseMarkdown(unit.repeat(8000));
  }
  expect(performance.now() - started).toBeLessThan(2000);
});

test("a preview is one line without marks", () => {
  expect(plainText("**Hello**\n\n- a\n- `b`\nhttps://x.example")).toBe("Hello a b https://x.example");
  expect(plainText("x".repeat(500))).toHaveLength(161);
});

function plain(parts: ReturnType<typeof parseInline>): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}
