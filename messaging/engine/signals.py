"""What engines tell each other beside the notices of the services: short-lived, never stored."""

from typing import Final, TypeAlias

import msgspec

from messaging import notices, protocol


class Superseded(notices.Notice, tag="superseded", frozen=True):
    """`device` has a socket of this order (`precedence`): older ones close with 4409."""

    device: bytes
    """Its name in the hub."""
    at: int


class Standing(notices.Notice, tag="standing", frozen=True):
    """The same of many: what stands at its sender, after hints may have been missed."""

    orders: dict[bytes, int]
    """By name in the hub."""


class TakeOver(notices.Notice, tag="take_over", frozen=True):
    """Another process goes on with the long poll `poll` of `device`: its sender wants what has gathered."""

    poll: bytes
    device: bytes


class Told(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a listener was told of a conversation, in the log and beside it (`hub.without_envelope`)."""

    known: int
    blocked: bool
    orders: int
    frozen_seq: int | None


class HandedOver(notices.Notice, tag="handed_over", frozen=True):
    """The answer to `TakeOver`: what the next process must know to miss nothing and repeat nothing."""

    poll: bytes
    number: int
    """Of the last answer."""
    last: bytes
    """That answer, while nobody has said that it arrived."""
    frames: list[bytes]
    minor: int
    mailbox: int
    told: dict[bytes, Told]
    """By conversation."""
    order: int = 0
    """Of the socket, see `precedence`."""


class Typed(notices.Notice, tag="typed", frozen=True):
    """A member's typing frame."""

    event: protocol.TypingEvent


class Marked(notices.Notice, tag="marked", frozen=True):
    """A device has acknowledged a conversation's log."""

    conversation: bytes
    mark: protocol.DeliveredMark


class Missed(notices.Notice, tag="missed", frozen=True):
    """Hints of this engine were lost on their way: whoever hears it looks at the database."""


Signal: TypeAlias = (
    notices.AnyNotice | Missed | Superseded | Standing | TakeOver | HandedOver | Typed | Marked
)

encode: Final = msgspec.msgpack.Encoder().encode
decode: Final = msgspec.msgpack.Decoder(Signal).decode
"""bytes → Signal; raises msgspec.DecodeError."""
