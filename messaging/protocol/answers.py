"""What a server answers to a request."""

from typing import TypeAlias

from .common import Frame, RequestId, Uint, Uuid
from .parts import ConversationState, DeliveredMark, Envelope, Mail, OrderItem, Slot

# Answers: server to client.


class Ready(Frame, tag="ready", frozen=True):
    """Answer to hello. `minor` is what will be spoken: the smaller of both sides'."""

    re: RequestId
    minor: Uint
    time: Uint
    person: Uuid
    device: Uuid


class Behind(Frame, tag="behind", frozen=True):
    """Conversations whose log ends elsewhere than the cursors say, that are blocked, or have open orders.

    A log that ends earlier than the cursor is one that a restored server has lost a part of. Conversations
    that the person has left are among them: their log ends where the person was removed. What does not fit in
    one frame follows as `conversation_changed`.

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


class Orders(Frame, tag="orders", frozen=True):
    """Open orders, oldest first, and then those that commits of this generation have carried out.

    A commit that leaves an open one out is refused when it is due. The others are for whoever catches up and
    has to judge the commits that named them.
    """

    re: RequestId
    conversation: Uuid
    items: list[OrderItem]


class Reuploaded(Frame, tag="reuploaded", frozen=True):
    """The log's end now."""

    re: RequestId
    conversation: Uuid
    last_seq: Uint


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


Answer: TypeAlias = (
    Ready | Behind | Page | HashList | Sent | MailPage | Slots | Orders | Reuploaded | Ok | Refused
)
