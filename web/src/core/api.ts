/**
 * What the views may know and do. Everything on screen comes through `App`; nothing in `ui` reaches below it.
 *
 * The shapes are plain data. A `Readable` follows the store contract (subscribe calls at once with the current
 * value, then at each change), so that Svelte's `$name` reads it and Node tests need no framework.
 */

import type {
  ActivationOffer,
  Approval,
  Approved,
  ConnectionState,
  ConversationDetails,
  ConversationSummary,
  DeviceInfo,
  Diagnostics,
  HistoryState,
  Id,
  LedgerCheck,
  LedgerPage,
  LedgerRow,
  MessageInfo,
  MessageList,
  ModerationReport,
  AnnouncedReset,
  PairingRequest,
  PastedLine,
  PersonCard,
  Progress,
  Readable,
  SafetyNumber,
  SessionState,
  Settings,
  UnitInfo,
} from "./api-model";

export type * from "./api-model";

export interface App {
  readonly session: Readable<SessionState>;
  readonly connection: Readable<ConnectionState>;
  /** The server was restored to an older point and takes nothing new yet; what is written is kept and sent later. */
  readonly readOnly: Readable<boolean>;
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
  /** Of one's own message; null while it is not known. */
  messageInfo(conversation: Id, message: Id): Readable<MessageInfo | null>;
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
  renameDevice(id: Id, name: string): Promise<void>;

  // Groups. Each promise ends when the change is in the log, or rejects with the reason.
  createGroup(input: {
    name: string;
    picture: Uint8Array | null;
    persons: readonly Id[];
    /** Told how many people are in so far. */
    onProgress?: (progress: Progress) => void;
  }): Promise<Id>;
  details(conversation: Id): Readable<ConversationDetails | null>;
  addMembers(
    conversation: Id,
    persons: readonly Id[],
    onProgress?: (progress: Progress) => void,
  ): Promise<{ added: Id[]; invited: Id[] }>;
  removeMember(conversation: Id, person: Id): Promise<void>;
  setAdmin(conversation: Id, person: Id, admin: boolean): Promise<void>;
  leaveGroup(conversation: Id): Promise<void>;
  renameGroup(conversation: Id, name: string): Promise<void>;
  setGroupPicture(conversation: Id, picture: Uint8Array | null): Promise<void>;
  mute(conversation: Id, until: number): Promise<void>;
  pin(conversation: Id, pinned: boolean): Promise<void>;
  searchUnits(query: string): Promise<readonly UnitInfo[]>;
  unitPeople(unit: Id): Promise<readonly PersonCard[]>;
  /** One line each: login, personnel number or name. */
  matchPeople(lines: readonly string[]): Promise<readonly PastedLine[]>;

  // Devices of one's own.
  /** After `signIn` said "replace": ask another device instead of typing the recovery code. */
  beginApproval(input: { deviceName: string; temporary: boolean }): Promise<Readable<Approval>>;
  /** The person's answer in state `confirm`; "yes" ends with an open session. */
  confirmApproval(yes: boolean): Promise<void>;
  /** The approver's QR, scanned by the new device: stronger than `confirmApproval`. */
  scanApproval(text: string): Promise<void>;
  cancelApproval(): Promise<void>;
  readonly pairings: Readable<readonly PairingRequest[]>;
  /** On the approving device: the digits of the new one. Rejects `approval_digits` while tries are left. */
  approveWithDigits(pairing: Id, digits: string, withHistory: boolean): Promise<Approved>;
  /** On the approving device: the text of the new one's QR (scanned or pasted). Rejects `approval_mismatch`. */
  approveWithQr(text: string, withHistory: boolean): Promise<Approved>;
  refusePairing(pairing: Id): Promise<void>;
  readonly history: Readable<HistoryState | null>;
  /** Stops the copying that is under way; what has been copied stays. */
  cancelHistory(): Promise<void>;

  /** Everything lost: a reset letter, two officers, a delay. */
  beginReset(code: string, personnelNumber: string): Promise<ActivationOffer>;
  requestReset(choice: {
    passphrase: string;
    totp: string;
    deviceName: string;
  }): Promise<{ earliest: number }>;
  /** Asks whether it may be finished; opens the session when it may. */
  resetStatus(): Promise<{
    state: "waiting" | "signed" | "dropped" | "open";
    officers: number;
    earliest: number;
  }>;

  /** Somebody asks for a reset of this very person. */
  readonly ownReset: Readable<AnnouncedReset | null>;
  /** "This was not me": makes that request void. Rejects `not_found` when it is over already. */
  stopReset(): Promise<void>;

  safetyNumber(person: Id): Promise<SafetyNumber>;
  setVerified(person: Id, verified: boolean): Promise<void>;
  /** A scanned QR: true when it is the number of this pair; then the person is marked verified. */
  checkSafetyQr(person: Id, text: string): Promise<boolean>;

  /** Sends the chosen messages, provably, to the moderators of one's ministry; the conversation's others do not see it. */
  report(conversation: Id, messages: readonly Id[], note: string): Promise<void>;
  moderators(): Promise<readonly PersonCard[]>;
  readonly reports: Readable<readonly ModerationReport[]>;
  updateSettings(change: Partial<Settings>): Promise<void>;
  diagnostics(): Promise<Diagnostics>;

  /** What the audit log says about oneself, newest first; `before` is the `next` of the page before. */
  ledger(before: string | null): Promise<LedgerPage>;
  /** Verifies on this device that the row stands in the witnessed log; `AppError("busy")` while no quorum has seen it. */
  verifyLedgerRow(row: LedgerRow): Promise<readonly LedgerCheck[]>;
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
  "approval_digits",
  "approval_digits_last",
  "approval_mismatch",
  "approval_ended",
  "devices_full",
  "not_admin",
  "last_admin",
  "group_too_large",
  "nobody_added",
  "trust_root_changed",
  "keys_refused",
  "keys_stale",
  "nothing_to_report",
  "no_moderator",
  "safety_malformed",
] as const;
