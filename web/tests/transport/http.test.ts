import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Api, Http } from "../../src/transport";
import { fromBase64Url, toBase64Url } from "../../src/transport/base64url";

let server: Server;
let origin: string;
let answer: { status: number; body: string; headers?: Record<string, string> };
let seen: { method: string; url: string; body: string };

const read = async (request: IncomingMessage): Promise<string> => {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
};

beforeAll(async () => {
  server = createServer((request, response) => {
    void read(request).then((body) => {
      seen = { method: request.method ?? "", url: request.url ?? "", body };
      response.writeHead(answer.status, { "Content-Type": "application/json", ...answer.headers });
      response.end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterAll(() => {
  server.close();
});

const api = (timeout = 5_000) => new Api(new Http({ fetch: (...call) => fetch(...call), origin, timeout }));

describe("the HTTP API", () => {
  it("writes bytes as base64url and reads them back", async () => {
    const statement = Uint8Array.of(251, 255, 0, 62);
    answer = { status: 200, body: JSON.stringify({ statements: [toBase64Url(statement)] }) };
    expect(await api().identity("a-person", 3)).toEqual([statement]);
    expect(seen).toMatchObject({ method: "GET", url: "/api/v1/people/a-person/identity?after=3" });
    answer = { status: 200, body: JSON.stringify({ counts: { "83": 10 } }) };
    await api().uploadKeyPackages({ suite: 0x53, packages: [statement], lastResort: null });
    expect(JSON.parse(seen.body)).toEqual({ suite: 83, packages: ["-_8APg"], last_resort: null });
  });

  it("turns a refusal into its code, with the seconds to wait", async () => {
    const refusal = { code: "rate_limited", message: "slow down", detail: {} };
    answer = { status: 429, body: JSON.stringify(refusal), headers: { "Retry-After": "7" } };
    await expect(api().me()).rejects.toMatchObject({ code: "rate_limited", retryAfter: 7 });
    answer = { status: 429, body: JSON.stringify({ ...refusal, detail: { retry_after: 3 } }) };
    await expect(api().me()).rejects.toMatchObject({ code: "rate_limited", retryAfter: 3 });
  });

  it.each([
    ["a proxy's error page", 502, "<html>", "busy"],
    ["a page where JSON should be", 200, "<html>", "bad_answer"],
    ["a field of the wrong type", 200, '{"counts":{"83":"ten"}}', "bad_answer"],
    ["a field missing", 200, "{}", "bad_answer"],
  ])("does not believe %s", async (_name, status, body, code) => {
    answer = { status, body };
    await expect(api().keyPackageCounts()).rejects.toMatchObject({ code });
  });

  it("tells no answer from a refusal", async () => {
    const nobody = new Api(new Http({ fetch: (...call) => fetch(...call), origin: "http://127.0.0.1:1" }));
    await expect(nobody.me()).rejects.toMatchObject({ code: "offline", unknownOutcome: true });
  });
});

describe("base64url", () => {
  it("has one spelling for each value", () => {
    for (let length = 0; length < 40; length++) {
      const bytes = crypto.getRandomValues(new Uint8Array(length));
      expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
    }
    for (const bad of ["A", "AB", "AA=", "A+", "A/", "é", "AAAAA"])
      expect(fromBase64Url(bad)).toBeUndefined();
  });
});
