import { Batch, type MailRecord, numbered } from "../store";
import type { Envelope, Mail } from "../wire/frames";
import type { Id } from "./api";
import type { Context } from "./context";
import { idText } from "./ids";
import { Lanes } from "./lanes";

/**
 * Welcomes for this device. An item is acknowledged (and so deleted on the server) only after it is on this device's
 * disk; it stays here until its commit comes along in the log.
 */
export class Mailbox {
  readonly #lane = new Lanes();

  constructor(private readonly context: Context) {}

  /** Fetches and stores what is new; returns the conversations that got something. */
  fetch(): Promise<Set<Id>> {
    return this.#lane.run("mailbox", () => this.#fetch());
  }

  /** The Welcome that belongs to a commit, from the store or, if it has just been written, from the server. */
  async welcomeFor(blind: string, envelope: Envelope): Promise<MailRecord | undefined> {
    const key = numbered(blind, envelope.seq);
    let stored = await this.context.store.get("mail", key);
    if (!stored) {
      await this.fetch();
      stored = await this.context.store.get("mail", key);
    }
    return stored?.value.generation === envelope.generation ? stored.value : undefined;
  }

  /** The stored Welcome of the conversation that comes first in its log after `cursor`; null without one. */
  async firstWelcome(blind: string, cursor: number): Promise<MailRecord | null> {
    const rows = await this.context.store.all("mail", `${blind}/`);
    return rows.find(({ value }) => value.logSeq > cursor)?.value ?? null;
  }

  async #fetch(): Promise<Set<Id>> {
    const { store, link } = this.context;
    const changed = new Set<Id>();
    for (;;) {
      const account = await store.get("account", "me");
      if (!account) return changed;
      const after = account.value.mailbox;
      const page = await link.request("mail_fetch", { after });
      const last = page.items.at(-1);
      if (!last || last.seq <= after) {
        // Acknowledge again what a crash may have kept from the server.
        if (after > 0) await link.request("mail_ack", { seq: after });
        return changed;
      }
      const batch = new Batch();
      for (const item of page.items) {
        const record = asRecord(item);
        batch.put("mail", numbered(await store.conversation(record.conversation), record.logSeq), record);
        changed.add(record.conversation);
      }
      batch.put("account", "me", { ...account.value, mailbox: last.seq }, { expect: account.revision });
      await store.commit(batch, { fence: this.context.fence });
      await link.request("mail_ack", { seq: last.seq });
      if (last.seq >= page.last) return changed;
    }
  }
}

function asRecord(item: Mail): MailRecord {
  return {
    conversation: idText(item.conversation),
    generation: item.generation,
    logSeq: item.log_seq,
    keyPackageRef: item.key_package_ref.slice(),
    welcome: item.welcome.slice(),
  };
}
