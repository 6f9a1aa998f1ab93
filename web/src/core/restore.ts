import { equal } from "../crypto/bytes";
import { Batch, numbered, type RawRecord } from "../store";
import { TransportError } from "../transport";
import { type Envelope, MAX_FRAME, MAX_REUPLOAD } from "../wire/frames";
import type { Id } from "./api";
import type { Context } from "./context";
import type { Identities } from "./identities";
import { idBytes } from "./ids";
import { pooled } from "./lanes";
import { readView } from "./pending";
import { Step } from "./step";

/** Envelopes are kept whole for as long as the server may be restored to a point before them. */
const KEPT_MS = 90 * 24 * 60 * 60 * 1000;
const KEPT = 20_000;
const PRUNE_EVERY_MS = 24 * 60 * 60 * 1000;
const PRUNED_AT_ONCE = 500;
/** In conversations of more persons each gives back their own chain. */
const FEW = 50;
/** Header and framing of one envelope in a frame, at most. */
const OVERHEAD = 128;

/**
 * After the server was restored to an older point: gives back what it has lost. The envelopes go up as they came down;
 * the hash of the last one that the server still has must be the one that is in our transcript, and the server itself
 * checks every one against the transcripts that later senders signed. Whoever's log differs is shown the mismatch and
 * uploads nothing. Identity statements that were lost go back first (`Identities.refresh`).
 */
export class Restore {
  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
  ) {}

  /** Compares the log's ends and uploads the rest. Call under the conversation's lane. Throws `TransportError`. */
  async run(conversation: Id): Promise<void> {
    const { context } = this;
    const { record, blind } = await readView(context, conversation);
    const there = await this.#serverEnd(conversation, record.cursor);
    if (there >= record.cursor) return;
    context.journal.note("log", "shorter than before");
    if (there > 0 && !(await this.#agrees(conversation, blind, there))) {
      await this.#mismatch(conversation);
      return;
    }
    // Identities first: what lost devices have said can only be judged by the chains that list them.
    const persons = record.persons.length <= FEW ? record.persons : [];
    await pooled([...new Set([context.self.person, ...persons])], (one) => this.identities.tryRefresh(one));
    await this.#unacknowledge(blind, there);
    for (let after = there; after < record.cursor;) {
      const envelopes = await this.#part(blind, after, record.cursor);
      // Only what was read here is here: a device that came late leaves the beginning to others.
      if (envelopes.length === 0) return;
      try {
        const input = { conversation: idBytes(conversation), envelopes };
        await context.link.request("reupload", input);
      } catch (error) {
        if (!(error instanceof TransportError) || error.code !== "range_refused") throw error;
        context.journal.note("re-upload", error.code);
        // Somebody else was first with the same, or the server holds something else there: it tells which.
        const now = await this.#serverEnd(conversation, record.cursor);
        if (now <= after || !(await this.#agrees(conversation, blind, now))) {
          await this.#mismatch(conversation);
          return;
        }
        after = now;
        continue;
      }
      after += envelopes.length;
    }
  }

  /** Lets go of what is too old or too much to be given back. Once a day. */
  async prune(): Promise<void> {
    const { store } = this.context;
    const now = this.context.now();
    const last = (await store.get("notes", "raw-pruned-at"))?.value.value;
    if (typeof last === "number" && now - last < PRUNE_EVERY_MS) return;
    for (const { key } of await store.all("conversations")) await this.#pruneOne(key, now - KEPT_MS);
    await store.commit(new Batch().put("notes", "raw-pruned-at", { value: now }));
  }

  async #pruneOne(blind: string, before: number): Promise<void> {
    const { store } = this.context;
    const keys = await store.keys("raw", `${blind}/`);
    const surplus = keys.length - KEPT;
    for (let at = 0; at < keys.length; at += PRUNED_AT_ONCE) {
      const some = keys.slice(at, at + PRUNED_AT_ONCE);
      const rows = at + some.length <= surplus ? [] : await store.many("raw", some);
      const old = new Set(rows.filter(({ value }) => value.time < before).map(({ key }) => key));
      const gone = some.filter((key, i) => at + i < surplus || old.has(key));
      if (gone.length === 0) return;
      const batch = new Batch();
      for (const key of gone) batch.remove("raw", key);
      await store.commit(batch);
    }
  }

  async #serverEnd(conversation: Id, cursor: number): Promise<number> {
    const fetched = { conversation: idBytes(conversation), after: cursor, limit: 1 };
    try {
      return (await this.context.link.request("fetch", fetched)).last_seq;
    } catch (error) {
      // A device that has no leaf now is told where the log ends all the same.
      const refused = error instanceof TransportError && error.code === "not_readable";
      const last = refused ? error.detail["last_seq"] : undefined;
      if (typeof last !== "number") throw error;
      return last;
    }
  }

  /** True when the server's envelope at `seq` is the one that is in our transcript. */
  async #agrees(conversation: Id, blind: string, seq: number): Promise<boolean> {
    const { link, store } = this.context;
    const own = await store.get("log", numbered(blind, seq));
    if (!own) return false;
    const range = { conversation: idBytes(conversation), after: seq - 1, until: seq };
    const { hashes } = await link.request("hashes", range);
    return equal(hashes, own.value.hash);
  }

  async #part(blind: string, after: number, end: number): Promise<Envelope[]> {
    const last = Math.min(end, after + MAX_REUPLOAD);
    const seqs = Array.from({ length: last - after }, (_, i) => after + 1 + i);
    const rows = await this.context.store.many(
      "raw",
      seqs.map((seq) => numbered(blind, seq)),
    );
    const found = new Map(rows.map(({ key, value }) => [key, value]));
    const envelopes: Envelope[] = [];
    let size = 0;
    for (const seq of seqs) {
      const raw = found.get(numbered(blind, seq));
      if (!raw) break;
      size += raw.body.length + OVERHEAD;
      if (envelopes.length > 0 && size > MAX_FRAME / 2) break;
      envelopes.push(envelopeOf(seq, raw));
    }
    return envelopes;
  }

  /** What the server had confirmed and has lost again is sent once more, byte for byte. */
  async #unacknowledge(blind: string, end: number): Promise<void> {
    const { store, fence } = this.context;
    const batch = new Batch();
    for (const row of await store.range("outbox", { group: blind })) {
      const { phase, seq, order } = row.value;
      if (phase !== "acked" || seq === null || seq <= end) continue;
      const value = { ...row.value, phase: "sealed" as const, seq: null };
      batch.put("outbox", row.key, value, { expect: row.revision, group: blind, order });
    }
    if (!batch.empty) await store.commit(batch, { fence });
  }

  /** The server has another log than the one that was read here: people are told. */
  async #mismatch(conversation: Id): Promise<void> {
    const { context } = this;
    context.journal.note("restore", "mismatch");
    const stored = await context.store.get("conversations", await context.store.conversation(conversation));
    if (!stored) return;
    const step = new Step(context, stored);
    step.notice(stored.value.cursor, context.now(), { kind: "log-mismatch" });
    await step.commit();
  }
}

const envelopeOf = (seq: number, raw: RawRecord): Envelope => ({
  seq,
  ...raw,
  kind: raw.kind as Envelope["kind"],
});
