/**
 * Folding: what people type in different ways but mean as one. Arabic, Persian and Urdu keyboards write the same
 * letter with different code points, and digits in three rows. Shared with `accounts/folding.py`; the vectors of
 * tests/vectors/folding.json hold the two together.
 */

/** Arabic-Indic and Extended Arabic-Indic (Persian, Urdu) digits to ASCII. */
export function foldDigits(text: string): string {
  return text.replace(/[\u0660-\u0669\u06f0-\u06f9]/gu, (digit) =>
    String.fromCharCode(0x30 + (digit.charCodeAt(0) & 0xf)),
  );
}

/** Letters that keyboards of the region write in two ways. */
const KEYBOARD_LETTERS = new Map([
  ["\u064a", "\u06cc"], // ي → ی
  ["\u0643", "\u06a9"], // ك → ک
]);

/** Letters that a searcher does not tell apart. Alefs, و and ی with hamza come apart in NFKD. */
const SEARCH_LETTERS = new Map([
  ...KEYBOARD_LETTERS,
  ["\u0649", "\u06cc"], // ى → ی
  ["\u0629", "\u0647"], // ة → ه
  ["\u06c3", "\u0647"], // ۃ → ه
  ["\u06c1", "\u0647"], // ہ → ه: Persian and Arabic keyboards do not have it
  ["\u06be", "\u0647"], // ھ → ه
  ["\u06d5", "\u0647"], // ە → ه
  ["\u0671", "\u0627"], // ٱ → ا
  ["\u0640", ""], // tatweel
  ["\u00df", "ss"],
  ["\u03c2", "\u03c3"], // ς → σ
]);

const replaceLetters = (text: string, letters: ReadonlyMap<string, string>): string =>
  text.replace(/[\u00df\u03c2\u0600-\u06ff]/gu, (letter) => letters.get(letter) ?? letter);

/**
 * A passphrase in its one spelling, before Argon2id: NFKC; combining marks and ZWNJ dropped; ي ك to ی ک; digits to
 * ASCII. Case and spaces stay, and so do letters that are merely similar: folding may not make a passphrase weaker
 * than it looks.
 */
export function foldPassphrase(text: string): string {
  const kept = text.normalize("NFKC").replace(/\p{M}/gu, "").replaceAll("\u200c", "");
  return foldDigits(replaceLetters(kept, KEYBOARD_LETTERS));
}

/**
 * Text in the form that names and messages are searched in; never shown. NFKD; lower case; marks, invisible formatting
 * (ZWNJ, direction marks) and tatweel dropped; letters and digits folded; each run of spaces one space, none outside.
 */
export function foldText(text: string): string {
  // Lower-casing can make new compositions (İ), so the text is taken apart again afterwards.
  const apart = text.normalize("NFKD").toLowerCase().normalize("NFKD");
  const folded = foldDigits(replaceLetters(apart.replace(/[\p{M}\p{Cf}]/gu, ""), SEARCH_LETTERS));
  // eslint-disable-next-line no-control-regex -- control characters separate words, as in the server's folding
  return folded.replace(/[\s\u0000-\u001f\u007f-\u009f]+/gu, " ").replace(/^ | $/gu, "");
}

/** The words of `foldText(text)`: runs of letters and digits, each once, in order. */
export function foldWords(text: string): string[] {
  return [...new Set(foldText(text).match(/[\p{L}\p{N}]+/gu) ?? [])];
}
