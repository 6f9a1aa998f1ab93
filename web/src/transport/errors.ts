/**
 * Why a request did not end well. `code` is one of the server's catalogue, or a local one:
 * `offline` (no answer: the outcome is unknown, so only what is idempotent may be tried again),
 * `timeout` (the same, after waiting), `bad_answer` (the server spoke outside the contract).
 */
export class TransportError extends Error {
  override readonly name = "TransportError";

  constructor(
    readonly code: string,
    /** Seconds, where the server named them. */
    readonly retryAfter: number | null = null,
    readonly detail: Readonly<Record<string, unknown>> = {},
    message?: string,
  ) {
    super(message ?? code);
  }

  /** True when nobody can say whether the server acted. */
  get unknownOutcome(): boolean {
    return this.code === "offline" || this.code === "timeout";
  }
}

/** Refusals that will pass by themselves: the same bytes may be sent again after a while. */
const TRANSIENT: ReadonlySet<string> = new Set([
  "offline",
  "timeout",
  "busy",
  "rate_limited",
  "internal",
  "read_only",
]);

export function isTransient(error: unknown): boolean {
  return error instanceof TransportError && TRANSIENT.has(error.code);
}

/** Seconds that the server asked to wait; null where it named none. */
export function retryAfter(error: unknown): number | null {
  return error instanceof TransportError ? error.retryAfter : null;
}
