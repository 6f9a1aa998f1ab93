"""The WebSockets of our Daphne: their frames past Autobahn, their reading bounded.

Sending goes past Autobahn, which spends a fifth of a delivery on colouring the arguments of log lines that
nobody reads, and past Twisted's write queue while the kernel takes the bytes at once.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.tcp import Connection

from messaging.engine import limits
from messaging.engine.outlet import Take
from messaging.servers import listening, reading


class Transport:
    """`engine.outlet.FrameTransport` over a Twisted transport."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: "SocketProtocol") -> None:
        self._protocol = protocol

    def listen(self, take: Take) -> None:
        """See `FrameTransport`."""
        self._protocol.listen(take)

    def write(self, data: bytes) -> None:
        """The frames are unmasked and uncompressed, so Autobahn's state machine need not see them."""
        protocol = self._protocol
        if protocol.state != protocol.STATE_OPEN:
            return
        transport = protocol.transport
        if isinstance(transport, Connection) and transport.connected and not _waiting(transport):
            try:
                sent = transport.socket.send(data)
            except OSError:
                # Full, or gone: the transport finds out which.
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        transport.write(data)

    def buffered(self) -> int:
        """See `FrameTransport`."""
        return _waiting(self._protocol.transport)

    def close(self, code: int) -> None:
        """See `FrameTransport`. Autobahn cuts the line when the peer does not answer."""
        if self._protocol.state == self._protocol.STATE_OPEN:
            self._protocol.sendClose(code=code)


def _waiting(transport: Any) -> int:
    """Bytes in the two buffers of `twisted.internet.abstract.FileDescriptor`."""
    size: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    return size


class Inbox(asyncio.Queue[dict[str, Any]]):
    """The application's queue: reading from the connection stops while it is full.

    Unbounded all the same, because Twisted may hand over what it has already read. (A client that sends and
    never reads took stock Daphne from 81 to 1,076 MB in four seconds.)
    """

    def __init__(self, protocol: "SocketProtocol") -> None:
        super().__init__()
        self._protocol = protocol

    def put_nowait(self, item: dict[str, Any]) -> None:
        """Queue one event."""
        super().put_nowait(item)
        if self.qsize() >= limits.READ_AHEAD:
            self._protocol.hold(reading.LAGGING)

    async def get(self) -> dict[str, Any]:
        """The next event; reading goes on when half of them are taken."""
        item = await super().get()
        if self.qsize() <= limits.READ_AHEAD // 2:
            self._protocol.release(reading.LAGGING)
        return item


class SocketProtocol(listening.Listening, WebSocketProtocol):  # type: ignore[misc]
    """Scans its frames itself and bounds what its peer may cost.

    `Server` gives it an `Inbox` and the extension.
    """

    fragments = 0
    """Frames of the message that is coming in."""

    def pause(self) -> None:
        """See `Metered`."""
        self.transport.pauseProducing()

    def resume(self) -> None:
        """See `Metered`."""
        if self.state in (self.STATE_OPEN, self.STATE_CLOSING):
            self.transport.resumeProducing()

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """See `Metered`."""
        asyncio.get_running_loop().call_later(seconds, call)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Scan it once the handshake is answered. Past Autobahn's own, which colours a log line a chunk."""
        if self.state in (self.STATE_OPEN, self.STATE_CLOSING):
            self.arrived(data)
        elif hasattr(self, "handshake_deferred"):
            self.arrived_early(data)
        else:
            self.metered(self._dataReceived, data)

    def onOpen(self) -> None:  # noqa: N802
        """The handshake is answered."""
        super().onOpen()
        self.answered()

    def to_library(self, data: bytes) -> None:
        """See `Listening`."""
        self._dataReceived(data)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        """The library has put a message together."""
        if isBinary:
            self.message(payload)
        else:
            super().onMessage(payload, isBinary)

    def message(self, data: bytes) -> None:
        """See `Listening`."""
        # Daphne pings who has said nothing for a while.
        self.last_ping = time.time()
        super().message(data)

    def queued(self, data: bytes) -> None:
        """See `Listening`."""
        self.application_queue.put_nowait({"type": "websocket.receive", "bytes": data})

    def unqueued(self) -> list[bytes]:
        """See `Listening`."""
        return listening.messages_of(self.application_queue)

    @property
    def over(self) -> bool:
        """See `Listening`."""
        return bool(self.muted or self.state != self.STATE_OPEN)

    @property
    def gone(self) -> bool:
        """See `Listening`."""
        return bool(self.state == self.STATE_CLOSED)

    def onPing(self, payload: bytes) -> None:  # noqa: N802
        """Answer, unless the peer takes no answers."""
        if reading.too_much_waits(_waiting(self.transport)):
            self.transport.abortConnection()
            return
        super().onPing(payload)

    def onMessageBegin(self, isBinary: bool) -> None:  # noqa: N802, N803
        """The first frame of a message."""
        self.fragments = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:  # noqa: N802
        """One more frame of it."""
        self.fragments += 1
        if self.fragments > reading.FRAGMENTS:
            self.transport.abortConnection()
            return
        super().onMessageFrameBegin(length)
