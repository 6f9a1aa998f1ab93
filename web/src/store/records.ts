/**
 * What is kept on the device. All of it is sealed (see `seal.ts`); only the row's key, its revision and two sort fields
 * are in the clear, and those hold keyed hashes, sequence numbers and random ids.
 *
 * Ids of things are lower-case UUID text; times are milliseconds UTC. Fields are null, never absent.
 */

import type { GroupRecord, NoticeRecord, ProfileRecord } from "./records-groups";
import type { Bilingual, Id, OutboxPhase } from "./words";

export type * from "./records-groups";

export interface CardRecord {
  id: Id;
  name: Bilingual;
  post: Bilingual;
  unit: Bilingual;
  ministry: Bilingual;
  activated: boolean;
  active: boolean;
}

/** What the directory's signatures are checked against: the offline root, pinned at first contact. */
export interface TrustRecord {
  /** Ed25519 public key, 32 bytes; null: the server has shown none yet. */
  root: Uint8Array | null;
  /** Signed certificates under that root, as the server showed them. */
  certificates: Uint8Array[];
  /** `trust_root_changed` once the server showed another root or none: no order and no reset is believed then. */
  alarm: string | null;
  /** The key log's policy as it was first shown (C2SP tlog-policy); absent while there is no key log. */
  keyLog?: string;
  /** The server has shown another policy since, or none. */
  keyLogChanged?: boolean;
}

/** The key log as far as this device has verified it. */
export interface KeyLogRecord {
  /** The pinned checkpoint; 0 and 32 zeros before the first. */
  size: number;
  root: Uint8Array;
  /** Milliseconds UTC at which the witnesses' quorum had cosigned it, by their clocks. */
  at: number;
  /** By our clock: the last check in which everything held. */
  good: number;
  /** By our clock: when our own keys were last found to be those that we know. */
  own: number;
  /** Names of the witnesses that had cosigned. */
  witnesses: string[];
  /** A contradiction that the server itself has shown: nothing is encrypted until the person has decided. */
  alarm: string | null;
  /** What another member's checkpoint said that cannot be made to fit ours. */
  gossip: { person: Id; code: string } | null;
  /** Members' checkpoints that the server has not let us compare yet, one of each device; absent: none. */
  heard?: HeardRecord[];
  /** By our clock: when a member's checkpoint was last proved to be of our log; absent: never. */
  agreed?: number;
}

/** What a member's device said it was shown. */
export interface HeardRecord {
  person: Id;
  device: Id;
  size: number;
  root: Uint8Array;
  /** By our clock: when the first of this device that is still unproved came. */
  since: number;
  /** A fresh answer, asked for since, was still smaller. */
  ahead: boolean;
}

/** Who owns this database. One row, key `me`. */
export interface AccountRecord {
  person: Id;
  login: string;
  device: Id;
  deviceName: string;
  card: CardRecord;
  /** Ed25519; made in the crypto worker at activation, kept only here, erased with the database. */
  signaturePublic: Uint8Array;
  signaturePrivate: Uint8Array;
  /** Last mailbox item that is stored here. */
  mailbox: number;
  kind: "regular" | "temporary";
  /** Milliseconds UTC at which a temporary device ends; null: never. */
  expiresAt: number | null;
  trust: TrustRecord;
  /** Absent before the first answer of the key log. */
  keyLog?: KeyLogRecord;
}

/** Private halves of an uploaded KeyPackage; erased when its Welcome is stored. Key: hex of the ref. */
export interface KeyPackageRecord {
  suite: number;
  ref: Uint8Array;
  keyPackage: Uint8Array;
  privateKeyPackage: Uint8Array;
  notAfter: number;
  lastResort: boolean;
}

/** A verified and pinned identity chain. Key: blind person. */
export interface ChainRecord {
  person: Id;
  /** Signed statements, version 1 first. */
  statements: Uint8Array[];
  /** Certificates of the officers who signed the resets in it, so that the chain can be verified from here alone. */
  certificates: Uint8Array[];
  /** Set when the server showed something that contradicts the pin; nothing is encrypted for this person then. */
  alarm: string | null;
  /** The last statement that the key log has shown to everybody, and when we saw it (our clock). */
  listed?: { version: number; at: number };
}

/** A person seen before, for names without a network. Key: blind person. */
export interface PersonRecord {
  card: CardRecord;
  at: number;
}

/** A conversation as far as its log has been applied. Written by the leader only. Key: blind conversation. */
export interface ConversationRecord {
  id: Id;
  kind: "direct" | "group" | "self";
  persons: Id[];
  createdAt: number;
  /** Last applied seq, and T there. */
  cursor: number;
  transcript: Uint8Array;
  /** Generation in force at `cursor`; 0: none. */
  generation: number;
  /** What the server said last. */
  server: {
    lastSeq: number;
    generation: number;
    epoch: number;
    groupId: Uint8Array | null;
    blocked: boolean;
    /** Open orders of the current group. */
    orders: number;
    /** The commit that members reported as unusable; null while the group is sound. */
    frozenSeq: number | null;
    /** This person is out of it. */
    left: boolean;
    /** Where the log ended when the server said this; what its later commits do to it is our own reckoning. */
    toldAt: number;
  };
  /**
   * `in`: this device has a leaf, or nothing has begun. `waiting`: its person is a member, but it has no leaf (yet).
   * `out`: its person left or was removed.
   */
  standing: "in" | "waiting" | "out";
  /** This device asked to be let in: only then a Welcome into a group that it already knows is taken. */
  rejoin: { generation: number; at: number } | null;
  /** Server time of the commit that took this device's leaf; null while it has one or never had. */
  awaySince: number | null;
  /** Last counter of this device that the server has consumed. */
  counter: number;
  /** Seqs of messages by others that may be unread; pruned against the read position. */
  unread: number[];
  /** Seqs whose log rows wait to be read (outcome `waiting`). */
  waiting: number[];
  /** Of the newest message, for the list's order. */
  at: number;
  /** This person opened it: shown in the list while it is still empty. */
  openedHere: boolean;
}

/** A whole envelope as it was received, for giving it back to a server that has lost it. Key: blind conversation / seq. */
export interface RawRecord {
  generation: number;
  epoch: number;
  kind: number;
  device: Uint8Array;
  counter: number;
  time: number;
  body: Uint8Array;
}

/** One applied row of a log. Key: blind conversation / seq. */
export interface LogRecord {
  seq: number;
  transcript: Uint8Array;
  hash: Uint8Array;
  outcome: "applied" | "own" | "waiting" | "refused" | "elsewhere";
  /** The crypto layer's code for `waiting` and `refused`. */
  code: string | null;
  /** Only while waiting: what is needed to try again. */
  envelope: {
    generation: number;
    epoch: number;
    kind: number;
    device: Uint8Array;
    time: number;
    body: Uint8Array;
  } | null;
}

/** One row on the screen. Key: blind conversation / id. */
export interface MessageRecord {
  id: string;
  conversation: Id;
  /** Sort position: the seq once it is known, before that above every seq. */
  order: number;
  seq: number | null;
  kind: "text" | "waiting" | "newer-version" | "notice" | "report";
  mine: boolean;
  sender: Id | null;
  /** Came with the history of another device of one's own. */
  copied: boolean;
  at: number;
  text: string;
  notice: NoticeRecord | null;
  /** Only for `mine` without a seq. */
  failed: string | null;
  /** What proves to a moderator that another person said this: franking key and the content as it was sent. */
  frank: Frank | null;
}

export interface Frank {
  /** 32 bytes. */
  k: Uint8Array;
  content: Uint8Array;
}

/** A message on its way. Its states stand in `core/outbox.ts`. Key: blind conversation / message id. */
export interface OutboxRecord {
  conversation: Id;
  message: Id;
  order: number;
  content: Uint8Array;
  phase: OutboxPhase;
  /** Set in `sealed` and `acked`: exactly what leaves, byte for byte at every attempt. */
  frame: {
    counter: number;
    generation: number;
    epoch: number;
    body: Uint8Array;
    bodyHash: Uint8Array;
  } | null;
  /** Set in `acked`. */
  seq: number | null;
  code: string | null;
}

/** A Welcome that was taken out of the mailbox and waits for its commit in the log. Key: blind conversation / log seq. */
export interface MailRecord {
  conversation: Id;
  generation: number;
  logSeq: number;
  keyPackageRef: Uint8Array;
  welcome: Uint8Array;
}

export interface DraftRecord {
  text: string;
}

/** How far this person has read. Written by any tab. Key: blind conversation / own. */
export interface OwnReadRecord {
  readSeq: number;
}

/** What the others have got and read; written by the leader. Key: blind conversation / peer. */
export interface PeerMarksRecord {
  /** Up to where everybody else has got it, and has read it. */
  delivered: number;
  read: number;
  /** The same for each of the others. */
  persons: Record<Id, { delivered: number; read: number }>;
  /** Last slot counter taken from each device; older ones are replays. */
  counters: Record<string, number>;
  /** What our own last slot said, and where, so that it is sent again after the epoch has changed. */
  sent: { seq: number; generation: number; epoch: number; counter: number };
}

/** What the devices of one person tell each other in their self group. Key: blind conversation or person / name. */
export interface SyncedRecord {
  /** `read:…`, `mute:…`, `draft:…`, `pin:…` with a conversation, `verified:…` with a person. */
  key: string;
  value: string | number | Uint8Array;
  /** Milliseconds UTC; the newest wins, and among equals the larger device id. */
  at: number;
  device: Id;
  /** False until it has been queued for the other devices. */
  told: boolean;
}

/** A device of one's own that asks to be let in, as far as this device has talked with it. Key: pairing id. */
export interface PairingRecord {
  pairing: Id;
  kind: "regular" | "temporary";
  createdAt: number;
  /** What the new device calls itself; empty until it has revealed its keys. */
  name: string;
  /** The new device's commitment, 32 bytes; null until it has arrived. */
  commit: Uint8Array | null;
  /** Our own random answer, 32 bytes; made after the commitment was stored, before it leaves. */
  answer: Uint8Array | null;
  /** The revealed r (32 bytes) and K, checked against the commitment; null until then. */
  revealed: { r: Uint8Array; k: Uint8Array } | null;
  /** Wrong digits so far; at three the pairing is dead. */
  tries: number;
  /** The statement that lists the new device, made and stored before it is sent. */
  statement: Uint8Array | null;
  history: boolean;
}

/** History on its way to or from another device of one's own. Key: pairing id. */
export interface TransferRecord {
  pairing: Id;
  role: "sending" | "receiving";
  /** The new device. */
  device: Id;
  /**
   * Sending: the new device's public transfer key. Receiving: the private half, made in the crypto worker for this
   * transfer alone; emptied in the transaction that takes the last chunk.
   */
  key: Uint8Array;
  /** Next chunk to send or to take. */
  index: number;
  /** Sending: where chunk `index` begins. */
  place: TransferPlace;
  /** Sending: where the next one will, and whether there is one; written before the chunk leaves. */
  plan: { place: TransferPlace; last: boolean; messages: number } | null;
  /** Messages sent or taken so far, and how many there are; null: not known yet. */
  done: number;
  total: number | null;
  state: "running" | "waiting" | "done" | "failed" | "cancelled";
  startedAt: number;
}

/** How far the messages of each conversation have been sent. */
export interface TransferPlace {
  /** 0: the newest of every conversation; 1: the rest, newest first; 2: what has come meanwhile. */
  pass: number;
  /** Index in `conversations` of the one that is next. */
  next: number;
  /** Orders below `low` and above `high` have not been sent. */
  conversations: { id: Id; low: number; high: number }[];
}

/** A report that a moderator received. Key: message id. */
export interface ReportRecord {
  id: string;
  reporter: Id;
  at: number;
  note: string;
  items: {
    conversation: Id;
    seq: number;
    k: Uint8Array;
    content: Uint8Array;
    sender: Id;
    verdict: "checking" | "proved" | "not-proved";
  }[];
}

/** Small keyed values of the leader (for example when a job last ran). */
export interface NoteRecord {
  value: string | number | boolean | null;
}

/** Table → what its rows hold. */
export interface Tables {
  account: AccountRecord;
  keyPackages: KeyPackageRecord;
  chains: ChainRecord;
  people: PersonRecord;
  conversations: ConversationRecord;
  groups: GroupRecord;
  log: LogRecord;
  raw: RawRecord;
  profiles: ProfileRecord;
  messages: MessageRecord;
  outbox: OutboxRecord;
  mail: MailRecord;
  drafts: DraftRecord;
  reads: OwnReadRecord;
  marks: PeerMarksRecord;
  notes: NoteRecord;
  synced: SyncedRecord;
  pairings: PairingRecord;
  transfers: TransferRecord;
  reports: ReportRecord;
}

export type TableName = keyof Tables;
