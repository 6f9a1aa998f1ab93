import { parseAuthenticatedData } from "../crypto/authenticated-data";
import { equal, hmacSha256, sha256 } from "../crypto/bytes";
import { type Content, decodeContent, encodeContent } from "../crypto/content";
import { Reader } from "../crypto/tls";
import { envelopeHash } from "../crypto/transcript";
import { named, type MessageRecord, type ReportRecord } from "../store";
import { isTransient, TransportError } from "../transport";
import { AppError, type Id, type ModerationItem, type ModerationReport, type PersonCard } from "./api";
import type { Composer } from "./composer";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import type { Identities } from "./identities";
import { idBytes, idText, newId } from "./ids";
import { Pump } from "./lanes";
import type { People } from "./people";
import { Value } from "./readable";
import type { Step } from "./step";

/** Bytes of reported content in one message: an envelope holds 64 kB. */
const MAX_REPORT = 48_000;
const MAX_ITEMS = 50;
const MAX_NOTE = 2_000;
/** When nobody of one's own ministry moderates, so many of the others hear of it. */
const OTHERS = 2;
const MAX_MODERATORS = 5;
const MLS_PRIVATE_MESSAGE = 2;

type ReportContent = Extract<Content, { t: "report" }>;
type Item = ReportContent["items"][number];

/**
 * Reports to moderators. A report carries what nobody else has: the franking key k of each message and its content as it
 * was sent. With them anybody can compute the tag that the sender put in the clear beside the ciphertext
 * (`formats.md`, application message), and so knows that this ciphertext, which the server's log holds, said that.
 */
export class Reports {
  readonly list = new Value<readonly ModerationReport[]>([]);
  readonly #pump = new Pump(() => this.#verify());
  #end: () => void = () => undefined;

  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
  ) {}

  async start(people: People): Promise<void> {
    this.#end = this.context.bus.listen((notice) => {
      if (notice.t === "reports" || notice.t === "connection")
        this.context.background("reports", this.#show(people));
    });
    await this.#show(people);
  }

  stop(): void {
    this.#end();
  }

  /**
   * Sends the chosen messages of others to the moderators, in the direct conversation with each.
   * Throws `AppError`: `nothing_to_report`, `no_moderator`, `bad_request` for too long a note.
   */
  async send(
    input: { conversation: Id; messages: readonly Id[]; note: string },
    composer: Composer,
    openDirect: (person: Id) => Promise<Id>,
  ): Promise<void> {
    const note = input.note.trim().toWellFormed();
    if ([...note].length > MAX_NOTE) throw new AppError("too_large");
    const items = await this.#items(input.conversation, input.messages);
    if (items.length === 0) throw new AppError("nothing_to_report");
    const moderators = await this.moderators();
    if (moderators.length === 0) throw new AppError("no_moderator");
    for (const moderator of moderators) {
      const conversation = await openDirect(moderator.id);
      for (const part of parts(items)) {
        const id = idBytes(newId());
        const content = encodeContent({ t: "report", id, at: this.context.now(), note, items: part });
        await composer.post(conversation, content);
      }
    }
  }

  /** Who would hear of it: the moderators of one's own ministry, or else the first of the others. */
  async moderators(): Promise<readonly PersonCard[]> {
    const { api, store, self } = this.context;
    const all = (await api.moderators()).filter((card) => card.id !== self.person && card.active);
    const own = (await store.get("account", "me"))?.value.card.ministry;
    const near = all.filter(
      (card) => card.ministry.latin === own?.latin && card.ministry.local === own.local,
    );
    return near.length > 0 ? near.slice(0, MAX_MODERATORS) : all.slice(0, OTHERS);
  }

  /** Checks what nobody has checked yet. Leader only; without a network it is tried again at the next connection. */
  verify(): Promise<void> {
    return this.#pump.poke();
  }

  async #items(conversation: Id, messages: readonly Id[]): Promise<Item[]> {
    const { store, self } = this.context;
    const blind = await store.conversation(conversation);
    const keys = messages.map((id) => named(blind, id));
    const rows = (await store.many("messages", keys)).map((row) => row.value);
    rows.sort((a, b) => a.order - b.order);
    return rows.flatMap(({ kind, seq, frank, sender }) => {
      const provable = kind === "text" && seq !== null && frank !== null && sender !== null;
      if (!provable || sender === self.person || frank.content.length > MAX_REPORT) return [];
      const { k, content } = frank;
      return [{ conversation: idBytes(conversation), seq, k, content, sender: idBytes(sender) }];
    });
  }

  async #verify(): Promise<void> {
    const { store, bus, journal } = this.context;
    for (const { key, value } of await store.all("reports")) {
      for (const [index, item] of value.items.entries()) {
        if (item.verdict !== "checking") continue;
        let proved: boolean;
        try {
          proved = await this.#holds(item);
        } catch (error) {
          if (isTransient(error)) return;
          const code =
            cryptoCode(error) ??
            (error instanceof TransportError || error instanceof AppError ? error.code : null);
          if (code === null) throw error;
          journal.note("report", code);
          proved = false;
        }
        const verdict = proved ? ("proved" as const) : ("not-proved" as const);
        await store.update("reports", key, (record) => {
          if (!record) return null;
          const items = record.items.map((one, i) => (i === index ? { ...one, verdict } : one));
          return { ...record, items };
        });
        bus.publish({ t: "reports" });
      }
    }
  }

  /**
   * The server's log holds, at this place, a ciphertext of a device of the claimed person whose tag covers the reported
   * content. Throws when the server does not show it, or what it shows is not an application message.
   */
  async #holds(item: ReportRecord["items"][number]): Promise<boolean> {
    const { conversation, seq, k, content, sender } = item;
    const shown = await this.context.api.moderationEnvelope(conversation, seq);
    const { generation, epoch, kind, device, counter, time, body } = shown;
    const header = {
      conversation: idBytes(conversation),
      seq,
      generation,
      epoch,
      kind,
      device: idBytes(device),
      counter,
      time,
    };
    if (shown.seq !== seq || !equal(await envelopeHash(header, { sha256: await sha256(body) }), shown.hash))
      return false;
    const { frankingTag } = parseAuthenticatedData(authenticatedData(body));
    if (!equal(frankingTag, await hmacSha256(k, content))) return false;
    const chain = await this.identities.fresh(sender);
    return chain.everListed.some((entry) => equal(entry.device, idBytes(device)));
  }

  async #show(people: People): Promise<void> {
    const rows = (await this.context.store.all("reports")).map((row) => row.value);
    rows.sort((a, b) => b.at - a.at);
    const online = this.context.link.state.kind === "ready" || !this.context.leads;
    const shown: ModerationReport[] = [];
    for (const { id, reporter, at, note, items } of rows) {
      const listed: ModerationItem[] = [];
      for (const item of items) {
        const said = textOf(item.content);
        const waits = item.verdict === "checking" && !online;
        const sender = await people.known(item.sender);
        listed.push({ sender, at: said.at, text: said.text, verdict: waits ? "offline" : item.verdict });
      }
      shown.push({ id, reporter: await people.known(reporter), at, note, items: listed });
    }
    this.list.set(shown);
  }
}

/** As many items as fit into one message each. */
function parts(items: readonly Item[]): Item[][] {
  const made: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const current = made.at(-1);
    bytes += item.content.length;
    if (current && current.length < MAX_ITEMS && bytes <= MAX_REPORT) current.push(item);
    else {
      made.push([item]);
      bytes = item.content.length;
    }
  }
  return made;
}

/** The part of MLSMessage(PrivateMessage) that stands in the clear (RFC 9420 §6.3). Throws `CryptoError`. */
function authenticatedData(body: Uint8Array): Uint8Array {
  const reader = new Reader(body);
  const version = reader.u16();
  const format = reader.u16();
  reader.opaque(); // group id
  reader.u64(); // epoch
  const contentType = reader.u8();
  const data = reader.opaque();
  if (version !== 1 || format !== MLS_PRIVATE_MESSAGE || contentType !== 1)
    throw new AppError("group_refused");
  return data;
}

/** What is shown of a reported content: its text, whatever else it may be. */
function textOf(content: Uint8Array): { at: number; text: string } {
  try {
    const read = decodeContent(content);
    return { at: read.at ?? 0, text: "text" in read ? read.text : "" };
  } catch (error) {
    if (cryptoCode(error) === null) throw error;
    return { at: 0, text: "" };
  }
}

/**
 * A report that came along in the log of a direct conversation: a line there, and a row for the inbox of a moderator.
 * Whether it is true is checked later, against the server's log.
 */
export function takeReport(
  context: Context,
  step: Step,
  content: ReportContent,
  base: Omit<MessageRecord, "kind" | "text">,
): void {
  if (step.conversation.kind !== "direct" || base.sender === null) return;
  step.message({ ...base, kind: "report", text: content.note });
  if (base.mine) return;
  const items = content.items.map(({ conversation, seq, k, content: said, sender }) => ({
    conversation: idText(conversation),
    seq,
    k: k.slice(),
    content: said.slice(),
    sender: idText(sender),
    verdict: "checking" as const,
  }));
  const { id, sender, at } = base;
  step.batch.put("reports", id, { id, reporter: sender, at, note: content.note, items });
  step.afterwards.push(() => {
    context.bus.publish({ t: "reports" });
  });
}
