// Generated from messaging/protocol and beep/errors.py by `make generate`. Do not edit.

import { bool, bytes, facts, int, list, literal, map, nullable, real, tagged, text } from "./validate";

/** WebSocket subprotocol (RFC 6455 §1.9) that a client must offer. */
export const SUBPROTOCOL = "beep.v1";
/** Minor version that this server speaks; it never sends a shape newer than the client's hello said. */
export const MINOR = 0;
/** Bytes of one frame, both ways. */
export const MAX_FRAME = 1_048_576;
/** Bytes of one envelope's body of kind application. */
export const MAX_BODY = 65_536;
/** Bytes of a commit or a Welcome (X-Wing at 250 devices is about 650 kB). */
export const MAX_HANDSHAKE = 786_432;
/** Conversations in one resume. */
export const MAX_CURSORS = 10_000;
/** Envelopes in one page; a page also ends before it would pass half of `MAX_FRAME`. */
export const MAX_PAGE = 1000;
/** Mailbox items in one page. */
export const MAX_MAIL = 50;
/** Envelopes in one re-upload; together at most half of `MAX_FRAME`. */
export const MAX_REUPLOAD = 200;
/** Bytes of a sealed slot or typing frame. */
export const MAX_SLOT = 1024;
/** Unanswered requests of one socket; past it `rate_limited`. */
export const MAX_IN_FLIGHT = 64;
/**
 * Frames a second of one device over all its connections, after a burst of `MAX_BURST`; past it requests get
 * `rate_limited`. All devices of a person together have twice as much. What costs the server more counts for
 * several frames: large frames and answers, resume, and requests beside send, fetch, hashes and ping.
 */
export const MAX_RATE = 100;
/**
 * Frames that a device may send at once; a socket that has twice as many refused within a minute is closed
 * with 4429.
 */
export const MAX_BURST = 500;
/**
 * Members of a conversation up to which its state on the socket names them, and slots, delivered marks and
 * typing are passed on live.
 */
export const MAX_NAMED = 50;
/** The largest integer: what a JavaScript number holds exactly. */
export const MAX_INT = 9_007_199_254_740_991;
/** The session or the device has ended: do not reconnect with it. */
export const CLOSE_REVOKED = 4401;
/** Protocol violation or wrong origin. */
export const CLOSE_NOT_ALLOWED = 4403;
/** The client did not read fast enough: reconnect and resume from the cursors. */
export const CLOSE_TOO_SLOW = 4408;
/** The same device opened a newer socket. */
export const CLOSE_SUPERSEDED = 4409;
/** The process is draining: reconnect with jitter. */
export const CLOSE_GOING_AWAY = 4412;
/** Too many frames: wait before reconnecting. */
export const CLOSE_RATE = 4429;
/** Kinds of envelope. The body of a begin is `opaque policy<V>; opaque commit<V>` (RFC 9420 §2.1.2). */
export const APPLICATION = 1;
/** Kinds of envelope. The body of a begin is `opaque policy<V>; opaque commit<V>` (RFC 9420 §2.1.2). */
export const COMMIT = 2;
/** Kinds of envelope. The body of a begin is `opaque policy<V>; opaque commit<V>` (RFC 9420 §2.1.2). */
export const BEGIN = 3;

/** How far a device has the log of a conversation: `seq` is the last one it has stored. */
export interface Cursor {
  readonly conversation: Uint8Array;
  readonly seq: number;
}

/** One row of a conversation's log, without the conversation's id. */
export interface Envelope {
  readonly seq: number;
  readonly generation: number;
  readonly epoch: number;
  readonly kind: 1 | 2 | 3;
  readonly device: Uint8Array;
  readonly counter: number;
  readonly time: number;
  readonly body: Uint8Array;
}

/**
 * What the server knows of a conversation that the device is behind in.
 *
 * `persons` are the members, invited ones left out; nobody where `left`, and nobody of a group that has more
 * than `MAX_NAMED`: `GET /conversations/{id}` names them to whoever needs them all. `generation` is 0 while
 * no group has begun. `blocked`: a leaf of the current group must go, and application messages are refused
 * until a commit removes it or a successor begins. `orders` counts the open orders of the current group
 * (`orders_fetch`). `frozen_seq` is the commit that members reported as unusable, so that a successor may
 * begin; null otherwise. `left`: the person is out, and may read up to `last_seq`, which is the commit that
 * removed them.
 */
export interface ConversationState {
  readonly conversation: Uint8Array;
  readonly kind: "direct" | "group" | "self";
  readonly persons: readonly Uint8Array[];
  readonly last_seq: number;
  readonly generation: number;
  readonly epoch: number;
  readonly group_id: Uint8Array | null;
  readonly blocked: boolean;
  readonly orders: number;
  readonly frozen_seq: number | null;
  readonly left: boolean;
}

/**
 * A Welcome for this device alone: an MLSMessage (RFC 9420 §12.4.3.1) with only its own secrets.
 *
 * `seq` is the mailbox's own; `log_seq` is the envelope of the commit that added the device.
 */
export interface Mail {
  readonly seq: number;
  readonly conversation: Uint8Array;
  readonly generation: number;
  readonly log_seq: number;
  readonly key_package_ref: Uint8Array;
  readonly welcome: Uint8Array;
}

/** The latest sealed slot of one member; opaque to the server. */
export interface Slot {
  readonly device: Uint8Array;
  readonly generation: number;
  readonly epoch: number;
  readonly leaf: number;
  readonly name: "read";
  readonly counter: number;
  readonly body: Uint8Array;
}

/** `device` has acknowledged every envelope up to `seq`. */
export interface DeliveredMark {
  readonly device: Uint8Array;
  readonly seq: number;
}

/**
 * An order: its hash, which a commit names, and the signed order (`messaging.formats`).
 *
 * `executed`: a commit of this generation has carried it out.
 */
export interface OrderItem {
  readonly hash: Uint8Array;
  readonly body: Uint8Array;
  readonly executed: boolean;
}

/** First frame. `minor` is the newest minor version that the client understands. */
export interface Hello {
  readonly t: "hello";
  readonly id: number;
  readonly minor: number;
}

/** The device's cursors. Answered by `behind`; the socket is live from this moment on. */
export interface Resume {
  readonly t: "resume";
  readonly id: number;
  readonly cursors: readonly Cursor[];
  readonly mailbox: number;
}

/** Envelopes with seq above `after`, oldest first. Answered by `page`. */
export interface Fetch {
  readonly t: "fetch";
  readonly id: number;
  readonly conversation: Uint8Array;
  readonly after: number;
  readonly limit: number;
}

/** Envelope hashes for seq in (after, until]; at most 10,000. Answered by `hash_list`. */
export interface Hashes {
  readonly t: "hashes";
  readonly id: number;
  readonly conversation: Uint8Array;
  readonly after: number;
  readonly until: number;
}

/**
 * An MLSMessage(PrivateMessage) of content type application. Answered by `sent`.
 *
 * Idempotent on (conversation, device, counter): a retry with the same body answers with the first seq.
 */
export interface Send {
  readonly t: "send";
  readonly id: number;
  readonly conversation: Uint8Array;
  readonly generation: number;
  readonly epoch: number;
  readonly counter: number;
  readonly body: Uint8Array;
}

/**
 * An MLSMessage(PublicMessage(commit)) for the current epoch. Answered by `sent`.
 *
 * `welcome` is the MLSMessage(Welcome) for all added devices, null when none is added. The first commit of
 * an epoch wins; others get `epoch_conflict` and stand in line: `detail.ahead` (missing for a commit that
 * only heals) is how many who lost before are still to come. Try again when the epoch is `detail.epoch` +
 * `detail.ahead`, or after `retry_after` seconds without that.
 */
export interface Commit {
  readonly t: "commit";
  readonly id: number;
  readonly conversation: Uint8Array;
  readonly generation: number;
  readonly epoch: number;
  readonly counter: number;
  readonly body: Uint8Array;
  readonly welcome: Uint8Array | null;
}

/**
 * Begins generation `generation` (current + 1): policy, first commit and Welcomes. Answered by `sent`.
 *
 * `welcome` is null when the founder is alone, which a direct conversation does not allow.
 */
export interface Begin {
  readonly t: "begin";
  readonly id: number;
  readonly conversation: Uint8Array;
  readonly generation: number;
  readonly counter: number;
  readonly policy: Uint8Array;
  readonly commit: Uint8Array;
  readonly welcome: Uint8Array | null;
}

/** Mailbox items with seq above `after`. Answered by `mail`. */
export interface MailFetch {
  readonly t: "mail_fetch";
  readonly id: number;
  readonly after: number;
}

/** Items up to `seq` are stored by the device and may be deleted. Answered by `ok`. */
export interface MailAck {
  readonly t: "mail_ack";
  readonly id: number;
  readonly seq: number;
}

/** Replaces the member's slot when `counter` is higher than the stored one. Answered by `ok`. */
export interface SlotPut {
  readonly t: "slot_put";
  readonly id: number;
  readonly conversation: Uint8Array;
  readonly generation: number;
  readonly epoch: number;
  readonly leaf: number;
  readonly name: "read";
  readonly counter: number;
  readonly body: Uint8Array;
}

/** Slots and delivered marks of a conversation. Answered by `slots`. */
export interface SlotsFetch {
  readonly t: "slots_fetch";
  readonly id: number;
  readonly conversation: Uint8Array;
}

/** The orders of the current group, for a person who has left those of theirs. Answered by `orders`. */
export interface OrdersFetch {
  readonly t: "orders_fetch";
  readonly id: number;
  readonly conversation: Uint8Array;
}

/**
 * This device asks the members to let it in (again). Answered by `ok`; an Add order follows.
 *
 * `signature` is the device's, label "AddRequest" (`messaging.formats.OrderRequest`).
 */
export interface Rejoin {
  readonly t: "rejoin";
  readonly id: number;
  readonly conversation: Uint8Array;
  readonly generation: number;
  readonly statement_hash: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * This person leaves the group. Answered by `ok`; a Leave order follows, which the next commit executes.
 * Where everybody who has a device in the group has asked, all of them are out at once, without a commit.
 *
 * `signature` is the device's, label "LeaveRequest".
 */
export interface Leave {
  readonly t: "leave";
  readonly id: number;
  readonly conversation: Uint8Array;
  readonly generation: number;
  readonly statement_hash: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * This device cannot use the commit at `seq`, or the Welcome that came with it. Answered by `ok`.
 *
 * When two persons say so, the group is frozen and a successor may begin.
 */
export interface ReportCommit {
  readonly t: "report_commit";
  readonly id: number;
  readonly conversation: Uint8Array;
  readonly generation: number;
  readonly seq: number;
}

/**
 * After a restore to an older point: envelopes that the server has lost, dense from its end on.
 *
 * Answered by `reuploaded`.
 */
export interface Reupload {
  readonly t: "reupload";
  readonly id: number;
  readonly conversation: Uint8Array;
  readonly envelopes: readonly Envelope[];
}

/** Answered by `ok`: tells a client that the line is alive both ways. */
export interface Ping {
  readonly t: "ping";
  readonly id: number;
}

/** The device has stored these envelopes; batched by the client, at most one note a second. */
export interface Ack {
  readonly t: "ack";
  readonly cursors: readonly Cursor[];
}

/** A sealed typing frame; fanned out to the other members' sockets, never stored. */
export interface Typing {
  readonly t: "typing";
  readonly conversation: Uint8Array;
  readonly generation: number;
  readonly epoch: number;
  readonly leaf: number;
  readonly counter: number;
  readonly body: Uint8Array;
}

/** Answer to hello. `minor` is what will be spoken: the smaller of both sides'. */
export interface Ready {
  readonly t: "ready";
  readonly re: number;
  readonly minor: number;
  readonly time: number;
  readonly person: Uint8Array;
  readonly device: Uint8Array;
}

/**
 * Conversations whose log ends elsewhere than the cursors say, that are blocked, or have open orders.
 *
 * A log that ends earlier than the cursor is one that a restored server has lost a part of. Conversations
 * that the person has left are among them: their log ends where the person was removed. What does not fit in
 * one frame follows as `conversation_changed`.
 *
 * `mailbox` is the last seq of the device's mailbox.
 */
export interface Behind {
  readonly t: "behind";
  readonly re: number;
  readonly conversations: readonly ConversationState[];
  readonly mailbox: number;
}

/** `last_seq` is the log's end at this moment, so that a client knows whether to go on. */
export interface Page {
  readonly t: "page";
  readonly re: number;
  readonly conversation: Uint8Array;
  readonly envelopes: readonly Envelope[];
  readonly last_seq: number;
}

/** `hashes` is the concatenation of 32-byte envelope hashes from `after` + 1 on. */
export interface HashList {
  readonly t: "hash_list";
  readonly re: number;
  readonly conversation: Uint8Array;
  readonly after: number;
  readonly hashes: Uint8Array;
}

/** The envelope is on disk at `seq` with server time `time`. */
export interface Sent {
  readonly t: "sent";
  readonly re: number;
  readonly seq: number;
  readonly time: number;
}

/** `last` is the mailbox's end; items above the page's last one are still to fetch. */
export interface MailPage {
  readonly t: "mail";
  readonly re: number;
  readonly items: readonly Mail[];
  readonly last: number;
}

/** Every member's latest slot and delivered mark. */
export interface Slots {
  readonly t: "slots";
  readonly re: number;
  readonly conversation: Uint8Array;
  readonly slots: readonly Slot[];
  readonly delivered: readonly DeliveredMark[];
}

/**
 * Open orders, oldest first, and then those that commits of this generation have carried out.
 *
 * A commit that leaves an open one out is refused when it is due. The others are for whoever catches up and
 * has to judge the commits that named them.
 */
export interface Orders {
  readonly t: "orders";
  readonly re: number;
  readonly conversation: Uint8Array;
  readonly items: readonly OrderItem[];
}

/** The log's end now. */
export interface Reuploaded {
  readonly t: "reuploaded";
  readonly re: number;
  readonly conversation: Uint8Array;
  readonly last_seq: number;
}

/** Done; nothing to say. */
export interface Ok {
  readonly t: "ok";
  readonly re: number;
}

/**
 * A refusal: `code` from the catalogue of `beep.errors`; nothing was stored and no counter consumed.
 *
 * `re` is 0 when the frame could not be read far enough to know its id. `retry_after` is in seconds.
 */
export interface Refused {
  readonly t: "refused";
  readonly re: number;
  readonly code: string;
  readonly message: string;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
  readonly retry_after: number | null;
}

/** New envelopes of one conversation in seq order. May repeat or overtake a page: a client goes by seq. */
export interface Envelopes {
  readonly t: "envelopes";
  readonly conversation: Uint8Array;
  readonly envelopes: readonly Envelope[];
}

/** The mailbox has items up to `last`. */
export interface MailWaiting {
  readonly t: "mail_waiting";
  readonly last: number;
}

/** A conversation is new to the person, or its group state changed without an envelope (blocked). */
export interface ConversationChanged {
  readonly t: "conversation_changed";
  readonly state: ConversationState;
}

/** A member's slot was replaced. */
export interface SlotChanged {
  readonly t: "slot_changed";
  readonly conversation: Uint8Array;
  readonly slot: Slot;
}

/** A member's sealed typing frame. */
export interface TypingEvent {
  readonly t: "typing_event";
  readonly conversation: Uint8Array;
  readonly device: Uint8Array;
  readonly generation: number;
  readonly epoch: number;
  readonly leaf: number;
  readonly counter: number;
  readonly body: Uint8Array;
}

/** Another member's device has acknowledged the log up to `mark.seq`. */
export interface Delivered {
  readonly t: "delivered";
  readonly conversation: Uint8Array;
  readonly mark: DeliveredMark;
}

/** A person whom you share a conversation with has a new identity statement; fetch the chain. */
export interface IdentityChanged {
  readonly t: "identity_changed";
  readonly person: Uint8Array;
  readonly version: number;
}

/** The directory changed the name, post, unit or state of somebody whom you share a conversation with. */
export interface PersonChanged {
  readonly t: "person_changed";
  readonly person: Uint8Array;
}

/** Somebody asks for a reset of `person`'s identity; it takes effect at `earliest` at the soonest. */
export interface ResetRequested {
  readonly t: "reset_requested";
  readonly person: Uint8Array;
  readonly earliest: number;
}

/** A new device of your own asks for approval, or has said something in `pairing`. */
export interface PairingWaiting {
  readonly t: "pairing_waiting";
  readonly pairing: Uint8Array;
}

/** `person`, who is invited to the group, has a device now and can be added. */
export interface InvitedReady {
  readonly t: "invited_ready";
  readonly conversation: Uint8Array;
  readonly person: Uint8Array;
}

export type Request =
  | Hello
  | Resume
  | Fetch
  | Hashes
  | Send
  | Commit
  | Begin
  | MailFetch
  | MailAck
  | SlotPut
  | SlotsFetch
  | OrdersFetch
  | Rejoin
  | Leave
  | ReportCommit
  | Reupload
  | Ping;

export type Note =
  | Ack
  | Typing;

/** Everything that a client may send. */
export type ClientFrame = Request | Note;

export type Answer =
  | Ready
  | Behind
  | Page
  | HashList
  | Sent
  | MailPage
  | Slots
  | Orders
  | Reuploaded
  | Ok
  | Refused;

export type Event =
  | Envelopes
  | MailWaiting
  | ConversationChanged
  | SlotChanged
  | TypingEvent
  | Delivered
  | IdentityChanged
  | PersonChanged
  | ResetRequested
  | PairingWaiting
  | InvitedReady;

/** Everything that a server may send. */
export type ServerFrame = Answer | Event;

const uuid = bytes(16, 16);
const hash = bytes(32, 32);
const uint = int(0, 9_007_199_254_740_991);
const requestId = int(1, 9_007_199_254_740_991);
const signature = bytes(64, 64);
const body = bytes(1, 65_536);
const handshake = bytes(1, 786_432);
const slotBody = bytes(1, 1024);
const slotName = literal("read");

const cursor = map({
  conversation: uuid,
  seq: uint,
});

const envelope = map({
  seq: uint,
  generation: uint,
  epoch: uint,
  kind: literal(1, 2, 3),
  device: uuid,
  counter: uint,
  time: uint,
  body: bytes(0, 1_048_576),
});

const conversationState = map({
  conversation: uuid,
  kind: literal("direct", "group", "self"),
  persons: list(uuid),
  last_seq: uint,
  generation: uint,
  epoch: uint,
  group_id: nullable(hash),
  blocked: bool,
  orders: uint,
  frozen_seq: nullable(uint),
  left: bool,
});

const mail = map({
  seq: uint,
  conversation: uuid,
  generation: uint,
  log_seq: uint,
  key_package_ref: bytes(0, 1_048_576),
  welcome: bytes(0, 1_048_576),
});

const slot = map({
  device: uuid,
  generation: uint,
  epoch: uint,
  leaf: uint,
  name: slotName,
  counter: uint,
  body: slotBody,
});

const deliveredMark = map({
  device: uuid,
  seq: uint,
});

const orderItem = map({
  hash: hash,
  body: bytes(0, 1_048_576),
  executed: bool,
});

/** What a server sent, checked. Throws WireError naming the first field that is wrong. */
export const parseServerFrame: (value: unknown) => ServerFrame = tagged({
  ready: {
    re: requestId,
    minor: uint,
    time: uint,
    person: uuid,
    device: uuid,
  },
  behind: {
    re: requestId,
    conversations: list(conversationState),
    mailbox: uint,
  },
  page: {
    re: requestId,
    conversation: uuid,
    envelopes: list(envelope),
    last_seq: uint,
  },
  hash_list: {
    re: requestId,
    conversation: uuid,
    after: uint,
    hashes: bytes(0, 1_048_576),
  },
  sent: {
    re: requestId,
    seq: uint,
    time: uint,
  },
  mail: {
    re: requestId,
    items: list(mail),
    last: uint,
  },
  slots: {
    re: requestId,
    conversation: uuid,
    slots: list(slot),
    delivered: list(deliveredMark),
  },
  orders: {
    re: requestId,
    conversation: uuid,
    items: list(orderItem),
  },
  reuploaded: {
    re: requestId,
    conversation: uuid,
    last_seq: uint,
  },
  ok: {
    re: requestId,
  },
  refused: {
    re: uint,
    code: text,
    message: text,
    detail: facts,
    retry_after: nullable(real),
  },
  envelopes: {
    conversation: uuid,
    envelopes: list(envelope),
  },
  mail_waiting: {
    last: uint,
  },
  conversation_changed: {
    state: conversationState,
  },
  slot_changed: {
    conversation: uuid,
    slot: slot,
  },
  typing_event: {
    conversation: uuid,
    device: uuid,
    generation: uint,
    epoch: uint,
    leaf: uint,
    counter: uint,
    body: slotBody,
  },
  delivered: {
    conversation: uuid,
    mark: deliveredMark,
  },
  identity_changed: {
    person: uuid,
    version: uint,
  },
  person_changed: {
    person: uuid,
  },
  reset_requested: {
    person: uuid,
    earliest: uint,
  },
  pairing_waiting: {
    pairing: uuid,
  },
  invited_ready: {
    conversation: uuid,
    person: uuid,
  },
});

/** What a client sent, checked; a test's server uses it. Throws WireError. */
export const parseClientFrame: (value: unknown) => ClientFrame = tagged({
  hello: {
    id: requestId,
    minor: uint,
  },
  resume: {
    id: requestId,
    cursors: list(cursor, 0, 10_000),
    mailbox: uint,
  },
  fetch: {
    id: requestId,
    conversation: uuid,
    after: uint,
    limit: int(1, 1000),
  },
  hashes: {
    id: requestId,
    conversation: uuid,
    after: uint,
    until: uint,
  },
  send: {
    id: requestId,
    conversation: uuid,
    generation: uint,
    epoch: uint,
    counter: uint,
    body: body,
  },
  commit: {
    id: requestId,
    conversation: uuid,
    generation: uint,
    epoch: uint,
    counter: uint,
    body: handshake,
    welcome: nullable(handshake),
  },
  begin: {
    id: requestId,
    conversation: uuid,
    generation: uint,
    counter: uint,
    policy: bytes(1, 4096),
    commit: handshake,
    welcome: nullable(handshake),
  },
  mail_fetch: {
    id: requestId,
    after: uint,
  },
  mail_ack: {
    id: requestId,
    seq: uint,
  },
  slot_put: {
    id: requestId,
    conversation: uuid,
    generation: uint,
    epoch: uint,
    leaf: uint,
    name: slotName,
    counter: uint,
    body: slotBody,
  },
  slots_fetch: {
    id: requestId,
    conversation: uuid,
  },
  orders_fetch: {
    id: requestId,
    conversation: uuid,
  },
  rejoin: {
    id: requestId,
    conversation: uuid,
    generation: uint,
    statement_hash: hash,
    signature: signature,
  },
  leave: {
    id: requestId,
    conversation: uuid,
    generation: uint,
    statement_hash: hash,
    signature: signature,
  },
  report_commit: {
    id: requestId,
    conversation: uuid,
    generation: uint,
    seq: uint,
  },
  reupload: {
    id: requestId,
    conversation: uuid,
    envelopes: list(envelope, 1, 200),
  },
  ping: {
    id: requestId,
  },
  ack: {
    cursors: list(cursor, 1, 1000),
  },
  typing: {
    conversation: uuid,
    generation: uint,
    epoch: uint,
    leaf: uint,
    counter: uint,
    body: slotBody,
  },
});
