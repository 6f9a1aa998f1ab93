import * as v from "valibot";
import type { Vault } from "../store";
import type { Settings } from "./api";
import { Value } from "./readable";

const shape = v.object({
  language: v.picklist(["en", "ur", "fa"]),
  theme: v.picklist(["system", "light", "dark"]),
  calendar: v.picklist(["gregorian", "persian", "islamic"]),
  lockAfterMinutes: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(12 * 60)),
  enterSends: v.boolean(),
});

/** What a person gets who has chosen nothing yet: their browser's language where we speak it. */
export function defaultSettings(languages: readonly string[]): Settings {
  const spoken = languages.map((tag) => tag.toLowerCase().split("-")[0]);
  const language = spoken.find((tag) => tag === "en" || tag === "ur" || tag === "fa") ?? "en";
  return {
    language,
    theme: "system",
    calendar: language === "fa" ? "persian" : "gregorian",
    // As long as the handle lives: locking sooner is each person's choice.
    lockAfterMinutes: 12 * 60,
    enterSends: true,
  };
}

/** Preferences of this browser. They are read before anything is unlocked, so they stand outside the vault. */
export class Preferences {
  readonly value: Value<Settings>;

  constructor(
    private readonly vault: Vault,
    languages: readonly string[],
  ) {
    this.value = new Value(defaultSettings(languages));
  }

  /** Fields that are missing or not understood keep their default. */
  async load(): Promise<void> {
    const stored = await this.vault.preferences();
    if (typeof stored !== "object" || stored === null) return;
    const merged = v.safeParse(shape, { ...this.value.get(), ...stored });
    if (merged.success) this.value.set(merged.output);
  }

  /** `passing`: for this page only, on somebody else's computer. */
  async change(change: Partial<Settings>, passing = false): Promise<void> {
    const next = v.parse(shape, { ...this.value.get(), ...change });
    this.value.set(next);
    if (!passing) await this.vault.setPreferences(next);
  }
}
