import type { Id } from "../../src/core/api";
import { idBytes, idText, newId } from "../../src/core/ids";
import type { MembershipEntry, Suite, VerifiedOrder } from "../../src/crypto/api";
import { equal, sha256 } from "../../src/crypto/bytes";
import { HYBRID } from "../../src/crypto/policy";
import { envelopeHash } from "../../src/crypto/transcript";
import { TransportError } from "../../src/transport";
import type * as wire from "../../src/wire/frames";
import { Contention } from "./double-contention";
import type { Seat } from "./double-frames";

export type Kind = "direct" | "group" | "self";

export interface Participant {
  role: MembershipEntry["role"];
  base: Uint8Array;
  /** The seq of the commit that removed them; null while they are in. */
  left: number | null;
}

export interface DoubleOrder extends VerifiedOrder {
  body: Uint8Array;
  executed: number | null;
}

/** Everything that a restore to an older point would bring back. */
interface Snapshot {
  generation: number;
  epoch: number;
  suite: Suite;
  groupId: Uint8Array | null;
  blocked: boolean;
  leaves: Map<number, Seat>;
  participants: Map<Id, Participant>;
  counters: Map<Id, number>;
  stays: Map<Id, Stay[]>;
}

/** From which envelope to which a device had a leaf without a break; `until` null while it has one. */
interface Stay {
  from: number;
  until: number | null;
}

/** One conversation: its log, whose seqs are dense, and what the server keeps beside it. */
export class Talk {
  readonly id: Id = newId();
  readonly envelopes: wire.Envelope[] = [];
  readonly hashes: Uint8Array[] = [];
  generation = 0;
  epoch = 0;
  suite: Suite = HYBRID;
  groupId: Uint8Array | null = null;
  blocked = false;
  frozenSeq: number | null = null;
  counters = new Map<Id, number>();
  leaves = new Map<number, Seat>();
  participants = new Map<Id, Participant>();
  orders: DoubleOrder[] = [];
  readonly reports = new Map<number, Set<Id>>();
  readonly slots = new Map<Id, wire.Slot>();
  readonly delivered = new Map<Id, number>();
  readonly contention = new Contention();
  /** Seq → the devices that had a leaf when the envelope was taken: who may read it, and nobody else. */
  readonly audience = new Map<number, ReadonlySet<Id>>();
  stays = new Map<Id, Stay[]>();
  readonly #snapshots: Snapshot[] = [];

  constructor(
    readonly kind: Kind,
    persons: readonly { person: Id; role: MembershipEntry["role"]; base: Uint8Array }[],
  ) {
    for (const { person, role, base } of persons) this.participants.set(person, { role, base, left: null });
    this.#remember();
  }

  /** Members, those who are only invited left out. */
  get persons(): Id[] {
    return [...this.participants]
      .filter(([, one]) => one.left === null && one.role !== "invited")
      .map(([id]) => id);
  }

  get membership(): MembershipEntry[] {
    return [...this.participants].flatMap(([person, { role, base, left }]) =>
      left === null ? [{ person: idBytes(person), role, base }] : [],
    );
  }

  isMember(person: Id): boolean {
    return this.persons.includes(person);
  }

  /** May at least read: is in, or was. */
  knows(person: Id): boolean {
    const participant = this.participants.get(person);
    return participant !== undefined && participant.role !== "invited";
  }

  /** How far this person may read. */
  lastSeq(person: Id): number {
    return this.participants.get(person)?.left ?? this.envelopes.length;
  }

  /** The leaves after the envelope at `seq`. */
  seat(leaves: Map<number, Seat>, seq: number): void {
    this.leaves = leaves;
    const seated = new Set([...leaves.values()].map(({ device }) => device));
    for (const [device, stays] of this.stays)
      for (const stay of stays) if (stay.until === null && !seated.has(device)) stay.until = seq;
    for (const device of seated) {
      const stays = this.stays.get(device) ?? [];
      if (stays.at(-1)?.until !== null) stays.push({ from: seq, until: null });
      this.stays.set(device, stays);
    }
  }

  /** Where the stay of this device ends that the envelope behind `after` lies in. Throws `not_readable`. */
  readableUntil(device: Id, after: number, last: number): number {
    if (after >= last) return last;
    const stays = this.stays.get(device) ?? [];
    const stay = stays.find(({ from, until }) => from <= after + 1 && after < (until ?? Infinity));
    if (stay) return Math.min(stay.until ?? last, last);
    const next = stays.find(({ from }) => from > after + 1);
    throw new TransportError("not_readable", null, { until: next ? next.from - 1 : last, last_seq: last });
  }

  openOrders(now: number): DoubleOrder[] {
    return this.orders.filter((order) => order.executed === null && order.expiresAt > now);
  }

  leafOf(device: Id): number | null {
    for (const [leaf, seat] of this.leaves) if (seat.device === device) return leaf;
    return null;
  }

  state(person: Id | null, now: number): wire.ConversationState {
    const left = person === null ? null : (this.participants.get(person)?.left ?? null);
    return {
      conversation: idBytes(this.id),
      kind: this.kind,
      persons: this.persons.map(idBytes),
      last_seq: left ?? this.envelopes.length,
      generation: this.generation,
      epoch: this.epoch,
      group_id: this.groupId,
      blocked: this.blocked,
      orders: left === null ? this.openOrders(now).length : 0,
      frozen_seq: this.frozenSeq,
      left: left !== null,
    };
  }

  /** The first answer to a frame told again; null for a new one. Throws `counter_old` or `counter_gap`. */
  known(device: Id, kind: number, counter: number, body: Uint8Array): wire.Sent | null {
    const first = this.envelopes.find((one) => idText(one.device) === device && one.counter === counter);
    if (first) {
      if (first.kind !== kind || !equal(first.body, body)) throw new TransportError("counter_old");
      return { t: "sent", re: 1, seq: first.seq, time: first.time };
    }
    const last = this.counters.get(device) ?? 0;
    if (counter <= last) throw new TransportError("counter_old");
    if (counter > last + 1) throw new TransportError("counter_gap", null, { last });
    return null;
  }

  async append(
    device: Id,
    made: Pick<wire.Envelope, "generation" | "epoch" | "kind" | "counter" | "body">,
    time: number,
  ): Promise<wire.Envelope> {
    const envelope = {
      ...made,
      body: made.body.slice(),
      seq: this.envelopes.length + 1,
      device: idBytes(device),
      time,
    };
    const header = { ...envelope, conversation: idBytes(this.id) };
    const hash = await envelopeHash(header, { sha256: await sha256(envelope.body) });
    this.envelopes.push(envelope);
    this.audience.set(envelope.seq, new Set([...this.leaves.values()].map((seat) => seat.device)));
    this.counters.set(device, made.counter);
    this.hashes.push(hash);
    this.#remember();
    return envelope;
  }

  /** Called when what an envelope did has been written: the state that belongs to the log's end. */
  settle(): void {
    this.#snapshots.pop();
    this.#remember();
  }

  /** The server comes back from an old backup: what followed `seq` never was. */
  restore(seq: number): void {
    const snapshot = this.#snapshots[seq];
    if (!snapshot) throw new RangeError("restore: no such seq");
    this.envelopes.length = this.hashes.length = seq;
    this.#snapshots.length = seq + 1;
    Object.assign(this, structuredClone(snapshot));
  }

  #remember(): void {
    const { generation, epoch, suite, groupId, blocked, leaves, participants, counters, stays } = this;
    this.#snapshots.push(
      structuredClone({ generation, epoch, suite, groupId, blocked, leaves, participants, counters, stays }),
    );
  }
}
