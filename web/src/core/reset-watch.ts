import type { Announcer } from "./announce";
import type { AnnouncedReset } from "./api";
import type { Context } from "./context";
import { Value } from "./readable";

/** While it is open, a tab asks again so often: an officer may have dropped what was asked for, and nobody says so. */
const AGAIN_MS = 60 * 60_000;

/**
 * Resets that somebody asks for and that can still be stopped. The server announces one to whoever is online; who comes
 * later finds it here. Each tab asks for itself; the leading one writes the lines into the conversations, each once.
 */
export class ResetWatch {
  /** Of this person's own identity. */
  readonly own = new Value<AnnouncedReset | null>(null);
  #end: () => void = () => undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #asked = false;

  constructor(
    private readonly context: Context,
    private readonly announcer: Announcer,
  ) {}

  start(): void {
    const { context } = this;
    this.#end = context.bus.listen((notice) => {
      // A tab that does not lead hears of the connection when it opens, and asks once.
      const opened = notice.t === "connection" && notice.state === "online" && !this.#asked;
      // Our chain has grown: then what named the statement before it is void.
      const grown = notice.t === "chain" && notice.person === context.self.person && this.own.get() !== null;
      if (notice.t === "resets" || opened || grown) this.soon();
    });
    this.#timer = setInterval(() => {
      if (this.#asked) this.soon();
    }, AGAIN_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#end();
  }

  soon(): void {
    this.#asked = true;
    this.context.background("resets", this.look());
  }

  /** Asks the server now. */
  async look(): Promise<void> {
    const { api, self } = this.context;
    const found = await api.announcedResets();
    this.own.set(found.find(({ person }) => person === self.person) ?? null);
    if (!this.context.leads) return;
    for (const { person, earliest } of found) await this.announcer.resetRequested(person, earliest);
  }
}
