"""What a client says: requests, each answered, and notes, which are not."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from .common import (
    MAX_CURSORS,
    MAX_PAGE,
    MAX_REUPLOAD,
    Body,
    Frame,
    Handshake,
    Hash,
    RequestId,
    Signature,
    SlotBody,
    SlotName,
    Uint,
    Uuid,
)
from .parts import Cursor, Envelope

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
    an epoch wins; others get `epoch_conflict` and stand in line: `detail.ahead` (missing for a commit that
    only heals) is how many who lost before are still to come. Try again when the epoch is `detail.epoch` +
    `detail.ahead`, or after `retry_after` seconds without that.
    """

    id: RequestId
    conversation: Uuid
    generation: Uint
    epoch: Uint
    counter: Uint
    body: Handshake
    welcome: Handshake | None


class Begin(Frame, tag="begin", frozen=True):
    """Begins generation `generation` (current + 1): policy, first commit and Welcomes. Answered by `sent`.

    `welcome` is null when the founder is alone, which a direct conversation does not allow.
    """

    id: RequestId
    conversation: Uuid
    generation: Uint
    counter: Uint
    policy: Annotated[bytes, Meta(min_length=1, max_length=4_096)]
    commit: Handshake
    welcome: Handshake | None


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


class OrdersFetch(Frame, tag="orders_fetch", frozen=True):
    """The orders of the current group, for a person who has left those of theirs. Answered by `orders`."""

    id: RequestId
    conversation: Uuid


class Rejoin(Frame, tag="rejoin", frozen=True):
    """This device asks the members to let it in (again). Answered by `ok`; an Add order follows.

    `signature` is the device's, label "AddRequest" (`messaging.formats.OrderRequest`).
    """

    id: RequestId
    conversation: Uuid
    generation: Uint
    statement_hash: Hash
    signature: Signature


class Leave(Frame, tag="leave", frozen=True):
    """This person leaves the group. Answered by `ok`; a Leave order follows, which the next commit executes.
    Where everybody who has a device in the group has asked, all of them are out at once, without a commit.

    `signature` is the device's, label "LeaveRequest".
    """

    id: RequestId
    conversation: Uuid
    generation: Uint
    statement_hash: Hash
    signature: Signature


class ReportCommit(Frame, tag="report_commit", frozen=True):
    """This device cannot use the commit at `seq`, or the Welcome that came with it. Answered by `ok`.

    When two persons say so, the group is frozen and a successor may begin.
    """

    id: RequestId
    conversation: Uuid
    generation: Uint
    seq: Uint


class Reupload(Frame, tag="reupload", frozen=True):
    """After a restore to an older point: envelopes that the server has lost, dense from its end on.

    Answered by `reuploaded`.
    """

    id: RequestId
    conversation: Uuid
    envelopes: Annotated[list[Envelope], Meta(min_length=1, max_length=MAX_REUPLOAD)]


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
    | OrdersFetch
    | Rejoin
    | Leave
    | ReportCommit
    | Reupload
    | Ping
)
Note: TypeAlias = Ack | Typing
ClientFrame: TypeAlias = Request | Note
