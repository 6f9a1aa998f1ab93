"""A lying server for browser stories: a proxy in front of the real one that changes what the socket says.

Chromium is told to use it as its HTTP proxy, so that page, origin and cookies stay the real server's. HTTP is
passed on as it is. A WebSocket is opened without compression; each frame of the server is decoded with
`messaging.protocol`, shown to the `rule`, and what the rule answers is told instead. The client's side is
passed on byte for byte.
"""

import asyncio
import struct
import threading
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlsplit

import msgspec

from messaging import protocol
from messaging.protocol import Envelope, ServerFrame

Rule = Callable[[ServerFrame], Iterable[ServerFrame]]
"""One frame of the server → what the client is told instead: nothing, the frame, others."""

HEAD_LIMIT: Final = 65_536
CHUNK: Final = 65_536
BINARY: Final = 0x2
CONTINUATION: Final = 0x0
FIN: Final = 0x80


def honest(frame: ServerFrame) -> list[ServerFrame]:
    """Says what it hears."""
    return [frame]


def on_envelopes(change: Callable[[Envelope], Envelope | None]) -> Rule:
    """Change or leave out (None) envelopes, live ones and those in pages."""

    def rule(frame: ServerFrame) -> list[ServerFrame]:
        if not isinstance(frame, protocol.Envelopes | protocol.Page):
            return [frame]
        changed = [told for envelope in frame.envelopes if (told := change(envelope)) is not None]
        if isinstance(frame, protocol.Envelopes) and not changed:
            return []
        return [msgspec.structs.replace(frame, envelopes=changed)]

    return rule


@dataclass(eq=False)
class _Line:
    """One client's socket: where invented frames are written."""

    writer: asyncio.StreamWriter
    recent: list[ServerFrame] = field(default_factory=list)


class Liar:
    """Runs in a thread of its own; `rule` may be replaced at any time."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream: Final = (parts.hostname or "localhost", parts.port or 80)
        self.rule: Rule = honest
        self.heard: list[ServerFrame] = []
        """Everything that the server said, in order."""
        self._lines: set[_Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: Final = asyncio.new_event_loop()
        self._ready: Final = threading.Event()
        self._port = 0
        self._thread: Final = threading.Thread(target=self._run, name="liar", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(60):
            raise TimeoutError("the proxy did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def proxy(self) -> dict[str, str]:
        """What a browser context takes as its `proxy`; addresses of this machine are proxied as well."""
        return {"server": f"http://127.0.0.1:{self._port}", "bypass": "<-loopback>"}

    def say(self, frame: ServerFrame) -> None:
        """Tell every connected client something that the server never said."""
        self._loop.call_soon_threadsafe(self._say, frame)

    def hang_up(self) -> None:
        """End every socket, so that the clients come back and ask again."""
        self._loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        for line in self._lines:
            line.writer.close()

    def _say(self, frame: ServerFrame) -> None:
        for line in self._lines:
            line.writer.write(_message(protocol.encode(frame)))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._accepted, "127.0.0.1", 0, limit=HEAD_LIMIT)
        )
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()

    def _keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A tunnel to a WebSocket, or one request in absolute form (RFC 9112 §3.2.2)."""
        self._keep(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"CONNECT "):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
            await self._pass_on(head, reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # either side hung up: the browser tries again
        finally:
            writer.close()

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, out = await asyncio.open_connection(*self._upstream, limit=1 << 22)
        try:
            socket = b"upgrade: websocket" in head.lower()
            out.write(_rewritten(head, socket=socket))
            up = self._keep(_pipe(reader, out))
            if socket:
                await self._lie(upstream, writer)
            else:
                await _pipe(upstream, writer)
            up.cancel()
        finally:
            out.close()

    async def _lie(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await upstream.readuntil(b"\r\n\r\n"))
        line = _Line(writer)
        self._lines.add(line)
        try:
            message = b""
            while True:
                first, payload, raw = await _frame(upstream)
                opcode = first & 0x0F
                if opcode not in (BINARY, CONTINUATION):
                    writer.write(raw)
                    continue
                message += payload
                if not first & FIN:
                    continue
                for told in self._judge(message):
                    writer.write(_message(told))
                message = b""
                await writer.drain()
        finally:
            self._lines.discard(line)

    def _judge(self, message: bytes) -> list[bytes]:
        frame = protocol.decode_server_frame(message)
        self.heard.append(frame)
        return [protocol.encode(told) for told in self.rule(frame)]


def _rewritten(head: bytes, *, socket: bool) -> bytes:
    """The request as an origin server wants it: origin form, one request a connection, no compression."""
    start, *fields = head.decode("latin-1").split("\r\n")
    method, target, version = start.split(" ", 2)
    if target.startswith("http://"):
        parts = urlsplit(target)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    dropped = ("proxy-", "sec-websocket-extensions:") + (() if socket else ("connection:",))
    kept = [line for line in fields if not line.lower().startswith(dropped)]
    if not socket:
        kept.insert(0, "Connection: close")
    return "\r\n".join([f"{method} {target} {version}", *kept]).encode("latin-1")


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()


async def _frame(reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
    """First byte, payload and raw bytes of one unmasked frame (RFC 6455 §5.2)."""
    raw = await reader.readexactly(2)
    length = raw[1] & 0x7F
    if length == 126:
        extended = await reader.readexactly(2)
        (length,) = struct.unpack("!H", extended)
        raw += extended
    elif length == 127:
        extended = await reader.readexactly(8)
        (length,) = struct.unpack("!Q", extended)
        raw += extended
    payload = await reader.readexactly(length)
    return raw[0], payload, raw + payload


def _message(payload: bytes) -> bytes:
    """One whole binary message, unmasked as a server's are."""
    length = len(payload)
    if length < 126:
        size = struct.pack("!B", length)
    elif length < 1 << 16:
        size = struct.pack("!BH", 126, length)
    else:
        size = struct.pack("!BQ", 127, length)
    return bytes([FIN | BINARY]) + size + payload
