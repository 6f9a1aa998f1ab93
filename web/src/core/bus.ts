import type { ConnectionState, Id } from "./api";
import type { Channel } from "./environment";
import type { ErrandNotice } from "./errands";

/**
 * What changed, for this tab and the others. Notices are hints: whoever gets one reads the store, and whoever misses
 * one is only late.
 */
export type Notice =
  /** Rows of a conversation were written or removed. */
  | { t: "messages"; conversation: Id; ids: string[] }
  /** Something else of a conversation's row in the list: marks, read position, draft, a new conversation. */
  | { t: "conversation"; conversation: Id }
  /** For the leader: there is something to send, to mark as read, to fetch. */
  | { t: "outbox"; conversation: Id }
  | { t: "read"; conversation: Id }
  | { t: "slots"; conversation: Id }
  | { t: "typing-out"; conversation: Id }
  | { t: "typing-in"; conversation: Id; person: Id; until: number }
  /** From the leader, and a question to it. */
  | { t: "connection"; state: ConnectionState }
  | { t: "read-only"; on: boolean }
  | { t: "who-leads" }
  /** The session of this browser changed; each tab looks at the vault again. */
  | { t: "session"; change: "opened" | "locked" | "erased" | "changed" }
  | { t: "revoked"; reason: "replaced" | "revoked" }
  /** From the leader: this person's chain has grown, or (null) nobody's is known to be the newest any more. */
  | { t: "chain"; person: Id | null }
  /** A value that this person's other devices are to be told of. */
  | { t: "synced" }
  /** Values that another own device set have been taken: of these conversations and persons. */
  | { t: "taken"; about: Id[] }
  /** Pairings, transfers of history, reports were written. */
  | { t: "pairings" }
  | { t: "history" }
  | { t: "reports" }
  /** Somebody asked for a reset, or the connection has begun: what is asked for now is to be fetched. */
  | { t: "resets" }
  /** For the leader: a transfer of history may begin; and somebody uses this browser just now. */
  | { t: "transfer" }
  | { t: "used" }
  /** For the leader: an own device came, which has no leaf yet. */
  | { t: "own-device" }
  /** For the leader: this temporary device wants to be in this conversation now. */
  | { t: "ask-in"; conversation: Id }
  | { t: "rolled-back" }
  | { t: "settings" }
  | ErrandNotice;

export class Bus {
  readonly #listeners = new Set<(notice: Notice, own: boolean) => void>();

  constructor(private readonly channel: Channel | null) {
    channel?.onMessage((message) => {
      // Only our own origin can post here, and only this code does.
      this.#tell(message as Notice, false);
    });
  }

  publish(notice: Notice): void {
    this.#tell(notice, true);
    this.channel?.post(notice);
  }

  /** `own` is false for notices from other tabs. */
  listen(run: (notice: Notice, own: boolean) => void): () => void {
    this.#listeners.add(run);
    return () => this.#listeners.delete(run);
  }

  close(): void {
    this.#listeners.clear();
    this.channel?.close();
  }

  #tell(notice: Notice, own: boolean): void {
    for (const run of [...this.#listeners]) run(notice, own);
  }
}
