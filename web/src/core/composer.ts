import { encodeContent, MAX_TEXT } from "../crypto/content";
import { Batch, type MessageRecord, named, type OutboxRecord, type Stored } from "../store";
import { AppError, type Id } from "./api";
import type { Context } from "./context";
import { idBytes, newId } from "./ids";

/** Sort positions of messages without a seq: above every seq. */
const UNSENT = 2 ** 52;

/** What a person does to the outbox, in any tab and without a network; `Outbox` in the leader's tab sends it. */
export class Composer {
  #lastOrder = 0;

  constructor(private readonly context: Context) {}

  /** Puts a text on disk and takes it out of the draft, together. Works in every tab and without a network. */
  async add(conversation: Id, text: string): Promise<Id> {
    const { context } = this;
    if (text.trim() === "") throw new AppError("bad_request");
    if ([...text].length > MAX_TEXT) throw new AppError("too_large");
    const id = newId();
    const at = context.now();
    const order = this.#order(at);
    const content = encodeContent({ t: "text", id: idBytes(id), at, text: text.toWellFormed() });
    const blind = await context.store.conversation(conversation);
    const message: MessageRecord = {
      id,
      conversation,
      order,
      seq: null,
      kind: "text",
      mine: true,
      sender: context.self.person,
      copied: false,
      at,
      text,
      notice: null,
      failed: null,
      frank: null,
    };
    const row = queued(conversation, id, order, content);
    const place = { group: blind, order };
    await context.store.commit(
      new Batch()
        .put("messages", named(blind, id), message, { ...place, expect: 0 })
        .put("outbox", named(blind, id), row, { ...place, expect: 0 })
        .remove("drafts", blind),
    );
    context.bus.publish({ t: "messages", conversation, ids: [id] });
    context.bus.publish({ t: "outbox", conversation });
    return id;
  }

  /** Queues content that is no row on the screen: a profile, a report, values for one's own devices. */
  async post(conversation: Id, content: Uint8Array): Promise<Id> {
    const { store, bus } = this.context;
    const id = newId();
    const order = this.#order(this.context.now());
    const blind = await store.conversation(conversation);
    const row = queued(conversation, id, order, content);
    await store.commit(new Batch().put("outbox", named(blind, id), row, { group: blind, order, expect: 0 }));
    bus.publish({ t: "outbox", conversation });
    return id;
  }

  /** A failed message goes back into the queue. */
  async retry(conversation: Id, message: Id): Promise<void> {
    await this.#changeFailed(conversation, message, (batch, key, stored, text) => {
      const place = { group: text.group, order: stored.value.order };
      batch.put(
        "outbox",
        key,
        { ...stored.value, phase: "queued", code: null },
        { ...place, expect: stored.revision },
      );
      batch.put("messages", key, { ...text.record, failed: null }, place);
    });
    this.context.bus.publish({ t: "outbox", conversation });
  }

  /** Forgets a message that has failed. One that may have left cannot be taken back. */
  async discard(conversation: Id, message: Id): Promise<void> {
    await this.#changeFailed(conversation, message, (batch, key, stored) => {
      batch.remove("outbox", key, { expect: stored.revision }).remove("messages", key);
    });
  }

  async #changeFailed(
    conversation: Id,
    message: Id,
    change: (
      batch: Batch,
      key: string,
      stored: Stored<OutboxRecord>,
      text: { group: string; record: MessageRecord },
    ) => void,
  ): Promise<void> {
    const { store, bus } = this.context;
    const blind = await store.conversation(conversation);
    const key = named(blind, message);
    const [row, text] = [await store.get("outbox", key), await store.get("messages", key)];
    if (row?.value.phase !== "failed" || !text) throw new AppError("not_found");
    const batch = new Batch();
    change(batch, key, row, { group: blind, record: text.value });
    await store.commit(batch);
    bus.publish({ t: "messages", conversation, ids: [message] });
  }

  /** Above every seq and every order before it, near the time for the order between tabs. */
  #order(at: number): number {
    this.#lastOrder = Math.max(this.#lastOrder + 1, UNSENT + at * 1_000);
    return this.#lastOrder;
  }
}

const queued = (conversation: Id, message: Id, order: number, content: Uint8Array): OutboxRecord => ({
  conversation,
  message,
  order,
  content,
  phase: "queued",
  frame: null,
  seq: null,
  code: null,
});
