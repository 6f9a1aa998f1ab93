import type { Link, RequestTag } from "../transport";
import { TransportError } from "../transport";
import type { Bus } from "./bus";
import { Value } from "./readable";

/** What makes a log or a slot grow, which a restored server refuses until its members have given back the rest. */
const WRITES: ReadonlySet<RequestTag> = new Set(["send", "commit", "begin", "slot_put", "rejoin", "leave"]);
/** Gives back what a server has lost. Only one that was restored takes it, or compares it with what it has. */
const GIVES_BACK: RequestTag = "reupload";
/** After so long without a refusal nobody knows: whoever writes next is told. Three times what the server names. */
const BELIEVED_MS = 90_000;

/**
 * Whether the server takes nothing new, as its own answers tell: it was restored to an older point and waits for what it
 * has lost. Only the leading tab hears the server, and tells the others.
 */
export class ReadOnlyWatch {
  readonly value = new Value(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly bus: Bus) {}

  /** Listens to the leading tab's word; gives back how to end that. */
  listen(): () => void {
    const end = this.bus.listen((notice, own) => {
      if (notice.t === "read-only" && !own) this.#believe(notice.on);
    });
    return () => {
      clearTimeout(this.#timer);
      end();
    };
  }

  /** Says again what is known, to a tab that has just opened. */
  tell(): void {
    this.bus.publish({ t: "read-only", on: this.value.get() });
  }

  /** The same link, whose answers are heard. */
  over(link: Link): Link {
    return {
      get state() {
        return link.state;
      },
      get line() {
        return link.line;
      },
      start: () => {
        link.start();
      },
      stop: () => {
        link.stop();
      },
      note: (frame) => link.note(frame),
      onState: (run) => link.onState(run),
      onEvent: (run) => link.onEvent(run),
      request: (tag, fields) => {
        const answer = link.request(tag, fields);
        const givesBack = tag === GIVES_BACK;
        if (givesBack || WRITES.has(tag))
          answer.then(
            () => {
              this.#heard(givesBack);
            },
            (error: unknown) => {
              if (!(error instanceof TransportError)) return;
              const { code } = error;
              if (code === "read_only" || (givesBack && code === "range_refused")) this.#heard(true);
            },
          );
        return answer;
      },
    };
  }

  #heard(on: boolean): void {
    const changed = on !== this.value.get();
    this.#believe(on);
    // Said anew at each refusal: the other tabs believe it for as long.
    if (on || changed) this.tell();
  }

  #believe(on: boolean): void {
    clearTimeout(this.#timer);
    if (on)
      this.#timer = setTimeout(() => {
        this.value.set(false);
      }, BELIEVED_MS);
    this.value.set(on);
  }
}
