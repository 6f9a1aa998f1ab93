"""The audit's one row a batch: it commits to every envelope that the batch accepted."""

from collections.abc import Sequence
from typing import Final

from audit import intake, merkle
from audit.events import Actor, MessagesAccepted

_WRITER: Final = Actor(system="messaging.writer")


def of_batch(*, hashes: Sequence[bytes], at: int) -> tuple[int, str, bytes]:
    """Parameters of `audit.intake.INSERT`: the root (RFC 6962) over the envelope hashes, in the order stored.

    That order is by conversation id and then by seq, so that it can be made again from the log.
    """
    event = MessagesAccepted(actor=_WRITER, root=merkle.root_of(hashes), count=len(hashes))
    return intake.encode(event, at=at).row
