import type {
  ActivationOffer,
  App,
  ConnectionState,
  ConversationSummary,
  Id,
  MessageList,
  PersonCard,
  Readable,
  Settings,
} from "./api";
import { Activation } from "./activation";
import { GroupApp } from "./app-groups";
import { guarded } from "./app-base";
import type { Shared } from "./entering";
import { toAppError } from "./errors";
import { MessageWindow } from "./messages";
import type { Session } from "./session";
import type { Preferences } from "./settings";

/** The views' only door. Each method does one thing below and turns whatever fails into an `AppError`. */
export class CoreApp extends GroupApp implements App {
  readonly session: App["session"];
  readonly settings: Readable<Settings>;
  readonly connection: Readable<ConnectionState>;
  readonly readOnly: Readable<boolean>;
  readonly conversations: Readable<readonly ConversationSummary[]>;
  readonly unread: Readable<number>;
  readonly #activation: Activation;

  constructor(
    shared: Shared,
    holder: Session,
    private readonly preferences: Preferences,
  ) {
    super(shared, holder);
    this.session = holder.state;
    this.settings = preferences.value;
    this.connection = this.follow("offline", (open) => open.connection);
    this.readOnly = this.follow(false, (open) => open.readOnly.value);
    this.conversations = this.follow([], (open) => open.list.summaries);
    this.unread = this.follow(0, (open) => open.list.unread);
    this.#activation = new Activation(shared);
  }

  beginActivation(code: string, personnelNumber: string): Promise<ActivationOffer> {
    return guarded(() => this.#activation.begin(code, personnelNumber));
  }

  finishActivation(choice: { passphrase: string; totp: string; deviceName: string }): Promise<void> {
    return guarded(async () => {
      await this.holder.enter(await this.#activation.finish(choice));
      this.#persist();
    });
  }

  signIn(input: { login: string; passphrase: string; totp: string }): Promise<"open" | "replace"> {
    return guarded(async () => {
      const entered = await this.entry.signIn(input);
      if (!entered) return "replace";
      await this.holder.enter(entered);
      return "open";
    });
  }

  finishReplace(input: { recoveryCode: string; deviceName: string }): Promise<void> {
    return guarded(async () => {
      await this.holder.enter(await this.entry.finishReplace(input));
      this.#persist();
    });
  }

  beginRecovery(input: {
    login: string;
    recoveryCode: string;
  }): Promise<{ totpSecret: string; totpUri: string }> {
    return guarded(async () => {
      const ticket = await this.entry.beginRecovery(input);
      return { totpSecret: ticket.totp_secret, totpUri: ticket.totp_uri };
    });
  }

  finishRecovery(input: { passphrase: string; totp: string; deviceName: string }): Promise<void> {
    return guarded(async () => {
      await this.holder.enter(await this.entry.finishRecovery(input));
      this.#persist();
    });
  }

  unlock(passphrase: string): Promise<void> {
    return guarded(() => this.holder.unlock(passphrase));
  }

  lock(): Promise<void> {
    return guarded(() => this.holder.lock());
  }

  signOut(): Promise<void> {
    return guarded(async () => {
      await this.holder.farewell();
      // Without a network the server's session lives on until it expires, but nothing here can use it: keys go first.
      await this.shared.api.signOut().catch((error: unknown) => {
        this.shared.journal.note("sign out", toAppError(error).code);
      });
      await this.holder.erase();
    });
  }

  erase(): Promise<void> {
    return guarded(() => this.holder.erase());
  }

  searchPeople(query: string): Promise<readonly PersonCard[]> {
    return this.use((open) => open.people.search(query));
  }

  person(id: Id): Promise<PersonCard> {
    return this.use((open) => open.people.card(id));
  }

  openDirect(person: Id): Promise<Id> {
    return this.use((open) => open.openDirect(person));
  }

  openMessages(conversation: Id): Promise<MessageList> {
    return this.use((open) => {
      open.context.bus.publish({ t: "slots", conversation });
      // A device on a shared computer joins what it opens, and nothing else.
      if (open.context.self.temporary) open.context.bus.publish({ t: "ask-in", conversation });
      return MessageWindow.open(open.context, conversation);
    });
  }

  send(conversation: Id, text: string): Promise<Id> {
    return this.use(async (open) => {
      open.drafts.forget(conversation);
      const id = await open.composer.add(conversation, text);
      await open.setSynced("draft", conversation, "");
      return id;
    });
  }

  retry(conversation: Id, message: Id): Promise<void> {
    return this.use((open) => open.composer.retry(conversation, message));
  }

  discard(conversation: Id, message: Id): Promise<void> {
    return this.use((open) => open.composer.discard(conversation, message));
  }

  setDraft(conversation: Id, text: string): Promise<void> {
    return this.use((open) => open.drafts.set(conversation, text));
  }

  typing(conversation: Id): void {
    this.holder.used();
    this.holder.current.get()?.context.bus.publish({ t: "typing-out", conversation });
  }

  markRead(conversation: Id, seq: number): Promise<void> {
    return this.use((open) => open.markRead(conversation, seq));
  }

  updateSettings(change: Partial<Settings>): Promise<void> {
    return guarded(async () => {
      await this.preferences.change(change, this.holder.temporary);
      if (!this.holder.temporary) this.shared.bus.publish({ t: "settings" });
    });
  }

  /** Ends everything in this tab without locking: for tests and for a page that goes away. */
  dispose(): Promise<void> {
    return this.holder.dispose();
  }

  #persist(): void {
    this.shared.env.persistStorage().then(
      (kept) => {
        if (!kept) this.shared.journal.note("storage", "may be evicted");
      },
      () => undefined,
    );
  }
}
