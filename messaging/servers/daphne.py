"""Daphne with the extension: `python -m messaging.servers.daphne --host … --port …`, or `--fd N`."""

import asyncio
import importlib
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from daphne.endpoints import build_endpoint_description_strings
from daphne.http_protocol import WebRequest
from daphne.server import Server as DaphneServer
from twisted.internet import defer

from beep import bodies, operations
from beep.errors import BeepError
from messaging.engine.outlet import EXTENSION
from messaging.protocol import CLOSE_GOING_AWAY
from messaging.servers import arguments, draining, incoming, memory, readiness
from messaging.servers.daphne_sockets import Inbox, SocketProtocol, Transport

log = structlog.get_logger(__name__)

CLOSE_HANDSHAKE: Final = 5
"""Seconds that a peer may take to answer a close frame before the connection is cut."""


Kind = TypeVar("Kind")


class Heads:
    """Ends a connection that does not say in time what it wants; `channel` is what the factory made."""

    __slots__ = ("_inner", "_receive", "deadline")

    def __init__(self, channel: Any) -> None:
        self._inner: Final = channel._channel
        self._receive: Final = channel.dataReceived
        self.deadline: Final = incoming.Deadline(self._give_up)
        self._inner.heads = self
        channel.dataReceived = self._received
        self.deadline.set(incoming.HEAD)

    def _received(self, data: bytes) -> None:
        requests = self._inner.requests
        if not self.deadline.running and not (requests and requests[0].headed):
            self.deadline.set(incoming.HEAD)
        self._receive(data)

    def _give_up(self) -> None:
        self._inner.transport.abortConnection()


class Request(WebRequest):  # type: ignore[misc]
    """An HTTP request, whose body is bounded; while the server drains its answer is the connection's last."""

    headed = False
    """Its head has come."""
    _size = 0
    _refused = False

    def __init__(self, *args: Any, **options: Any) -> None:
        self._deadline: Final = incoming.Deadline(self._too_slow)
        super().__init__(*args, **options)

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """The head is complete; None when the body's length is not announced."""
        self.headed = True
        self.channel.heads.deadline.clear()
        super().gotLength(length)
        if length is not None and length > incoming.LIMIT:
            self._refuse(BeepError("too_large"))
        elif length != 0:
            self._deadline.set(bodies.patience(incoming.LIMIT if length is None else length))

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        """A piece of the body."""
        self._size += len(data)
        if self._size > incoming.LIMIT:
            self._refuse(BeepError("too_large"))
        if not self._refused:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        """All of it has come."""
        self._deadline.clear()
        if not self._refused:
            super().requestReceived(command, path, version)

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        """The peer has gone."""
        self._deadline.clear()
        super().connectionLost(reason)

    def _too_slow(self) -> None:
        self._refuse(BeepError("bad_request", "The body took too long."))

    def _refuse(self, refusal: BeepError) -> None:
        """Before the application: the answer straight onto the line, which ends."""
        if not self._refused and self.channel is not None:
            self._refused = True
            self._deadline.clear()
            self.channel.transport.write(incoming.refused(refusal))
            self.channel.loseConnection()

    def write(self, data: bytes) -> None:
        """Part of the answer; with the first, which sends the headers, say that the line will be closed."""
        if self.server.draining and not self.startedWriting and self.channel is not None:
            self.responseHeaders.setRawHeaders(b"connection", [b"close"])
            self.channel.persistent = False
        super().write(data)


class Server(DaphneServer):  # type: ignore[misc]
    """Offers the extension, bounds what is read ahead, and drains."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.draining = False
        self._ports: Final[list[Any]] = []

    def listen_success(self, port: Any) -> None:
        """Connections are taken from now on, so whoever waits for that is told."""
        super().listen_success(port)
        self._ports.append(port)
        memory.settle()
        readiness.tell(readiness.READY)

    @property
    def http_factory(self) -> Any:
        """Daphne makes this one in the middle of `run` as well."""
        return self._http_factory

    @http_factory.setter
    def http_factory(self, factory: Any) -> None:
        build = factory.buildProtocol

        def build_ours(address: Any) -> Any:
            channel = build(address)
            channel.requestFactory = Request
            channel.timeOut = incoming.IDLE
            Heads(channel)
            return channel

        factory.buildProtocol = build_ours
        self._http_factory = factory

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
        # Not from `Daphne-Root-Path`, which any client may send: it would hide the path from a proxy.
        scope["root_path"] = self.root_path
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
        """Called before the reactor stops, which waits for it."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._drain()))

    async def _drain(self) -> None:
        """Accept no more, end sockets with 4412 behind what the writer had, finish requests in flight."""
        self.draining = True
        readiness.tell(readiness.STOPPING)
        for port in self._ports:
            # Only this process's descriptor: others may listen on the same socket.
            port.stopListening()
        try:
            async with asyncio.timeout(draining.PATIENCE):
                await asyncio.gather(self._drain_sockets(), self._drain_requests())
        except TimeoutError:
            left = len(self._open(Request)) + len(self._open(SocketProtocol))
            log.warning("drain_cut_short", connections=left)
        running = [
            details["application_instance"]
            for details in self.connections.values()
            if "application_instance" in details and not details["application_instance"].done()
        ]
        for application in running:
            application.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _drain_sockets(self) -> None:
        runtime = sys.modules.get("messaging.engine.runtime")
        if runtime is not None:
            await runtime.drain()
        for protocol in self._open(SocketProtocol):
            # Those that the engine does not know yet, having said no hello.
            Transport(protocol).close(CLOSE_GOING_AWAY)
        await draining.until(lambda: not self._open(SocketProtocol), patience=draining.CLOSE_PATIENCE)

    async def _drain_requests(self) -> None:
        await asyncio.sleep(draining.IDLE_GRACE)
        await draining.until(lambda: not self._open(Request), patience=draining.PATIENCE)

    def _open(self, kind: type[Kind]) -> list[Kind]:
        return [
            protocol
            for protocol, details in self.connections.items()
            if isinstance(protocol, kind) and "disconnected" not in details
        ]


def make(host: str, port: int, application: str = arguments.APPLICATION, *, fd: int | None = None) -> Server:
    """A server that is ready to `run()`, on the listening socket `fd` when one is given."""
    address = {"file_descriptor": fd} if fd is not None else {"host": host, "port": port}
    endpoints = build_endpoint_description_strings(**address)
    if fd is None:
        # Who bound an inherited socket has said how many may wait at it.
        endpoints = [f"{endpoint}:backlog={arguments.BACKLOG}" for endpoint in endpoints]
    module, _, attribute = application.partition(":")
    return Server(
        getattr(importlib.import_module(module), attribute),
        endpoints=endpoints,
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
    server = make(options.host, options.port, options.application, fd=options.fd)
    arguments.watch_clock()
    server.run()


if __name__ == "__main__":
    main()
