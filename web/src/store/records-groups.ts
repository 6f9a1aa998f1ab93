/** What is kept of groups, and the lines that a conversation shows about them. Sealed like every record: `records.ts`. */

import type { Id } from "./words";

/** A commit of our own that is on its way: adopted when its hash appears in the log, dropped when another wins. */
export interface PendingCommit {
  kind: "begin" | "heal" | "members";
  /** The engine's bytes after the commit. Holds secrets; becomes the group's state or is dropped. */
  state: Uint8Array;
  /** SHA-256 of the envelope's body. */
  bodyHash: Uint8Array;
  counter: number;
  /** Epoch in which it was made. */
  epoch: number;
  policy: Uint8Array | null;
  commit: Uint8Array;
  welcome: Uint8Array | null;
  groupId: Uint8Array;
  /** The membership map after it, and what it changes, for the lines that the conversation shows. */
  membership: MembershipRecord[];
  change: GroupChange;
}

/** Who came and went by one commit. */
export interface GroupChange {
  added: GroupDevice[];
  removed: GroupDevice[];
  roles: { person: Id; role: "member" | "admin" | "invited" | "none" }[];
  /** Hashes of the orders that it executes. */
  orders: Uint8Array[];
}

export interface GroupDevice {
  person: Id;
  device: Id;
}

/** A row of a group conversation's membership map (`crypto/membership.ts`). */
export interface MembershipRecord {
  person: Id;
  role: "member" | "admin" | "invited";
  /** 32 bytes; zeros while invited. */
  base: Uint8Array;
}

/** One MLS group of a conversation. Key: blind conversation / generation. */
export interface GroupRecord {
  conversation: Id;
  generation: number;
  groupId: Uint8Array | null;
  epoch: number;
  /** The engine's bytes; null while only a pending begin exists. Holds secrets. */
  state: Uint8Array | null;
  pending: PendingCommit | null;
  /** Devices in the tree. */
  devices: GroupDevice[];
  /** Of the group's kind alone; empty in direct and self conversations. */
  membership: MembershipRecord[];
  suite: number;
  sizeClass: "normal" | "large";
  /** The device that began it; null where this device came later. */
  founder: Id | null;
  createdHere: boolean;
  /** When our leaf was last renewed (joined, begun or healed). */
  renewedAt: number;
  /** False until the first healing commit in a group that another began was made or given up. */
  healed: boolean;
  /** The epoch in which a frame of ours was refused after its key had been used; absent: none was. */
  wasted?: number;
  /** Why our Welcome into this generation could not be taken; null otherwise. */
  lost: string | null;
  /** A commit of the group's own epoch that this device cannot use: nothing after it can be read. */
  broken: { seq: number; code: string } | null;
  /** Hex hashes of the orders that commits of this group have executed: each counts once. */
  executed: string[];
}

/** Name and picture of a group: the last word in the log's order. Key: blind conversation. */
export interface ProfileRecord {
  name: string;
  /** JPEG or WebP; empty: none. */
  picture: Uint8Array;
  /** The sender's time, and who it was; null: unknown. */
  at: number;
  by: Id | null;
}

/** A line between messages, as the views show it too. `by` is who did it; null: the directory, or unknown. */
export type NoticeRecord =
  | { kind: "begun" }
  /** A successor generation: `person` uses a new device; messages before it stay on the old one. */
  | { kind: "new-device"; person: Id; mine: boolean }
  /** The log disagreed with what members saw, or left something out. */
  | { kind: "log-mismatch" }
  /** What came before is not on this device. */
  | { kind: "history-elsewhere" }
  /** Group life; `by` is who did it (null: the directory, or unknown). */
  | { kind: "group-begun"; by: Id }
  | { kind: "added"; by: Id; persons: Id[] }
  | { kind: "invited"; by: Id; persons: Id[] }
  /** Who had been invited has come in, by whichever member's device was at hand. */
  | { kind: "joined"; persons: Id[] }
  | { kind: "removed"; by: Id | null; persons: Id[] }
  /** This person is out: read only from here on. */
  | { kind: "you-removed"; by: Id | null }
  | { kind: "you-left" }
  | { kind: "left"; person: Id }
  | { kind: "admin"; by: Id | null; person: Id; admin: boolean }
  | { kind: "renamed"; by: Id; name: string }
  | { kind: "picture"; by: Id }
  /** A device came or went without its person coming or going. */
  | { kind: "device-added"; person: Id }
  | { kind: "device-removed"; person: Id }
  /** A successor group: new rules, another suite, or the old one could not go on. */
  | { kind: "successor"; by: Id; reason: "policy" | "broken" }
  /** Identity was reset: compare numbers again. `wasVerified`: a mark was cleared by it. */
  | { kind: "identity-reset"; person: Id; wasVerified: boolean }
  | { kind: "reset-requested"; person: Id; earliest: number }
  /** Name, post or ministry changed in the directory; a verified mark was cleared. */
  | { kind: "directory-changed"; person: Id; wasVerified: boolean }
  /** Messages between these times are not on this device (it was away too long, or was let in again). */
  | { kind: "gap"; from: number; to: number };
