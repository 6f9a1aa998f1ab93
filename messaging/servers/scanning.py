"""Where one WebSocket frame of a client ends and the next begins (RFC 6455 §5.2).

Nearly all that clients send are whole, masked, binary messages. Those are unmasked here; every other frame
goes as it came to the server's library, which answers pings, joins fragments and ends the connection over
whatever RFC 6455 forbids. From the first frame on that ends a connection, or should, it gets everything.
"""

from collections.abc import Callable
from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

MESSAGE: Final = 0x82
"""FIN and opcode 2: a whole binary message."""
FIN: Final = 0x80
RESERVED: Final = 0x70
CONTROL: Final = 8
MASKED: Final = 0x80
PIECE: Final = 256
"""Bytes that the library gets at a time when everything goes to it."""


class Scanner:
    """Gets what was read, and gives frames one at a time.

    `limit` is the largest payload in bytes that is waited for; a longer one is the library's to refuse.
    """

    __slots__ = ("_at", "_fragmented", "_limit", "_need", "_passing", "_rest", "_to_library", "more")

    def __init__(self, to_library: Callable[[bytes], None], *, limit: int) -> None:
        self._to_library: Final = to_library
        self._limit: Final = limit
        self.more = False
        """`next` has given the library something, and there may be a message behind it."""
        self._rest = bytearray()
        self._at = 0
        """Where in `_rest` the next frame begins."""
        self._need = 2
        """Bytes from there without which there is nothing to look at."""
        self._fragmented = False
        """In the middle of a message of several frames, which is the library's."""
        self._passing = False
        """Everything goes to the library from now on."""

    def __len__(self) -> int:
        """Bytes kept."""
        return len(self._rest)

    def add(self, data: bytes) -> None:
        """These bytes were read."""
        if self._at:
            del self._rest[: self._at]
            self._at = 0
        self._rest += data

    def next(self) -> bytes | None:
        """One step: a whole binary message, or None when the library was given a frame or, with `more` False,
        when more has to be read first.
        """
        self.more = False
        if self._passing:
            self._pass()
            return None
        rest, at = self._rest, self._at
        there = len(rest) - at
        if not there:
            # Who rests keeps no room for what was read.
            rest.clear()
            self._at = 0
            return None
        if there < self._need:
            return None
        head, second = rest[at], rest[at + 1]
        size, header, least = second & 0x7F, 6, 0
        if not second & MASKED or not self._goes_on(head, size):
            self._pass()
            return None
        if size > 125:
            header, least = (8, 126) if size == 126 else (14, 1 << 16)
            if there < header:
                self._need = header
                return None
            size = int.from_bytes(rest[at + 2 : at + header - 4], "big")
        if not least <= size <= self._limit:
            # Too long, or a length in more bytes than it needs.
            self._pass()
            return None
        length = header + size
        if there < length:
            self._need = length
            return None
        end = self._at = at + length
        self._need = 2
        if head == MESSAGE:
            mask = at + header
            return apply_mask(bytes(rest[mask:end]), bytes(rest[mask - 4 : mask]))
        if head & 0x0F < CONTROL:
            self._fragmented = not head & FIN
        self.more = True
        self._to_library(bytes(rest[at:end]))
        return None

    def _pass(self) -> None:
        """Give the library the next piece; all that follows is for it too."""
        self._passing = True
        rest, at = self._rest, self._at
        end = self._at = min(at + PIECE, len(rest))
        if at < end:
            piece, self.more = bytes(rest[at:end]), end < len(rest)
            if not self.more:
                rest.clear()
                self._at = 0
            self._to_library(piece)

    def _goes_on(self, head: int, size: int) -> bool:
        """Whether the connection goes on behind a frame that begins so."""
        if head == MESSAGE:
            return not self._fragmented
        opcode = head & 0x0F
        if head & RESERVED or opcode > 10:
            return False
        if opcode > CONTROL:
            # Ping and pong.
            return bool(head & FIN) and size <= 125
        return opcode == 0 if self._fragmented else opcode in (1, 2)
