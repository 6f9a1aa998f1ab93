/** Guidance on a passphrase while it is typed. Advice only: what is refused is decided where the secret is made. */

/** Fewer characters than this are refused. */
export const minimumLength = 12;

export type Strength = "short" | "weak" | "fair" | "good";

/**
 * How hard a passphrase is to guess, roughly: bits from its length and the kinds of characters in it, where runs
 * (aaaa, 1234) and repeated words count once. A list of common passwords would cost more than it adds at this length.
 */
export function strengthOf(passphrase: string): Strength {
  const characters = [...passphrase];
  if (characters.length < minimumLength) return "short";
  let steps = 0;
  for (let at = 0; at < characters.length; at += 1) {
    const code = characters[at]?.codePointAt(0) ?? 0;
    const before = characters[at - 1]?.codePointAt(0) ?? -9;
    // A character that repeats its neighbour or follows it in the alphabet is nearly free to guess.
    steps += Math.abs(code - before) <= 1 ? 0.2 : 1;
  }
  const words = passphrase.toLowerCase().split(/[\s_.-]+/u);
  const fresh = new Set(words).size / words.length;
  const kinds = [/\p{Ll}|\p{Lo}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) =>
    kind.test(passphrase),
  );
  const bits = steps * fresh * (1.6 + 0.5 * kinds.length);
  if (bits < 28) return "weak";
  return bits < 44 ? "fair" : "good";
}
