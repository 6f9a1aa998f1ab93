import { Batch } from "../store";
import type { Id } from "./api";
import type { Context } from "./context";
import { Synced } from "./synced";

/** A draft reaches the disk at the latest this long after the key that changed it. */
const DEBOUNCE_MS = 250;

interface Pending {
  text: string;
  timer: ReturnType<typeof setTimeout>;
  written: Promise<void>;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * What is typed but not sent. The first key is written at once, the following ones together a quarter of a second
 * later, all of it when the page is hidden. The text on the screen never waits for any of this.
 */
export class Drafts {
  readonly #pending = new Map<Id, Pending>();
  readonly #last = new Map<Id, number>();
  readonly #latest = new Map<Id, string>();

  readonly #synced: Synced;

  constructor(private readonly context: Context) {
    this.#synced = new Synced(context);
  }

  set(conversation: Id, text: string): Promise<void> {
    this.#latest.set(conversation, text);
    const pending = this.#pending.get(conversation);
    if (pending) {
      pending.text = text;
      return pending.written;
    }
    const since = this.context.now() - (this.#last.get(conversation) ?? 0);
    if (since >= DEBOUNCE_MS || since < 0) {
      this.#last.set(conversation, this.context.now());
      return this.#write(conversation, text);
    }
    let resolve = (): void => undefined;
    let reject = (_: unknown): void => undefined;
    const written = new Promise<void>((done, failed) => {
      resolve = done;
      reject = failed;
    });
    const timer = setTimeout(() => {
      this.#flushOne(conversation);
    }, DEBOUNCE_MS);
    this.#pending.set(conversation, { text, timer, written, resolve, reject });
    return written;
  }

  /** The message was sent: nothing typed before it may come back as a draft. */
  forget(conversation: Id): void {
    const pending = this.#pending.get(conversation);
    if (pending) {
      clearTimeout(pending.timer);
      this.#pending.delete(conversation);
      pending.resolve();
    }
    this.#latest.set(conversation, "");
  }

  /** Another own device said what the draft is now; what is being typed here wins until it is written. */
  taken(conversation: Id): void {
    if (!this.#pending.has(conversation)) this.#latest.delete(conversation);
  }

  async flush(): Promise<void> {
    const writing = [...this.#pending].map(([conversation, pending]) => {
      this.#flushOne(conversation);
      return pending.written;
    });
    await Promise.all(writing);
  }

  /** What was set last in this tab, though perhaps not written yet; null when nothing was. */
  latest(conversation: Id): string | null {
    return this.#latest.get(conversation) ?? null;
  }

  #flushOne(conversation: Id): void {
    const pending = this.#pending.get(conversation);
    if (!pending) return;
    clearTimeout(pending.timer);
    this.#pending.delete(conversation);
    this.#last.set(conversation, this.context.now());
    this.#write(conversation, pending.text).then(pending.resolve, pending.reject);
  }

  async #write(conversation: Id, text: string): Promise<void> {
    const { store, bus } = this.context;
    const blind = await store.conversation(conversation);
    const batch = new Batch();
    if (text === "") batch.remove("drafts", blind);
    else batch.put("drafts", blind, { text });
    await store.commit(batch);
    bus.publish({ t: "conversation", conversation });
    await this.#synced.set("draft", conversation, text.toWellFormed());
  }
}
