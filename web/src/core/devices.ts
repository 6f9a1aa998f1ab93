import type { Event } from "../wire/frames";
import type { Announcer } from "./announce";
import type { Id } from "./api";
import type { Context } from "./context";
import type { DevicesWork } from "./devices-work";
import type { Identities } from "./identities";
import type { Conversations } from "./own-devices";
import type { People } from "./people";

/**
 * The door to `DevicesWork`, which is loaded with the first connection: what is shown first does not wait for code about
 * pairings, history and reports.
 */
export class Devices {
  #work: Promise<DevicesWork> | null = null;
  #stopped = false;
  /** Conversations that a temporary device has opened: it asks to be let into each, at the latest when it connects. */
  readonly #opened = new Set<Id>();
  #end: () => void = () => undefined;

  constructor(
    private readonly context: Context,
    private readonly people: People,
    private readonly identities: Identities,
    private readonly announcer: Announcer,
    private readonly conversations: Conversations,
  ) {}

  start(): void {
    this.#end = this.context.bus.listen((notice) => {
      if (notice.t !== "ask-in") return;
      this.#opened.add(notice.conversation);
      this.context.background(
        "ask in",
        this.#loaded().then((work) => work.askIn(notice.conversation)),
      );
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#end();
    void this.#work?.then((work) => {
      work.stop();
    });
  }

  /** The connection has begun and the logs are read. */
  resumed(): void {
    // Only the leader hears the server; what was fresh in other tabs is asked for again.
    this.context.bus.publish({ t: "chain", person: null });
    this.context.background(
      "devices",
      this.#loaded().then((work) => {
        if (this.#stopped) return;
        work.resumed();
        for (const conversation of this.#opened) this.context.background("ask in", work.askIn(conversation));
      }),
    );
  }

  async event(event: Event): Promise<void> {
    const work = await this.#loaded();
    if (!this.#stopped) await work.event(event);
  }

  #loaded(): Promise<DevicesWork> {
    this.#work ??= this.#load().catch((error: unknown) => {
      this.#work = null;
      throw error;
    });
    return this.#work;
  }

  async #load(): Promise<DevicesWork> {
    const { DevicesWork } = await import("./devices-work");
    const { context, people, identities, announcer, conversations } = this;
    const work = new DevicesWork(context, people, identities, announcer, conversations);
    if (!this.#stopped) work.start();
    return work;
  }
}
