"""Constants, shared types and the bases of all frames."""

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
MAX_REUPLOAD: Final = 200
"""Envelopes in one re-upload; together at most half of `MAX_FRAME`."""
MAX_SLOT: Final = 1_024
"""Bytes of a sealed slot or typing frame."""
MAX_IN_FLIGHT: Final = 64
"""Unanswered requests of one socket; past it `rate_limited`."""
MAX_RATE: Final = 100
"""Frames a second of one device over all its connections, after a burst of `MAX_BURST`; past it requests get
`rate_limited`. All devices of a person together have twice as much. What costs the server more counts for
several frames: large frames and answers, resume, and requests beside send, fetch, hashes and ping."""
MAX_BURST: Final = 500
"""Frames that a device may send at once; a socket that has twice as many refused within a minute is closed
with 4429."""
MAX_NAMED: Final = 50
"""Members of a conversation up to which its state on the socket names them, and slots, delivered marks and
typing are passed on live."""
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
Signature: TypeAlias = Annotated[bytes, Meta(min_length=64, max_length=64)]
Body: TypeAlias = Annotated[bytes, Meta(min_length=1, max_length=MAX_BODY)]
Handshake: TypeAlias = Annotated[bytes, Meta(min_length=1, max_length=MAX_HANDSHAKE)]
SlotBody: TypeAlias = Annotated[bytes, Meta(min_length=1, max_length=MAX_SLOT)]
SlotName: TypeAlias = Literal["read"]


class Frame(msgspec.Struct, forbid_unknown_fields=True, tag_field="t", frozen=True, gc=False):
    """Base of every frame. Each says `frozen` again, because type checkers do not inherit it."""


class Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """Base of every map inside a frame; untagged."""
