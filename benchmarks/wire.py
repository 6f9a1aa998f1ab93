"""The least WebSocket client that can load a server: an asyncio protocol without queues, tasks or checks.

A mask of four zero bytes is a valid mask (RFC 6455 §5.3) and leaves the payload as it is.
"""

import asyncio
import base64
import os
import struct
import time
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec

from messaging import protocol
from tests.messaging.engine.bodies import body

AT_ONCE: Final = 50
"""Connections that are being made at the same time."""


class Line(asyncio.Protocol):
    """One connection. `on_frame(line, payload)` hears every message after the handshake."""

    def __init__(self, on_frame: Callable[["Line", bytes], None]) -> None:
        self.on_frame = on_frame
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport
        self.close_code: int | None = None
        self._buffer = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if not self.gone.done():
            self.gone.set_result(None)
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed during the handshake"))

    def data_received(self, data: bytes) -> None:
        """Cut what came into frames."""
        buffer = self._buffer + data if self._buffer else data
        if not self._open:
            head, found, buffer = buffer.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.ready.set_exception(ConnectionError(head[:80].decode(errors="replace")))
                self.transport.close()
                return
            self._open = True
            self.ready.set_result(None)
        position, size = 0, len(buffer)
        while size - position >= 2:
            length, start = buffer[position + 1], position + 2
            if length == 126:
                if size < start + 2:
                    break
                length, start = int.from_bytes(buffer[start : start + 2], "big"), start + 2
            elif length == 127:
                if size < start + 8:
                    break
                length, start = int.from_bytes(buffer[start : start + 8], "big"), start + 8
            if size < start + length:
                break
            kind, payload = buffer[position] & 15, buffer[start : start + length]
            position = start + length
            if kind == 2:
                self.on_frame(self, payload)
            elif kind == 9:
                self.transport.write(b"\x8a" + bytes([0x80 | length]) + bytes(4) + payload)
            elif kind == 8:
                self.close_code = int.from_bytes(payload[:2], "big")
        self._buffer = buffer[position:]

    def send(self, payload: bytes) -> None:
        """One binary message."""
        size = len(payload)
        if size < 126:
            header = bytes((0x82, 0x80 | size))
        elif size < 1 << 16:
            header = struct.pack(">BBH", 0x82, 0xFE, size)
        else:
            header = struct.pack(">BBQ", 0x82, 0xFF, size)
        self.transport.write(header + b"\0\0\0\0" + payload)


async def connect(port: int, cookie: str, on_frame: Callable[[Line, bytes], None]) -> Line:
    """Connect and shake hands; nothing is said yet."""
    _, line = await asyncio.get_running_loop().create_connection(lambda: Line(on_frame), "127.0.0.1", port)
    key = base64.b64encode(os.urandom(16)).decode()
    request = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin: http://127.0.0.1:{port}\r\n"
        f"Sec-WebSocket-Protocol: {protocol.SUBPROTOCOL}\r\nCookie: {cookie}\r\n\r\n"
    )
    line.transport.write(request.encode())
    await line.ready
    return line


class Seen(msgspec.Struct, gc=False):
    """An envelope as the driver looks at it."""

    seq: int
    counter: int
    device: bytes


class Heard(msgspec.Struct, gc=False):
    """Any server frame: `t`, and what the driver wants of it."""

    t: str
    re: int = 0
    envelopes: list[Seen] = []
    seq: int = 0
    last_seq: int = 0
    code: str = ""


hear = msgspec.msgpack.Decoder(Heard).decode


async def go_live(line: Line) -> None:
    """Hello and resume, with ids 1 and 2."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    after = line.on_frame

    def wait(_: Line, payload: bytes) -> None:
        heard = hear(payload)
        if heard.t == "behind":
            line.on_frame = after
            done.set_result(None)
        elif heard.t != "ready":
            done.set_exception(ConnectionError(f"{heard.t} {heard.code}"))

    line.on_frame = wait
    line.send(protocol.encode(protocol.Hello(id=1, minor=0)))
    line.send(protocol.encode(protocol.Resume(id=2, cursors=[], mailbox=0)))
    await done


async def live(order: dict[str, Any], on_frame: Callable[[Line, bytes], None]) -> list[Line]:
    """Connect everybody, to the workers in turn."""
    gate, ports = asyncio.Semaphore(AT_ONCE), order["ports"]

    async def one(index: int, cookie: str) -> Line:
        async with gate:
            line = await connect(ports[index % len(ports)], cookie, on_frame)
            await go_live(line)
            return line

    return list(await asyncio.gather(*(one(i, m["cookie"]) for i, m in enumerate(order["members"]))))


class Sender:
    """A device that sends into one conversation, each message with the next counter."""

    def __init__(self, line: Line, talk: dict[str, str], counter: int, *, size: int) -> None:
        self.line = line
        self.conversation = bytes.fromhex(talk["id"])
        self.body = body(bytes.fromhex(talk["group_id"]), size=size)
        self.counter = counter
        self.sent_at: dict[int, float] = {}
        """Counter → when it was sent."""
        self.asked: dict[int, int] = {}
        """Request id → counter."""
        self.last_id = 2

    def go(self, count: int) -> None:
        """Send the next `count` messages."""
        for _ in range(count):
            self.counter += 1
            self.last_id += 1
            self.asked[self.last_id] = self.counter
            self.sent_at[self.counter] = time.perf_counter()
            frame = protocol.Send(
                id=self.last_id,
                conversation=self.conversation,
                generation=1,
                epoch=1,
                counter=self.counter,
                body=self.body,
            )
            self.line.send(protocol.encode(frame))

    def waiting(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self.asked)

    def answered(self, re: int) -> float:
        """Milliseconds from sending to `sent`."""
        return (time.perf_counter() - self.sent_at[self.asked.pop(re)]) * 1000
