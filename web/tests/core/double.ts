/**
 * A server in memory for tests that must stop it at every step: the rules of the log (dense seqs, counters, idempotent
 * sends, one commit an epoch, generations), mailboxes and slots, with the real engine and the real core around it. The
 * real server is driven in real-server.test.ts.
 */

import type { Id } from "../../src/core/api";
import { idBytes, idText, newId } from "../../src/core/ids";
import { equal, sha256, toHex } from "../../src/crypto/bytes";
import { parseStatement } from "../../src/crypto/identity";
import { encodeBeginBody } from "../../src/crypto/begin-body";
import { groupIdOf } from "../../src/crypto/policy";
import { envelopeHash } from "../../src/crypto/transcript";
import { TransportError } from "../../src/transport";
import type { Answers, Link, LinkState, RequestFields, RequestTag } from "../../src/transport";
import type * as wire from "../../src/wire/frames";

interface Talk {
  id: Id;
  persons: Id[];
  envelopes: wire.Envelope[];
  hashes: Uint8Array[];
  generation: number;
  epoch: number;
  groupId: Uint8Array | null;
  blocked: boolean;
  counters: Map<string, number>;
}

interface Device {
  person: Id;
  device: Id;
  link: DoubleLink;
  mail: wire.Mail[];
  /** Public KeyPackage → its ref, as uploaded. */
  packages: { ref: Uint8Array; body: Uint8Array }[];
}

export class ServerDouble {
  readonly talks = new Map<Id, Talk>();
  readonly devices: Device[] = [];
  readonly chains = new Map<Id, Uint8Array[]>();
  time = 1_700_000_000_000;
  /** Called before an envelope is handed out: a lying server changes it here. */
  tamper: (envelope: wire.Envelope) => wire.Envelope = (envelope) => envelope;

  register(person: Id, device: Id): Device {
    const entry: Device = {
      person,
      device,
      link: new DoubleLink(this, person, device),
      mail: [],
      packages: [],
    };
    this.devices.push(entry);
    return entry;
  }

  openDirect(a: Id, b: Id): Talk {
    const persons = [a, b].sort();
    const known = [...this.talks.values()].find((talk) =>
      talk.persons.every((person) => persons.includes(person)),
    );
    if (known) return known;
    const talk: Talk = {
      id: newId(),
      persons,
      envelopes: [],
      hashes: [],
      generation: 0,
      epoch: 0,
      groupId: null,
      blocked: false,
      counters: new Map(),
    };
    this.talks.set(talk.id, talk);
    return talk;
  }

  state(talk: Talk): wire.ConversationState {
    return {
      conversation: idBytes(talk.id),
      kind: "direct",
      persons: talk.persons.map(idBytes),
      last_seq: talk.envelopes.length,
      generation: talk.generation,
      epoch: talk.epoch,
      group_id: talk.groupId,
      blocked: talk.blocked,
    };
  }

  /** Texts of the log that the server could read, were it able to: none. */
  dump(): string {
    return [...this.talks.values()]
      .flatMap((talk) => talk.envelopes.map((one) => toHex(one.body)))
      .join("\n");
  }

  async answer(from: Device, tag: RequestTag, fields: unknown): Promise<unknown> {
    switch (tag) {
      case "resume": {
        const { cursors, mailbox } = fields as RequestFields["resume"];
        const mine = [...this.talks.values()].filter((talk) => talk.persons.includes(from.person));
        const behind = mine.filter((talk) => {
          const cursor = cursors.find((one) => idText(one.conversation) === talk.id);
          return !cursor || cursor.seq < talk.envelopes.length;
        });
        void mailbox;
        const last = from.mail.at(-1)?.seq ?? 0;
        return { t: "behind", re: 1, conversations: behind.map((talk) => this.state(talk)), mailbox: last };
      }
      case "fetch": {
        const { conversation, after, limit } = fields as RequestFields["fetch"];
        const talk = this.#talk(conversation);
        const envelopes = talk.envelopes.slice(after, after + limit).map((one) => this.tamper(one));
        return { t: "page", re: 1, conversation, envelopes, last_seq: talk.envelopes.length };
      }
      case "hashes": {
        const { conversation, after, until } = fields as RequestFields["hashes"];
        const hashes = this.#talk(conversation).hashes.slice(after, until);
        return { t: "hash_list", re: 1, conversation, after, hashes: Buffer.concat(hashes) };
      }
      case "mail_fetch": {
        const { after } = fields as RequestFields["mail_fetch"];
        const items = from.mail.filter((item) => item.seq > after);
        return { t: "mail", re: 1, items, last: from.mail.at(-1)?.seq ?? 0 };
      }
      case "send": {
        const { conversation, generation, epoch, counter, body } = fields as RequestFields["send"];
        const talk = this.#talk(conversation);
        const known = this.#known(talk, from, 1, counter, body);
        if (known) return known;
        if (generation !== talk.generation) throw new TransportError("generation_conflict");
        if (talk.blocked) throw new TransportError("removal_due");
        if (epoch !== talk.epoch) throw new TransportError("epoch_conflict");
        return this.#append(talk, from, { generation, epoch, kind: 1, counter, body });
      }
      case "commit": {
        const { conversation, generation, epoch, counter, body } = fields as RequestFields["commit"];
        const talk = this.#talk(conversation);
        const known = this.#known(talk, from, 2, counter, body);
        if (known) return known;
        if (generation !== talk.generation || epoch !== talk.epoch)
          throw new TransportError("epoch_conflict");
        talk.epoch += 1;
        return this.#append(talk, from, { generation, epoch, kind: 2, counter, body });
      }
      case "begin":
        return this.#begin(from, fields as RequestFields["begin"]);
      case "slots_fetch": {
        const { conversation } = fields as RequestFields["slots_fetch"];
        return { t: "slots", re: 1, conversation, slots: [], delivered: [] };
      }
      default:
        return { t: "ok", re: 1 };
    }
  }

  #talk(conversation: Uint8Array): Talk {
    const talk = this.talks.get(idText(conversation));
    if (!talk) throw new TransportError("not_found");
    return talk;
  }

  #known(talk: Talk, from: Device, kind: number, counter: number, body: Uint8Array): wire.Sent | null {
    const first = talk.envelopes.find((one) => idText(one.device) === from.device && one.counter === counter);
    if (first) {
      if (first.kind !== kind || !equal(first.body, body)) throw new TransportError("counter_old");
      return { t: "sent", re: 1, seq: first.seq, time: first.time };
    }
    const last = talk.counters.get(from.device) ?? 0;
    if (counter <= last) throw new TransportError("counter_old");
    if (counter > last + 1) throw new TransportError("counter_gap", null, { last });
    return null;
  }

  async #begin(from: Device, frame: RequestFields["begin"]): Promise<wire.Sent> {
    const talk = this.#talk(frame.conversation);
    const body = encodeBeginBody({ policy: frame.policy, commit: frame.commit });
    const known = this.#known(talk, from, 3, frame.counter, body);
    if (known) return known;
    const { generation, counter } = frame;
    if (generation !== talk.generation + 1) throw new TransportError("generation_conflict");
    if (talk.generation > 0 && !talk.blocked) throw new TransportError("successor_not_allowed");
    talk.generation = generation;
    talk.epoch = 1;
    talk.groupId = await groupIdOf(frame.policy);
    talk.blocked = false;
    const others = this.devices.filter(
      (one) => talk.persons.includes(one.person) && one.device !== from.device,
    );
    for (const other of others) {
      const claimed = other.packages.shift();
      other.mail.push({
        seq: (other.mail.at(-1)?.seq ?? 0) + 1,
        conversation: frame.conversation,
        generation,
        log_seq: talk.envelopes.length + 1,
        key_package_ref: claimed?.ref ?? new Uint8Array(),
        welcome: frame.welcome,
      });
    }
    return this.#append(talk, from, { generation, epoch: 0, kind: 3, counter, body });
  }

  async #append(
    talk: Talk,
    from: Device,
    made: Pick<wire.Envelope, "generation" | "epoch" | "kind" | "counter" | "body">,
  ): Promise<wire.Sent> {
    const seq = talk.envelopes.length + 1;
    const envelope = {
      ...made,
      body: made.body.slice(),
      seq,
      device: idBytes(from.device),
      time: ++this.time,
    };
    talk.envelopes.push(envelope);
    talk.counters.set(from.device, made.counter);
    const header = { ...envelope, conversation: idBytes(talk.id) };
    talk.hashes.push(await envelopeHash(header, { sha256: await sha256(made.body) }));
    for (const device of this.devices)
      if (talk.persons.includes(device.person))
        device.link.push({
          t: "envelopes",
          conversation: idBytes(talk.id),
          envelopes: [this.tamper(envelope)],
        });
    return { t: "sent", re: 1, seq, time: envelope.time };
  }

  /** The HTTP API, as far as the core uses it between two activated people. */
  async fetch(from: Device, input: string, init: RequestInit = {}): Promise<Response> {
    const path = new URL(input, "http://double").pathname.replace("/api/v1/", "");
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as Record<string, unknown>) : {};
    const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
    const identity = /^people\/([^/]+)\/identity$/.exec(path);
    if (identity) {
      const after = Number(new URL(input, "http://double").searchParams.get("after"));
      const chain = this.chains.get(identity[1] ?? "") ?? [];
      return json({
        statements: chain.filter((one) => parseStatement(one).statement.version > after).map(b64),
      });
    }
    if (path === "key-packages/claim") {
      const devices = this.devices.filter((one) => one.person === body["person"] && one.packages[0]);
      const packages = devices.map((one) => ({ device: one.device, package: b64(one.packages[0]!.body) }));
      return json({ packages });
    }
    if (path === "key-packages") {
      const uploaded = [...((body["packages"] as string[] | undefined) ?? []), body["last_resort"]];
      for (const text of uploaded)
        if (typeof text === "string")
          from.packages.push({ ref: new Uint8Array(), body: Buffer.from(text, "base64url") });
      return json({ counts: { "83": 100 } });
    }
    const conversation = /^conversations\/([^/]+)$/.exec(path);
    if (conversation && path !== "conversations/direct") {
      const talk = this.talks.get(conversation[1] ?? "");
      if (talk)
        return json({
          ...this.state(talk),
          id: talk.id,
          persons: talk.persons,
          group_id: talk.groupId ? b64(talk.groupId) : null,
        });
    }
    return json({ code: "not_found", message: path, detail: {} }, 404);
  }
}

const json = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: { "Content-Type": "application/json" } });

/** The socket of one device: always ready while started, unless the test cuts it. */
export class DoubleLink implements Link {
  state: LinkState = { kind: "closed" };
  /** Called before a request reaches the server and before its answer comes back; throws to lose it. */
  before: (tag: RequestTag) => void = () => undefined;
  after: (tag: RequestTag) => void = () => undefined;
  readonly #states = new Set<(state: LinkState) => void>();
  readonly #events = new Set<(event: wire.Event) => void>();

  constructor(
    private readonly server: ServerDouble,
    private readonly person: Id,
    private readonly device: Id,
  ) {}

  start(): void {
    const ready = {
      t: "ready",
      re: 1,
      minor: 0,
      time: 0,
      person: idBytes(this.person),
      device: idBytes(this.device),
    };
    this.#set({ kind: "ready", ready: ready as wire.Ready });
  }

  stop(): void {
    this.#set({ kind: "closed" });
  }

  async request<K extends RequestTag>(tag: K, fields: RequestFields[K]): Promise<Answers[K]> {
    if (this.state.kind !== "ready") throw new TransportError("offline");
    this.before(tag);
    const from = this.server.devices.find((one) => one.device === this.device)!;
    const answer = await this.server.answer(from, tag, structuredClone(fields));
    this.after(tag);
    return answer as Answers[K];
  }

  note(): boolean {
    return this.state.kind === "ready";
  }

  onState(run: (state: LinkState) => void): () => void {
    this.#states.add(run);
    return () => this.#states.delete(run);
  }

  onEvent(run: (event: wire.Event) => void): () => void {
    this.#events.add(run);
    return () => this.#events.delete(run);
  }

  push(event: wire.Event): void {
    if (this.state.kind === "ready") for (const run of [...this.#events]) run(event);
  }

  #set(state: LinkState): void {
    this.state = state;
    for (const run of [...this.#states]) run(state);
  }
}
