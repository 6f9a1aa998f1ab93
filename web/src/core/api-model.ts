/** What the views show, as plain data; what they may do stands in `api.ts`. */

import type { NoticeRecord } from "../store";

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
  /** On a shared computer: memory only, gone when closed. */
  temporary: boolean;
  /** Receives reports: shows the moderation inbox. */
  moderator: boolean;
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
  kind: "text" | "waiting" | "newer-version" | "notice" | "report";
  mine: boolean;
  sender: Id | null;
  /** Came with the history of another device of one's own. */
  copied: boolean;
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

/** How far one message of one's own has come. */
export interface MessageInfo {
  /** Milliseconds UTC. */
  at: number;
  state: SendState;
  /** False in large groups, where nobody tells how far they have read. */
  told: boolean;
  /** Each of those who were there then and still are; empty until the message is sent. */
  people: readonly { person: PersonCard; state: "sent" | "delivered" | "read" }[];
}

/** A calm line between messages: which sentence, with its arguments. */
export type Notice = NoticeRecord;

export interface ConversationSummary {
  id: Id;
  kind: "direct" | "group";
  /** The other person of a direct conversation; null in a group. */
  partner: PersonCard | null;
  /** Of a group; empty while it is not known (then the views name the members). */
  name: string;
  /** blob: or data: address of a group's picture, or null. */
  picture: string | null;
  /** Who said `lastMessage`, for "Ayesha: …" in a group; null for notices and direct conversations. */
  lastSender: PersonCard | null;
  /** `in`: may write. `out`: left or removed, read only. `waiting`: this device waits to be let in. `stopped`: the group
   * is being made anew. */
  standing: "in" | "out" | "waiting" | "stopped";
  /** Until when it makes no sound: milliseconds UTC, 0 for not muted, `Infinity` for always. */
  mutedUntil: number;
  pinned: boolean;
  lastMessage: MessageItem | null;
  /** Milliseconds UTC of the last activity; sorts the list. */
  at: number;
  unread: number;
  draft: string;
  /** Direct: the partner types. Group: somebody does; who, in `typing`. */
  partnerTyping: boolean;
  typing: readonly Id[];
}

export interface GroupMember {
  person: PersonCard;
  role: "member" | "admin" | "invited";
  me: boolean;
  /** Devices in the tree; 0 for invited, and for members whose devices are out. */
  devices: number;
  verified: boolean;
}

/** A conversation's page of details; members come from the tree and the membership map, never from the server. */
/** One answer to "why can I trust this device list?". */
export interface KeyCheck {
  /**
   * policy: whom to believe is what was pinned · witnesses: how many have cosigned · fresh: when they did · grows: the
   * log only ever grew · listed: members whose newest device list everybody is shown · own: one's own keys are those that
   * one knows · members: other members are shown the same.
   */
  name: "policy" | "witnesses" | "fresh" | "grows" | "listed" | "own" | "members";
  state: "good" | "waiting" | "warning" | "bad";
  count?: number;
  of?: number;
  /** Milliseconds UTC. */
  at?: number;
  /** Who said otherwise. */
  by?: Id | null;
}

export interface KeyTrust {
  state: KeyCheck["state"];
  checks: readonly KeyCheck[];
}

export interface ConversationDetails {
  id: Id;
  kind: "direct" | "group";
  name: string;
  picture: string | null;
  members: readonly GroupMember[];
  myRole: "member" | "admin" | "out";
  postQuantum: boolean;
  generation: number;
  epoch: number;
  /** Why the device lists can be trusted; null where the server has no key log. */
  keys: KeyTrust | null;
}

export interface UnitInfo {
  id: Id;
  name: Bilingual;
  ministry: Bilingual;
  people: number;
}

export interface PastedLine {
  line: string;
  people: readonly PersonCard[];
}

/** Progress of something long: groups being made, history on its way. */
export interface Progress {
  done: number;
  total: number | null;
}

export interface SafetyNumber {
  /** 12 groups of five digits. */
  groups: readonly string[];
  /** Text of the QR. */
  qr: string;
  verified: boolean;
  /** The base changed since it was verified. */
  changed: boolean;
}

/** A device of one's own that asks to be let in. */
export interface PairingRequest {
  id: Id;
  kind: "regular" | "temporary";
  name: string;
  createdAt: number;
}

/** Somebody with a reset letter asks to begin anew as `person`; nothing has taken effect, and it can be stopped. */
export interface AnnouncedReset {
  person: Id;
  askedAt: number;
  /** It takes effect no sooner. */
  earliest: number;
}

/** What the new device shows while it waits for approval. */
export type Approval =
  | { state: "asking"; qr: string; digits: string }
  /** After a QR was scanned: the person says whether the other device said "approved". */
  | { state: "confirm" }
  | { state: "finishing" }
  | { state: "refused"; reason: "digits" | "mismatch" | "expired" | "cancelled" };

/** What the approving device has after it has approved. */
export interface Approved {
  /** Text of the answering QR. */
  qr: string;
  /** The new device, as it will stand in the list. */
  device: Id;
}

export interface HistoryState {
  role: "sending" | "receiving";
  progress: Progress;
  state: "running" | "waiting" | "done" | "failed";
}

export interface ModerationItem {
  sender: PersonCard;
  at: number;
  text: string;
  /** `proved`: the server's log holds this very ciphertext of this device and the franking tag covers the text. */
  verdict: "checking" | "proved" | "not-proved" | "offline";
}

export interface ModerationReport {
  id: Id;
  reporter: PersonCard;
  at: number;
  note: string;
  items: readonly ModerationItem[];
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
  kind: "regular" | "temporary";
  expiresAt: number | null;
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

/** The local diagnostics: never content, names or keys. `text` is what "Export" saves. */
export interface Diagnostics {
  readonly lines: readonly { label: string; value: string }[];
  readonly groups: readonly {
    conversation: Id;
    kind: "direct" | "group" | "self";
    generation: number;
    epoch: number;
    suite: "hybrid" | "classical" | null;
    devices: number;
    cursor: number;
    lastSeq: number;
    waiting: number;
    standing: string;
  }[];
  readonly errors: readonly { at: number; label: string; code: string }[];
  readonly text: string;
}

/** One entry of the audit log about oneself. */
export interface LedgerRow {
  /** The entry's place in the log. */
  leaf: number;
  /** Milliseconds UTC. */
  at: number;
  /** A stable dotted name, as `audit/events` has it. */
  action: string;
  /** Null where a command or process acted: then `system` names it. */
  by: PersonCard | null;
  system: string | null;
  outcome: "done" | "refused";
  error: string | null;
}

export interface LedgerPage {
  rows: readonly LedgerRow[];
  /** Where the next page begins; null at the end. */
  next: string | null;
}

/** One step of verifying a row; the first that fails is the last. */
export interface LedgerCheck {
  step: "bytes" | "policy" | "checkpoint" | "inclusion" | "age";
  ok: boolean;
}
