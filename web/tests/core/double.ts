/**
 * A server in memory for tests that must stop it at every step, or make it lie: the rules of the log (dense seqs,
 * counters, idempotent sends, one commit an epoch, generations), membership, orders, mailboxes and slots, with the real
 * engine and the real core around it. The real server is driven in real-server.test.ts.
 */

import type { Id } from "../../src/core/api";
import { idBytes, idText } from "../../src/core/ids";
import type { PersonBase, Suite } from "../../src/crypto/api";
import { equal } from "../../src/crypto/bytes";
import { parseStatement, statementHash } from "../../src/crypto/identity";
import { TransportError } from "../../src/transport";
import type { RequestTag } from "../../src/transport";
import type * as wire from "../../src/wire/frames";
import { Authority } from "./double-authority";
import { answerHttp } from "./double-http";
import type { KeyLogShown } from "./double-keys";
import { DoubleLink } from "./double-link";
import { DoubleRequests } from "./double-requests";
import { type DoubleOrder, Talk } from "./double-talk";

export { DoubleLink } from "./double-link";
export { Talk } from "./double-talk";

const NINETY_DAYS_MS = 90 * 86_400_000;
const NOTHING = new Uint8Array();

export interface Device {
  person: Id;
  device: Id;
  /** Where events go: the newest socket of the device. */
  door: { push(event: wire.Event): void; end(reason: string): void };
  link: DoubleLink;
  mail: wire.Mail[];
  mailSeq: number;
  packages: { suite: Suite; ref: Uint8Array; body: Uint8Array; lastResort: boolean; notAfter: number }[];
}

interface Identity {
  bases: Uint8Array[];
  devices: Map<Id, Uint8Array>;
}

/** What the server says: an answer to a request, or an event. */
export type Told = wire.Answer | wire.Event;

export class ServerDouble {
  readonly talks = new Map<Id, Talk>();
  readonly devices: Device[] = [];
  /** Signed statements of each person, first one first. */
  readonly chains = new Map<Id, Uint8Array[]>();
  readonly authority: Authority;
  /** The key log as each device is shown it; null: this server has none. */
  keys: ((to: Device) => KeyLogShown) | null = null;
  time = 1_700_000_000_000;
  /** Moves the server's clock against the machine's, milliseconds. */
  offset = 0;
  /** How many times shorter the members' waits are than they say; see `hurry`. */
  haste = 1;
  /** After a restore: only `reupload` is taken. */
  readOnly = false;
  /** Suite of the KeyPackages for new groups, whatever is asked for; `Member` with `classical` begins by it. */
  newGroups: Suite | null = null;
  /**
   * The one place for lies: everything that is about to be told to a device passes through. What comes back is told
   * instead; null tells nothing (an answer is lost, as by a broken line).
   */
  tamper: (told: Told, to: Device) => Told | null = (told) => told;
  /** Hears every request that a device lets out, whether or not it arrives. */
  overheard: (tag: RequestTag, fields: unknown) => void = () => undefined;
  /** KeyPackages that were handed out: ref in hex → to which device; a last resort to anybody. */
  readonly claimed = new Map<string, Id | null>();
  readonly #requests = new DoubleRequests(this);
  /** By the list of statements, which is replaced when it grows. */
  readonly #identities = new WeakMap<readonly Uint8Array[], Identity>();

  constructor(authority: Authority = shared) {
    this.authority = authority;
  }

  now(): number {
    return Date.now() + this.offset;
  }

  /** Seconds on a clock that goes as fast as the members' waits do. */
  hurried(): number {
    return (performance.now() * this.haste) / 1_000;
  }

  register(person: Id, device: Id): Device {
    const link = new DoubleLink(this, person, device);
    const entry: Device = { person, device, link, door: link, mail: [], mailSeq: 0, packages: [] };
    this.devices.push(entry);
    return entry;
  }

  /** A fresh process of a device: what the last one still wants to say reaches nobody. */
  reconnect(device: Id): DoubleLink {
    const entry = this.device(device);
    entry.link.cut();
    entry.link = new DoubleLink(this, entry.person, device);
    entry.door = entry.link;
    return entry.link;
  }

  device(id: Id): Device {
    const found = this.devices.find((one) => one.device === id);
    if (!found) throw new RangeError("no such device");
    return found;
  }

  // Identities

  /** Devices that the newest statement lists and that have not expired. */
  living(person: Id): Id[] {
    const last = this.chains.get(person)?.at(-1);
    if (!last) return [];
    return parseStatement(last)
      .statement.devices.filter((one) => one.expiresAt === null || one.expiresAt > this.now())
      .map((one) => idText(one.id));
  }

  isRevoked(device: Id): boolean {
    const { person } = this.device(device);
    const last = this.chains.get(person)?.at(-1);
    return (
      last !== undefined && parseStatement(last).statement.revoked.some((one) => idText(one.id) === device)
    );
  }

  /** Hash of the latest statement 1 or reset; null for somebody without a device. */
  async base(person: Id): Promise<Uint8Array | null> {
    return (await this.#identity(person)).bases.at(-1) ?? null;
  }

  /** The base under which a device was listed first; null when no statement names it. */
  async baseOf(person: Id, device: Id): Promise<Uint8Array | null> {
    return (await this.#identity(person)).devices.get(device) ?? null;
  }

  /** Every base of these persons, oldest first. */
  async bases(persons: Iterable<Id>): Promise<PersonBase[]> {
    const found: PersonBase[] = [];
    for (const person of persons)
      for (const base of (await this.#identity(person)).bases) found.push({ person: idBytes(person), base });
    return found;
  }

  async #identity(person: Id): Promise<Identity> {
    const chain = this.chains.get(person) ?? [];
    const known = this.#identities.get(chain);
    if (known) return known;
    const identity: Identity = { bases: [], devices: new Map() };
    for (const { statement, unsigned } of chain.map(parseStatement)) {
      if (statement.version === 1 || statement.reset) identity.bases.push(await statementHash(unsigned));
      const base = identity.bases.at(-1);
      for (const { id } of statement.devices)
        if (base && !identity.devices.has(idText(id))) identity.devices.set(idText(id), base);
    }
    this.#identities.set(chain, identity);
    return identity;
  }

  async head(person: Id): Promise<Uint8Array> {
    const last = this.chains.get(person)?.at(-1);
    if (!last) throw new RangeError("a person without a chain");
    return statementHash(parseStatement(last).unsigned);
  }

  /** The next statement of a chain, with what it means for sessions and groups. */
  async appendStatement(person: Id, statement: Uint8Array): Promise<void> {
    const before = new Set(this.living(person));
    const chain = this.chains.get(person) ?? [];
    const { version } = parseStatement(statement).statement;
    if (version !== chain.length + 1) throw new TransportError("statement_conflict");
    this.chains.set(person, [...chain, statement]);
    const gone = [...before].filter((device) => !this.living(person).includes(device));
    for (const device of gone) await this.removeEverywhere(person, device);
    for (const device of gone) this.device(device).door.end("revoked");
    const sharing = new Set<Id>([person]);
    for (const talk of this.talks.values())
      if (talk.participants.has(person)) for (const other of talk.persons) sharing.add(other);
    this.tell(sharing, { t: "identity_changed", person: idBytes(person), version });
    if (chain.length === 0) this.#invitedReady(person);
  }

  #invitedReady(person: Id): void {
    for (const talk of this.talks.values())
      if (talk.participants.get(person)?.role === "invited")
        this.tell(talk.persons, {
          t: "invited_ready",
          conversation: idBytes(talk.id),
          person: idBytes(person),
        });
  }

  /** A device is out: Remove orders wherever it has a leaf, and no more messages until they are carried out. */
  async removeEverywhere(person: Id, device: Id): Promise<void> {
    for (const talk of this.talks.values()) {
      // Nobody lets it in any more.
      talk.orders = talk.orders.filter(
        (one) => one.executed !== null || one.action !== "add" || idText(one.device) !== device,
      );
      if (talk.leafOf(device) === null) continue;
      await this.issue(talk, "remove", person, device);
      talk.blocked = true;
      this.tellState(talk);
    }
  }

  /** Signs an order and opens it. The test may change what it says: that is the lying authority. */
  async issue(
    talk: Talk,
    action: DoubleOrder["action"],
    person: Id,
    device: Id,
    request: Uint8Array = NOTHING,
    change: Partial<DoubleOrder> & { forged?: boolean } = {},
  ): Promise<DoubleOrder> {
    if (!talk.groupId) throw new TransportError("generation_conflict");
    const fields = {
      groupId: talk.groupId,
      action,
      person: idBytes(person),
      device: idBytes(device),
      statementHash: change.statementHash ?? (await this.head(person)),
      expiresAt: change.expiresAt ?? this.now() + NINETY_DAYS_MS,
      request,
    };
    const signed = change.forged
      ? await this.authority.forgedOrder(fields)
      : await this.authority.order(fields);
    const order: DoubleOrder = { ...fields, ...signed, executed: null };
    talk.orders = talk.orders.filter(
      (one) => !(one.executed === null && one.action === action && equal(one.device, order.device)),
    );
    talk.orders.push(order);
    return order;
  }

  // Conversations

  openDirect(a: Id, b: Id): Talk {
    const wanted = [a, b].sort();
    const known = [...this.talks.values()].find(
      (talk) => talk.kind === "direct" && [...talk.participants.keys()].every((one) => wanted.includes(one)),
    );
    return (
      known ??
      this.#opened(
        new Talk(
          "direct",
          wanted.map((person) => ({ person, role: "member", base: ZEROS })),
        ),
      )
    );
  }

  async openGroup(creator: Id): Promise<Talk> {
    const base = (await this.base(creator)) ?? ZEROS;
    return this.#opened(new Talk("group", [{ person: creator, role: "admin", base }]));
  }

  async openSelf(person: Id): Promise<Talk> {
    const known = [...this.talks.values()].find(
      (talk) => talk.kind === "self" && talk.participants.has(person),
    );
    const base = (await this.base(person)) ?? ZEROS;
    return known ?? this.#opened(new Talk("self", [{ person, role: "member", base }]));
  }

  #opened(talk: Talk): Talk {
    this.talks.set(talk.id, talk);
    return talk;
  }

  suiteOf(talk: Talk, asked: unknown): Suite {
    if (this.newGroups === null) return Number(asked) as Suite;
    return talk.generation > 0 ? talk.suite : this.newGroups;
  }

  state(talk: Talk, person: Id | null = null): wire.ConversationState {
    return talk.state(person, this.now());
  }

  /** Texts of the log that the server could read, were it able to: none. */
  dump(): string {
    return [...this.talks.values()]
      .flatMap((talk) => talk.envelopes.map((one) => Buffer.from(one.body).toString("hex")))
      .join("\n");
  }

  // Telling

  tell(persons: Iterable<Id>, event: wire.Event, except: Id | null = null): void {
    const all = new Set(persons);
    for (const device of this.devices) {
      if (!all.has(device.person) || device.device === except || this.isRevoked(device.device)) continue;
      const told = this.tamper(structuredClone(event), device);
      if (told !== null) device.door.push(told as wire.Event);
    }
  }

  /** Each person's own view of a conversation: who has left may read less. */
  tellState(talk: Talk, persons: Iterable<Id> = talk.persons): void {
    for (const person of persons)
      this.tell([person], { t: "conversation_changed", state: this.state(talk, person) });
  }

  // Requests

  async answer(from: Device, tag: RequestTag, fields: unknown): Promise<unknown> {
    if (this.isRevoked(from.device)) throw new TransportError("device_revoked");
    const told = this.tamper((await this.#requests.answer(from, tag, fields)) as Told, from);
    if (told === null) throw new TransportError("offline");
    return told;
  }

  /** A note: nobody answers. */
  noted(from: Device, frame: wire.Note): void {
    this.#requests.noted(from, frame);
  }

  /** The HTTP API, as far as the core uses it between activated people. */
  async fetch(from: Device, input: string, init: RequestInit = {}): Promise<Response> {
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as Record<string, unknown>) : {};
    try {
      if (this.isRevoked(from.device))
        throw new TransportError("device_revoked", null, { reason: "revoked" });
      const url = new URL(input, "http://double");
      return json(await answerHttp(this, from, init.method ?? "GET", url, body));
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      const { code, message, detail } = error;
      return json({ code, message, detail }, code === "not_found" ? 404 : 409);
    }
  }
}

const ZEROS = new Uint8Array(32);

/** One authority for all doubles of a process: making keys costs time and no test needs its own root. */
const shared = await Authority.create(Date.now());

const json = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: { "Content-Type": "application/json" } });
