/** Small questions about text: which script it is in, its digits, a name's initials. No DOM. */
import type { Bilingual } from "../core/api";

/** Letters that Urdu has and Persian and Arabic do not (ٹ ڈ ڑ ں ھ ہ ۂ ۃ ے ۓ). */
const urduLetters = /[\u0679\u0688\u0691\u06ba\u06be\u06c1-\u06c3\u06d2\u06d3]/u;
const arabicLetters = /\p{Script=Arabic}/u;
const latinLetters = /\p{Script=Latin}/u;

export type TextScript = "latin" | "arabic" | "urdu" | "none";

/** The script to set a block in. A block with one Urdu letter is Urdu: Nastaliq for it, for nothing else. */
export function scriptOf(text: string): TextScript {
  if (urduLetters.test(text)) return "urdu";
  if (arabicLetters.test(text)) return "arabic";
  return latinLetters.test(text) ? "latin" : "none";
}

/**
 * CSS class of a block of text on a page in `language`. Text in Arabic letters that Urdu shares with Persian follows the
 * page: Nastaliq on an Urdu page, Naskh elsewhere.
 */
export function scriptClass(text: string, language: string): string {
  const script = scriptOf(text);
  if (script === "none") return "";
  if (script === "arabic" && language === "ur") return "script-urdu";
  return `script-${script}`;
}

/** The name to show first on a page in `language`: local script on a right-to-left page, if there is one. */
export function displayName(name: Bilingual, language: string): string {
  if (language === "en") return name.latin || name.local;
  return name.local || name.latin;
}

/** The other form of a name, or "" when there is none. */
export function otherName(name: Bilingual, language: string): string {
  const shown = displayName(name, language);
  const other = shown === name.latin ? name.local : name.latin;
  return other === shown ? "" : other;
}

/** First letters of the first and last word, for an avatar. Arabic letters stand apart, so one is enough there. */
export function initials(name: string): string {
  const words = name.split(/\s+/u).filter((word) => /^\p{L}/u.test(word));
  const first = [...(words[0] ?? "")][0] ?? "";
  if (arabicLetters.test(first) || words.length < 2) return first.toLocaleUpperCase("en");
  return (first + ([...(words.at(-1) ?? "")][0] ?? "")).toLocaleUpperCase("en");
}

/** Persian and Arabic-Indic digits as 0–9; everything else unchanged. */
export function foldDigits(text: string): string {
  return text.replace(/[\u0660-\u0669\u06f0-\u06f9]/gu, (digit) => String((digit.codePointAt(0) ?? 0) & 0xf));
}

/** A code for comparing: digits folded, upper case, Crockford's look-alikes (O, I, L) as digits, no separators. */
export function foldCode(text: string): string {
  return foldDigits(text)
    .toUpperCase()
    .replace(/[^0-9A-Z]/gu, "")
    .replace(/O/gu, "0")
    .replace(/[IL]/gu, "1");
}

/** One of `count` colours for an id, the same on every device. */
export function colourOf(id: string, count: number): number {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return sum % count;
}
