/** The look's rules that a machine can keep: tokens only, logical properties only, no raw HTML, contrast. */
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const source = fileURLToPath(new URL("../src/", import.meta.url));
const read = (path: string): string => readFileSync(source + path, "utf8");
const views = readdirSync(`${source}ui`, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".svelte"))
  .map((name) => `ui/${name}`);
const css = (path: string): string => {
  const text = read(path);
  return (path.endsWith(".css") ? text : (/<style>([\s\S]*)<\/style>/u.exec(text)?.[1] ?? "")).replace(
    /\/\*[\s\S]*?\*\//gu,
    "",
  );
};

describe.each([...views, "styles/base.css"])("%s", (path) => {
  test("takes every colour, size, radius and time from the tokens", () => {
    const rules = css(path).replace(/@media[^{]*\{/gu, "");
    expect(rules.match(/#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(/giu)).toBeNull();
    // Fluid parts of a layout (%, fr, dvh) and letter spacing in em are proportions, not sizes.
    const lengths = rules.match(/(?<![\w-])\d*\.?\d+(?:px|rem|ms|s)\b/gu) ?? [];
    expect(lengths.filter((length) => length !== "12rem" && length !== "14rem")).toEqual([]);
  });

  test("has logical properties only", () => {
    const physical =
      /(?:^|[;{\s])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom|(?:min-|max-)?(?:width|height))\s*:/gmu;
    expect(
      css(path)
        .replace(/@media[^{]*\{/gu, "")
        .match(physical),
    ).toBeNull();
    expect(css(path).match(/text-align:\s*(?:left|right)|float:\s*(?:left|right)/gu)).toBeNull();
  });

  test("makes no HTML from text and no inline style attribute", () => {
    const markup = read(path).replace(/<style>[\s\S]*/u, "");
    expect(markup.match(/\{@html|innerHTML|insertAdjacentHTML|\sstyle="/gu)).toBeNull();
  });
});

describe("contrast", () => {
  const tokens = read("styles/tokens.css");
  const value = (name: string): [string, string] => {
    const found = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`, "u").exec(tokens);
    return [found?.[1] ?? "", found?.[2] ?? ""];
  };
  /** Relative luminance and contrast ratio: WCAG 2.2. */
  const luminance = (hex: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const part = parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one: string, two: string): number => {
    const [light = 0, dark = 0] = [luminance(one), luminance(two)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const surfaces = ["bg", "surface", "surface-raised", "surface-sunken", "surface-hover", "surface-selected"];
  const pairs: [string, string, number][] = [
    ...[...surfaces, "bubble-mine", "bubble-theirs"].flatMap((on): [string, string, number][] =>
      ["text", "text-quiet", "accent-text"].map((text) => [text, on, 4.5]),
    ),
    ["text-on-accent", "accent", 4.5],
    ["text-on-accent", "accent-strong", 4.5],
    ["text-on-accent", "danger", 4.5],
    ["text-on-accent", "danger-strong", 4.5],
    ["danger", "danger-soft", 4.5],
    ["danger", "bg", 4.5],
    ["danger", "surface", 4.5],
    ["danger", "bubble-mine", 4.5],
    ["warn", "warn-soft", 4.5],
    ["warn", "surface-hover", 4.5],
    ["ok", "ok-soft", 4.5],
    ["ok", "surface", 4.5],
    ["line-control", "surface", 3],
    ["line-control", "bg", 3],
    ["focus", "surface", 3],
    ["focus", "bg", 3],
    ...[0, 1, 2, 3, 4, 5].map((index): [string, string, number] => ["avatar-text", `avatar-${index}`, 4.5]),
  ];
  test.each(pairs)("%s on %s is at least %f to 1", (text, on, least) => {
    for (const theme of [0, 1] as const) {
      expect(contrast(value(text)[theme], value(on)[theme]), theme ? "dark" : "light").toBeGreaterThanOrEqual(
        least,
      );
    }
  });
});
