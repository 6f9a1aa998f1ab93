/** What the console's addresses answer; a refusal carries the server's words. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly retryAfter: number | null,
  ) {
    super(message);
  }
}

/** @throws Refused, or TypeError when the network fails. */
export async function ask(path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(path, {
    ...(body === undefined
      ? {}
      : { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    credentials: "same-origin",
    redirect: "error",
  });
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  const { code, message, retry_after: retryAfter } = (answer ?? {}) as Record<string, unknown>;
  throw new Refused(
    typeof message === "string" ? message : "The console did not answer as expected. Try again in a moment.",
    typeof code === "string" ? code : "internal",
    typeof retryAfter === "number" ? retryAfter : null,
  );
}
