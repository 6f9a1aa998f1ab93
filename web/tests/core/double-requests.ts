import type { Id } from "../../src/core/api";
import { idBytes, idText } from "../../src/core/ids";
import { Lanes } from "../../src/core/lanes";
import { equal } from "../../src/crypto/bytes";
import { TransportError } from "../../src/transport";
import type { RequestFields, RequestTag } from "../../src/transport";
import type * as wire from "../../src/wire/frames";
import type { Device, ServerDouble } from "./double";
import { acceptBegin, acceptCommit, type Accepted, isAbandoned } from "./double-rules";
import type { Talk } from "./double-talk";

/** What the double does for each request of the socket; refusals are thrown as the client's link throws them. */
export class DoubleRequests {
  readonly #lanes = new Lanes();

  constructor(private readonly server: ServerDouble) {}

  async answer(from: Device, tag: RequestTag, fields: unknown): Promise<unknown> {
    switch (tag as wire.Request["t"]) {
      case "resume":
        return this.#resume(from, fields as RequestFields["resume"]);
      case "fetch": {
        const { conversation, after, limit } = fields as RequestFields["fetch"];
        const talk = this.#readable(conversation, from);
        const last_seq = talk.lastSeq(from.person);
        const until = talk.readableUntil(from.device, after, last_seq);
        const envelopes = talk.envelopes.slice(after, Math.min(after + limit, until));
        return { t: "page", re: 1, conversation, envelopes, last_seq };
      }
      case "hashes": {
        const { conversation, after, until } = fields as RequestFields["hashes"];
        const hashes = this.#readable(conversation, from).hashes.slice(after, until);
        return { t: "hash_list", re: 1, conversation, after, hashes: new Uint8Array(Buffer.concat(hashes)) };
      }
      case "mail_fetch": {
        const { after } = fields as RequestFields["mail_fetch"];
        return { t: "mail", re: 1, items: from.mail.filter((item) => item.seq > after), last: from.mailSeq };
      }
      case "mail_ack": {
        const { seq } = fields as RequestFields["mail_ack"];
        from.mail = from.mail.filter((item) => item.seq > seq);
        return { t: "ok", re: 1 };
      }
      case "send":
      case "commit":
      case "begin":
        if (this.server.readOnly) throw new TransportError("read_only");
        return this.#handshake(from, tag, fields as RequestFields["commit"]);
      case "slots_fetch": {
        const { conversation } = fields as RequestFields["slots_fetch"];
        const talk = this.#readable(conversation, from);
        const delivered = [...talk.delivered].map(([device, seq]) => ({ device: idBytes(device), seq }));
        return { t: "slots", re: 1, conversation, slots: [...talk.slots.values()], delivered };
      }
      case "slot_put":
        return this.#slotPut(from, fields as RequestFields["slot_put"]);
      case "orders_fetch": {
        const { conversation } = fields as RequestFields["orders_fetch"];
        const talk = this.#readable(conversation, from);
        const open = talk.openOrders(this.server.now());
        // Those of this group that a commit has executed are told too: somebody catching up judges that commit by them.
        const told = talk.orders.filter(({ executed }) => executed !== null).concat(open);
        const items = told.map(({ hash, body, executed }) => ({ hash, body, executed: executed !== null }));
        return { t: "orders", re: 1, conversation, items };
      }
      case "rejoin":
        return this.#rejoin(from, fields as RequestFields["rejoin"]);
      case "leave":
        return this.#leave(from, fields as RequestFields["leave"]);
      case "report_commit":
        return this.#reportCommit(from, fields as RequestFields["report_commit"]);
      case "reupload":
        return this.#reupload(from, fields as RequestFields["reupload"]);
      default:
        return { t: "ok", re: 1 };
    }
  }

  /** A note: nobody answers. */
  noted(from: Device, frame: wire.Note): void {
    if (frame.t === "ack") {
      for (const { conversation, seq } of frame.cursors) {
        const talk = this.server.talks.get(idText(conversation));
        if (!talk || (talk.delivered.get(from.device) ?? 0) >= seq) continue;
        talk.delivered.set(from.device, seq);
        const mark = { device: idBytes(from.device), seq };
        this.server.tell(talk.persons, { t: "delivered", conversation, mark }, from.device);
      }
      return;
    }
    const talk = this.server.talks.get(idText(frame.conversation));
    const event = { ...frame, t: "typing_event" as const, device: idBytes(from.device) };
    if (talk) this.server.tell(talk.persons, event, from.device);
  }

  #resume(from: Device, { cursors }: RequestFields["resume"]): unknown {
    const behind = [...this.server.talks.values()].filter((talk) => {
      if (!talk.knows(from.person)) return false;
      const cursor = cursors.find((one) => idText(one.conversation) === talk.id);
      const due = talk.blocked || talk.openOrders(this.server.now()).length > 0;
      return !cursor || cursor.seq !== talk.lastSeq(from.person) || (talk.isMember(from.person) && due);
    });
    const conversations = behind.map((talk) => this.server.state(talk, from.person));
    return { t: "behind", re: 1, conversations, mailbox: from.mailSeq };
  }

  #readable(conversation: Uint8Array, from: Device): Talk {
    const talk = this.server.talks.get(idText(conversation));
    if (!talk?.knows(from.person)) throw new TransportError("not_found");
    return talk;
  }

  #mine(conversation: Uint8Array, from: Device): Talk {
    const talk = this.#readable(conversation, from);
    if (!talk.isMember(from.person)) throw new TransportError("not_a_member");
    return talk;
  }

  /** send, commit and begin of one conversation come one after the other, as under the row's lock. */
  async #handshake(from: Device, tag: string, frame: RequestFields["commit"]): Promise<wire.Sent> {
    const talk = this.#readable(frame.conversation, from);
    return this.#lanes.run(talk.id, async () => {
      let accepted: Accepted;
      if (tag === "send") accepted = this.#accepted(talk, from, frame as unknown as RequestFields["send"]);
      else if (tag === "commit") accepted = await acceptCommit(this.server, talk, from, frame);
      else accepted = await acceptBegin(this.server, talk, from, frame as unknown as RequestFields["begin"]);
      if (accepted.known) return accepted.known;
      return this.#append(talk, from, accepted);
    });
  }

  #accepted(talk: Talk, from: Device, frame: RequestFields["send"]): Accepted {
    const { generation, epoch, counter, body } = frame;
    const made = { generation, epoch, kind: 1 as const, counter, body };
    const known = talk.known(from.device, 1, counter, body);
    if (known) return { known, made };
    this.#mine(frame.conversation, from);
    if (generation !== talk.generation) throw new TransportError("generation_conflict");
    if (talk.blocked || talk.frozenSeq !== null) throw new TransportError("removal_due");
    if (epoch !== talk.epoch) throw new TransportError("epoch_conflict");
    if (talk.leafOf(from.device) === null) throw new TransportError("not_a_member");
    return { known: null, made };
  }

  async #append(talk: Talk, from: Device, { made, effect }: Accepted): Promise<wire.Sent> {
    const hearing = new Set(talk.persons);
    const envelope = await talk.append(from.device, made, ++this.server.time);
    const come = effect ? effect(envelope.seq) : [];
    talk.settle();
    for (const person of talk.persons) hearing.add(person);
    for (const { device, mail } of come) {
      device.mailSeq += 1;
      device.mail.push({ ...mail, seq: device.mailSeq, log_seq: envelope.seq });
    }
    for (const { device } of come) {
      const told = this.server.tamper({ t: "mail_waiting", last: device.mailSeq }, device);
      if (told !== null) device.door.push(told as wire.Event);
    }
    if (effect) this.server.tellState(talk, hearing);
    this.server.tell(hearing, { t: "envelopes", conversation: idBytes(talk.id), envelopes: [envelope] });
    return { t: "sent", re: 1, seq: envelope.seq, time: envelope.time };
  }

  #slotPut(from: Device, frame: RequestFields["slot_put"]): unknown {
    if (this.server.readOnly) throw new TransportError("read_only");
    const talk = this.#mine(frame.conversation, from);
    const { generation, epoch, leaf, name, counter, body } = frame;
    const slot = { device: idBytes(from.device), generation, epoch, leaf, name, counter, body };
    if (counter <= (talk.slots.get(from.device)?.counter ?? 0)) throw new TransportError("slot_old");
    talk.slots.set(from.device, slot);
    this.server.tell(
      talk.persons,
      { t: "slot_changed", conversation: frame.conversation, slot },
      from.device,
    );
    return { t: "ok", re: 1 };
  }

  async #rejoin(from: Device, frame: RequestFields["rejoin"]): Promise<unknown> {
    const { server } = this;
    const { conversation, generation, statement_hash, signature } = frame;
    return this.#petition(from, { conversation, generation, statement_hash }, async (talk) => {
      await this.#demandNotReset(talk, from);
      if (talk.kind === "group" && isAbandoned(server, talk, from))
        throw new TransportError("rejoin_refused", null, { rule: "abandoned" });
      const open = talk.openOrders(server.now()).some((one) => equal(one.device, idBytes(from.device)));
      if (!open) await server.issue(talk, "add", from.person, from.device, signature);
      if (talk.leafOf(from.device) === null) return !open;
      await server.issue(talk, "remove", from.person, from.device);
      talk.blocked = true;
      return true;
    });
  }

  /** After a reset the members decide: no order brings the new person in. */
  async #demandNotReset(talk: Talk, { person, device }: Device): Promise<void> {
    const base = await this.server.baseOf(person, device);
    const admitted = talk.participants.get(person)?.base;
    const same = talk.kind !== "group" || (base !== null && admitted !== undefined && equal(base, admitted));
    if (!same) throw new TransportError("rejoin_refused", null, { rule: "reset" });
  }

  async #leave(from: Device, frame: RequestFields["leave"]): Promise<unknown> {
    const { server } = this;
    const { conversation, generation, statement_hash, signature } = frame;
    return this.#petition(from, { conversation, generation, statement_hash }, async (talk) => {
      if (talk.kind !== "group") throw new TransportError("forbidden");
      const wishes = talk.openOrders(server.now()).filter(({ action }) => action === "leave");
      const ending = new Set([...wishes.map((one) => idText(one.person)), from.person]);
      const others = [...talk.leaves.values()].some((seat) => !ending.has(seat.person));
      const served = talk.orders.some((one) => one.executed !== null && equal(one.request, signature));
      if (served) throw new TransportError("rejoin_refused", null, { rule: "repeated" });
      if (others) {
        await server.issue(talk, "leave", from.person, from.device, signature);
        talk.blocked = true;
      } else {
        // There is nobody who could commit it.
        for (const person of ending) talk.participants.get(person)!.left ??= talk.envelopes.length;
        for (const order of talk.orders) order.executed ??= talk.envelopes.length;
        talk.blocked = false;
        server.tellState(talk, [...ending]);
      }
      return others;
    });
  }

  /** What a device asks the authority for, under the conversation's lock; `ask` says whether anything is new. */
  #petition(
    from: Device,
    frame: Pick<RequestFields["leave"], "conversation" | "generation" | "statement_hash">,
    ask: (talk: Talk) => Promise<boolean>,
  ): Promise<unknown> {
    const { server } = this;
    const found = this.#mine(frame.conversation, from);
    return this.#lanes.run(found.id, async () => {
      const talk = this.#mine(frame.conversation, from);
      if (frame.generation !== talk.generation) throw new TransportError("generation_conflict");
      const refuse = (rule: string) => new TransportError("rejoin_refused", null, { rule });
      if (talk.frozenSeq !== null) throw refuse("frozen");
      if (!equal(frame.statement_hash, await server.head(from.person))) throw refuse("statement");
      if (await ask(talk)) server.tellState(talk);
      return { t: "ok", re: 1 };
    });
  }

  #reportCommit(from: Device, { conversation, generation, seq }: RequestFields["report_commit"]): unknown {
    const talk = this.#mine(conversation, from);
    const envelope = talk.envelopes[seq - 1];
    if (!envelope || envelope.kind === 1 || generation !== talk.generation)
      throw new TransportError("not_found");
    const persons = talk.reports.get(seq) ?? new Set<Id>();
    talk.reports.set(seq, persons.add(from.person));
    const committer = this.server.device(idText(envelope.device)).person;
    const others = [...persons].filter((person) => person !== committer).length;
    const small = talk.persons.length <= 2;
    if (small ? others >= 1 : persons.size >= 2) {
      talk.frozenSeq = seq;
      talk.blocked = true;
      this.server.tellState(talk);
    }
    return { t: "ok", re: 1 };
  }

  /** After a restore: what the members still hold is taken back as it was, effects and all. */
  async #reupload(from: Device, frame: RequestFields["reupload"]): Promise<unknown> {
    const talk = this.#mine(frame.conversation, from);
    return this.#lanes.run(talk.id, async () => {
      for (const envelope of frame.envelopes) {
        const present = talk.envelopes[envelope.seq - 1];
        if (present && !equal(present.body, envelope.body)) throw new TransportError("range_refused");
        if (present) continue;
        if (envelope.seq !== talk.envelopes.length + 1) throw new TransportError("range_refused");
        const sender = this.server.device(idText(envelope.device));
        const accepted =
          envelope.kind === 1
            ? { made: envelope, effect: undefined }
            : await acceptCommit(this.server, talk, sender, {
                ...envelope,
                conversation: frame.conversation,
                welcome: null,
              });
        await talk.append(sender.device, envelope, envelope.time);
        accepted.effect?.(envelope.seq);
        talk.settle();
      }
      const event = { t: "envelopes" as const, conversation: frame.conversation, envelopes: frame.envelopes };
      this.server.tell(talk.persons, event, from.device);
      return { t: "reuploaded", re: 1, conversation: frame.conversation, last_seq: talk.envelopes.length };
    });
  }
}
