"""Hostile clients, in a process of their own: `python -m tests.messaging.engine.hostile PORT NAME:COOKIE …`.

A process of their own, so that what they cost themselves is not taken from the honest ones' driver, and of
low priority for the same reason. Without Django: all that they know is a cookie and a conversation's id.
"""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import websockets
from websockets.asyncio.client import ClientConnection

from messaging import protocol


class Client:
    """A connection on which ids are counted."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._id = 0

    def next_id(self) -> int:
        self._id += 1
        return self._id

    async def post(self, frame: protocol.ClientFrame) -> None:
        await self.connection.send(protocol.encode(frame))

    async def hello(self) -> None:
        await self.post(protocol.Hello(id=self.next_id(), minor=0))
        await self.connection.recv()

    async def closed(self, patience: float) -> None:
        """Until the server has had enough."""
        async with asyncio.timeout(patience):
            while True:
                await self.connection.recv()


@asynccontextmanager
async def opened(cookie: str, port: int, **options: Any) -> AsyncIterator[Client]:
    """A connection that is cut at the end, whatever its state."""
    connection = await websockets.connect(
        f"ws://127.0.0.1:{port}/ws",
        subprotocols=[websockets.Subprotocol(protocol.SUBPROTOCOL)],
        additional_headers={"Cookie": cookie},
        origin=websockets.Origin(f"http://127.0.0.1:{port}"),
        compression=None,
        proxy=None,
        max_size=None,
        **options,
    )
    try:
        yield Client(connection)
    finally:
        connection.transport.abort()


async def floods(cookie: str, port: int, shared: bytes) -> None:
    """Requests without end, answers unread."""
    async with opened(cookie, port, max_queue=1) as client:
        await client.hello()
        await client.post(protocol.Resume(id=client.next_id(), cursors=[], mailbox=0))
        client.connection.transport.pause_reading()
        while True:
            async with asyncio.timeout(1.0):
                await client.post(protocol.Ping(id=client.next_id()))


async def asks_dearly(cookie: str, port: int, shared: bytes) -> None:
    """The dearest requests, sixty at once."""
    async with opened(cookie, port) as client:
        await client.hello()
        while True:
            cursors = [protocol.Cursor(conversation=os.urandom(16), seq=1) for _ in range(5_000)]
            await client.post(protocol.Resume(id=client.next_id(), cursors=cursors, mailbox=0))
            for _ in range(60):
                await client.post(protocol.SlotsFetch(id=client.next_id(), conversation=shared))
            await client.connection.recv()


async def never_reads(cookie: str, port: int, shared: bytes) -> None:
    """Asks for pages and takes none."""
    async with opened(cookie, port, max_queue=1) as client:
        await client.hello()
        client.connection.transport.pause_reading()
        while True:
            async with asyncio.timeout(1.0):
                await client.post(
                    protocol.Fetch(id=client.next_id(), conversation=shared, after=0, limit=1000)
                )


async def pings(cookie: str, port: int, shared: bytes) -> None:
    """Control frames without end, and empty fragments of a message that never ends."""
    async with opened(cookie, port) as client:
        transport = client.connection.transport
        mask = b"\x00" * 4
        ping = b"\x89\x80" + mask
        transport.write(b"\x02\x80" + mask)
        while not transport.is_closing():
            if transport.get_write_buffer_size() < 1 << 16:
                transport.write((ping * 40 + (b"\x00\x80" + mask)) * 50)
            await asyncio.sleep(0.002)


async def giants(cookie: str, port: int, shared: bytes) -> None:
    """Frames at and beyond every limit."""
    for size in (protocol.MAX_FRAME + 1, 2 << 20, (2 << 20) + 1, 8 << 20):
        async with opened(cookie, port) as client:
            await client.hello()
            await client.connection.send(bytes(size))
            await client.closed(2.0)


async def fuzzes(cookie: str, port: int, shared: bytes) -> None:
    """Almost MessagePack."""
    chance = random.Random(7)
    async with opened(cookie, port) as client:
        await client.hello()
        good = bytearray(
            protocol.encode(protocol.Fetch(id=client.next_id(), conversation=shared, after=0, limit=10))
        )
        for _ in range(chance.randrange(3)):
            good[chance.randrange(len(good))] = chance.randrange(256)
        await client.connection.send(
            chance.choice([bytes(good), b"\xdd\xff\xff\xff\xff", b"\x81" * 5_000, b"\xc1", b""])
        )
        await client.closed(2.0)


async def half_opens(cookie: str, port: int, shared: bytes) -> None:
    """Connections that say nothing, or half a handshake, or a body a byte at a time."""
    announced = "Content-Type: application/json\r\nContent-Length: 100000"
    heads = [
        b"",
        b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgra",
        f"POST /api/v1/sign-in/begin HTTP/1.1\r\nHost: 127.0.0.1\r\n{announced}\r\n\r\n".encode(),
    ]
    writers = []
    for index in range(30):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(heads[index % len(heads)])
        writers.append(writer)
    try:
        while True:
            for writer in writers[2::3]:
                writer.write(b"{")
            await asyncio.sleep(0.2)
    finally:
        for writer in writers:
            writer.transport.abort()


async def comes_and_goes(cookie: str, port: int, shared: bytes) -> None:
    """Opens sockets as fast as it can, with a good session."""
    while True:
        async with opened(cookie, port):
            pass


KINDS: Final[tuple[Callable[[str, int, bytes], Awaitable[None]], ...]] = (
    floods,
    asks_dearly,
    never_reads,
    pings,
    giants,
    fuzzes,
    half_opens,
    comes_and_goes,
)


async def _again_and_again(
    what: Callable[[str, int, bytes], Awaitable[None]], cookie: str, port: int, shared: bytes
) -> None:
    while True:
        with suppress(websockets.WebSocketException, OSError, TimeoutError, EOFError):
            await what(cookie, port, shared)
        await asyncio.sleep(0.05)


async def main(port: int, shared: bytes, parts: list[tuple[str, str]]) -> None:
    """Do what is asked, in the names of these cookies, until killed."""
    kinds = {kind.__name__: kind for kind in KINDS}
    await asyncio.gather(*(_again_and_again(kinds[name], cookie, port, shared) for name, cookie in parts))


if __name__ == "__main__":
    os.nice(10)
    given = [tuple(each.split(":", 1)) for each in sys.argv[3:]]
    asyncio.run(main(int(sys.argv[1]), bytes.fromhex(sys.argv[2]), given))  # type: ignore[arg-type]
