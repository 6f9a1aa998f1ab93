import { numbered } from "../store";
import { TransportError } from "../transport";
import type { TypingEvent } from "../wire/frames";
import type { Id } from "./api";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import { idBytes, idText } from "./ids";

/** While somebody types, one frame in this time says so. */
const REPEAT_MS = 4_000;
/** Without a key for this long the person has stopped. */
const IDLE_MS = 5_000;
/** How long a frame of the partner counts. */
const SHOWN_MS = 7_000;

interface Own {
  at: number;
  idle: ReturnType<typeof setTimeout>;
}

/** "… is typing": sealed frames that are never stored. All of it may be lost without harm. Leader only. */
export class Typing {
  readonly #own = new Map<Id, Own>();
  readonly #counters = new Map<string, number>();
  #counter = 0;

  constructor(private readonly context: Context) {}

  stop(): void {
    for (const { idle } of this.#own.values()) clearTimeout(idle);
    this.#own.clear();
  }

  /** A key was pressed. */
  pressed(conversation: Id): void {
    const own = this.#own.get(conversation);
    const now = this.context.now();
    if (own) clearTimeout(own.idle);
    const idle = setTimeout(() => {
      this.stopped(conversation);
    }, IDLE_MS);
    const due = !own || now - own.at >= REPEAT_MS;
    this.#own.set(conversation, { at: due ? now : own.at, idle });
    if (due) this.#send(conversation, 1);
  }

  /** The message was sent, or nothing was typed for a while. */
  stopped(conversation: Id): void {
    const own = this.#own.get(conversation);
    if (!own) return;
    clearTimeout(own.idle);
    this.#own.delete(conversation);
    this.#send(conversation, 0);
  }

  async received(event: TypingEvent): Promise<void> {
    const { context } = this;
    if (context.isOwnDevice(event.device)) return;
    const conversation = idText(event.conversation);
    const group = await this.#group(conversation, event.generation);
    if (!group?.state) return;
    const device = idText(event.device);
    const { leaf, epoch, counter, body } = event;
    const key = `${conversation}/${device}`;
    try {
      const { member, plaintext } = await context.env.engine.openSlot({
        state: group.state,
        frame: { label: "typing", leaf, epoch, counter, body },
        after: this.#counters.get(key) ?? 0,
      });
      if (idText(member.device) !== device || idText(member.person) === context.self.person) return;
      this.#counters.set(key, counter);
      const until = plaintext[0] === 1 ? context.now() + SHOWN_MS : 0;
      context.bus.publish({ t: "typing-in", conversation, person: idText(member.person), until });
    } catch (error) {
      const code = cryptoCode(error);
      if (code === null) throw error;
      context.journal.note("typing", code);
    }
  }

  #send(conversation: Id, value: 0 | 1): void {
    this.#frame(conversation, value).catch((error: unknown) => {
      const known = error instanceof TransportError || cryptoCode(error) !== null;
      this.context.journal.note("typing", known ? "not sent" : "failed");
    });
  }

  async #frame(conversation: Id, value: 0 | 1): Promise<void> {
    const { context } = this;
    if (context.link.state.kind !== "ready") return;
    const blind = await context.store.conversation(conversation);
    const stored = await context.store.get("conversations", blind);
    if (!stored || stored.value.server.blocked) return;
    const { generation } = stored.value;
    const group = await this.#group(conversation, generation);
    if (!group?.state) return;
    this.#counter = Math.max(this.#counter + 1, context.now());
    const counter = this.#counter;
    const plaintext = Uint8Array.of(value);
    const sealed = await context.env.engine.sealSlot({
      state: group.state,
      label: "typing",
      counter,
      plaintext,
    });
    const { epoch, leaf, body } = sealed;
    context.link.note({
      t: "typing",
      conversation: idBytes(conversation),
      generation,
      epoch,
      leaf,
      counter,
      body,
    });
  }

  async #group(conversation: Id, generation: number) {
    const { store } = this.context;
    if (generation === 0) return null;
    const stored = await store.get("groups", numbered(await store.conversation(conversation), generation));
    return stored?.value ?? null;
  }
}
