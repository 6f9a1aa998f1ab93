import { type Chain } from "../crypto/chain";
import { equal, toHex } from "../crypto/bytes";
import { Batch, type CardRecord, type MessageRecord, named, type NoticeRecord, StoreError } from "../store";
import type { Id } from "./api";
import type { Context } from "./context";
import { idText } from "./ids";
import { readSynced, Synced } from "./synced";

/**
 * Says in every conversation that is shared with a person what has become of them: their identity was reset, somebody
 * asked for that, the directory changed who they are. What a verified mark stood on is then gone, and the line says so.
 *
 * A line's id is made of what it is about, so that the same news, heard by several tabs or again after a crash, shows
 * once.
 */
export class Announcer {
  readonly #synced: Synced;

  constructor(private readonly context: Context) {
    this.#synced = new Synced(context);
  }

  /** The chain has grown. Only a reset is news: devices come and go without their person becoming another. */
  async chainGrown(before: Chain, after: Chain): Promise<void> {
    if (equal(before.base, after.base)) return;
    const person = idText(after.person);
    const mark = await readSynced(this.context.store, "verified", person);
    const wasVerified = equal(mark, before.base);
    const notice = { kind: "identity-reset" as const, person, wasVerified };
    await this.#say(person, toHex(after.base), notice);
  }

  async resetRequested(person: Id, earliest: number): Promise<void> {
    const notice = { kind: "reset-requested" as const, person, earliest };
    await this.#say(person, String(earliest), notice);
  }

  /** The card says something else than before. Clears a verified mark: it was about the person of that name and post. */
  async cardChanged(before: CardRecord, after: CardRecord): Promise<void> {
    if (before.id === this.context.self.person || sameOffice(before, after)) return;
    const mark = await readSynced(this.context.store, "verified", after.id);
    const wasVerified = mark.length > 0;
    const notice = { kind: "directory-changed" as const, person: after.id, wasVerified };
    // One line a change, not one a look: the texts themselves tell. Who gets an old post back later is news again.
    const day = Math.floor(this.context.now() / 86_400_000);
    await this.#say(after.id, `${String(day)}\n${officeText(after)}`, notice);
    if (wasVerified) await this.#synced.set("verified", after.id, new Uint8Array());
  }

  /**
   * `what` tells this news of the person from other news of the same kind. Not under the conversations' lanes: a chain
   * grows while a log is read, too, and the reader would wait for itself.
   */
  async #say(person: Id, what: string, notice: NoticeRecord): Promise<void> {
    const { store, bus } = this.context;
    // Ids are row keys and so in the clear at rest: a keyed hash, which names nobody.
    const id = `${notice.kind}-${await store.person(`${person}\n${what}`)}`;
    for (const { key, value } of await store.all("conversations")) {
      if (value.kind === "self" || !value.persons.includes(person)) continue;
      // Between what has been applied and what comes next.
      const order = value.cursor + 0.75;
      const record: MessageRecord = {
        id,
        conversation: value.id,
        order,
        seq: null,
        kind: "notice",
        mine: false,
        sender: null,
        copied: false,
        at: this.context.now(),
        text: "",
        notice,
        failed: null,
        frank: null,
      };
      const place = { group: key, order, expect: 0 };
      try {
        await store.commit(new Batch().put("messages", named(key, id), record, place));
      } catch (error) {
        // Said already, here or by another tab.
        if (error instanceof StoreError && error.code === "conflict") continue;
        throw error;
      }
      bus.publish({ t: "messages", conversation: value.id, ids: [id] });
    }
  }
}

const officeText = ({ name, post, ministry }: CardRecord): string =>
  [name, post, ministry].map(({ latin, local }) => `${latin}\n${local}`).join("\n\n");

/** True while name, post and ministry are as before: what people go by when they know somebody. */
const sameOffice = (a: CardRecord, b: CardRecord): boolean => officeText(a) === officeText(b);
