import js from "@eslint/js";
import globals from "globals";
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

/**
 * The direction of imports: ui → core → crypto | store | transport → wire.
 * `src/trusted.ts` is a leaf that every layer may use.
 */
const layers = ["ui", "i18n", "core", "crypto", "store", "transport", "wire"];

/** Rules that keep the files of `layer` from importing any layer outside `allowed`. */
function layer(name, allowed, { mls = false, svelte: mayUseSvelte = false, dom = false } = {}) {
  const forbidden = layers.filter((other) => other !== name && !allowed.includes(other));
  return {
    files: [`src/${name}/**/*.{ts,svelte}`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            ...forbidden.map((other) => ({
              group: [`**/${other}`, `**/${other}/**`],
              message: `${name} may not import ${other}: ui → core → crypto | store | transport → wire`,
            })),
            ...(mls
              ? []
              : [{ group: ["ts-mls", "ts-mls/**"], message: "Only src/crypto knows the MLS library." }]),
            ...(mayUseSvelte ? [] : [{ group: ["svelte", "svelte/**"], message: "Only views know Svelte." }]),
          ],
        },
      ],
      ...(dom
        ? {}
        : {
            "no-restricted-globals": [
              "error",
              ...["document", "window", "localStorage", "sessionStorage"].map((name) => ({
                name,
                message: "Only views and the entry touch the page; the rest runs under Node too.",
              })),
            ],
          }),
    },
  };
}

export default ts.config(
  { ignores: ["dist/", "node_modules/", "src/wire/"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...ts.configs.stylistic,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      eqeqeq: ["error", "always"],
      "no-console": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": "error",
      // TypeScript itself reports these, with knowledge of types.
      "no-undef": "off",
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig } },
    rules: {
      "svelte/no-at-html-tags": "error",
      "svelte/no-target-blank": "error",
      "svelte/block-lang": ["error", { script: "ts", style: null }],
      // Addresses come from the router's own functions; SvelteKit's resolve() does not exist here.
      "svelte/no-navigation-without-resolve": "off",
      "prefer-const": "off",
      "svelte/prefer-const": ["error", { excludedRunes: ["$props", "$state"] }],
    },
  },
  layer("wire", []),
  layer("transport", ["wire"]),
  layer("store", ["wire"]),
  layer("crypto", ["wire"], { mls: true }),
  layer("core", ["crypto", "store", "transport", "wire"]),
  layer("i18n", [], { svelte: true, dom: true }),
  layer("ui", ["core", "i18n"], { svelte: true, dom: true }),
  {
    files: ["tests/**", "src/**/*.test.ts"],
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },
  {
    files: ["scripts/**", "*.config.{js,ts}"],
    rules: { "no-console": "off" },
  },
);
