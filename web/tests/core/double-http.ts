/** The double's HTTP API, as far as activated people use it. */

import type { Id, PersonCard } from "../../src/core/api";
import type { Suite } from "../../src/crypto/api";
import { toHex } from "../../src/crypto/bytes";
import { parseStatement } from "../../src/crypto/identity";
import { CLASSICAL, HYBRID } from "../../src/crypto/policy";
import { TransportError } from "../../src/transport";
import type { Device, ServerDouble } from "./double";
import { refOf } from "./double-frames";
import type { Talk } from "./double-talk";

type Body = Record<string, unknown>;

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const bytes = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(String(text), "base64url"));

const NINETY_DAYS_MS = 90 * 86_400_000;
const NOBODY = { latin: "", local: "" };

export function cardOf(server: ServerDouble, person: Id): PersonCard {
  const activated = server.living(person).length > 0;
  const name = { latin: `Person ${person.slice(0, 4)}`, local: "" };
  return { id: person, name, post: NOBODY, unit: NOBODY, ministry: NOBODY, activated, active: true };
}

export function conversationOf(server: ServerDouble, talk: Talk, person: Id) {
  const state = server.state(talk, person);
  return {
    ...state,
    conversation: undefined,
    id: talk.id,
    persons: talk.persons,
    group_id: talk.groupId ? b64(talk.groupId) : null,
  };
}

/** Answers one request of `from`. Throws `TransportError` with the code of a refusal. */
export async function answerHttp(
  server: ServerDouble,
  from: Device,
  method: string,
  url: URL,
  body: Body,
): Promise<unknown> {
  const path = url.pathname.replace("/api/v1/", "");
  const [what, id = "", more] = path.split("/");
  if (what === "people" && more === "identity") {
    const after = Number(url.searchParams.get("after"));
    const chain = server.chains.get(id) ?? [];
    return { statements: chain.filter((one) => parseStatement(one).statement.version > after).map(b64) };
  }
  if (path === "identities/give-back") return giveBack(server, body);
  if (what === "people" && id !== "") return cardOf(server, id);
  if (path === "people")
    return { people: [...server.chains.keys()].map((person) => cardOf(server, person)), next: null };
  if (path === "me") return meOf(server, from);
  if (what === "transparency" && server.keys) return server.keys(from).answer(path, url.searchParams, body);
  if (path === "trust")
    return {
      key_log: server.keys?.(from).policy ?? null,
      root: b64(server.authority.root),
      certificates: server.authority.certificates.map(b64),
    };
  if (path === "key-packages/claim") return claim(server, from, body);
  if (path === "key-packages" && method === "POST") return upload(server, from, body);
  if (path === "key-packages") return { counts: counts(server, from) };
  if (path === "devices") return devicesOf(server, from);
  if (["devices/revoke", "devices/rename", "devices/renew"].includes(path)) {
    await server.appendStatement(from.person, bytes(body["statement"]));
    return devicesOf(server, from);
  }
  if (path === "conversations/direct") {
    const talk = server.openDirect(from.person, String(body["person"]));
    return conversationOf(server, talk, from.person);
  }
  if (path === "conversations/group" || path === "conversations/self") {
    const talk = id === "self" ? await server.openSelf(from.person) : await server.openGroup(from.person);
    return conversationOf(server, talk, from.person);
  }
  if (what === "conversations") {
    const talk = server.talks.get(id);
    if (talk?.knows(from.person)) return conversationOf(server, talk, from.person);
  }
  if (path === "resets") return { resets: [] };
  if (path === "pairings") return { pairings: [] };
  if (path === "moderators") return { people: [] };
  throw new TransportError("not_found", null, {}, path);
}

/** Only while the server is being restored; what is known already is passed over. */
async function giveBack(server: ServerDouble, body: Body) {
  if (!server.readOnly) throw new TransportError("conflict");
  const person = String(body["person"]);
  const version = (): number => server.chains.get(person)?.length ?? 0;
  for (const statement of (body["statements"] as string[]).map(bytes))
    if (parseStatement(statement).statement.version > version())
      await server.appendStatement(person, statement);
  return { version: version() };
}

function meOf(server: ServerDouble, from: Device) {
  const device = { id: from.device, name: "Node", kind: 1 };
  const salt = b64(new Uint8Array(16));
  return {
    person: cardOf(server, from.person),
    login: from.person.slice(0, 8),
    device,
    salt,
    server_time: server.now(),
    duties: [],
  };
}

function devicesOf(server: ServerDouble, from: Device) {
  const last = server.chains.get(from.person)?.at(-1);
  const entries = last ? parseStatement(last).statement.devices : [];
  const devices = entries.map((entry) => ({
    id: Buffer.from(entry.id)
      .toString("hex")
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
    name: entry.name,
    kind: entry.kind === "regular" ? 1 : 2,
    added_at: entry.addedAt,
    expires_at: entry.expiresAt,
    last_seen_at: null,
    revoked_at: null,
  }));
  return { devices: devices.map((one) => ({ ...one, current: one.id === from.device })) };
}

/** One KeyPackage of each living device of the persons; a last resort when its pool is empty. */
function claim(server: ServerDouble, from: Device, body: Body): unknown {
  const persons = (body["persons"] as Id[] | undefined) ?? [String(body["person"])];
  const only = (body["devices"] as Id[] | null | undefined) ?? null;
  const talk = server.talks.get(String(body["conversation"]));
  const suite =
    talk?.kind === "group" ? server.suiteOf(talk, body["suite"]) : (Number(body["suite"]) as Suite);
  if (!talk?.isMember(from.person)) throw new TransportError("not_a_member");
  const admin = talk.participants.get(from.person)?.role === "admin";
  const packages: { person: Id; device: Id; package: string }[] = [];
  const missing: Id[] = [];
  for (const person of persons) {
    if (talk.kind === "group" && !admin && !talk.participants.has(person))
      throw new TransportError("not_allowed");
    const before = packages.length;
    for (const entry of server.living(person)) {
      const device = server.devices.find((one) => one.device === entry);
      if (!device || device === from || (only && !only.includes(device.device))) continue;
      const pool = device.packages.filter((one) => one.suite === suite && one.notAfter > server.now());
      const taken = pool.find((one) => !one.lastResort) ?? pool[0];
      if (!taken) continue;
      if (!taken.lastResort) device.packages.splice(device.packages.indexOf(taken), 1);
      server.claimed.set(toHex(taken.ref), taken.lastResort ? null : from.device);
      packages.push({ person, device: device.device, package: b64(taken.body) });
    }
    if (packages.length === before) missing.push(person);
  }
  return { packages, missing };
}

/** A pool with anything in it is called full, so that making keys does not become the most of every test. */
function counts(server: ServerDouble, from: Device): Record<string, number> {
  const fresh = from.packages.filter((one) => one.notAfter > server.now());
  const of = (suite: Suite) => (fresh.some((one) => one.suite === suite && !one.lastResort) ? 100 : 0);
  return { [String(HYBRID)]: of(HYBRID), [String(CLASSICAL)]: of(CLASSICAL) };
}

async function upload(server: ServerDouble, from: Device, body: Body): Promise<unknown> {
  const suite = Number(body["suite"]) as Suite;
  const ordinary = (body["packages"] as string[] | undefined) ?? [];
  const last = (body["last_resort"] as string | null | undefined) ?? null;
  for (const [text, lastResort] of [...ordinary.map((one) => [one, false] as const), [last, true] as const]) {
    if (text === null) continue;
    const made = bytes(text);
    if (lastResort) from.packages = from.packages.filter((one) => one.suite !== suite || !one.lastResort);
    const notAfter = server.now() + NINETY_DAYS_MS;
    from.packages.push({ suite, ref: await refOf(made, suite), body: made, lastResort, notAfter });
  }
  return { counts: counts(server, from) };
}
