/**
 * An `App` in memory: the views' harness for pictures and tests. It follows the contract of src/core/api.ts and
 * keeps nothing; what a test must not believe about the real core is not claimed here.
 */
import {
  AppError,
  type ActivationOffer,
  type App,
  type ConnectionState,
  type ConversationSummary,
  type Diagnostics,
  type LedgerCheck,
  type LedgerPage,
  type LedgerRow,
  type Id,
  type MessageItem,
  type MessageList,
  type PersonCard,
  type SendState,
  type SessionState,
  type Settings,
} from "../src/core/api";
import { FakeDevices, me, offer } from "./fake-devices";
import { blank } from "./fake-groups";
import { FakeList } from "./fake-list";
import { manyPeople, people } from "./fake-people";
import { thread } from "./fake-thread";
import { hour, pause, Value } from "./fake-value";

export type Scene =
  | "open"
  | "empty"
  | "offline"
  | "read-only"
  | "session-ended"
  | "starting"
  | "signed-out"
  | "replace"
  | "locked"
  | "revoked"
  | "replaced"
  | "evicted"
  | "rolled-back"
  | "newer-version"
  | "storage-failed"
  | "long"
  | "large"
  | "moderator"
  | "pairing"
  | "temporary"
  | "history"
  | "history-sending"
  | "reset"
  | "reset-asked";

const mePerson = me.person;

export class FakeApp extends FakeDevices implements App {
  readonly session: Value<SessionState>;
  readonly connection: Value<ConnectionState>;
  readonly readOnly: Value<boolean>;
  readonly settings: Value<Settings>;
  readonly unread = new Value(0);

  constructor(
    readonly scene: Scene,
    settings: Partial<Settings> = {},
  ) {
    super();
    this.session = new Value(sessionOf(scene));
    this.readOnly = new Value(scene === "read-only");
    this.connection = new Value<ConnectionState>(scene === "offline" ? "offline" : "online");
    this.settings = new Value({
      language: "en",
      theme: "system",
      calendar: "gregorian",
      lockAfterMinutes: 15,
      enterSends: true,
      ...settings,
    });
    if (scene !== "empty" && scene !== "signed-out") this.#fill();
    this.fillDevices(scene);
  }

  #fill(): void {
    const now = Date.now();
    const summaries = people
      .slice(1, 8)
      .filter((one) => one.activated)
      .map((partner, index): ConversationSummary => {
        const items = thread(
          mePerson.id,
          partner.id,
          index,
          now,
          this.scene === "long" && index === 0 ? 10_000 : 0,
        );
        const id = `00000000-0000-4000-a000-${String(index).padStart(12, "0")}`;
        this.messages.set(id, new Value<readonly MessageItem[]>(items));
        return {
          ...blank,
          id,
          kind: "direct",
          partner,
          lastMessage: items.at(-1) ?? null,
          at: items.at(-1)?.at ?? now,
          unread: index === 1 ? 2 : 0,
          draft: index === 3 ? "The annex is not" : "",
          partnerTyping: index === 0,
        };
      });
    summaries.push(...this.fillGroups(now, this.scene === "large"));
    this.conversations.set(summaries.sort((one, two) => two.at - one.at));
    this.unread.set(summaries.reduce((sum, one) => sum + one.unread, 0));
  }

  async beginActivation(code: string, personnelNumber: string): Promise<ActivationOffer> {
    this.calls.push(["beginActivation", code, personnelNumber]);
    await pause(150);
    if (code === "USED") throw new AppError("code_used");
    if (code.length < 8) throw new AppError("activation_code_malformed");
    return offer;
  }
  async finishActivation(choice: { passphrase: string; totp: string; deviceName: string }): Promise<void> {
    this.calls.push(["finishActivation", choice]);
    await pause(400);
    if (choice.totp === "000000") throw new AppError("totp_refused");
    this.session.set({ kind: "open", me, needsSignIn: false });
  }
  async signIn(input: { login: string; passphrase: string; totp: string }): Promise<"open" | "replace"> {
    this.calls.push(["signIn", input]);
    await pause(300);
    if (input.totp === "000000") throw new AppError("sign_in_refused");
    if (this.scene === "replace") return "replace";
    this.session.set({ kind: "open", me, needsSignIn: false });
    return "open";
  }
  async finishReplace(input: { recoveryCode: string; deviceName: string }): Promise<void> {
    this.calls.push(["finishReplace", input]);
    await pause(300);
    if (input.recoveryCode.length < 26) throw new AppError("recovery_code_malformed");
    this.session.set({ kind: "open", me, needsSignIn: false });
  }
  async beginRecovery(): Promise<{ totpSecret: string; totpUri: string }> {
    const { totpSecret, totpUri } = await this.beginActivation("recovery-code", "");
    return { totpSecret, totpUri };
  }
  async finishRecovery(choice: { passphrase: string; totp: string; deviceName: string }): Promise<void> {
    await this.finishActivation(choice);
  }
  async unlock(passphrase: string): Promise<void> {
    this.calls.push(["unlock"]);
    await pause(1200);
    if (passphrase === "wrong") throw new AppError("wrong_passphrase");
    this.session.set({ kind: "open", me, needsSignIn: false });
  }
  async lock(): Promise<void> {
    this.calls.push(["lock"]);
    this.session.set({ kind: "locked", login: me.login, name: mePerson.name, needsSignIn: false });
  }
  async signOut(): Promise<void> {
    this.calls.push(["signOut"]);
    this.session.set({ kind: "signed-out", login: me.login });
  }
  async erase(): Promise<void> {
    this.session.set({ kind: "signed-out", login: "" });
  }

  async searchPeople(query: string): Promise<readonly PersonCard[]> {
    await pause(120);
    if (this.connection.get() === "offline") throw new AppError("offline");
    const words = query.toLowerCase();
    return people
      .slice(1)
      .filter((one) =>
        [one.name, one.post, one.ministry].some((text) =>
          `${text.latin} ${text.local}`.toLowerCase().includes(words),
        ),
      );
  }
  async person(id: Id): Promise<PersonCard> {
    const found =
      people.find((one) => one.id === id) ??
      (this.scene === "large" ? manyPeople(999).find((one) => one.id === id) : undefined);
    if (!found) throw new AppError("not_found");
    return found;
  }
  async openDirect(id: Id): Promise<Id> {
    const partner = await this.person(id);
    const conversation = `00000000-0000-4000-b000-${id.slice(-12)}`;
    if (!this.messages.has(conversation)) {
      this.messages.set(conversation, new Value<readonly MessageItem[]>([]));
      const summary: ConversationSummary = {
        ...blank,
        id: conversation,
        kind: "direct",
        partner,
        lastMessage: null,
        at: Date.now(),
      };
      this.conversations.set([summary, ...this.conversations.get()]);
    }
    return conversation;
  }

  async openMessages(conversation: Id): Promise<MessageList> {
    await pause(30);
    const all = this.messages.get(conversation);
    if (!all) throw new AppError("not_found");
    const summary = this.conversations.get().find(({ id }) => id === conversation);
    const unread = summary?.unread ?? 0;
    const incoming = all.get().filter((item) => !item.mine && item.kind === "text");
    return new FakeList(all, unread > 0 ? (incoming.at(-unread)?.seq ?? null) : null);
  }
  async send(conversation: Id, text: string): Promise<Id> {
    this.calls.push(["send", conversation, text]);
    const all = this.messages.get(conversation);
    if (!all) throw new AppError("not_found");
    const id = crypto.randomUUID();
    const item: MessageItem = {
      id,
      seq: null,
      kind: "text",
      mine: true,
      sender: mePerson.id,
      copied: false,
      at: Date.now(),
      text,
      state: "queued",
      error: null,
      notice: null,
    };
    all.set([...all.get(), item]);
    if (this.connection.get() === "online") void this.#progress(all, id);
    return id;
  }
  async #progress(all: Value<readonly MessageItem[]>, id: Id): Promise<void> {
    for (const state of ["sent", "delivered", "read"] as SendState[]) {
      await pause(500);
      const seq = all.get().length;
      all.set(all.get().map((item) => (item.id === id ? { ...item, state, seq: item.seq ?? seq } : item)));
    }
  }
  async retry(conversation: Id, message: Id): Promise<void> {
    this.calls.push(["retry", conversation, message]);
    const all = this.messages.get(conversation);
    all?.set(
      all.get().map((item) => (item.id === message ? { ...item, state: "queued", error: null } : item)),
    );
    if (all) void this.#progress(all, message);
  }
  async discard(conversation: Id, message: Id): Promise<void> {
    this.calls.push(["discard", conversation, message]);
    const all = this.messages.get(conversation);
    all?.set(all.get().filter((item) => item.id !== message));
  }
  async setDraft(conversation: Id, draft: string): Promise<void> {
    this.calls.push(["setDraft", conversation, draft]);
    this.conversations.set(
      this.conversations.get().map((one) => (one.id === conversation ? { ...one, draft } : one)),
    );
  }
  typing(conversation: Id): void {
    this.calls.push(["typing", conversation]);
  }
  async markRead(conversation: Id, seq: number): Promise<void> {
    this.calls.push(["markRead", conversation, seq]);
    this.conversations.set(
      this.conversations.get().map((one) => (one.id === conversation ? { ...one, unread: 0 } : one)),
    );
    this.unread.set(this.conversations.get().reduce((sum, one) => sum + one.unread, 0));
  }

  async updateSettings(change: Partial<Settings>): Promise<void> {
    this.settings.set({ ...this.settings.get(), ...change });
  }
  async ledger(before: string | null): Promise<LedgerPage> {
    this.calls.push(["ledger", before]);
    const row = { at: Date.UTC(2026, 5, 1, 9), outcome: "done", error: null, system: null } as const;
    const by = mePerson;
    return {
      rows: [
        {
          ...row,
          leaf: 42,
          action: "audit.searched",
          by: { ...by, id: "00000000-0000-4000-a000-00000000000f" },
        },
        { ...row, leaf: 17, action: "sign_in", by: null, outcome: "refused", error: "sign_in_refused" },
        { ...row, leaf: 3, action: "device.added", by },
        { ...row, leaf: 1, action: "person.created", by: null, system: "import_people" },
      ],
      next: null,
    };
  }
  async verifyLedgerRow(row: LedgerRow): Promise<readonly LedgerCheck[]> {
    this.calls.push(["verifyLedgerRow", row.leaf]);
    const steps = ["bytes", "policy", "checkpoint", "inclusion", "age"] as const;
    return steps.map((step) => ({ step, ok: true }));
  }
  async diagnostics(): Promise<Diagnostics> {
    const lines = [
      { label: "session", value: "open" },
      { label: "round trip", value: "41 ms" },
      { label: "outbox", value: "0" },
      { label: "directory root", value: "pinned" },
    ];
    const group = {
      generation: 1,
      epoch: 7,
      devices: 4,
      cursor: 120,
      lastSeq: 120,
      waiting: 0,
      standing: "in",
    };
    return {
      lines,
      groups: [
        { ...group, conversation: "00000000-0000-4000-c000-000000000000", kind: "group", suite: "hybrid" },
        {
          ...group,
          conversation: "00000000-0000-4000-a000-000000000001",
          kind: "direct",
          suite: "hybrid",
          cursor: 118,
          waiting: 2,
        },
        {
          ...group,
          conversation: "00000000-0000-4000-c000-000000000004",
          kind: "group",
          suite: null,
          standing: "waiting",
        },
      ],
      errors: [{ at: Date.now() - hour, label: "commit", code: "epoch_conflict" }],
      text: lines.map(({ label, value }) => `${label}: ${value}`).join("\n"),
    };
  }
}

function sessionOf(scene: Scene): SessionState {
  switch (scene) {
    case "starting":
      return { kind: "starting" };
    case "signed-out":
    case "replace":
    case "reset":
      return { kind: "signed-out", login: "" };
    case "locked":
      return { kind: "locked", login: me.login, name: mePerson.name, needsSignIn: false };
    case "revoked":
      return { kind: "revoked", reason: "revoked" };
    case "replaced":
      return { kind: "revoked", reason: "replaced" };
    case "evicted":
    case "rolled-back":
    case "newer-version":
    case "storage-failed":
      return { kind: "broken", reason: scene };
    default:
      return {
        kind: "open",
        me: { ...me, temporary: scene === "temporary", moderator: scene === "moderator" },
        needsSignIn: scene === "session-ended",
      };
  }
}
