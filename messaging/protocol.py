"""The realtime protocol: every frame on the socket, declared once.

One WebSocket at `/ws`, subprotocol `beep.v1`, binary frames, one MessagePack map a frame, tagged `t`.
A request carries an increasing `id`; its answer names it in `re`. Frames without `id` are notes and get no
answer. Ids of things are 16-byte binaries (UUIDv4), hashes 32-byte binaries, integers are below 2^53, times
are milliseconds since the Unix epoch, UTC. Unknown fields and types are refused. The TypeScript types and
validators in `web/src/wire` and the chapter in `docs/protocol.md` are generated from this module.

Pure: imports neither Django nor the rest of Beep.
"""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

SUBPROTOCOL: Final = "beep.v1"
"""WebSocket subprotocol (RFC 6455 §1.9) that a client must offer."""
MINOR: Final = 0
"""Minor version that this server speaks; it never sends a shape newer than the client's hello said."""

MAX_FRAME: Final = 1_048_576
"""Bytes of one frame, both ways."""
MAX_BODY: Final = 65_536
"""Bytes of one envelope's body of kind application."""
MAX_HANDSHAKE: Final = 786_432
"""Bytes of a commit or a Welcome (X-Wing at 250 devices is about 650 kB)."""
MAX_CURSORS: Final = 10_000
"""Conversations in one resume."""
MAX_PAGE: Final = 1_000
"""Envelopes in one page; a page also ends before it would pass half of `MAX_FRAME`."""
MAX_MAIL: Final = 50
"""Mailbox items in one page."""
MAX_SLOT: Final = 1_024
"""Bytes of a sealed slot or typing frame."""
MAX_IN_FLIGHT: Final = 64
"""Unanswered requests of one socket; past it `rate_limited`."""
MAX_RATE: Final = 100
"""Frames a second of one socket, after a burst of `MAX_BURST`; past it requests get `rate_limited`."""
MAX_BURST: Final = 500
"""Frames that a socket may send at once; twice as many refused in a row close it with 4429."""
MAX_INT: Final = (1 << 53) - 1
"""The largest integer: what a JavaScript number holds exactly."""

CLOSE_REVOKED: Final = 4401
"""The session or the device has ended: do not reconnect with it."""
CLOSE_NOT_ALLOWED: Final = 4403
"""Protocol violation or wrong origin."""
CLOSE_TOO_SLOW: Final = 4408
"""The client did not read fast enough: reconnect and resume from the cursors."""
CLOSE_SUPERSEDED: Final = 4409
"""The same device opened a newer socket."""
CLOSE_GOING_AWAY: Final = 4412
"""The process is draining: reconnect with jitter."""
CLOSE_RATE: Final = 4429
"""Too many frames: wait before reconnecting."""

APPLICATION: Final = 1
COMMIT: Final = 2
BEGIN: Final = 3
"""Kinds of envelope. The body of a begin is `opaque policy<V>; opaque commit<V>` (RFC 9420 §2.1.2)."""

Uuid: TypeAlias = Annotated[bytes, Meta(min_length=16, max_length=16)]
Hash: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
Uint: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_INT)]
RequestId: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_INT)]
Body: TypeAlias = Annotated[bytes, Meta(min_length=1, max_length=MAX_BODY)]
Handshake: TypeAlias = Annotated[bytes, Meta(min_length=1, max_length=MAX_HANDSHAKE)]
SlotBody: TypeAlias = Annotated[bytes, Meta(min_length=1, max_length=MAX_SLOT)]
SlotName: TypeAlias = Literal["read"]


class Frame(msgspec.Struct, forbid_unknown_fields=True, tag_field="t", frozen=True, gc=False):
    """Base of every frame. Each says `frozen` again, because type checkers do not inherit it."""


class Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """Base of every map inside a frame; untagged."""


class Cursor(Part, frozen=True):
    """How far a device has the log of a conversation: `seq` is the last one it has stored."""

    conversation: Uuid
    seq: Uint


class Envelope(Part, frozen=True):
    """One row of a conversation's log, without the conversation's id."""

    seq: Uint
    generation: Uint
    epoch: Uint
    kind: Literal[1, 2, 3]
    device: Uuid
    counter: Uint
    time: Uint
    body: bytes


class ConversationState(Part, frozen=True):
    """What the server knows of a conversation that the device is behind in.

    `generation` is 0 while no group has begun. `blocked` says that a leaf of the current group is revoked:
    application messages are refused until a successor begins.
    """

    conversation: Uuid
    kind: Literal["direct", "group", "self"]
    persons: list[Uuid]
    last_seq: Uint
    generation: Uint
    epoch: Uint
    group_id: Hash | None
    blocked: bool


class Mail(Part, frozen=True):
    """A Welcome for this device alone: an MLSMessage (RFC 9420 §12.4.3.1) with only its own secrets.

    `seq` is the mailbox's own; `log_seq` is the envelope of the commit that added the device.
    """

    seq: Uint
    conversation: Uuid
    generation: Uint
    log_seq: Uint
    key_package_ref: bytes
    welcome: bytes


class Slot(Part, frozen=True):
    """The latest sealed slot of one member; opaque to the server."""

    device: Uuid
    generation: Uint
    epoch: Uint
    leaf: Uint
    name: SlotName
    counter: Uint
    body: SlotBody


class DeliveredMark(Part, frozen=True):
    """`device` has acknowledged every envelope up to `seq`."""

    device: Uuid
    seq: Uint


# Requests: client to server, each answered.


class Hello(Frame, tag="hello", frozen=True):
    """First frame. `minor` is the newest minor version that the client understands."""

    id: RequestId
    minor: Uint


class Resume(Frame, tag="resume", frozen=True):
    """The device's cursors. Answered by `behind`; the socket is live from this moment on."""

    id: RequestId
    cursors: Annotated[list[Cursor], Meta(max_length=MAX_CURSORS)]
    mailbox: Uint


class Fetch(Frame, tag="fetch", frozen=True):
    """Envelopes with seq above `after`, oldest first. Answered by `page`."""

    id: RequestId
    conversation: Uuid
    after: Uint
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)]


class Hashes(Frame, tag="hashes", frozen=True):
    """Envelope hashes for seq in (after, until]; at most 10,000. Answered by `hash_list`."""

    id: RequestId
    conversation: Uuid
    after: Uint
    until: Uint


class Send(Frame, tag="send", frozen=True):
    """An MLSMessage(PrivateMessage) of content type application. Answered by `sent`.

    Idempotent on (conversation, device, counter): a retry with the same body answers with the first seq.
    """

    id: RequestId
    conversation: Uuid
    generation: Uint
    epoch: Uint
    counter: Uint
    body: Body


class Commit(Frame, tag="commit", frozen=True):
    """An MLSMessage(PublicMessage(commit)) for the current epoch. Answered by `sent`.

    `welcome` is the MLSMessage(Welcome) for all added devices, null when none is added. The first commit of
    an epoch wins; others get `epoch_conflict`.
    """

    id: RequestId
    conversation: Uuid
    generation: Uint
    epoch: Uint
    counter: Uint
    body: Handshake
    welcome: Handshake | None


class Begin(Frame, tag="begin", frozen=True):
    """Begins generation `generation` (current + 1): policy, first commit and Welcomes. Answered by `sent`."""

    id: RequestId
    conversation: Uuid
    generation: Uint
    counter: Uint
    policy: Annotated[bytes, Meta(min_length=1, max_length=4_096)]
    commit: Handshake
    welcome: Handshake


class MailFetch(Frame, tag="mail_fetch", frozen=True):
    """Mailbox items with seq above `after`. Answered by `mail`."""

    id: RequestId
    after: Uint


class MailAck(Frame, tag="mail_ack", frozen=True):
    """Items up to `seq` are stored by the device and may be deleted. Answered by `ok`."""

    id: RequestId
    seq: Uint


class SlotPut(Frame, tag="slot_put", frozen=True):
    """Replaces the member's slot when `counter` is higher than the stored one. Answered by `ok`."""

    id: RequestId
    conversation: Uuid
    generation: Uint
    epoch: Uint
    leaf: Uint
    name: SlotName
    counter: Uint
    body: SlotBody


class SlotsFetch(Frame, tag="slots_fetch", frozen=True):
    """Slots and delivered marks of a conversation. Answered by `slots`."""

    id: RequestId
    conversation: Uuid


class Ping(Frame, tag="ping", frozen=True):
    """Answered by `ok`: tells a client that the line is alive both ways."""

    id: RequestId


# Notes: client to server, without an answer.


class Ack(Frame, tag="ack", frozen=True):
    """The device has stored these envelopes; batched by the client, at most one note a second."""

    cursors: Annotated[list[Cursor], Meta(min_length=1, max_length=1_000)]


class Typing(Frame, tag="typing", frozen=True):
    """A sealed typing frame; fanned out to the other members' sockets, never stored."""

    conversation: Uuid
    generation: Uint
    epoch: Uint
    leaf: Uint
    counter: Uint
    body: SlotBody


Request: TypeAlias = (
    Hello
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
    | Ping
)
Note: TypeAlias = Ack | Typing
ClientFrame: TypeAlias = Request | Note

# Answers: server to client.


class Ready(Frame, tag="ready", frozen=True):
    """Answer to hello. `minor` is what will be spoken: the smaller of both sides'."""

    re: RequestId
    minor: Uint
    time: Uint
    person: Uuid
    device: Uuid


class Behind(Frame, tag="behind", frozen=True):
    """Conversations whose log is ahead of the cursors, that the cursors do not name, or that are blocked.

    `mailbox` is the last seq of the device's mailbox.
    """

    re: RequestId
    conversations: list[ConversationState]
    mailbox: Uint


class Page(Frame, tag="page", frozen=True):
    """`last_seq` is the log's end at this moment, so that a client knows whether to go on."""

    re: RequestId
    conversation: Uuid
    envelopes: list[Envelope]
    last_seq: Uint


class HashList(Frame, tag="hash_list", frozen=True):
    """`hashes` is the concatenation of 32-byte envelope hashes from `after` + 1 on."""

    re: RequestId
    conversation: Uuid
    after: Uint
    hashes: bytes


class Sent(Frame, tag="sent", frozen=True):
    """The envelope is on disk at `seq` with server time `time`."""

    re: RequestId
    seq: Uint
    time: Uint


class MailPage(Frame, tag="mail", frozen=True):
    """`last` is the mailbox's end; items above the page's last one are still to fetch."""

    re: RequestId
    items: list[Mail]
    last: Uint


class Slots(Frame, tag="slots", frozen=True):
    """Every member's latest slot and delivered mark."""

    re: RequestId
    conversation: Uuid
    slots: list[Slot]
    delivered: list[DeliveredMark]


class Ok(Frame, tag="ok", frozen=True):
    """Done; nothing to say."""

    re: RequestId


class Refused(Frame, tag="refused", frozen=True):
    """A refusal: `code` from the catalogue of `beep.errors`; nothing was stored and no counter consumed.

    `re` is 0 when the frame could not be read far enough to know its id. `retry_after` is in seconds.
    """

    re: Uint
    code: str
    message: str
    detail: dict[str, str | int | bool | None]
    retry_after: float | None


# Events: server to client, unasked.


class Envelopes(Frame, tag="envelopes", frozen=True):
    """New envelopes of one conversation in seq order. May repeat or overtake a page: a client goes by seq."""

    conversation: Uuid
    envelopes: list[Envelope]


class MailWaiting(Frame, tag="mail_waiting", frozen=True):
    """The mailbox has items up to `last`."""

    last: Uint


class ConversationChanged(Frame, tag="conversation_changed", frozen=True):
    """A conversation is new to the person, or its group state changed without an envelope (blocked)."""

    state: ConversationState


class SlotChanged(Frame, tag="slot_changed", frozen=True):
    """A member's slot was replaced."""

    conversation: Uuid
    slot: Slot


class TypingEvent(Frame, tag="typing_event", frozen=True):
    """A member's sealed typing frame."""

    conversation: Uuid
    device: Uuid
    generation: Uint
    epoch: Uint
    leaf: Uint
    counter: Uint
    body: SlotBody


class Delivered(Frame, tag="delivered", frozen=True):
    """Another member's device has acknowledged the log up to `mark.seq`."""

    conversation: Uuid
    mark: DeliveredMark


class IdentityChanged(Frame, tag="identity_changed", frozen=True):
    """A person whom you share a conversation with has a new identity statement; fetch the chain."""

    person: Uuid
    version: Uint


Answer: TypeAlias = Ready | Behind | Page | HashList | Sent | MailPage | Slots | Ok | Refused
Event: TypeAlias = (
    Envelopes | MailWaiting | ConversationChanged | SlotChanged | TypingEvent | Delivered | IdentityChanged
)
ServerFrame: TypeAlias = Answer | Event

decode_client_frame: Final = msgspec.msgpack.Decoder(ClientFrame).decode
"""bytes → ClientFrame; raises msgspec.DecodeError (ValidationError for a wrong shape)."""

decode_server_frame: Final = msgspec.msgpack.Decoder(ServerFrame).decode
"""bytes → ServerFrame; for clients and tests."""

encode: Final = msgspec.msgpack.Encoder().encode
"""Frame → bytes."""
