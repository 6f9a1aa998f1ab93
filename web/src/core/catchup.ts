import { firstTranscript, nextTranscript } from "../crypto/transcript";
import { type ConversationRecord, numbered, type Stored } from "../store";
import { type ConversationAnswer, TransportError } from "../transport";
import { type ConversationState, MAX_PAGE } from "../wire/frames";
import { AppError, type Id } from "./api";
import type { Context } from "./context";
import { idBytes, idText } from "./ids";
import { Lanes } from "./lanes";
import type { Log } from "./log";
import type { Mailbox } from "./mailbox";
import type { People } from "./people";
import { Step } from "./step";
import { frozenAt, thaw } from "./told";

const HASHES_AT_ONCE = 10_000;
/** A group without a name is called by its first members. */
const NAMED_AT_ONCE = 8;
const HASH_BYTES = 32;

/** What the server says of a conversation, from the socket or over HTTP. */
export interface ServerView {
  id: Id;
  kind: "direct" | "group" | "self";
  persons: Id[];
  lastSeq: number;
  generation: number;
  epoch: number;
  groupId: Uint8Array | null;
  blocked: boolean;
  orders: number;
  frozenSeq: number | null;
  left: boolean;
}

export const fromState = (state: ConversationState): ServerView => ({
  id: idText(state.conversation),
  kind: state.kind,
  persons: state.persons.map(idText),
  lastSeq: state.last_seq,
  generation: state.generation,
  epoch: state.epoch,
  groupId: state.group_id ? state.group_id.slice() : null,
  blocked: state.blocked,
  orders: state.orders,
  frozenSeq: state.frozen_seq,
  left: state.left,
});

export const fromAnswer = (answer: ConversationAnswer): ServerView => ({
  id: answer.id,
  kind: answer.kind,
  persons: answer.persons,
  lastSeq: answer.last_seq,
  generation: answer.generation,
  epoch: answer.epoch,
  groupId: answer.group_id,
  blocked: answer.blocked,
  orders: answer.orders,
  frozenSeq: answer.frozen_seq,
  left: answer.left,
});

/** Writes what the server says of a conversation, new or known. Works in every tab. */
export async function rememberConversation(
  context: Context,
  view: ServerView,
  openedHere = false,
): Promise<void> {
  const { store, bus } = context;
  const first = await firstTranscript(idBytes(view.id));
  const { lastSeq, generation, epoch, groupId, blocked, orders, frozenSeq, left } = view;
  const told = { groupId, blocked, orders, frozenSeq, left, toldAt: lastSeq };
  await store.update(
    "conversations",
    await store.conversation(view.id),
    (record): ConversationRecord | null => {
      if (!record)
        return {
          id: view.id,
          kind: view.kind,
          persons: view.persons,
          createdAt: context.now(),
          cursor: 0,
          transcript: first,
          generation: 0,
          server: { lastSeq, generation, epoch, ...told },
          standing: left ? "out" : "in",
          rejoin: null,
          awaySince: null,
          counter: 0,
          unread: [],
          waiting: [],
          at: context.now(),
          openedHere,
        };
      // What was said before the log moved on must not undo it.
      if (generation < record.generation || lastSeq < record.cursor)
        return openedHere && !record.openedHere ? { ...record, openedHere } : null;
      // Who is out and is named as a member again waits for the Welcome that says so.
      const standing = record.standing === "out" && !left ? "waiting" : record.standing;
      const inside = record.generation > 0 && standing === "in";
      return {
        ...record,
        standing,
        // Inside a group its own membership counts, not what the server says of it.
        persons: inside || left || record.kind !== "group" ? record.persons : view.persons,
        openedHere: record.openedHere || openedHere,
        server: {
          lastSeq: Math.max(lastSeq, record.server.lastSeq),
          generation,
          epoch: generation === record.server.generation ? Math.max(epoch, record.server.epoch) : epoch,
          ...told,
          frozenSeq: frozenAt(record, view),
        },
      };
    },
  );
  bus.publish({ t: "conversation", conversation: view.id });
}

/** Takes what the server says of a conversation, and brings its log to its end. */
export class CatchingUp {
  readonly #tellings = new Lanes();

  constructor(
    private readonly context: Context,
    private readonly log: Log,
    private readonly mailbox: Mailbox,
    private readonly people: People,
    /** The server's log ends before ours. */
    private readonly onShorter: (conversation: Id) => void,
  ) {}

  /** What was told later is written later: the next state may be here before this one is. */
  learn(told: ServerView): Promise<void> {
    return this.#tellings.run(told.id, () => this.#learn(told));
  }

  async #learn(told: ServerView): Promise<void> {
    const view = await this.#named(told);
    await rememberConversation(this.context, view);
    const others = view.persons
      .filter((person) => person !== this.context.self.person)
      .slice(0, NAMED_AT_ONCE);
    // For the list's names; the message comes first, so nobody waits for it.
    for (const person of others)
      void this.people.card(person).then(
        () => {
          this.context.bus.publish({ t: "conversation", conversation: view.id });
        },
        () => undefined,
      );
  }

  /** The state of a large group names nobody; whoever is not inside yet needs the names to get in. */
  async #named(view: ServerView): Promise<ServerView> {
    if (view.kind !== "group" || view.left || view.persons.length > 0) return view;
    const { store, api } = this.context;
    const record = (await store.get("conversations", await store.conversation(view.id)))?.value;
    if (record && record.generation > 0 && record.standing === "in") return view;
    return { ...view, persons: fromAnswer(await api.conversation(view.id)).persons };
  }

  /** True when the cursor has moved. Runs under the conversation's lane. */
  async toEnd(conversation: Id): Promise<boolean> {
    const { link, store } = this.context;
    const blind = await store.conversation(conversation);
    if (!(await store.get("conversations", blind)))
      await this.learn(fromAnswer(await this.context.api.conversation(conversation)));
    const before = await this.#record(blind);
    await this.#skipElsewhere(before);
    for (;;) {
      const stored = await this.#record(blind);
      const { cursor } = stored.value;
      const moved = cursor > before.value.cursor;
      const fetched = { conversation: idBytes(conversation), after: cursor, limit: MAX_PAGE };
      const page = await link.request("fetch", fetched).catch((error: unknown) => notReadable(error));
      if ("until" in page) {
        await this.#skipUnreadable(stored, page.until);
        continue;
      }
      // A page with a hole, or of another conversation, is a server that does not keep to the protocol.
      const dense = page.envelopes.every((envelope, i) => envelope.seq === cursor + 1 + i);
      if (!dense || idText(page.conversation) !== conversation) throw new TransportError("bad_answer");
      if (page.envelopes.length === 0) {
        if (page.last_seq < cursor) this.onShorter(conversation);
        return moved;
      }
      if (!(await this.log.apply(blind, page.envelopes))) throw new TransportError("bad_answer");
      if ((await this.#record(blind)).value.cursor >= page.last_seq) return true;
    }
  }

  /**
   * A device without history in a conversation that has some, or one that was out for a time: what came before its
   * Welcome was never encrypted to it. It takes only the envelope hashes, so that its transcript is the same as
   * everybody's.
   */
  async #skipElsewhere(stored: Stored<ConversationRecord>): Promise<void> {
    const { store } = this.context;
    const { cursor, server, standing } = stored.value;
    if (server.lastSeq <= cursor) return;
    const isNew = cursor === 0 && (await store.all("groups", `${stored.key}/`)).length === 0;
    if (!isNew && standing !== "waiting") return;
    // Fetched after the log's end was told: a Welcome for anything before that end is in the mailbox by now.
    await this.mailbox.fetch();
    const welcome = await this.mailbox.firstWelcome(stored.key, cursor);
    if (!isNew && welcome === null) return;
    const target = welcome === null ? server.lastSeq : welcome.logSeq - 1;
    if (target <= cursor) return;
    const before = welcome === null ? server.generation : welcome.generation - 1;
    const step = await this.#skipTo(stored, target);
    const record = step.conversation;
    if (welcome !== null && before > record.generation) thaw(record.server, target);
    record.generation = Math.max(record.generation, before);
    if (welcome === null && record.standing === "in" && before > 0) record.standing = "waiting";
    if (isNew) step.notice(target, this.context.now(), { kind: "history-elsewhere" });
    await step.commit();
  }

  /**
   * The server hands out nothing of a time in which this device had no leaf. That is taken from it only while there is
   * none here either: a device that can read would miss what was said to it, with nothing to tell the absence by.
   */
  async #skipUnreadable(stored: Stored<ConversationRecord>, until: number): Promise<void> {
    const { cursor, generation, server } = stored.value;
    const group = await this.context.store.get("groups", numbered(stored.key, generation));
    if (group?.value.state || until <= cursor) throw new TransportError("bad_answer");
    await this.mailbox.fetch();
    const welcome = await this.mailbox.firstWelcome(stored.key, cursor);
    const step = await this.#skipTo(stored, until);
    const record = step.conversation;
    // What began in between was not for this device: the next group is the one that its Welcome names, or none yet.
    if (welcome?.logSeq === until + 1) record.generation = Math.max(generation, welcome.generation - 1);
    else if (until >= server.lastSeq) record.generation = Math.max(generation, server.generation);
    if (record.generation > generation) thaw(record.server, until);
    if (record.standing === "in" && record.generation > 0) record.standing = "waiting";
    if (cursor === 0) step.notice(until, this.context.now(), { kind: "history-elsewhere" });
    await step.commit();
  }

  /** A step that has taken the envelopes' hashes, and nothing else of them, as far as `target`. */
  async #skipTo(stored: Stored<ConversationRecord>, target: number): Promise<Step> {
    const step = new Step(this.context, stored);
    const record = step.conversation;
    let hash: Uint8Array = new Uint8Array(HASH_BYTES);
    while (record.cursor < target) {
      const until = Math.min(target, record.cursor + HASHES_AT_ONCE);
      const range = { conversation: idBytes(record.id), after: record.cursor, until };
      const { hashes } = await this.context.link.request("hashes", range);
      if (hashes.length !== (until - record.cursor) * HASH_BYTES) throw new TransportError("bad_answer");
      for (let offset = 0; offset < hashes.length; offset += HASH_BYTES) {
        hash = hashes.slice(offset, offset + HASH_BYTES);
        record.cursor += 1;
        record.transcript = await nextTranscript(record.transcript, record.cursor, hash);
      }
    }
    step.batch.put("log", numbered(stored.key, target), {
      seq: target,
      transcript: record.transcript,
      hash,
      outcome: "elsewhere",
      code: null,
      envelope: null,
    });
    return step;
  }

  async #record(blind: string): Promise<Stored<ConversationRecord>> {
    const stored = await this.context.store.get("conversations", blind);
    if (!stored) throw new AppError("not_found");
    return stored;
  }
}

/** Where what this device may not read ends, if that is why the server refuses. Throws the error otherwise. */
function notReadable(error: unknown): { until: number } {
  const until = error instanceof TransportError && error.code === "not_readable" && error.detail["until"];
  if (typeof until !== "number") throw error;
  return { until };
}
