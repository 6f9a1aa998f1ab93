import type { ConversationRecord, MessageRecord } from "../store";
import type { ConversationSummary, Id, PersonCard } from "./api";
import type { Context } from "./context";
import type { Drafts } from "./drafts";
import { messageItem, unreadSeqs } from "./messages";
import { pictureAddress } from "./pictures";
import { readSynced } from "./synced";
import type { People } from "./people";
import { Value } from "./readable";

/** Rows looked at to find the last message behind notices. */
const LOOK_BACK = 8;

/** The list of conversations, newest first, kept up to date from the store. */
export class ConversationList {
  readonly summaries = new Value<readonly ConversationSummary[]>([]);
  readonly unread = new Value(0);
  readonly #rows = new Map<Id, ConversationSummary>();
  /** Conversation → who types there, each until a timer ends. */
  readonly #typing = new Map<Id, Map<Id, ReturnType<typeof setTimeout>>>();
  /** Conversations to read again, so that a burst of notices reads each once. */
  readonly #stale = new Set<Id>();
  readonly #asked = new Set<Id>();
  #reading: Promise<void> | null = null;
  #end: () => void = () => undefined;

  constructor(
    private readonly context: Context,
    private readonly people: People,
    private readonly drafts: Drafts,
  ) {}

  async start(): Promise<void> {
    this.#end = this.context.bus.listen((notice) => {
      if (notice.t === "messages" || notice.t === "conversation") this.#changed(notice.conversation);
      else if (notice.t === "typing-in") this.#typed(notice.conversation, notice.person, notice.until);
    });
    for (const { value } of await this.context.store.all("conversations")) this.#stale.add(value.id);
    await this.#read();
  }

  stop(): void {
    this.#end();
    for (const timers of this.#typing.values()) for (const timer of timers.values()) clearTimeout(timer);
    this.#typing.clear();
    this.#rows.clear();
    this.summaries.set([]);
    this.unread.set(0);
  }

  #changed(conversation: Id): void {
    this.#stale.add(conversation);
    this.context.background("conversations", this.#read());
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readStale().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readStale(): Promise<void> {
    while (this.#stale.size > 0) {
      const ids = [...this.#stale];
      this.#stale.clear();
      const read = await Promise.all(ids.map((id) => this.#summary(id)));
      ids.forEach((id, i) => {
        const summary = read[i];
        if (summary) this.#rows.set(id, summary);
        else this.#rows.delete(id);
      });
      this.#show();
    }
  }

  async #summary(id: Id): Promise<ConversationSummary | null> {
    const { store } = this.context;
    const blind = await store.conversation(id);
    const [stored, reads, marks, draft, rows] = await Promise.all([
      store.get("conversations", blind),
      store.get("reads", blind),
      store.get("marks", blind),
      store.get("drafts", blind),
      store.range("messages", { group: blind, limit: LOOK_BACK, descending: true }),
    ]);
    // The conversation of one's own devices is no place to talk in.
    if (!stored || stored.value.kind === "self") return null;
    const record = stored.value;
    const last = rows.find((row) => row.value.kind !== "notice")?.value ?? null;
    // Where nobody has said anything yet, how it came to be is the news.
    const shown = last ?? rows[0]?.value ?? null;
    const text = this.drafts.latest(id) ?? draft?.value.text ?? "";
    // Being let in: the row comes with the name and the members that the Welcome tells.
    if (record.kind === "group" && record.cursor === 0 && !record.openedHere) return null;
    // Somebody has only looked at us: nothing to show until they say something.
    if (!last && text === "" && !record.openedHere && record.server.lastSeq === 0) return null;
    if (last?.mine === false && last.sender !== null) this.#typed(id, last.sender, 0);
    const group = record.kind === "group";
    // After the row: they are written together, and a group that is there has its name.
    const profile = group ? await store.get("profiles", blind) : null;
    const other = record.persons.find((person) => person !== this.context.self.person);
    const typing = this.#typists(id);
    return {
      id,
      kind: group ? "group" : "direct",
      partner: group ? null : await this.people.known(other ?? record.persons[0] ?? id),
      name: profile?.value.name ?? "",
      picture: pictureAddress(profile?.value.picture ?? null),
      lastSender: group && last?.sender ? await this.#named(id, last.sender) : null,
      standing: record.server.frozenSeq === null ? record.standing : "stopped",
      mutedUntil: await readSynced(store, "mute", id),
      pinned: (await readSynced(store, "pin", id)) === 1,
      lastMessage: shown ? messageItem(shown, marks?.value ?? { delivered: 0, read: 0 }) : null,
      at: activity(record, last, this.context.now()),
      unread: unreadSeqs(record, reads?.value.readSeq ?? 0).length,
      draft: text,
      partnerTyping: typing.length > 0,
      typing,
    };
  }

  /** The card of somebody who spoke; one never seen before is asked for, and the row shown again with it. */
  async #named(conversation: Id, person: Id): Promise<PersonCard> {
    const card = await this.people.known(person);
    if (card.name.latin === "" && card.name.local === "" && !this.#asked.has(person)) {
      this.#asked.add(person);
      this.people.card(person).then(
        () => {
          this.#changed(conversation);
        },
        () => undefined,
      );
    }
    return card;
  }

  #typists(conversation: Id): readonly Id[] {
    return [...(this.#typing.get(conversation)?.keys() ?? [])];
  }

  #typed(conversation: Id, person: Id, until: number): void {
    const timers = this.#typing.get(conversation) ?? new Map<Id, ReturnType<typeof setTimeout>>();
    const before = timers.has(person);
    clearTimeout(timers.get(person));
    timers.delete(person);
    const left = until - this.context.now();
    if (left > 0) {
      const timer = setTimeout(() => {
        this.#typed(conversation, person, 0);
      }, left);
      timers.set(person, timer);
    }
    if (timers.size > 0) this.#typing.set(conversation, timers);
    else this.#typing.delete(conversation);
    const row = this.#rows.get(conversation);
    if (!row || before === timers.has(person)) return;
    const typing = this.#typists(conversation);
    this.#rows.set(conversation, { ...row, partnerTyping: typing.length > 0, typing });
    this.#show();
  }

  #show(): void {
    const sorted = [...this.#rows.values()].sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1));
    this.summaries.set(sorted);
    this.unread.set(sorted.reduce((sum, row) => sum + row.unread, 0));
  }
}

function activity(record: ConversationRecord, last: MessageRecord | null, now: number): number {
  return last ? Math.max(record.at, Math.min(last.at, now)) : record.at;
}
