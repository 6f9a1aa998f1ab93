import { parseAuthenticatedData } from "../crypto/authenticated-data";
import { equal, hmacSha256, sha256 } from "../crypto/bytes";
import { encodeContent, MAX_NOTE, MAX_REPORTED, type ReportItem } from "../crypto/content";
import { Reader } from "../crypto/tls";
import { envelopeHash } from "../crypto/transcript";
import { named, type ReportRecord } from "../store";
import { isTransient, TransportError } from "../transport";
import { AppError, type Id, type PersonCard } from "./api";
import type { Composer } from "./composer";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import type { Identities } from "./identities";
import { idBytes, newId } from "./ids";
import { Pump } from "./lanes";
import { DUTIES } from "./reports";

/** Bytes of reported content in one message: an envelope holds 64 kB. */
const MAX_REPORT = 48_000;
/** When nobody of one's own ministry moderates, so many of the others hear of it. */
const OTHERS = 2;
const MAX_MODERATORS = 5;
const MLS_PRIVATE_MESSAGE = 2;

/**
 * Reports to moderators. A report carries what nobody else has: the franking key k of each message and its content as it
 * was sent. With them anybody can compute the tag that the sender put in the clear beside the ciphertext
 * (`formats.md`, application message), and so knows that this ciphertext, which the server's log holds, said that.
 */
export class Reporting {
  readonly #pump = new Pump(() => this.#verify());

  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
  ) {}

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

  async #items(conversation: Id, messages: readonly Id[]): Promise<ReportItem[]> {
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
    // Anybody can send a report to anybody; each look-up is recorded under the name of who makes it.
    const duties = (await store.get("notes", DUTIES))?.value.value;
    if (typeof duties !== "string" || !duties.split(" ").includes("moderator")) return;
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
}

/** As many items as fit into one message each. */
function parts(items: readonly ReportItem[]): ReportItem[][] {
  const made: ReportItem[][] = [];
  let bytes = 0;
  for (const item of items) {
    const current = made.at(-1);
    bytes += item.content.length;
    if (current && current.length < MAX_REPORTED && bytes <= MAX_REPORT) current.push(item);
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
