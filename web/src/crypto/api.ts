/**
 * What the core may ask of the crypto layer. Pure data goes in and out (structured-cloneable), so that the same
 * interface serves a Web Worker in the browser and a direct call under Node.
 *
 * Group state is bytes: the core stores them with the cursor in one transaction and hands them back. The engine
 * keeps a decoded copy keyed by `stateHash` as a cache only. Every call that changes a state returns new bytes;
 * nothing of the result may leave the device before the core has stored them (no rollback, no reuse of a
 * generation).
 */

/** 16 bytes. */
export type Uuid = Uint8Array;

/** 0x0001 = MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519, 0x0053 = MLS_256_XWING_AES256GCM_SHA512_Ed25519. */
export type Suite = 0x0001 | 0x0053;

/** Who may stand in a tree: every device that a person's verified chain ever listed. */
export interface RosterDevice {
  person: Uuid;
  device: Uuid;
  signatureKey: Uint8Array;
  /**
   * Hash of the statement 1 or reset under which the chain listed this device. It never changes: a reset revokes every
   * device before it. Membership goes by it.
   */
  base: Uint8Array;
  /** Milliseconds UTC, null while valid. Judged when adding and when sending, not for old commits. */
  revokedAt: number | null;
  expiresAt: number | null;
}

export interface DeviceKeys {
  person: Uuid;
  device: Uuid;
  /** Ed25519 public key, 32 bytes: the MLS signature key and the key in the identity statement. */
  signaturePublic: Uint8Array;
  /** Ed25519 private key as the MLS library wants it. Made in the worker, kept sealed in the store, erased at sign-out. */
  signaturePrivate: Uint8Array;
}

export interface MadeKeyPackage {
  suite: Suite;
  /** KeyPackageRef, RFC 9420 §5.2. */
  ref: Uint8Array;
  /** MLSMessage(KeyPackage) as uploaded and claimed (RFC 9420 §6, §10). `ref` covers the bare KeyPackage. */
  keyPackage: Uint8Array;
  /** Private halves; erased in the transaction that stores the joined group. */
  privateKeyPackage: Uint8Array;
  /** Milliseconds UTC. */
  notAfter: number;
  lastResort: boolean;
}

/** What its sender had seen of the log: `formats.md`, transcript. */
export interface Seen {
  seq: number;
  /** T at `seq`, 32 bytes. */
  transcript: Uint8Array;
  /** In commits: the sender's pinned checkpoint of the key log, so that members compare what they are shown. */
  checkpoint?: { size: number; root: Uint8Array };
}

export interface GroupPolicy {
  nonce: Uint8Array;
  conversation: Uuid;
  kind: "direct" | "group" | "self";
  /** Direct: both persons, ascending bytes. Otherwise empty. */
  persons: Uuid[];
  suite: Suite;
  sizeClass: "normal" | "large";
  retentionClass: number;
  ministry: Uuid;
  registry: Uint8Array;
  /** Group id of the generation before, 32 zero bytes for the first. */
  predecessor: Uint8Array;
}

export interface Begun {
  groupId: Uint8Array;
  policy: Uint8Array;
  /** State at epoch 1: adopted when the commit's hash appears in the log. */
  pendingState: Uint8Array;
  /** MLSMessage(PublicMessage(commit)). */
  commit: Uint8Array;
  /** MLSMessage(Welcome) for all added devices; the server splits it. Null: the founder is alone (self group). */
  welcome: Uint8Array | null;
  epochAfter: number;
  /** The membership map that the begin makes. */
  membership: MembershipEntry[];
}

export interface Member {
  leaf: number;
  person: Uuid;
  device: Uuid;
  signatureKey: Uint8Array;
}

export interface Joined {
  state: Uint8Array;
  groupId: Uint8Array;
  policy: GroupPolicy;
  epoch: number;
  seen: Seen;
  profile: Uint8Array;
  /** In a group from the profile, checked against the tree. */
  membership: MembershipEntry[];
  members: Member[];
  /** Who made the commit: signed the group info. */
  by: Member;
  ownLeaf: number;
}

/** What a person is in a group conversation. `invited`: may be added by any member once they have a device. */
export type MemberRole = "member" | "admin" | "invited";

/** The membership map of a group conversation: changed only by begins and commits, the same at every member. */
export interface MembershipEntry {
  person: Uuid;
  role: MemberRole;
  /** Hash of the person's latest statement 1 or reset when they were admitted; zeros while invited. */
  base: Uint8Array;
}

/** A role change in a commit's authenticated data; `none` ends a membership or an invitation. */
export interface RoleChange {
  person: Uuid;
  role: MemberRole | "none";
}

/** A signed order of the directory authority, verified against the pinned root before it is believed. */
export interface VerifiedOrder {
  hash: Uint8Array;
  action: "remove" | "add" | "leave";
  person: Uuid;
  device: Uuid;
  statementHash: Uint8Array;
  expiresAt: number;
  /** The device's own signature, 64 bytes; empty for a removal. */
  request: Uint8Array;
}

/** The bases of the persons concerned, from their verified chains: one entry for statement 1 and each reset, oldest first. */
export interface PersonBase {
  person: Uuid;
  base: Uint8Array;
}

/** What judging a commit needs beside the roster: `formats.md`, membership. */
export interface Standing {
  membership: MembershipEntry[];
  bases: PersonBase[];
  /**
   * Verified orders by which a commit may be justified; those it names and that are missing here: `orders_unknown`. An
   * order counts once, and so does a request to leave: none that a commit of this group has executed before.
   */
  orders: VerifiedOrder[];
}

/** One envelope of the log as the engine needs it. */
export interface InEnvelope {
  seq: number;
  epoch: number;
  kind: "application" | "commit";
  sender: Uuid;
  body: Uint8Array;
}

export type Processed =
  | {
      kind: "application";
      seq: number;
      member: Member;
      content: Uint8Array;
      seen: Seen;
      /**
       * Generations between this message and the newest one taken of its sender in this epoch: messages that were
       * withheld, or frames of a sender who was refused and has not renewed its leaf.
       */
      skipped: number;
      /** The franking key: with it, and only then, a reader can prove to a moderator what was said. */
      k: Uint8Array;
    }
  /** `epoch` begins with this commit. Over when `removed` holds this device; `readmits`: until it takes its Welcome. */
  | {
      kind: "commit";
      seq: number;
      epoch: number;
      committer: Member;
      added: Member[];
      removed: Member[];
      readmits: boolean;
      seen: Seen;
      roles: RoleChange[];
      orderHashes: Uint8Array[];
      /** The membership map after the commit. */
      membership: MembershipEntry[];
    }
  /** Refused for good: the state is unchanged and the next envelope goes on. `code` is a `CryptoError` code. */
  | { kind: "refused"; seq: number; code: string }
  /** Cannot be read yet (an epoch or key that is not here); asked again later. */
  | { kind: "waiting"; seq: number; code: string };

/** A sealed slot or typing frame: `formats.md`, Slots. */
export interface SlotFrame {
  label: "read" | "typing";
  leaf: number;
  epoch: number;
  counter: number;
  body: Uint8Array;
}

export interface MlsEngine {
  generateDeviceKeys(input: { person: Uuid; device: Uuid }): Promise<DeviceKeys>;
  generateKeyPackages(input: {
    keys: DeviceKeys;
    suite: Suite;
    count: number;
    lastResort: boolean;
    now: number;
    /** Milliseconds; at most 90 days. */
    lifetime: number;
  }): Promise<MadeKeyPackage[]>;

  /** Creates the group at epoch 0 and its first commit, which adds every device of `add` (RFC 9420 §11, §12.4). */
  begin(input: {
    keys: DeviceKeys;
    policy: Omit<GroupPolicy, "nonce">;
    add: { person: Uuid; device: Uuid; keyPackage: Uint8Array }[];
    roster: RosterDevice[];
    seen: Seen;
    profile: Uint8Array;
    now: number;
    /** Group conversations: who is admin or invited from the start, and the map of the generation before. */
    roles?: RoleChange[];
    standing?: Standing;
  }): Promise<Begun>;

  /**
   * A commit by value: removes, adds, role changes, executed orders; empty lists heal (RFC 9420 §12.4). The new state is
   * pending until the commit's hash appears in the log. `profile` goes to newcomers. `welcome` is null when nobody is
   * added. Throws `CryptoError` (`membership_refused` with `detail.rule` when the rules of membership forbid it).
   */
  commit(input: {
    state: Uint8Array;
    add: { person: Uuid; device: Uuid; keyPackage: Uint8Array }[];
    remove: Uuid[];
    roles: RoleChange[];
    /** Orders that this commit executes. */
    orders: VerifiedOrder[];
    standing: Standing;
    seen: Seen;
    roster: RosterDevice[];
    profile: Uint8Array;
    now: number;
  }): Promise<{
    pendingState: Uint8Array;
    commit: Uint8Array;
    welcome: Uint8Array | null;
    epoch: number;
    membership: MembershipEntry[];
  }>;

  /** Place of this device in the order in which members act without being asked: HMAC(epoch authenticator, leaf). */
  rank(input: { state: Uint8Array; among: number[] }): Promise<number>;

  join(input: {
    keys: DeviceKeys;
    welcome: Uint8Array;
    keyPackage: MadeKeyPackage;
    /** The conversation and, for direct ones, persons that the policy must name. */
    expected: { conversation: Uuid; persons: Uuid[]; groupId: Uint8Array };
    roster: RosterDevice[];
    now: number;
  }): Promise<Joined>;

  /** Encrypts one application message; refuses while a leaf is revoked or expired. */
  encrypt(input: {
    state: Uint8Array;
    content: Uint8Array;
    seen: Seen;
    roster: RosterDevice[];
    now: number;
  }): Promise<{ state: Uint8Array; body: Uint8Array }>;

  /** Takes envelopes in log order; `state` after all of them. Own commits are adopted by the core, not sent here. */
  process(input: {
    state: Uint8Array;
    groupId: Uint8Array;
    envelopes: InEnvelope[];
    roster: RosterDevice[];
    standing?: Standing;
    now: number;
  }): Promise<{ state: Uint8Array; results: Processed[] }>;

  /**
   * An empty commit with a path (healing). The new state is pending until its hash appears in the log. `epoch` is the
   * one the commit is made in, as its envelope says.
   */
  heal(input: {
    state: Uint8Array;
    seen: Seen;
    roster: RosterDevice[];
    now: number;
    /** Group conversations: the membership, which stays as it is. */
    membership?: MembershipEntry[];
  }): Promise<{ pendingState: Uint8Array; commit: Uint8Array; epoch: number }>;

  describe(
    state: Uint8Array,
  ): Promise<{ groupId: Uint8Array; epoch: number; suite: Suite; ownLeaf: number; members: Member[] }>;

  sealSlot(input: {
    state: Uint8Array;
    label: "read" | "typing";
    counter: number;
    plaintext: Uint8Array;
  }): Promise<SlotFrame>;
  /** Verifies the device's signature and opens; throws `CryptoError("slot_refused")`. */
  openSlot(input: {
    state: Uint8Array;
    frame: SlotFrame;
    /** The highest counter already taken from this device and label; a slot not above it is `slot_old`. */
    after?: number | undefined;
  }): Promise<{ member: Member; plaintext: Uint8Array }>;

  /** Drops every decoded state: called when the app locks, so that no group's secrets outlive the data key. */
  forget(): Promise<void>;
}

/** The secrets that come from what a person types; all work is done in the worker. */
export interface SecretsEngine {
  /**
   * Argon2id(passphrase, salt; 64 MiB, 3 passes, 32 bytes), then HKDF-SHA-256 with two infos: the sign-in secret
   * (sent) and, with 32 device-random bytes, the vault key (never leaves the engine).
   */
  signInSecret(input: { passphrase: string; salt: Uint8Array }): Promise<Uint8Array>;
  /** Makes the data key and wraps it; returns the handle (non-extractable AES-GCM) and the wrapped form. */
  createVault(input: {
    passphrase: string;
    salt: Uint8Array;
  }): Promise<{ dataKey: CryptoKey; vault: WrappedVault; signInSecret: Uint8Array }>;
  /** Throws `CryptoError("wrong_passphrase")`. */
  openVault(input: {
    passphrase: string;
    vault: WrappedVault;
  }): Promise<{ dataKey: CryptoKey; signInSecret: Uint8Array }>;
  /** 128 random bits and a checksum, Crockford base32, groups of four joined by hyphens. */
  newRecoveryCode(): Promise<string>;
  /** Folds digits and letters, checks the checksum; throws `CryptoError("recovery_code_malformed")`. */
  recoveryPublicKey(input: { code: string; person: Uuid }): Promise<Uint8Array>;
  signWithRecoveryCode(input: {
    code: string;
    person: Uuid;
    label: string;
    content: Uint8Array;
  }): Promise<Uint8Array>;
  signWithDevice(input: { keys: DeviceKeys; label: string; content: Uint8Array }): Promise<Uint8Array>;

  /**
   * X-Wing key pair of a device that waits for approval: history is sealed to it. The private half is kept sealed in the
   * store until the transfer has ended, then erased.
   */
  newTransferKeys(): Promise<{ publicKey: Uint8Array; privateKey: Uint8Array }>;
  /** One chunk of history, sealed to the new device and signed by the approving one. */
  sealHistory(input: {
    keys: DeviceKeys;
    to: Uint8Array;
    pairing: Uuid;
    index: number;
    last: boolean;
    plaintext: Uint8Array;
  }): Promise<Uint8Array>;
  /** Throws `CryptoError("history_refused")`. */
  openHistory(input: {
    privateKey: Uint8Array;
    /** Signature key of the device that approved. */
    from: Uint8Array;
    pairing: Uuid;
    index: number;
    last: boolean;
    chunk: Uint8Array;
  }): Promise<Uint8Array>;
}

export interface WrappedVault {
  version: 1;
  salt: Uint8Array;
  /** 32 random bytes that never leave the device: without them the server could guess the passphrase offline. */
  deviceRandom: Uint8Array;
  nonce: Uint8Array;
  wrapped: Uint8Array;
}

/** Typed refusal of the crypto layer; `code` is stable and listed in crypto/errors.ts. */
export interface CryptoErrorShape {
  name: "CryptoError";
  code: string;
}
