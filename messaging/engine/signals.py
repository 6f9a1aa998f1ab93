"""What engines tell each other beside the notices of the services: short-lived, never stored."""

from typing import Final, TypeAlias

import msgspec

from messaging import notices, protocol


class Superseded(notices.Notice, tag="superseded", frozen=True):
    """`device` has opened a socket at `at` (ms UTC): older ones close with 4409."""

    device: bytes
    at: int


class Typed(notices.Notice, tag="typed", frozen=True):
    """A member's typing frame."""

    event: protocol.TypingEvent


class Marked(notices.Notice, tag="marked", frozen=True):
    """A device has acknowledged a conversation's log."""

    conversation: bytes
    mark: protocol.DeliveredMark


Signal: TypeAlias = notices.AnyNotice | Superseded | Typed | Marked

encode: Final = msgspec.msgpack.Encoder().encode
decode: Final = msgspec.msgpack.Decoder(Signal).decode
"""bytes → Signal; raises msgspec.DecodeError."""
