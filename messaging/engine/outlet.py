"""How bytes leave for one socket, with a bound on what waits for a slow reader.

Two kinds. `FrameOutlet` writes prebuilt WebSocket frames through the extension that our own servers offer
(`messaging.servers.extension`); everything that a socket gets during one turn of the event loop goes out in
one write. `MessageOutlet` works under any ASGI server: one `websocket.send` a frame, from a task of its own.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol

from beep import metrics
from messaging import protocol
from messaging.engine import limits
from messaging.engine.frames import Outgoing, framed

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Take = Callable[[bytes], float]
"""Takes a message; returns the seconds for which nothing more should be read."""

EXTENSION: Final = "beep.frames"
"""Key in `scope["extensions"]`; its value is a `FrameTransport`."""


class FrameTransport(Protocol):
    """What our servers' extension offers."""

    def listen(self, take: Take) -> None:
        """From now on `take` gets every whole binary message, first those that wait in the ASGI queue, which
        has only the others and the end from then on.
        """

    def write(self, data: bytes) -> None:
        """Put whole WebSocket frames on the wire, in order. Does nothing when the connection is gone."""

    def buffered(self) -> int:
        """Bytes that were written and that the kernel has not taken yet."""

    def close(self, code: int) -> None:
        """Send a close frame behind what was written; idempotent."""


class Outlet(Protocol):
    """What a socket writes to. Nothing here waits or raises."""

    closed: int | None
    """The close code that we have sent, or None."""

    def send(self, payload: bytes) -> None:
        """A frame for this socket alone."""

    def share(self, outgoing: Outgoing) -> None:
        """A frame that other sockets get too."""

    def buffered(self) -> int:
        """Bytes on their way out."""

    def close(self, code: int) -> None:
        """Close behind what was sent. Only the first code counts."""


class Flusher:
    """Writes once a turn of the event loop what its outlets have gathered."""

    def __init__(self) -> None:
        self._dirty: list[FrameOutlet] = []

    def add(self, outlet: "FrameOutlet") -> None:
        """Flush `outlet` at the end of this turn."""
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self.flush)
        self._dirty.append(outlet)

    def flush(self) -> None:
        """Write everything now."""
        dirty, self._dirty = self._dirty, []
        for outlet in dirty:
            outlet.flush()


class FrameOutlet:
    """Through the extension."""

    __slots__ = ("_flusher", "_parts", "_transport", "closed")

    def __init__(self, transport: FrameTransport, flusher: Flusher) -> None:
        self._transport: Final = transport
        self._flusher: Final = flusher
        self._parts: list[bytes] = []
        self.closed: int | None = None

    def send(self, payload: bytes) -> None:
        """See `Outlet`."""
        self._add(framed(payload))

    def share(self, outgoing: Outgoing) -> None:
        """See `Outlet`."""
        self._add(outgoing.framed)

    def _add(self, data: bytes) -> None:
        if self.closed is not None:
            return
        if not self._parts:
            self._flusher.add(self)
        self._parts.append(data)

    def flush(self) -> None:
        """Write what was gathered, or give the reader up."""
        parts, self._parts = self._parts, []
        if not parts:
            return
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if self._transport.buffered() + len(data) > limits.BUFFER:
            self.close(protocol.CLOSE_TOO_SLOW)
            return
        self._transport.write(data)

    def buffered(self) -> int:
        """See `Outlet`."""
        return self._transport.buffered() + sum(map(len, self._parts))

    def close(self, code: int) -> None:
        """See `Outlet`."""
        if self.closed is None:
            self.closed = code
            metrics.total.close(code)
            if code != protocol.CLOSE_TOO_SLOW:
                self.flush()
            self._transport.close(code)


class MessageOutlet:
    """Through `websocket.send`. `run` must run as a task for as long as the socket lives."""

    def __init__(self, send: Send) -> None:
        self._send: Final = send
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._wake: Final = asyncio.Event()
        self.closed: int | None = None

    def send(self, payload: bytes) -> None:
        """See `Outlet`."""
        if self.closed is not None:
            return
        if self._bytes + len(payload) > limits.BUFFER:
            self.close(protocol.CLOSE_TOO_SLOW)
            return
        self._bytes += len(payload)
        self._waiting.append(payload)
        self._wake.set()

    def share(self, outgoing: Outgoing) -> None:
        """See `Outlet`."""
        self.send(outgoing.payload)

    def buffered(self) -> int:
        """See `Outlet`."""
        return self._bytes

    def close(self, code: int) -> None:
        """See `Outlet`."""
        if self.closed is None:
            self.closed = code
            metrics.total.close(code)
            if code == protocol.CLOSE_TOO_SLOW:
                # A reader that does not read would hold the close frame up behind megabytes.
                self._waiting.clear()
            self._wake.set()

    async def run(self) -> None:
        """Send until the close frame is out; raises what `send` raises when the peer is gone."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                payload = self._waiting.popleft()
                await self._send({"type": "websocket.send", "bytes": payload})
                self._bytes -= len(payload)
            if self.closed is not None:
                await self._send({"type": "websocket.close", "code": self.closed})
                return
