"""uvicorn with the extension: `python -m messaging.servers.uvicorn --host … --port …`."""

import asyncio
import socket
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState

from beep import operations
from messaging.engine import limits
from messaging.engine.outlet import EXTENSION
from messaging.servers import arguments

if TYPE_CHECKING:
    from websockets.http11 import Request

CLOSE_PATIENCE: Final = 5.0
"""Seconds that a peer may take to answer a close frame before the connection is cut."""


class Transport:
    """`engine.outlet.FrameTransport` over an asyncio transport."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: "SocketProtocol") -> None:
        self._protocol = protocol

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


class SocketProtocol(WebSocketsSansIOProtocol):
    """Reads ahead a little instead of pausing after every message, and offers the extension."""

    def handle_connect(self, event: "Request") -> None:
        """Offer the extension before the application starts, which the base class schedules."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            offered: dict[str, Any] = {**(self.scope["extensions"] or {}), EXTENSION: Transport(self)}
            self.scope["extensions"] = offered

    def send_receive_event_to_app(self) -> None:
        """Queue one message; pause reading when the application lags behind."""
        if self.close_sent:
            self.frames = []
            return
        if self.curr_msg_data_type == "text":
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        if not self.read_paused and self.queue.qsize() >= limits.READ_AHEAD:
            self.read_paused = True
            self.transport.pause_reading()

    async def receive(self) -> Any:
        """The next message; reading goes on when half of them are taken."""
        message = await self.queue.get()
        if self.read_paused and self.queue.qsize() <= limits.READ_AHEAD // 2:
            self.read_paused = False
            self.transport.resume_reading()
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
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # Not close(): that would wait for a reader who may be the reason.
        self.close_timer = self.loop.call_later(CLOSE_PATIENCE, self.transport.abort)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code})


class Server(uvicorn.Server):
    """Drains the engine before it closes connections."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called on SIGTERM and SIGINT."""
        for server in self.servers:
            server.close()
        runtime = sys.modules.get("messaging.engine.runtime")
        if runtime is not None:
            await runtime.drain()
            await self._peers_close()
        await super().shutdown(sockets)

    async def _peers_close(self) -> None:
        """Let close frames be answered: cutting a line with unread data in it would lose our frame."""
        deadline = asyncio.get_running_loop().time() + 2.0
        while any(isinstance(connection, SocketProtocol) for connection in self.server_state.connections):
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(0.02)


def make(host: str, port: int, application: str = arguments.APPLICATION) -> Server:
    """A server that is ready to `run()`."""
    return Server(
        uvicorn.Config(
            application,
            host=host,
            port=port,
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
            timeout_graceful_shutdown=10,
        )
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    options = arguments.parse(argv, program="python -m messaging.servers.uvicorn")
    operations.start()
    make(options.host, options.port, options.application).run()


if __name__ == "__main__":
    main()
