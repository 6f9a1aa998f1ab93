import type { HeardRecord, KeyLogRecord } from "../store";
import type { Context } from "./context";

/** How old the quorum's word may be, and how long a member's checkpoint may stay unproved before it is said. */
export const STALE_MS = 60 * 60_000;
/** So long what was verified before is used while nothing new can be verified. */
export const HARD_STOP_MS = 24 * 60 * 60_000;
/** Something new is in the log, and shown, a second or two after the server took it: so often it is asked again. */
export const ATTEMPTS = 5;
export const PAUSE_MS = 700;

/** Nothing is proved now: no answer, no quorum, an old one, or a clock that is wrong. */
export class Unproved extends Error {
  override readonly name = "Unproved";
}

const NOTHING: KeyLogRecord = {
  size: 0,
  root: new Uint8Array(32),
  at: 0,
  good: 0,
  own: 0,
  witnesses: [],
  alarm: null,
  gossip: null,
};

/** What this device remembers of the key log, in its account's row: it survives restarts and ends with the database. */
export class KeyLogMemory {
  constructor(private readonly context: Context) {}

  async record(): Promise<KeyLogRecord> {
    return (await this.context.store.get("account", "me"))?.value.keyLog ?? NOTHING;
  }

  async update(change: (record: KeyLogRecord) => KeyLogRecord): Promise<void> {
    await this.context.store.update(
      "account",
      "me",
      (account) => account && { ...account, keyLog: change(account.keyLog ?? NOTHING) },
    );
  }

  /** Whoever shows the checks' state reads it again. */
  tell(): void {
    this.context.bus.publish({ t: "chain", person: this.context.self.person });
  }
}

/** Members' checkpoints that are neither proved nor contradicted. */
export const waitingOf = (record: KeyLogRecord | undefined): readonly HeardRecord[] => record?.heard ?? [];
