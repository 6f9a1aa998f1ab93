/** Keys of rows below a blind conversation. Numbers are fixed-width hexadecimal, so that key order is number order. */

const fixed = (value: number): string => value.toString(16).padStart(14, "0");

export const numbered = (blind: string, value: number): string => `${blind}/${fixed(value)}`;

export const named = (blind: string, name: string): string => `${blind}/${name}`;
