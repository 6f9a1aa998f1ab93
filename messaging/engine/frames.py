"""WebSocket framing (RFC 6455 §5.2) of what the server sends: unmasked, unfragmented, binary."""

import struct
from typing import Final

from messaging import protocol

_BINARY: Final = 0x82
"""FIN and opcode 2."""
_MEDIUM: Final = struct.Struct(">BBH")
_LARGE: Final = struct.Struct(">BBQ")


def framed(payload: bytes) -> bytes:
    """The payload behind its header: 2, 4 or 10 bytes by its length."""
    size = len(payload)
    if size < 126:
        return bytes((_BINARY, size)) + payload
    if size < 1 << 16:
        return _MEDIUM.pack(_BINARY, 126, size) + payload
    return _LARGE.pack(_BINARY, 127, size) + payload


class Outgoing:
    """An encoded event that many sockets get: framed at most once, for whichever sockets want it framed."""

    __slots__ = ("_framed", "payload")

    def __init__(self, payload: bytes) -> None:
        self.payload: Final = payload
        self._framed: bytes | None = None

    @classmethod
    def of(cls, event: protocol.Event) -> "Outgoing":
        """Encode `event`."""
        return cls(protocol.encode(event))

    @property
    def framed(self) -> bytes:
        """Header and payload."""
        if self._framed is None:
            self._framed = framed(self.payload)
        return self._framed
