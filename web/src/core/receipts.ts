import { Reader, Writer } from "../crypto/tls";
import { type ConversationRecord, type GroupRecord, numbered, type PeerMarksRecord } from "../store";
import { isTransient, TransportError } from "../transport";
import type { DeliveredMark, Slot } from "../wire/frames";
import type { Id } from "./api";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import { idBytes, idText } from "./ids";
import { Pump } from "./lanes";

/** At most one note of acknowledgements a second. */
const ACK_EVERY_MS = 1_000;
const MAX_ACKS = 1_000;
/** In groups of more persons nobody tells how far they have read: it would be most of the traffic. */
export const MOST_READERS = 50;

export const NO_MARKS: PeerMarksRecord = {
  delivered: 0,
  read: 0,
  persons: {},
  counters: {},
  sent: { seq: 0, generation: 0, epoch: 0, counter: 0 },
};

/**
 * How far `person` has come now. A message counts as delivered or read when that is so of all `others`; what has counted
 * once stays so, whoever comes in later.
 */
function reached(
  marks: PeerMarksRecord,
  others: readonly Id[],
  person: Id,
  { delivered = 0, read = 0 }: { delivered?: number; read?: number },
): PeerMarksRecord {
  const before = marks.persons[person] ?? { delivered: 0, read: 0 };
  const now = {
    // Who has read it has got it.
    delivered: Math.max(before.delivered, delivered, read),
    read: Math.max(before.read, read),
  };
  const persons = { ...marks.persons, [person]: now };
  const everybody = [...new Set([...others, person])];
  const least = (what: "delivered" | "read"): number =>
    Math.max(marks[what], Math.min(...everybody.map((one) => persons[one]?.[what] ?? 0)));
  return { ...marks, persons, delivered: least("delivered"), read: least("read") };
}

/**
 * Who has got and who has read what. "Delivered" is the server's word: every device acknowledges what is on its disk.
 * "Read" is a slot, sealed for the members alone: the server learns when somebody reads, never how far.
 */
export class Receipts {
  readonly #acks = new Map<Id, number>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #lastAck = 0;
  readonly #pumps = new Map<Id, Pump>();

  constructor(private readonly context: Context) {}

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#acks.clear();
  }

  /** The log up to `seq` is on this device's disk. */
  stored(conversation: Id, seq: number): void {
    this.#acks.set(conversation, seq);
    if (this.#timer) return;
    const wait = Math.max(0, this.#lastAck + ACK_EVERY_MS - this.context.now());
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#flush();
      },
      Math.min(wait, ACK_EVERY_MS),
    );
  }

  /** Sends our read position when it is ahead of what the members know. Leader only. */
  poke(conversation: Id): Promise<void> {
    let pump = this.#pumps.get(conversation);
    if (!pump) {
      pump = new Pump(() => this.#putRead(conversation));
      this.#pumps.set(conversation, pump);
    }
    return pump.poke();
  }

  /** Fetches everybody's slots and delivered marks: after a break in the connection, or when a conversation is opened. */
  async fetch(conversation: Id): Promise<void> {
    const found = await this.#group(conversation);
    if (!found || isLarge(found.record)) return;
    const answer = await this.context.link.request("slots_fetch", { conversation: idBytes(conversation) });
    for (const mark of answer.delivered) await this.delivered(conversation, mark);
    for (const slot of answer.slots) await this.slot(conversation, slot);
  }

  async delivered(conversation: Id, mark: DeliveredMark): Promise<void> {
    // Marks stay with the conversation when a device goes: only those of the group's other persons count.
    const group = (await this.#group(conversation))?.group;
    const device = idText(mark.device);
    const owner = group?.devices.find((one) => one.device === device)?.person;
    if (owner === undefined || owner === this.context.self.person) return;
    await this.#update(conversation, (marks) =>
      mark.seq > (marks.persons[owner]?.delivered ?? 0)
        ? reached(marks, this.#others(group), owner, { delivered: mark.seq })
        : null,
    );
  }

  /** Opens a member's slot. An old, foreign or damaged one is noted and changes nothing. */
  async slot(conversation: Id, slot: Slot): Promise<void> {
    const { context } = this;
    if (context.isOwnDevice(slot.device)) return;
    const found = await this.#group(conversation);
    if (!found?.group.state || slot.generation !== found.record.generation) return;
    const device = idText(slot.device);
    const marks = await context.store.get("marks", found.blind);
    try {
      const { member, plaintext } = await context.env.engine.openSlot({
        state: found.group.state,
        frame: { label: "read", leaf: slot.leaf, epoch: slot.epoch, counter: slot.counter, body: slot.body },
        after: marks?.value.counters[device] ?? 0,
      });
      if (idText(member.device) !== device) throw new TransportError("bad_answer");
      const read = new Reader(plaintext).u64();
      const person = idText(member.person);
      const others = this.#others(found.group);
      await this.#update(conversation, (current) => {
        const taken = { ...current, counters: { ...current.counters, [device]: slot.counter } };
        return person === context.self.person ? taken : reached(taken, others, person, { read });
      });
    } catch (error) {
      const code = cryptoCode(error) ?? (error instanceof TransportError ? error.code : null);
      if (code === null) throw error;
      // A slot of the epoch before cannot be opened any more; its owner puts it again.
      if (code !== "slot_old") context.journal.note("slot", code);
    }
  }

  async #putRead(conversation: Id): Promise<void> {
    const { context } = this;
    if (context.link.state.kind !== "ready") return;
    const found = await this.#group(conversation);
    if (!found?.group.state || isLarge(found.record)) return;
    const { blind, record, group } = found;
    const own = await context.store.get("reads", blind);
    const marks = (await context.store.get("marks", blind))?.value ?? NO_MARKS;
    const seq = Math.min(own?.value.readSeq ?? 0, record.cursor);
    const { sent } = marks;
    const sameEpoch = sent.generation === record.generation && sent.epoch === group.epoch;
    if (seq === 0 || (sameEpoch && sent.seq >= seq) || !group.state) return;
    // Rising across reinstalls and epochs without asking anybody: the time, or one more than the last.
    const counter = Math.max(sent.counter + 1, context.now());
    const plaintext = new Writer().u64(seq).bytes;
    const frame = await context.env.engine.sealSlot({
      state: group.state,
      label: "read",
      counter,
      plaintext,
    });
    const done = { seq, generation: record.generation, epoch: group.epoch, counter };
    try {
      await context.link.request("slot_put", {
        conversation: idBytes(conversation),
        generation: record.generation,
        epoch: frame.epoch,
        leaf: frame.leaf,
        name: "read",
        counter,
        body: frame.body,
      });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      // Lost or too early (another epoch is on its way): the next read, commit or connection tries again.
      if (!isTransient(error)) context.journal.note("read position", error.code);
      if (error.code === "slot_old")
        await this.#update(conversation, (now) => ({ ...now, sent: { ...now.sent, counter } }));
      return;
    }
    await this.#update(conversation, (now) => ({ ...now, sent: done }));
  }

  #flush(): void {
    const cursors = [...this.#acks].slice(0, MAX_ACKS);
    if (cursors.length === 0) return;
    const note = cursors.map(([conversation, seq]) => ({ conversation: idBytes(conversation), seq }));
    // Lost with the connection: the next one acknowledges anew.
    if (!this.context.link.note({ t: "ack", cursors: note })) return;
    this.#lastAck = this.context.now();
    for (const [conversation, seq] of cursors)
      if (this.#acks.get(conversation) === seq) this.#acks.delete(conversation);
    const [next] = this.#acks;
    if (next) this.stored(next[0], next[1]);
  }

  /** The other persons who have a device in the group. */
  #others(group: GroupRecord | undefined): Id[] {
    const persons = new Set((group?.devices ?? []).map(({ person }) => person));
    persons.delete(this.context.self.person);
    return [...persons];
  }

  async #update(conversation: Id, change: (marks: PeerMarksRecord) => PeerMarksRecord | null): Promise<void> {
    const { store, bus } = this.context;
    await store.update("marks", await store.conversation(conversation), (marks) => change(marks ?? NO_MARKS));
    bus.publish({ t: "conversation", conversation });
  }

  async #group(
    conversation: Id,
  ): Promise<{ blind: string; record: ConversationRecord; group: GroupRecord } | null> {
    const { store } = this.context;
    const blind = await store.conversation(conversation);
    const stored = await store.get("conversations", blind);
    if (!stored || stored.value.generation === 0) return null;
    const group = await store.get("groups", numbered(blind, stored.value.generation));
    return group ? { blind, record: stored.value, group: group.value } : null;
  }
}

const isLarge = ({ persons }: ConversationRecord): boolean => persons.length > MOST_READERS;
