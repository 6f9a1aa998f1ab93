import { type ConversationRecord, type MessageRecord, named, type PeerMarksRecord } from "../store";
import type { Id, MessageItem, MessageList, SendState } from "./api";
import type { Context } from "./context";
import { Lanes } from "./lanes";
import { Value } from "./readable";

const PAGE = 60;
/** Messages shown above the first unread one. */
const BEFORE_UNREAD = 20;
const TOP = Number.MAX_SAFE_INTEGER;

type Marks = Pick<PeerMarksRecord, "delivered" | "read">;

/** How far a message of our own has come. */
export function sendState(record: MessageRecord, marks: Marks): SendState | null {
  if (!record.mine) return null;
  if (record.failed !== null) return "failed";
  if (record.seq === null) return "queued";
  if (record.seq <= marks.read) return "read";
  return record.seq <= marks.delivered ? "delivered" : "sent";
}

export function messageItem(record: MessageRecord, marks: Marks): MessageItem {
  const { id, seq, kind, mine, sender, copied, at, text, failed, notice } = record;
  const state = sendState(record, marks);
  return { id, seq, kind, mine, sender, copied, at, text, state, error: failed, notice };
}

/** A part of a conversation's messages, read from the store, growing both ways and kept up to date. */
export class MessageWindow implements MessageList {
  readonly items = new Value<readonly MessageItem[]>([]);
  readonly atStart = new Value(false);
  readonly atEnd = new Value(false);
  readonly #rows = new Map<string, MessageRecord>();
  readonly #shown = new Map<string, { record: MessageRecord; item: MessageItem }>();
  readonly #lane = new Lanes();
  #marks: Marks = { delivered: 0, read: 0 };
  #end: () => void = () => undefined;

  private constructor(
    private readonly context: Context,
    private readonly conversation: Id,
    private readonly blind: string,
    readonly firstUnread: number | null,
  ) {}

  static async open(context: Context, conversation: Id): Promise<MessageWindow> {
    const { store } = context;
    const blind = await store.conversation(conversation);
    const [stored, reads] = await Promise.all([store.get("conversations", blind), store.get("reads", blind)]);
    const unread = unreadSeqs(stored?.value ?? null, reads?.value.readSeq ?? 0);
    const window = new MessageWindow(context, conversation, blind, unread[0] ?? null);
    // Listening first: what is written while the first page is read is not missed.
    window.#end = context.bus.listen((notice) => {
      const ids = notice.t === "messages" ? notice.ids : notice.t === "conversation" ? [] : null;
      if (ids === null || !("conversation" in notice) || notice.conversation !== conversation) return;
      context.background("messages", window.#changed(ids));
    });
    await window.#run(() => window.#first());
    return window;
  }

  loadOlder(): Promise<void> {
    return this.#run(async () => {
      if (this.atStart.get()) return;
      await this.#page(this.#low(), true);
      this.#show();
    });
  }

  loadNewer(): Promise<void> {
    return this.#run(async () => {
      if (this.atEnd.get()) return;
      await this.#page(this.#high(), false);
      this.#show();
    });
  }

  jumpToLatest(): Promise<void> {
    return this.#run(async () => {
      if (!this.atEnd.get()) {
        this.#rows.clear();
        await this.#latest();
      }
      this.#show();
    });
  }

  close(): void {
    this.#end();
    this.#end = () => undefined;
  }

  async #first(): Promise<void> {
    await this.#readMarks();
    await this.#latest();
    const { firstUnread } = this;
    if (firstUnread !== null && this.#low() > firstUnread) {
      // More unread than one page: begin at the first of them.
      this.#rows.clear();
      this.atEnd.set(false);
      await this.#page(firstUnread, false, true);
      await this.#page(firstUnread, true, false, BEFORE_UNREAD);
    }
    this.#show();
  }

  async #latest(): Promise<void> {
    const rows = await this.context.store.range("messages", {
      group: this.blind,
      limit: PAGE,
      descending: true,
    });
    for (const row of rows) this.#rows.set(row.value.id, row.value);
    this.atEnd.set(true);
    this.atStart.set(rows.length < PAGE);
  }

  /** Adds the rows next to `edge`. Orders need not be whole numbers, so the edge itself is asked for again. */
  async #page(edge: number, older: boolean, inclusive = false, limit = PAGE): Promise<void> {
    const range = older ? { to: edge } : { from: edge };
    // Rows at the edge that are here already count against the limit.
    const known = inclusive ? 0 : [...this.#rows.values()].filter((row) => row.order === edge).length;
    const asked = limit + known;
    const rows = await this.context.store.range("messages", {
      group: this.blind,
      ...range,
      limit: asked,
      descending: older,
    });
    for (const row of rows) this.#rows.set(row.value.id, row.value);
    if (rows.length < asked) (older ? this.atStart : this.atEnd).set(true);
  }

  #low(): number {
    return Math.min(TOP, ...[...this.#rows.values()].map((row) => row.order));
  }

  #high(): number {
    return Math.max(0, ...[...this.#rows.values()].map((row) => row.order));
  }

  #changed(ids: readonly string[]): Promise<void> {
    return this.#run(async () => {
      await this.#readMarks();
      const keys = ids.map((id) => named(this.blind, id));
      const rows = await this.context.store.many("messages", keys);
      const found = new Map(rows.map((row) => [row.value.id, row.value]));
      const [low, high] = [this.atStart.get() ? 0 : this.#low(), this.atEnd.get() ? TOP : this.#high()];
      for (const id of ids) {
        const record = found.get(id);
        if (record && record.order >= low && record.order <= high) this.#rows.set(id, record);
        else this.#rows.delete(id);
      }
      this.#show();
    });
  }

  async #readMarks(): Promise<void> {
    this.#marks = (await this.context.store.get("marks", this.blind))?.value ?? { delivered: 0, read: 0 };
  }

  /** Sorts and publishes; rows that did not change keep their object, so that a view leaves them alone. */
  #show(): void {
    const rows = [...this.#rows.values()].sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
    this.items.set(
      rows.map((record) => {
        const shown = this.#shown.get(record.id);
        if (shown?.record === record && shown.item.state === sendState(record, this.#marks))
          return shown.item;
        const item = messageItem(record, this.#marks);
        this.#shown.set(record.id, { record, item });
        return item;
      }),
    );
  }

  /** One change at a time. */
  #run(task: () => Promise<void>): Promise<void> {
    return this.#lane.run(this.conversation, task);
  }
}

/** Seqs of messages by others above the read position, ascending. */
export function unreadSeqs(record: ConversationRecord | null, readSeq: number): number[] {
  return (record?.unread ?? []).filter((seq) => seq > readSeq).sort((a, b) => a - b);
}
