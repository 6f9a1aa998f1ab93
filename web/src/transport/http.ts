import { TransportError } from "./errors";

/** The one shape of every refusal: `{"code", "message", "detail"}`. */
interface Refusal {
  code: string;
  message: string;
  detail: Record<string, unknown>;
}

function asRefusal(value: unknown): Refusal | null {
  if (typeof value !== "object" || value === null) return null;
  const { code, message, detail } = value as Record<string, unknown>;
  if (typeof code !== "string" || typeof message !== "string") return null;
  return { code, message, detail: typeof detail === "object" && detail !== null ? { ...detail } : {} };
}

function retryAfter(response: Response, detail: Record<string, unknown>): number | null {
  const named = detail["retry_after"];
  if (typeof named === "number" && Number.isFinite(named) && named >= 0) return named;
  const header = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(header) && header >= 0 ? header : null;
}

export interface HttpOptions {
  fetch: typeof fetch;
  /** `https://host`; empty in a page, where addresses are relative. */
  origin: string;
  /** Milliseconds until a request counts as lost. */
  timeout?: number;
}

/** JSON over `/api/v1`. The session is a cookie that no script can read; refusals become `TransportError`. */
export class Http {
  constructor(private readonly options: HttpOptions) {}

  get<T>(path: string, parse: (value: unknown) => T): Promise<T> {
    return this.#request("GET", path, undefined, parse);
  }

  /** `keepalive`: the request outlives the page that sends it (at most 64 kB). */
  post<T>(
    path: string,
    body: unknown,
    parse: (value: unknown) => T,
    { keepalive = false }: { keepalive?: boolean } = {},
  ): Promise<T> {
    return this.#request("POST", path, body, parse, keepalive);
  }

  async #request<T>(
    method: string,
    path: string,
    body: unknown,
    parse: (value: unknown) => T,
    keepalive = false,
  ): Promise<T> {
    const { fetch, origin, timeout = 30_000 } = this.options;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${origin}/api/v1/${path}`, {
        method,
        headers: body === undefined ? {} : { "Content-Type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
        keepalive,
        signal: AbortSignal.timeout(timeout),
      });
      text = await response.text();
    } catch (error) {
      const late = error instanceof DOMException && error.name === "TimeoutError";
      throw new TransportError(late ? "timeout" : "offline");
    }
    let value: unknown;
    try {
      value = text === "" ? null : JSON.parse(text);
    } catch {
      // A proxy's error page is not an answer of Beep's server.
      throw new TransportError(response.status >= 500 ? "busy" : "bad_answer");
    }
    if (!response.ok) {
      const refusal = asRefusal(value);
      if (!refusal) throw new TransportError(response.status >= 500 ? "busy" : "bad_answer");
      throw new TransportError(
        refusal.code,
        retryAfter(response, refusal.detail),
        refusal.detail,
        refusal.message,
      );
    }
    return parse(value);
  }
}
