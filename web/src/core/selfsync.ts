import { type Content, encodeContent } from "../crypto/content";
import { Batch, type Stored, type SyncedRecord } from "../store";
import type { Id } from "./api";
import type { Composer } from "./composer";
import type { Context } from "./context";
import { idBytes, newId } from "./ids";
import { Pump } from "./lanes";
import { fitsSynced, parseSyncedKey, supersedes, syncedKey } from "./synced";
import type { Step } from "./step";

/** Waited for more to say before it is said: reading and typing change these values many times a minute. */
const DEBOUNCE_MS = 2_000;
/** How far another device's clock is believed to be ahead: what is set here later must still be younger. */
const MAX_AHEAD_MS = 24 * 60 * 60 * 1000;
/** Values in one message, and bytes of them: an envelope holds 64 kB. */
const AT_ONCE = 50;
const MAX_BYTES = 40_000;

/** The conversation of this person's own devices; null while there is none. */
export async function selfConversation(context: Context): Promise<Id | null> {
  const rows = await context.store.all("conversations");
  return rows.find((row) => row.value.kind === "self")?.value.id ?? null;
}

/**
 * Tells this person's other devices what was read, muted, drafted, pinned and verified here, as messages in the group of
 * these devices alone. A value that was queued is marked as told in a later transaction; a crash in between says it
 * twice, which changes nothing. Leader only.
 */
export class SelfSync {
  readonly #pump = new Pump(() => this.#tell());
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly context: Context,
    private readonly composer: Composer,
  ) {}

  /** Something changed: said together with what changes within the next moments. */
  soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.context.background("own devices", this.poke());
    }, DEBOUNCE_MS);
  }

  poke(): Promise<void> {
    return this.#pump.poke();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #tell(): Promise<void> {
    const { context } = this;
    const { store } = context;
    const conversation = await selfConversation(context);
    if (conversation === null) return;
    for (;;) {
      const untold = fitting((await store.all("synced")).filter((row) => !row.value.told));
      if (untold.length === 0) return;
      // When it was said here, not when it is told: what another device has said since takes its place.
      const at = untold.reduce((latest, row) => Math.max(latest, row.value.at), 0);
      const told = untold.filter((row) => bytesOf(row) <= MAX_BYTES);
      const values = Object.fromEntries(told.map(({ value }) => [value.key, value.value]));
      // A draft too long to be sent stays on this device.
      if (told.length > 0)
        await this.composer.post(
          conversation,
          encodeContent({ t: "sync", id: idBytes(newId()), at, values }),
        );
      const batch = new Batch();
      for (const row of await this.#unchanged(untold))
        batch.put("synced", row.key, { ...row.value, at, told: true }, { expect: row.revision });
      if (!batch.empty) await store.commit(batch);
    }
  }

  /** Those that nobody has changed since they were read. */
  async #unchanged(rows: readonly Stored<SyncedRecord>[]): Promise<Stored<SyncedRecord>[]> {
    const now = await this.context.store.many(
      "synced",
      rows.map((row) => row.key),
    );
    return now.filter((row) =>
      rows.some((before) => before.key === row.key && before.revision === row.revision),
    );
  }
}

/** Upper bound of a value's bytes: three for each UTF-16 unit of a text. */
const bytesOf = ({ value: { value } }: Stored<SyncedRecord>): number =>
  typeof value === "number" ? 8 : typeof value === "string" ? value.length * 3 : value.length;

const isRead = ({ value: { key } }: Stored<SyncedRecord>): boolean => key.startsWith("read:");

/**
 * The oldest rows that go into one message; at least one. A message has one time, so they were said within moments of
 * each other; but for read positions, which only ever grow.
 */
function fitting(rows: readonly Stored<SyncedRecord>[]): Stored<SyncedRecord>[] {
  const sorted = [...rows].sort((a, b) => a.value.at - b.value.at);
  const [first] = sorted;
  if (!first) return [];
  const chosen: Stored<SyncedRecord>[] = [];
  let bytes = 0;
  for (const row of sorted) {
    if (isRead(row) !== isRead(first)) continue;
    if (!isRead(row) && row.value.at - first.value.at > DEBOUNCE_MS) break;
    bytes += bytesOf(row);
    if (chosen.length >= AT_ONCE || (chosen.length > 0 && bytes > MAX_BYTES)) break;
    chosen.push(row);
  }
  return chosen;
}

/**
 * What another own device said, into the same transaction as the log's step. The values take effect where the views read
 * them: read positions, drafts; the rest is read from this table.
 */
export async function takeSync(
  context: Context,
  step: Step,
  content: Extract<Content, { t: "sync" }>,
  device: Id,
): Promise<void> {
  const { store, bus } = context;
  const touched = new Set<Id>();
  const at = Math.min(content.at, context.now() + MAX_AHEAD_MS);
  for (const [key, value] of Object.entries(content.values)) {
    const parsed = parseSyncedKey(key);
    if (!parsed || !fitsSynced(parsed.name, value)) continue;
    const { name, about } = parsed;
    // A position that was read is read, whichever device said something of it last.
    if (name === "read" && typeof value === "number" && (await takeRead(context, step, about, value)))
      touched.add(about);
    const row = await syncedKey(store, name, about);
    const stored = await store.get("synced", row);
    const incoming: SyncedRecord = { key, value, at, device, told: true };
    if (!supersedes(incoming, stored?.value ?? null)) continue;
    step.batch.put("synced", row, incoming, { expect: stored?.revision ?? 0 });
    touched.add(about);
    if (name === "draft" && typeof value === "string") await takeDraft(context, step, about, value);
  }
  if (touched.size === 0) return;
  step.afterwards.push(() => {
    for (const about of touched) bus.publish({ t: "conversation", conversation: about });
    bus.publish({ t: "taken", about: [...touched] });
  });
}

/** True when that is further than before. */
async function takeRead(context: Context, step: Step, conversation: Id, seq: number): Promise<boolean> {
  const blind = await context.store.conversation(conversation);
  const stored = await context.store.get("reads", blind);
  if (seq <= (stored?.value.readSeq ?? 0)) return false;
  step.batch.put("reads", blind, { readSeq: seq }, { expect: stored?.revision ?? 0 });
  return true;
}

async function takeDraft(context: Context, step: Step, conversation: Id, text: string): Promise<void> {
  const blind = await context.store.conversation(conversation);
  const stored = await context.store.get("drafts", blind);
  const expect = stored?.revision ?? 0;
  if (text === "") step.batch.remove("drafts", blind, { expect });
  else step.batch.put("drafts", blind, { text }, { expect });
}
