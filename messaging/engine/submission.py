"""What a `send` frame becomes on its way to disk, and what may come of it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from beep.errors import BeepError
from messaging import mls, protocol

_AAD_LENGTH: Final = 77
"""u16 format, u64 seen_seq, 32 bytes T, 33 bytes franking tag<V>, two empty vectors (`messaging.formats`)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """On disk at `seq` with server time `time` (ms)."""

    seq: int
    time: int


Outcome = Stored | BeepError


class Submission:
    """One application message, decoded as far as the server can.

    `resolve` is called exactly once, on the event loop, with the outcome; it must not raise.
    """

    __slots__ = (
        "body", "body_hash", "conversation", "counter", "device", "epoch", "generation", "group_id", "person",
        "resolve", "session",
    )  # fmt: skip

    def __init__(
        self,
        frame: protocol.Send,
        *,
        device: bytes,
        person: bytes,
        session: bytes,
        resolve: Callable[[Outcome], None],
    ) -> None:
        """Check what needs no database.

        Raises BeepError `frame_refused` when the body is not a canonical PrivateMessage of Beep's profile for
        the epoch that the frame names; `detail.rule` is an `MlsErrorCode`, `epoch` or `authenticated_data`.
        """
        try:
            message = mls.decode_private_message(frame.body)
        except mls.MlsError as error:
            raise BeepError("frame_refused", detail={"rule": str(error.code)}) from error
        if message.epoch != frame.epoch:
            raise BeepError("frame_refused", detail={"rule": "epoch"})
        if not _is_authenticated_data(message.authenticated_data):
            raise BeepError("frame_refused", detail={"rule": "authenticated_data"})
        self.conversation: Final = frame.conversation
        self.device: Final = device
        self.person: Final = person
        self.session: Final = session
        self.generation: Final = frame.generation
        self.epoch: Final = frame.epoch
        self.counter: Final = frame.counter
        self.body: Final = frame.body
        self.body_hash: Final = hashlib.sha256(frame.body).digest()
        self.group_id: Final = message.group_id
        self.resolve: Final = resolve


def _is_authenticated_data(data: bytes) -> bool:
    """Whether `formats.AuthenticatedData.decode` would take it, with a franking tag and no orders.

    An application message has only one shape, so that five comparisons do what the reader takes ten
    microseconds for; a test holds the two to the same answer.
    """
    return (
        len(data) == _AAD_LENGTH
        and data[:3] == b"\x00\x01\x00"
        and data[3] < 0x20
        and data[42] == 32
        and data[75:] == b"\x00\x00"
    )
