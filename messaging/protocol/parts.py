"""Maps inside frames."""

from typing import Literal

from .common import Hash, Part, SlotBody, SlotName, Uint, Uuid


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

    `persons` are the members, invited ones left out; nobody where `left`, and nobody of a group that has more
    than `MAX_NAMED`: `GET /conversations/{id}` names them to whoever needs them all. `generation` is 0 while
    no group has begun. `blocked`: a leaf of the current group must go, and application messages are refused
    until a commit removes it or a successor begins. `orders` counts the open orders of the current group
    (`orders_fetch`). `frozen_seq` is the commit that members reported as unusable, so that a successor may
    begin; null otherwise. `left`: the person is out, and may read up to `last_seq`, which is the commit that
    removed them.
    """

    conversation: Uuid
    kind: Literal["direct", "group", "self"]
    persons: list[Uuid]
    last_seq: Uint
    generation: Uint
    epoch: Uint
    group_id: Hash | None
    blocked: bool
    orders: Uint
    frozen_seq: Uint | None
    left: bool


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


class OrderItem(Part, frozen=True):
    """An order: its hash, which a commit names, and the signed order (`messaging.formats`).

    `executed`: a commit of this generation has carried it out.
    """

    hash: Hash
    body: bytes
    executed: bool
