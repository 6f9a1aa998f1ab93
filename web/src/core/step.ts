import { equal, sha256 } from "../crypto/bytes";
import { envelopeHash, nextTranscript } from "../crypto/transcript";
import type { Seen } from "../crypto/api";
import {
  Batch,
  type ConversationRecord,
  type LogRecord,
  type MessageRecord,
  named,
  type NoticeRecord,
  type ProfileRecord,
  numbered,
  type Stored,
} from "../store";
import type { Envelope } from "../wire/frames";
import type { Context } from "./context";
import { RolledBack } from "./errors";
import { idBytes } from "./ids";

/** Id of the row that stands for an envelope which cannot be read yet. */
export const waitingId = (seq: number): string => `seq-${String(seq)}`;

/** Where an envelope stands once it has been hashed into the transcript. */
export interface Place {
  hash: Uint8Array;
  transcript: Uint8Array;
  bodyHash: Uint8Array;
}

/**
 * One piece of a conversation's log on its way into the store: cursor, transcript, log rows, messages and MLS state
 * become visible together or not at all.
 */
export class Step {
  readonly batch = new Batch();
  readonly conversation: ConversationRecord;
  readonly changed: string[] = [];
  /** What is told to others once everything is written. */
  readonly afterwards: (() => void)[] = [];
  /** Last counter of this device that was known to be consumed before this step. */
  #counter: number;
  readonly #transcripts = new Map<number, Uint8Array>();
  #profile: ProfileRecord | null = null;

  constructor(
    private readonly context: Context,
    private readonly stored: Stored<ConversationRecord>,
  ) {
    this.conversation = structuredClone(stored.value);
    this.#counter = stored.value.counter;
    this.#transcripts.set(stored.value.cursor, stored.value.transcript);
  }

  /** The blind conversation: the row's own key. */
  get blind(): string {
    return this.stored.key;
  }

  /** Moves the cursor over the next envelope. The caller has checked that its seq is cursor + 1. */
  async advance(envelope: Envelope): Promise<Place> {
    const { conversation } = this;
    const { seq, generation, epoch, kind, device, counter, time, body } = envelope;
    const bodyHash = await sha256(body);
    const header = {
      conversation: idBytes(conversation.id),
      seq,
      generation,
      epoch,
      kind,
      device,
      counter,
      time,
    };
    const hash = await envelopeHash(header, { sha256: bodyHash });
    const transcript = await nextTranscript(conversation.transcript, seq, hash);
    conversation.cursor = seq;
    conversation.transcript = transcript;
    conversation.server.lastSeq = Math.max(conversation.server.lastSeq, seq);
    this.#transcripts.set(seq, transcript);
    if (this.context.isOwnDevice(device)) conversation.counter = Math.max(conversation.counter, counter);
    // Whole, for the day on which a restored server has lost it (`Restore`).
    const kept = { generation, epoch, kind, device: device.slice(), counter, time, body: body.slice() };
    this.batch.put("raw", numbered(this.blind, seq), kept);
    return { hash, transcript, bodyHash };
  }

  /**
   * An own frame that nothing here waits for. A counter that this database knows was used before: the server tells an old
   * frame again. A counter above it was used by a newer copy of this database. Throws `RolledBack` for the latter.
   */
  foreignToUs(envelope: Envelope, place: Place): void {
    if (envelope.counter > this.#counter) throw new RolledBack();
    this.row(envelope.seq, place, "refused", { code: "replayed" });
    this.notice(envelope.seq, envelope.time, { kind: "log-mismatch" });
  }

  row(
    seq: number,
    place: Pick<Place, "hash" | "transcript">,
    outcome: LogRecord["outcome"],
    more: Partial<LogRecord> = {},
  ): void {
    const { hash, transcript } = place;
    const record: LogRecord = { seq, hash, transcript, outcome, code: null, envelope: null, ...more };
    this.batch.put("log", numbered(this.blind, seq), record);
    if (outcome === "refused") this.context.journal.note("envelope refused", record.code ?? "");
  }

  message(record: MessageRecord): void {
    this.batch.put("messages", named(this.blind, record.id), record, {
      group: this.blind,
      order: record.order,
    });
    this.changed.push(record.id);
    const { conversation } = this;
    if (record.kind === "notice") return;
    // The sender's clock, or a lie of the sender: the future does not hold the top of the list.
    conversation.at = Math.max(conversation.at, Math.min(record.at, this.context.now()));
    if (!record.mine && record.seq !== null) conversation.unread.push(record.seq);
  }

  /** Name and picture as this step leaves them; null while it has not changed them. */
  get profile(): ProfileRecord | null {
    return this.#profile;
  }

  setProfile(profile: ProfileRecord): void {
    this.#profile = profile;
    this.batch.put("profiles", this.blind, profile);
  }

  /** What was to be read later never can be: the place is marked by a line instead. */
  forgetWaiting(): void {
    for (const seq of this.conversation.waiting) {
      this.forgetMessage(waitingId(seq));
      this.conversation.unread = this.conversation.unread.filter((one) => one !== seq);
    }
    this.conversation.waiting = [];
  }

  /** The line "what came before is on another device" is not, or no longer, true. */
  async forgetElsewhere(): Promise<void> {
    const rows = await this.context.store.all("messages", `${this.blind}/history-elsewhere-`);
    for (const row of rows) this.forgetMessage(row.value.id);
  }

  forgetMessage(id: string): void {
    this.batch.remove("messages", named(this.blind, id));
    this.changed.push(id);
  }

  /** `line`: the place among several lines about one envelope, from 0. */
  notice(seq: number, at: number, notice: NoticeRecord, line = 0): void {
    // Beside the envelope that it is about: before what follows, after the message that showed it.
    const order = notice.kind === "log-mismatch" ? seq + 0.5 : seq + Math.min(line, 1_000) / 4_096;
    const base = {
      conversation: this.conversation.id,
      order,
      seq: null,
      mine: false,
      sender: null,
      copied: false,
    };
    const id = `${notice.kind}-${String(seq)}${line === 0 ? "" : `-${String(line)}`}`;
    this.message({ ...base, id, kind: "notice", at, text: "", notice, failed: null, frank: null });
  }

  /** Compares what a member saw with our own transcript there; a difference is shown and noted. */
  async checkSeen(seen: Seen, seq: number, at: number): Promise<void> {
    const own = await this.#transcriptAt(seen.seq);
    const possible = seen.seq < seq;
    if (possible && (own === null || equal(own, seen.transcript))) return;
    this.context.journal.note("transcript", possible ? "mismatch" : "from the future");
    this.notice(seq, at, { kind: "log-mismatch" });
  }

  /**
   * Shows that messages of a member were withheld: two sent in one breath name the same place in the log, so that only
   * the count of their sender's keys tells the first one's absence.
   */
  noteSkipped(skipped: number, seq: number, at: number): void {
    if (skipped === 0) return;
    this.context.journal.note("transcript", "generation gap");
    // What could not be opened when it came has its row and may be the very thing that is missing here.
    if (this.conversation.waiting.length === 0) this.notice(seq, at, { kind: "log-mismatch" });
  }

  /** Writes everything under the leader's fence, unless the row has changed meanwhile, and tells who listens. */
  async commit(): Promise<void> {
    const { context, conversation, batch, stored } = this;
    const read = await context.store.get("reads", stored.key);
    conversation.unread = conversation.unread.filter((seq) => seq > (read?.value.readSeq ?? 0));
    batch.put("conversations", stored.key, conversation, { expect: stored.revision });
    await context.store.commit(batch, { fence: context.fence });
    context.bus.publish({ t: "messages", conversation: conversation.id, ids: this.changed });
    for (const tell of this.afterwards) tell();
  }

  /** T at `seq`; null where this device does not know it (before it came). */
  async #transcriptAt(seq: number): Promise<Uint8Array | null> {
    const known = this.#transcripts.get(seq);
    if (known) return known;
    const row = await this.context.store.get("log", numbered(this.blind, seq));
    return row?.value.transcript ?? null;
  }
}
