"""uvicorn with the extension: `python -m messaging.servers.uvicorn --host … --port …`, or `--fd N`."""

import asyncio
import math
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState

from beep import operations
from messaging.engine import limits
from messaging.engine.outlet import EXTENSION, Take
from messaging.protocol import CLOSE_GOING_AWAY
from messaging.servers import arguments, draining, incoming, listening, memory, readiness, reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from uvicorn._types import ASGISendEvent
    from websockets.frames import Frame
    from websockets.http11 import Request

CLOSE_PATIENCE: Final = 5.0
"""Seconds that a peer may take to answer a close frame before the connection is cut."""


class Transport:
    """`engine.outlet.FrameTransport` over an asyncio transport."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: "SocketProtocol") -> None:
        self._protocol = protocol

    def listen(self, take: Take) -> None:
        """See `FrameTransport`."""
        self._protocol.listen(take)

    def write(self, data: bytes) -> None:
        """The frames are unmasked and uncompressed, so the library's state machine need not see them."""
        if not self._protocol.close_sent and not self._protocol.disconnected:
            self._protocol.transport.write(data)

    def buffered(self) -> int:
        """See `FrameTransport`."""
        return self._protocol.transport.get_write_buffer_size()

    def close(self, code: int) -> None:
        """See `FrameTransport`."""
        self._protocol.close_from_application(code)


class SocketProtocol(listening.Listening, WebSocketsSansIOProtocol):
    """Scans its frames itself, reads ahead a little instead of pausing after every message, and offers the
    extension.
    """

    def pause(self) -> None:
        """See `Metered`."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        """See `Metered`."""
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def later(self, seconds: float, call: "Callable[[], None]") -> None:
        """See `Metered`."""
        self.loop.call_later(seconds, call)

    def data_received(self, data: bytes) -> None:
        """Scan it once the handshake is answered."""
        if self.handshake_complete:
            self.arrived(data)
        elif self.handshake_initiated:
            self.arrived_early(data)
        else:
            self.metered(super().data_received, data)

    async def send(self, message: "ASGISendEvent") -> None:
        """The first may answer the handshake."""
        await super().send(message)
        self.answered()

    def to_library(self, data: bytes) -> None:
        """See `Listening`."""
        super().data_received(data)

    @property
    def over(self) -> bool:
        """See `Listening`."""
        return self.close_sent

    @property
    def gone(self) -> bool:
        """See `Listening`."""
        return self.disconnected

    def handle_ping(self) -> None:
        """Answer, unless the peer takes no answers."""
        if reading.too_much_waits(self.transport.get_write_buffer_size()):
            self.transport.abort()
            return
        super().handle_ping()

    def handle_cont(self, event: "Frame") -> None:
        """One more part of a message."""
        if len(self.frames) >= reading.FRAGMENTS:
            self.transport.abort()
            return
        super().handle_cont(event)

    def handle_connect(self, event: "Request") -> None:
        """Offer the extension before the application starts, which the base class schedules."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            offered: dict[str, Any] = {**(self.scope["extensions"] or {}), EXTENSION: Transport(self)}
            self.scope["extensions"] = offered

    def send_receive_event_to_app(self) -> None:
        """The library has put a message together."""
        data, self.frames = b"".join(self.frames), []
        if self.curr_msg_data_type == "bytes":
            self.message(data)
        elif not self.close_sent:
            # Beep's frames are binary: whatever this says, the endpoint closes.
            self._put({"type": "websocket.receive", "text": data.decode("utf-8", "replace")})

    def queued(self, data: bytes) -> None:
        """See `Listening`."""
        self._put({"type": "websocket.receive", "bytes": data})

    def _put(self, event: Any) -> None:
        self.queue.put_nowait(event)
        if self.queue.qsize() >= limits.READ_AHEAD:
            self.hold(reading.LAGGING)

    def unqueued(self) -> list[bytes]:
        """See `Listening`."""
        return listening.messages_of(self.queue)

    async def receive(self) -> Any:
        """The next message; reading goes on when half of them are taken."""
        message = await self.queue.get()
        if self.queue.qsize() <= limits.READ_AHEAD // 2:
            self.release(reading.LAGGING)
        return message

    def close_from_application(self, code: int) -> None:
        """Close frame behind what was written; cut the line when the peer does not answer it."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.stop_keepalive()
        try:
            self.conn.send_close(code)
        except InvalidState:
            return
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.release(reading.LAGGING)
        # Not close(): that would wait for a reader who may be the reason.
        self.close_timer = self.loop.call_later(CLOSE_PATIENCE, self.transport.abort)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code})


class RequestProtocol(H11Protocol):
    """Ends a connection that does not say in time what it wants. The body is the application's to bound."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A head is due."""
        super().connection_made(transport)
        self._deadline = incoming.Deadline(self._give_up)
        self._deadline.set(incoming.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is due any more."""
        self._deadline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Part of a head, or of a body, whose own deadline then holds."""
        if not self._deadline.running and not self._busy():
            self._deadline.set(incoming.HEAD)
        super().data_received(data)
        if self._busy():
            self._deadline.clear()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From now on another protocol reads."""
        self._deadline.clear()
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """Answered; of a body that was not read to its end little more is waited for."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and not self._busy():
            self._deadline.set(incoming.LINGER)

    def _busy(self) -> bool:
        """Whether a request is being worked on."""
        # None before the first request, whatever the library's annotation says.
        cycle: RequestResponseCycle | None = getattr(self, "cycle", None)
        return cycle is not None and not cycle.response_complete

    def _give_up(self) -> None:
        if not self._busy():
            self.transport.abort()


class Server(uvicorn.Server):
    """Drains the engine before it closes connections."""

    def __init__(self, config: uvicorn.Config, *, fd: int | None = None) -> None:
        super().__init__(config)
        self._inherited: Final = fd

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until SIGTERM or SIGINT, and return."""
        if self._inherited is not None:
            # Not `Config.fd`, which takes the socket for a Unix one and leaves Nagle's algorithm on.
            sockets = [socket.socket(fileno=self._inherited)]
        # The base class raises the signal again when it is through; a drained server has ended well.
        former = {number: signal.signal(number, _heard) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            super().run(sockets)
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Connections are taken afterwards, so whoever waits for that is told."""
        await super().startup(sockets)
        memory.settle()
        readiness.tell(readiness.READY)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, end sockets with 4412 behind what the writer had, finish requests in flight."""
        began = asyncio.get_running_loop().time()
        readiness.tell(readiness.STOPPING)
        for server in self.servers:
            server.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(draining.PATIENCE):
                await asyncio.gather(self._drain_sockets(), asyncio.sleep(draining.IDLE_GRACE))
        left = draining.PATIENCE - (asyncio.get_running_loop().time() - began)
        self.config.timeout_graceful_shutdown = max(1, math.ceil(left))
        await super().shutdown(sockets)

    async def _drain_sockets(self) -> None:
        runtime = sys.modules.get("messaging.engine.runtime")
        if runtime is not None:
            await runtime.drain()
        for connection in self._sockets():
            # Those that the engine does not know yet, having said no hello.
            connection.close_from_application(CLOSE_GOING_AWAY)
        await draining.until(lambda: not self._sockets(), patience=draining.CLOSE_PATIENCE)

    def _sockets(self) -> list[SocketProtocol]:
        return [each for each in self.server_state.connections if isinstance(each, SocketProtocol)]


def _heard(number: int, frame: FrameType | None) -> None:
    pass


def make(host: str, port: int, application: str = arguments.APPLICATION, *, fd: int | None = None) -> Server:
    """A server that is ready to `run()`, on the listening socket `fd` when one is given."""
    return Server(
        uvicorn.Config(
            application,
            host=host,
            port=port,
            http=RequestProtocol,
            timeout_keep_alive=incoming.IDLE,
            backlog=arguments.BACKLOG,
            ws=SocketProtocol,
            ws_max_size=arguments.MESSAGE_LIMIT,
            ws_ping_interval=arguments.PING_INTERVAL,
            ws_ping_timeout=arguments.PING_TIMEOUT,
            # What travels is encrypted, so that compression costs memory and gains nothing.
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            # Its lines name paths with their query; beep.headers writes the access log.
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
        ),
        fd=fd,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    options = arguments.parse(argv, program="python -m messaging.servers.uvicorn")
    operations.start()
    server = make(options.host, options.port, options.application, fd=options.fd)
    arguments.watch_clock()
    server.run()


if __name__ == "__main__":
    main()
