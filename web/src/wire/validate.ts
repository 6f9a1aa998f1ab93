/**
 * Small checks from which `frames.ts` composes one for every frame. A check looks and never changes the value.
 *
 * Strict: a map has exactly the declared keys, an integer is a safe one within its bounds, bytes are a Uint8Array
 * of the declared length. What a check lets through has the declared type.
 */

/** A value that the protocol does not allow; `path` says where, for example `page.envelopes.3.seq`. */
export class WireError extends Error {
  override readonly name = "WireError";

  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path}: ${problem}`);
  }
}

/** Throws WireError when `value`, found at `path`, is not allowed. */
export type Check = (value: unknown, path: string) => void;

/** An integer from `low` to `high`; MessagePack's 64-bit integers above 2^53 lose precision and are refused. */
export const int =
  (low: number, high: number): Check =>
  (value, path) => {
    if (!Number.isSafeInteger(value) || (value as number) < low || (value as number) > high)
      throw new WireError(path, `not an integer from ${String(low)} to ${String(high)}`);
  };

/** A Uint8Array of `low` to `high` bytes. */
export const bytes =
  (low: number, high: number): Check =>
  (value, path) => {
    if (!(value instanceof Uint8Array) || value.length < low || value.length > high)
      throw new WireError(path, `not ${String(low)} to ${String(high)} bytes`);
  };

/** A string. */
export const text: Check = (value, path) => {
  if (typeof value !== "string") throw new WireError(path, "not a string");
};

/** True or false. */
export const bool: Check = (value, path) => {
  if (typeof value !== "boolean") throw new WireError(path, "not a boolean");
};

/** A finite number. */
export const real: Check = (value, path) => {
  if (!Number.isFinite(value)) throw new WireError(path, "not a finite number");
};

/** One of the given values. */
export const literal =
  (...allowed: readonly (string | number)[]): Check =>
  (value, path) => {
    if (!(allowed as readonly unknown[]).includes(value)) throw new WireError(path, "not one of the known values");
  };

/** Null, or what `check` allows. */
export const nullable =
  (check: Check): Check =>
  (value, path) => {
    if (value !== null) check(value, path);
  };

/** An array of `low` to `high` items, each allowed by `check`. */
export const list =
  (check: Check, low = 0, high = Infinity): Check =>
  (value, path) => {
    if (!Array.isArray(value) || value.length < low || value.length > high)
      throw new WireError(path, `not an array of ${String(low)} to ${String(high)} items`);
    value.forEach((item, index) => {
      check(item, `${path}.${String(index)}`);
    });
  };

/** A map with exactly these keys. `tag` is one more key that the caller has looked at. */
export function map(fields: Readonly<Record<string, Check>>, tag?: string): Check {
  const entries = Object.entries(fields);
  const size = entries.length + (tag === undefined ? 0 : 1);
  return (value, path) => {
    const found = record(value, path);
    for (const [key, check] of entries) {
      if (!Object.hasOwn(found, key)) throw new WireError(`${path}.${key}`, "missing");
      check(found[key], `${path}.${key}`);
    }
    if (Object.keys(found).length !== size) throw new WireError(path, "has a key that is not known");
  };
}

/** A map from any string to strings, integers, booleans and nulls: the detail of a refusal. */
export const facts: Check = (value, path) => {
  for (const [key, fact] of Object.entries(record(value, path))) {
    if (fact !== null && typeof fact !== "string" && typeof fact !== "boolean" && !Number.isSafeInteger(fact))
      throw new WireError(`${path}.${key}`, "not a string, integer, boolean or null");
  }
};

/** A parser for a union of maps that the key `t` tells apart. */
export function tagged<T>(frames: Readonly<Record<string, Readonly<Record<string, Check>>>>) {
  const checks = new Map(Object.entries(frames).map(([tag, fields]) => [tag, map(fields, "t")]));
  return (value: unknown): T => {
    const tag = record(value, "frame")["t"];
    const check = typeof tag === "string" ? checks.get(tag) : undefined;
    if (!check) throw new WireError("frame.t", "not a known frame");
    check(value, tag as string);
    return value as T;
  };
}

function record(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    throw new WireError(path, "not a map");
  return value as Record<string, unknown>;
}
