/**
 * The double with what is about devices: signing in, pairings, history, resets, moderation. Passphrases and one-time codes are
 * not judged here; that a device is listed, and that it holds the key it is listed with, is.
 */

import type { Id, PersonCard } from "../../src/core/api";
import { idBytes, idText, newId } from "../../src/core/ids";
import { compare, sha256, utf8 } from "../../src/crypto/bytes";
import { encodeSignedStatement, parseStatement } from "../../src/crypto/identity";
import { generateSigningKey, sign, verify } from "../../src/crypto/signing";
import { Writer } from "../../src/crypto/tls";
import { TransportError } from "../../src/transport";
import { type Device, ServerDouble } from "./double";
import type { Authority } from "./double-authority";
import { cardOf } from "./double-http";
import type { Visitor } from "./visitor";

interface Pairing {
  id: Id;
  person: Id;
  ticket: string;
  kind: "regular" | "temporary";
  createdAt: number;
  state: "open" | "approved" | "dead" | "finished";
  approver: Id | null;
  device: Id | null;
  said: { seq: number; side: "new" | "old"; body: string }[];
  chunks: Map<number, { chunk: string; last: boolean }>;
  over: boolean;
}

type Body = Record<string, unknown>;

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const bytes = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(String(text), "base64url"));
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const refuse = (code: string): never => {
  throw new TransportError(code);
};

export class DeviceDouble extends ServerDouble {
  readonly pairings = new Map<Id, Pairing>();
  readonly tickets = new Map<string, Id>();
  /** Login → person. */
  readonly logins = new Map<string, Id>();
  moderators: Id[] = [];
  /** What the directory says of somebody instead of the double's own card. */
  readonly cards = new Map<Id, Partial<PersonCard>>();
  /** Shown in place of the true root: a server that was taken over. */
  root: Uint8Array | null = null;
  readonly #officers: { seed: Uint8Array; publicKey: Uint8Array; certificate: Uint8Array }[] = [];
  readonly #resets = new Map<
    string,
    { person: Id; statement: Uint8Array; askedAt: number; earliest: number; officers: number; over: boolean }
  >();
  /** Letter (its code) → person. */
  readonly letters = new Map<string, Id>();
  /** Called before a relayed message is kept: a server in the middle changes it here. */
  relay: (pairing: Pairing, side: "new" | "old", body: Uint8Array) => Uint8Array = (_, __, body) => body;
  /** Requests of a device that never reach the server, by path: a broken line. */
  lost: (path: string) => boolean = () => false;
  /** Milliseconds. */
  resetDelay = 1_000;
  /** Everything that was asked over HTTP with keepalive. */
  readonly kept: string[] = [];

  override async fetch(from: Device, input: string, init: RequestInit = {}): Promise<Response> {
    return (await this.#answer(from, input, init)) ?? super.fetch(from, input, init);
  }

  /** A browser that may have no session yet. */
  async visit(visitor: Visitor, input: string, init: RequestInit = {}): Promise<Response> {
    const from = visitor.device === null ? null : this.device(visitor.device);
    const answer = await this.#answer(from, input, init, visitor);
    if (answer) return answer;
    return from
      ? super.fetch(from, input, init)
      : json({ code: "not_signed_in", message: "", detail: {} }, 401);
  }

  async #answer(
    from: Device | null,
    input: string,
    init: RequestInit,
    visitor: Visitor | null = null,
  ): Promise<Response | null> {
    const path = new URL(input, "http://double").pathname.replace("/api/v1/", "");
    if (this.lost(path)) throw new TypeError("no network");
    if (init.keepalive) this.kept.push(path);
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as Body) : {};
    try {
      const answer = await this.#route(from, init.method ?? "GET", path, body, visitor);
      return answer === undefined ? null : json(answer);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      const { code, message, detail } = error;
      return json({ code, message, detail }, code === "not_found" ? 404 : 409);
    }
  }

  async #route(
    from: Device | null,
    method: string,
    path: string,
    body: Body,
    visitor: Visitor | null,
  ): Promise<unknown> {
    const [what, id = "", more] = path.split("/");
    if (path === "trust") {
      const certificates = [this.authority.certificate, ...this.#officers.map((one) => one.certificate)];
      return { root: b64(this.root ?? this.authority.root), certificates: certificates.map(b64) };
    }
    if (what === "people" && more === undefined && this.cards.has(id))
      return { ...cardOf(this, id), ...this.cards.get(id) };
    if (path === "resets" && from) return this.#announced(from.person);
    if (path === "reset/stop" && from) return this.#stopReset(from.person, body);
    if (what === "reset") return this.#reset(id, body, visitor);
    if (path === "me" && from && this.moderators.includes(from.person))
      return { ...(this.#me(from.person, from.device) as object), duties: ["moderator"] };
    if (path === "sign-in/begin")
      return { salt: b64(new Uint8Array(16)), challenge: b64(new Uint8Array(32)) };
    if (path === "sign-in/finish" && visitor) return this.#signIn(body, visitor);
    if (path === "sign-out") return null;
    if (path === "moderators") return { people: this.moderators.map((person) => cardOf(this, person)) };
    if (path === "moderation/envelope") return this.#envelope(from, body);
    if (what === "pairings" && id === "" && method === "POST") return this.#open(body);
    if (what === "pairings" && id === "") return { pairings: this.#waiting(from) };
    if (what === "pairings") return this.#pairing(from, id, more ?? "", body, visitor);
    if (what === "history") return this.#history(from, method, id, more, body);
    return undefined;
  }

  async #signIn(body: Body, visitor: Visitor): Promise<unknown> {
    const person = this.logins.get(String(body["login"])) ?? refuse("sign_in_refused");
    const device = body["device"] === null ? null : String(body["device"]);
    if (device !== null && this.living(person).includes(device)) {
      const content = new Writer().opaque(bytes(body["challenge"])).fixed(idBytes(device), 16).bytes;
      if (!(await this.#holds(person, device, content, bytes(body["device_signature"]))))
        refuse("sign_in_refused");
      return { outcome: "session", me: this.#begin(person, device, visitor) };
    }
    const ticket = b64(crypto.getRandomValues(new Uint8Array(32)));
    this.tickets.set(ticket, person);
    return { outcome: "replace", ticket, person_id: person, chain: (this.chains.get(person) ?? []).map(b64) };
  }

  #begin(person: Id, device: Id, visitor: Visitor): unknown {
    if (!this.devices.some((one) => one.device === device)) this.register(person, device);
    visitor.device = device;
    return this.#me(person, device);
  }

  #me(person: Id, device: Id): unknown {
    return {
      person: cardOf(this, person),
      login: [...this.logins].find(([, one]) => one === person)?.[0] ?? "",
      device: { id: device, name: "Node" },
      salt: b64(new Uint8Array(16)),
      server_time: this.now(),
      duties: [],
    };
  }

  #holds(person: Id, device: Id, content: Uint8Array, signature: Uint8Array): Promise<boolean> {
    const last = this.chains.get(person)?.at(-1);
    const entry = last && parseStatement(last).statement.devices.find((one) => idText(one.id) === device);
    return entry ? verify(entry.signatureKey, "SignIn", content, signature) : Promise.resolve(false);
  }

  #open(body: Body): unknown {
    const ticket = String(body["ticket"]);
    const person = this.tickets.get(ticket) ?? refuse("ticket_refused");
    const pairing: Pairing = {
      id: newId(),
      person,
      ticket,
      kind: body["kind"] as Pairing["kind"],
      createdAt: this.now(),
      state: "open",
      approver: null,
      device: null,
      said: [],
      chunks: new Map(),
      over: false,
    };
    this.pairings.set(pairing.id, pairing);
    this.#tell(pairing);
    return { pairing: pairing.id, expires_at: this.now() + 600_000 };
  }

  #waiting(from: Device | null): unknown {
    const open = [...this.pairings.values()].filter(
      (one) =>
        one.person === from?.person && one.state === "open" && (one.approver ?? from.device) === from.device,
    );
    return open.map(({ id, kind, createdAt }) => ({ id, kind, created_at: createdAt, address: null }));
  }

  async #pairing(
    from: Device | null,
    id: Id,
    what: string,
    body: Body,
    visitor: Visitor | null,
  ): Promise<unknown> {
    const pairing = this.pairings.get(id) ?? refuse("not_found");
    const byTicket = typeof body["ticket"] === "string";
    if (byTicket && body["ticket"] !== pairing.ticket) refuse("ticket_refused");
    if (!byTicket && from?.person !== pairing.person) refuse("not_found");
    switch (what) {
      case "read": {
        const state = pairing.state === "finished" ? "approved" : pairing.state;
        return { messages: pairing.said.filter((one) => one.seq > Number(body["after"])), state };
      }
      case "messages": {
        if (pairing.state !== "open" && pairing.state !== "approved") refuse("pairing_refused");
        if (!byTicket) this.#takeOn(pairing, from);
        const side = byTicket ? ("new" as const) : ("old" as const);
        const said = this.relay(pairing, side, bytes(body["body"]));
        pairing.said.push({ seq: pairing.said.length + 1, side, body: b64(said) });
        this.#tell(pairing);
        return { seq: pairing.said.length };
      }
      case "approve": {
        if (pairing.state !== "open") refuse("pairing_refused");
        this.#takeOn(pairing, from);
        const before = this.living(pairing.person);
        await this.appendStatement(pairing.person, bytes(body["statement"]));
        pairing.device = this.living(pairing.person).find((one) => !before.includes(one)) ?? null;
        pairing.state = "approved";
        this.#tell(pairing);
        return { devices: [] };
      }
      case "fail":
        if (pairing.state !== "open") refuse("pairing_refused");
        pairing.state = "dead";
        this.#tell(pairing);
        return null;
      case "finish": {
        if (pairing.state !== "approved" || !visitor || pairing.device === null)
          return refuse("pairing_refused");
        const content = new Writer().opaque(bytes(pairing.ticket)).fixed(idBytes(pairing.device), 16).bytes;
        const genuine = this.#holds(pairing.person, pairing.device, content, bytes(body["device_signature"]));
        if (!(await genuine)) refuse("sign_in_refused");
        pairing.state = "finished";
        return this.#begin(pairing.person, pairing.device, visitor);
      }
      default:
        return refuse("not_found");
    }
  }

  #takeOn(pairing: Pairing, from: Device | null): void {
    if (!from || (pairing.approver !== null && pairing.approver !== from.device)) refuse("pairing_refused");
    else pairing.approver = from.device;
  }

  #tell(pairing: Pairing): void {
    this.tell([pairing.person], { t: "pairing_waiting", pairing: idBytes(pairing.id) });
  }

  #history(from: Device | null, method: string, id: Id, more: string | undefined, body: Body): unknown {
    const pairing = this.pairings.get(id);
    const mine = from && (pairing?.approver === from.device || pairing?.device === from.device);
    if (!pairing || !mine) return refuse("not_found");
    if (more === "done") {
      pairing.over = true;
      pairing.chunks.clear();
      return null;
    }
    if (pairing.over) refuse("pairing_refused");
    if (more === undefined) {
      const last = [...pairing.chunks].find(([, one]) => one.last)?.[0] ?? null;
      return { chunks: [...pairing.chunks.keys()].sort((a, b) => a - b), last };
    }
    const stored = pairing.chunks.get(Number(more));
    if (method === "GET") return stored ? { chunk: stored.chunk } : refuse("not_found");
    const put = { chunk: String(body["chunk"]), last: body["last"] === true };
    if (stored && (stored.chunk !== put.chunk || stored.last !== put.last)) refuse("conflict");
    pairing.chunks.set(Number(more), put);
    return null;
  }

  /** A letter by which this person may begin anew; its code. */
  async letter(person: Id): Promise<string> {
    const symbols = "0".repeat(18);
    const [first = 0, second = 0] = await sha256(utf8("beep activation checksum v1"), utf8(symbols));
    const bits = (first << 2) | (second >> 6);
    const all = symbols + CROCKFORD.charAt(bits >> 5) + CROCKFORD.charAt(bits & 31);
    const code = (all.match(/.{4}/g) ?? []).join("-");
    this.letters.set(code, person);
    return code;
  }

  /** Two officers under the authority's root, or another's. */
  async appointOfficers(authority: Authority = this.authority): Promise<void> {
    for (const name of ["Officer one", "Officer two"]) {
      const { seed, publicKey } = await generateSigningKey();
      const certificate = await authority.certify(publicKey, 2, name, this.now());
      this.#officers.push({ seed, publicKey, certificate });
    }
    this.#officers.sort((a, b) => compare(a.publicKey, b.publicKey));
  }

  /** The officers sign everything that waits for them. */
  signResets(): void {
    for (const reset of this.#resets.values()) reset.officers = this.#officers.length;
  }

  async #reset(what: string, body: Body, visitor: Visitor | null): Promise<unknown> {
    if (what === "begin") {
      const person = this.letters.get(String(body["code"])) ?? refuse("code_refused");
      const chain = (this.chains.get(person) ?? []).map(b64);
      const shown = { person: cardOf(this, person), person_id: person, login: "ayesha" };
      return { ...shown, chain, totp_secret: "ABC", totp_uri: "otpauth://x" };
    }
    if (what === "request") {
      const person = this.letters.get(String(body["code"])) ?? refuse("code_refused");
      const ticket = b64(crypto.getRandomValues(new Uint8Array(32)));
      const earliest = this.now() + this.resetDelay;
      const statement = bytes(body["statement"]);
      this.#resets.set(ticket, {
        person,
        statement,
        earliest,
        officers: 0,
        askedAt: this.now(),
        over: false,
      });
      this.tell(this.#sharing(person), { t: "reset_requested", person: idBytes(person), earliest });
      return { ticket, earliest };
    }
    const reset = this.#resets.get(String(body["ticket"])) ?? refuse("ticket_refused");
    const { officers, earliest, person, over } = reset;
    const state = over ? "dropped" : officers < 2 ? "waiting" : this.now() < earliest ? "signed" : "ready";
    if (what === "status") return { state, officers, earliest };
    if (state !== "ready" || !visitor) return refuse("reset_refused");
    const { unsigned, signatures, statement } = parseStatement(reset.statement);
    for (const { seed, publicKey } of this.#officers)
      signatures.push({
        signer: "officer",
        key: publicKey,
        signature: await sign(seed, "IdentityStatement", unsigned),
      });
    await this.appendStatement(person, encodeSignedStatement(unsigned, signatures));
    this.#resets.delete(String(body["ticket"]));
    return this.#begin(person, idText(statement.devices[0]!.id), visitor);
  }

  #sharing(person: Id): Set<Id> {
    const sharing = new Set<Id>([person]);
    for (const talk of this.talks.values())
      if (talk.participants.has(person)) for (const other of talk.persons) sharing.add(other);
    return sharing;
  }

  #announced(to: Id): unknown {
    const open = [...this.#resets.values()].filter(({ over }) => !over);
    const told = open.filter(({ person }) => this.#sharing(person).has(to));
    return {
      resets: told.map(({ person, askedAt, earliest }) => ({ person, asked_at: askedAt, earliest })),
    };
  }

  async #stopReset(person: Id, body: Body): Promise<null> {
    const all = [...this.#resets.values()];
    const reset = all.find((one) => one.person === person && !one.over) ?? refuse("not_found");
    await this.appendStatement(person, bytes(body["statement"]));
    reset.over = true;
    return null;
  }

  #envelope(from: Device | null, body: Body): unknown {
    if (!from || !this.moderators.includes(from.person)) return refuse("forbidden");
    const talk = this.talks.get(String(body["conversation"]));
    const seq = Number(body["seq"]);
    const envelope = talk?.envelopes[seq - 1];
    const hash = talk?.hashes[seq - 1];
    if (!envelope || !hash) return refuse("not_found");
    return { ...envelope, device: idText(envelope.device), body: b64(envelope.body), hash: b64(hash) };
  }
}

const json = (value: unknown, status = 200): Response =>
  new Response(value === null ? null : JSON.stringify(value), {
    status: value === null ? 204 : status,
    headers: { "Content-Type": "application/json" },
  });
