import { equal } from "../crypto/bytes";
import { type Tree, verifyConsistency } from "../crypto/transparency";
import type { HeardRecord, KeyLogRecord } from "../store";
import { TransportError } from "../transport";
import { AppError, type Id } from "./api";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import { ATTEMPTS, HARD_STOP_MS, type KeyLogMemory, PAUSE_MS, Unproved, waitingOf } from "./keylog-memory";

/**
 * Devices whose checkpoints may wait at once. When so many wait, another device's is not kept: the ones that are there
 * already count the hours.
 */
const MOST_WAITING = 64;
/**
 * Of one person, as many as they can have devices at once: who makes new ones and says something from each takes the place of
 * their own words, and of nobody else's.
 */
const MOST_OF_ONE = 8;
/** While some wait, the server is asked again after so long. */
const AGAIN_MS = 60_000;

/**
 * The members' checkpoints, which come in their commits (`audit.md`, gossip inside MLS): each must be of the log that we
 * are shown. One is kept, in the store, until it is proved or contradicted: a server that answers no proofs, or shows us a
 * log that is behind, silences nobody.
 *
 * Of one device only the last one waits: it has itself verified that its checkpoints continue each other.
 */
export class KeyLogGossip {
  #running: Promise<void> | null = null;
  #again = false;
  #tried = 0;

  constructor(
    private readonly context: Context,
    private readonly memory: KeyLogMemory,
    /** Moves our pin to the newest checkpoint. Throws `Unproved`, `AppError`, `TransportError`. */
    private readonly look: () => Promise<unknown>,
  ) {}

  /** A member's device said this in a commit. */
  async heard({ size, root }: Tree, person: Id, device: Id): Promise<void> {
    const now = this.context.now();
    await this.memory.update((record) => {
      const waiting = waitingOf(record);
      const own = waiting.filter((one) => one.person === person);
      const oldest = own.length < MOST_OF_ONE ? undefined : own[0];
      const before = waiting.find((one) => one.device === device) ?? oldest;
      if (!before && waiting.length >= MOST_WAITING) return record;
      // Its clock runs from the first that was left unanswered, or a busy group would never be stopped.
      const mine = { person, device, size, root, since: before?.since ?? now, ahead: before?.ahead ?? false };
      return { ...record, heard: [...waiting.filter((one) => one !== before), mine] };
    });
    await this.settle();
  }

  /** Asks for what is still open. One at a time; who comes meanwhile is served by the same run. */
  settle(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /**
   * To be asked before something is encrypted. Throws `AppError("keys_stale")` once the server has owed a proof about its
   * own log for 24 hours. Only it can bring that about: a member's lie is contradicted by the proof, and a lie about more
   * than we are shown warns (`describeKeys`) and stops nothing; a view that is kept behind loses its quorum.
   */
  async demandAnswered(): Promise<void> {
    if (waitingOf(await this.memory.record()).length === 0) return;
    const now = this.context.now();
    if (await this.#isOverdue()) {
      // This device may have been away for as long: the server gets its chance first.
      await this.settle();
      if (await this.#isOverdue()) throw new AppError("keys_stale");
    } else if (Math.abs(now - this.#tried) >= AGAIN_MS) {
      this.context.background("key log", this.settle());
    }
  }

  async #isOverdue(): Promise<boolean> {
    const record = await this.memory.record();
    const now = this.context.now();
    return owed(record).some(({ since }) => now - since > HARD_STOP_MS);
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      this.#tried = this.context.now();
      await this.#settleAll();
    }
  }

  async #settleAll(): Promise<void> {
    try {
      for (let attempt = 1; ; attempt++) {
        await this.#compareOwed();
        if (!isAhead(await this.memory.record())) return;
        await this.look();
        await this.#compareOwed();
        if (!isAhead(await this.memory.record())) return;
        if (attempt === ATTEMPTS) break;
        await this.context.sleep(PAUSE_MS);
      }
      await this.#othersAreAhead();
    } catch (error) {
      if (!(error instanceof Unproved) && !(error instanceof TransportError)) throw error;
      this.context.journal.note("key log", error instanceof Unproved ? error.message : "no answer");
    }
  }

  /** Compares each that is not larger than our own, also when the server refuses to say anything about one of them. */
  async #compareOwed(): Promise<void> {
    const record = await this.memory.record();
    let failure: unknown = null;
    for (const theirs of owed(record)) {
      try {
        await this.#compare(theirs, record);
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== null) throw failure as Error;
  }

  /** Theirs must be the beginning of ours. A member could lie as well as the server: said, and nothing is stopped. */
  async #compare(theirs: HeardRecord, ours: Tree): Promise<void> {
    const { api, journal } = this.context;
    try {
      const proof = theirs.size === ours.size ? [] : await api.keyConsistency(theirs.size, ours.size);
      verifyConsistency(theirs, ours, proof);
    } catch (error) {
      // It refuses sizes that it has itself shown.
      const refused = error instanceof TransportError && error.code === "range_refused";
      if (cryptoCode(error) === null && !refused) throw error;
      journal.note("key log", "a member's checkpoint: split_view");
      const gossip = { person: theirs.person, code: "split_view" };
      await this.#done(theirs, (record) => ({ ...record, gossip }));
      this.memory.tell();
      return;
    }
    const agreed = this.context.now();
    await this.#done(theirs, (record) => ({ ...record, agreed }));
  }

  /** `theirs` waits no longer, unless the same device has said something else meanwhile. */
  async #done(theirs: HeardRecord, change: (record: KeyLogRecord) => KeyLogRecord): Promise<void> {
    await this.memory.update((record) =>
      change({ ...record, heard: waitingOf(record).filter((one) => !isSame(one, theirs)) }),
    );
  }

  /** A fresh and witnessed answer is still shorter than what others have been shown. */
  async #othersAreAhead(): Promise<void> {
    this.context.journal.note("key log", "a member's checkpoint: ahead");
    await this.memory.update((record) => ({
      ...record,
      heard: waitingOf(record).map((one) => ({ ...one, ahead: one.ahead || one.size > record.size })),
    }));
    this.memory.tell();
  }
}

const isSame = (one: HeardRecord, other: HeardRecord): boolean =>
  one.device === other.device && one.size === other.size && equal(one.root, other.root);

/** About these the server owes a proof: it has shown us as much itself. */
const owed = (record: KeyLogRecord): readonly HeardRecord[] =>
  waitingOf(record).filter(({ size }) => size <= record.size);

const isAhead = (record: KeyLogRecord): boolean => waitingOf(record).some(({ size }) => size > record.size);
