/**
 * What the views may know and do. Everything on screen comes through `App`; nothing in `ui` reaches below it.
 *
 * The shapes are plain data. A `Readable` follows the store contract (subscribe calls at once with the current
 * value, then at each change), so that Svelte's `$name` reads it and Node tests need no framework.
 */

export interface Readable<T> {
  get(): T;
  subscribe(run: (value: T) => void): () => void;
}

/** Lower-case hyphenated UUID text; bytes only exist below the core. */
export type Id = string;

/** A name in Latin script and in local script (Urdu or Persian); `local` may be empty. */
export interface Bilingual {
  latin: string;
  local: string;
}

export interface PersonCard {
  id: Id;
  name: Bilingual;
  post: Bilingual;
  /** The person's own unit. */
  unit: Bilingual;
  ministry: Bilingual;
  /** False: in the directory, but has no device yet, so nothing can be sent. */
  activated: boolean;
  /** False: has left or is suspended; shown greyed, cannot be written to. */
  active: boolean;
}

export interface Me {
  person: PersonCard;
  login: string;
  deviceId: Id;
  deviceName: string;
}

export type SessionState =
  | { kind: "starting" }
  /** Nothing of anybody is stored in this browser. */
  | { kind: "signed-out"; login: string }
  /** A vault is here; the passphrase opens it. `needsSignIn`: the server session ended too. */
  | { kind: "locked"; login: string; name: Bilingual; needsSignIn: boolean }
  | { kind: "open"; me: Me; needsSignIn: boolean }
  /** This device was signed out from elsewhere (revoked or replaced): its data is erased on acknowledgement. */
  | { kind: "revoked"; reason: "replaced" | "revoked" }
  /** Local data cannot be used: evicted by the browser, rolled back, or written by a newer version. */
  | { kind: "broken"; reason: "evicted" | "rolled-back" | "newer-version" | "storage-failed" };

export type ConnectionState = "online" | "connecting" | "offline";

/** `queued` is on this device only; `sent` is on the server's disk; `failed` carries a code of the catalogue. */
export type SendState = "queued" | "sent" | "delivered" | "read" | "failed";

export interface MessageItem {
  /** The sender-made id: stable from the first key press on, so a row never jumps when it is sent. */
  id: Id;
  /** Position in the conversation's log; null while queued. */
  seq: number | null;
  kind: "text" | "waiting" | "newer-version" | "notice";
  mine: boolean;
  sender: Id | null;
  /** Milliseconds UTC: the sender's time for messages, the server's for notices. */
  at: number;
  text: string;
  /** Only for `mine`. */
  state: SendState | null;
  /** Code of the refusal when `state` is failed. */
  error: string | null;
  /** Only for kind notice: which sentence, with its arguments. */
  notice: Notice | null;
}

export type Notice =
  | { kind: "begun" }
  /** A successor generation: `person` uses a new device; messages before it stay on the old one. */
  | { kind: "new-device"; person: Id; mine: boolean }
  /** The log disagreed with what members saw, or left something out. */
  | { kind: "log-mismatch" }
  /** What came before is not on this device. */
  | { kind: "history-elsewhere" };

export interface ConversationSummary {
  id: Id;
  kind: "direct";
  /** The other person of a direct conversation. */
  partner: PersonCard;
  lastMessage: MessageItem | null;
  /** Milliseconds UTC of the last activity; sorts the list. */
  at: number;
  unread: number;
  draft: string;
  partnerTyping: boolean;
}

/** A window on the conversation's messages, oldest first, growing both ways. */
export interface MessageList {
  readonly items: Readable<readonly MessageItem[]>;
  readonly atStart: Readable<boolean>;
  readonly atEnd: Readable<boolean>;
  /** Seq of the first unread message when the list was opened, or null. */
  readonly firstUnread: number | null;
  loadOlder(): Promise<void>;
  loadNewer(): Promise<void>;
  jumpToLatest(): Promise<void>;
  close(): void;
}

export interface DeviceInfo {
  id: Id;
  name: string;
  current: boolean;
  addedAt: number;
  lastSeenAt: number | null;
  revokedAt: number | null;
}

export interface Settings {
  language: "en" | "ur" | "fa";
  theme: "system" | "light" | "dark";
  calendar: "gregorian" | "persian" | "islamic";
  /** Minutes without use until the app locks by itself; the vault's handle never outlives 12 h. */
  lockAfterMinutes: number;
  enterSends: boolean;
}

export interface ActivationOffer {
  person: PersonCard;
  login: string;
  totpSecret: string;
  /** otpauth:// for a QR. */
  totpUri: string;
  /** Shown once: seven groups of four letters and digits joined by hyphens. */
  recoveryCode: string;
}

/** One line of the local diagnostics: never content. */
export interface Diagnostics {
  readonly lines: readonly { label: string; value: string }[];
}

export interface App {
  readonly session: Readable<SessionState>;
  readonly connection: Readable<ConnectionState>;
  readonly settings: Readable<Settings>;
  readonly conversations: Readable<readonly ConversationSummary[]>;
  /** Total unread, for the title and the badge. */
  readonly unread: Readable<number>;

  /** Every promise below rejects with `AppError`. */
  beginActivation(code: string, personnelNumber: string): Promise<ActivationOffer>;
  finishActivation(choice: { passphrase: string; totp: string; deviceName: string }): Promise<void>;

  /** `replace`: this browser is new to the person, `finishReplace` with the recovery code must follow. */
  signIn(input: { login: string; passphrase: string; totp: string }): Promise<"open" | "replace">;
  finishReplace(input: { recoveryCode: string; deviceName: string }): Promise<void>;

  /** Passphrase or authenticator lost: the recovery code sets both anew and replaces the device. */
  beginRecovery(input: {
    login: string;
    recoveryCode: string;
  }): Promise<{ totpSecret: string; totpUri: string }>;
  finishRecovery(input: { passphrase: string; totp: string; deviceName: string }): Promise<void>;

  unlock(passphrase: string): Promise<void>;
  lock(): Promise<void>;
  /** Ends the session and erases everything of this person in this browser. */
  signOut(): Promise<void>;
  /** After `revoked` or `broken`: erases local data and returns to signed-out. */
  erase(): Promise<void>;

  searchPeople(query: string): Promise<readonly PersonCard[]>;
  person(id: Id): Promise<PersonCard>;
  openDirect(person: Id): Promise<Id>;

  openMessages(conversation: Id): Promise<MessageList>;
  /** Returns as soon as the message is on this device's disk. */
  send(conversation: Id, text: string): Promise<Id>;
  retry(conversation: Id, message: Id): Promise<void>;
  discard(conversation: Id, message: Id): Promise<void>;
  setDraft(conversation: Id, text: string): Promise<void>;
  /** Called while the person types; the core decides how often a frame leaves. */
  typing(conversation: Id): void;
  /** The person has seen everything up to `seq`. */
  markRead(conversation: Id, seq: number): Promise<void>;

  devices(): Promise<readonly DeviceInfo[]>;
  revokeDevice(id: Id): Promise<void>;
  updateSettings(change: Partial<Settings>): Promise<void>;
  diagnostics(): Promise<Diagnostics>;
}

/** A refusal: `code` is from the server's catalogue, or one of the local codes below. */
export class AppError extends Error {
  constructor(
    readonly code: string,
    message?: string,
    /** Seconds to wait, where the server named them. */
    readonly retryAfter: number | null = null,
  ) {
    super(message ?? code);
    this.name = "AppError";
  }
}

/** Codes that no server sends. */
export const localCodes = [
  "offline",
  "wrong_passphrase",
  "recovery_code_malformed",
  "activation_code_malformed",
  "passphrase_too_short",
  "identity_chain_refused",
  "group_refused",
  "storage_failed",
] as const;
