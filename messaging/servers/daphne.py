"""Daphne with the extension: `python -m messaging.servers.daphne --host … --port …`.

Sending goes past Autobahn, which spends a fifth of a delivery on colouring the arguments of log lines that
nobody reads, and past Twisted's write queue while the kernel takes the bytes at once.
"""

import asyncio
import importlib
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server as DaphneServer
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer
from twisted.internet.tcp import Connection

from beep import operations
from messaging.engine import limits
from messaging.engine.outlet import EXTENSION
from messaging.servers import arguments

CLOSE_HANDSHAKE: Final = 5
"""Seconds that a peer may take to answer a close frame before the connection is cut."""
CLOSE_PATIENCE: Final = 2.0
"""Seconds that peers may take to answer their close frames while the server drains."""


class Transport:
    """`engine.outlet.FrameTransport` over a Twisted transport."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: "SocketProtocol") -> None:
        self._protocol = protocol

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

    def __init__(self, protocol: WebSocketProtocol) -> None:
        super().__init__()
        self._protocol = protocol
        self._paused = False

    def put_nowait(self, item: dict[str, Any]) -> None:
        """Queue one event."""
        super().put_nowait(item)
        if not self._paused and self.qsize() >= limits.READ_AHEAD:
            self._paused = True
            self._protocol.transport.pauseProducing()

    async def get(self) -> dict[str, Any]:
        """The next event; reading goes on when half of them are taken."""
        item = await super().get()
        if self._paused and self.qsize() <= limits.READ_AHEAD // 2:
            self._paused = False
            if self._protocol.state in (self._protocol.STATE_OPEN, self._protocol.STATE_CLOSING):
                self._protocol.transport.resumeProducing()
        return item


class SocketProtocol(WebSocketProtocol):  # type: ignore[misc]
    """Only its name: `Server` gives it an `Inbox` and the extension."""


class Server(DaphneServer):  # type: ignore[misc]
    """Offers the extension, bounds what is read ahead, and drains."""

    @property
    def ws_factory(self) -> Any:
        """Daphne makes the factory in the middle of `run`; it builds the class that it names."""
        return self._ws_factory

    @ws_factory.setter
    def ws_factory(self, factory: Any) -> None:
        factory.protocol = SocketProtocol
        factory.setProtocolOptions(closeHandshakeTimeout=CLOSE_HANDSHAKE)
        self._ws_factory = factory

    def create_application(
        self, protocol: Any, scope: dict[str, Any]
    ) -> asyncio.Queue[dict[str, Any]] | None:
        """As Daphne does it, with an `Inbox` and the extension for WebSockets."""
        if scope["type"] != "websocket":
            queue: asyncio.Queue[dict[str, Any]] | None = super().create_application(protocol, scope)
            return queue
        scope["asgi"] = {"version": "3.0"}
        scope["extensions"] = {EXTENSION: Transport(protocol)}
        inbox = Inbox(protocol)
        application = self.application(
            scope=scope, receive=inbox.get, send=partial(self.handle_reply, protocol)
        )
        if protocol not in self.connections:
            return None
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(application)
        return inbox

    def kill_all_applications(self) -> defer.Deferred[Any]:
        """Called before the reactor stops: drain first, then cancel what is left."""
        draining = defer.Deferred.fromFuture(asyncio.ensure_future(self._drain()))
        draining.addBoth(lambda _: super(Server, self).kill_all_applications())
        return draining

    async def _drain(self) -> None:
        runtime = sys.modules.get("messaging.engine.runtime")
        if runtime is None:
            return
        await runtime.drain()
        deadline = asyncio.get_running_loop().time() + CLOSE_PATIENCE
        while any(
            isinstance(protocol, SocketProtocol) and "disconnected" not in details
            for protocol, details in self.connections.items()
        ):
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(0.02)


def make(host: str, port: int, application: str = arguments.APPLICATION) -> Server:
    """A server that is ready to `run()`."""
    module, _, attribute = application.partition(":")
    return Server(
        getattr(importlib.import_module(module), attribute),
        endpoints=build_endpoint_description_strings(host=host, port=port),
        websocket_max_message_size=arguments.MESSAGE_LIMIT,
        websocket_max_frame_size=arguments.MESSAGE_LIMIT,
        ping_interval=arguments.PING_INTERVAL,
        ping_timeout=arguments.PING_TIMEOUT,
        # Daphne ends a socket after a day; ours end with their session.
        websocket_timeout=-1,
        server_name="",
        # 1 keeps Twisted's log, with its octets and paths, from being made at all.
        verbosity=1,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    options = arguments.parse(argv, program="python -m messaging.servers.daphne")
    operations.start()
    make(options.host, options.port, options.application).run()


if __name__ == "__main__":
    main()
