/**
 * The client's words. Every sentence is in a Fluent file; `t` reads the chosen language and, being reactive, a view that
 * uses it follows a change of language. Fluent isolates each inserted value (FSI … PDI), so that a Latin name
 * inside an Urdu sentence cannot reorder it.
 */
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

export type Language = "en" | "ur" | "fa";

export const languages: readonly { code: Language; name: string }[] = [
  { code: "en", name: "English" },
  { code: "ur", name: "اردو" },
  { code: "fa", name: "فارسی" },
];

const rightToLeft: ReadonlySet<Language> = new Set<Language>(["ur", "fa"]);

const sources: Record<Language, () => Promise<{ default: string }>> = {
  en: () => import("./en.ftl?raw"),
  ur: () => import("./ur.ftl?raw"),
  fa: () => import("./fa.ftl?raw"),
};

/** Locales for Intl: Pakistan's Urdu and Iran's Persian, whose digits and month names people expect. */
const locales: Record<Language, string> = { en: "en-GB", ur: "ur-PK", fa: "fa-IR" };

let current = $state<{ language: Language; bundle: FluentBundle }>({
  language: "en",
  bundle: new FluentBundle("en"),
});

/**
 * The bundle of one language's Fluent source.
 *
 * @throws SyntaxError when the source has an entry that Fluent cannot read.
 */
export function makeBundle(language: Language, source: string): FluentBundle {
  const bundle = new FluentBundle(locales[language]);
  const errors = bundle.addResource(new FluentResource(source));
  const first = errors[0];
  if (first) throw new SyntaxError(first.message);
  return bundle;
}

/** Begin to fetch the file of the language that a person with these BCP 47 preferences most likely reads. */
export async function preloadLanguage(preferred: readonly string[]): Promise<void> {
  const spoken = preferred.map((tag) => tag.toLowerCase().split("-")[0]);
  const likely = languages.find(
    ({ code }) => code === spoken.find((tag) => tag !== undefined && tag in sources),
  );
  await sources[likely?.code ?? "en"]().catch(() => undefined);
}

/** Load a language and make it the page's. Rejects when its file cannot be fetched; the old language stays. */
export async function useLanguage(language: Language): Promise<void> {
  const { default: source } = await sources[language]();
  current = { language, bundle: makeBundle(language, source) };
  const root = document.documentElement;
  root.lang = language;
  root.dir = direction();
}

export function language(): Language {
  return current.language;
}

export function direction(): "ltr" | "rtl" {
  return rightToLeft.has(current.language) ? "rtl" : "ltr";
}

/** BCP 47 tag for Intl. */
export function locale(): string {
  return locales[current.language];
}

/** True when the current language has this sentence. */
export function has(id: string): boolean {
  return current.bundle.hasMessage(id);
}

/** The sentence `id` in the current language. An unknown id is shown as itself, which a test keeps from happening. */
export function t(id: string, args?: Record<string, FluentVariable>): string {
  const pattern = current.bundle.getMessage(id)?.value;
  return pattern ? current.bundle.formatPattern(pattern, args ?? null, []) : id;
}
