"""A slow network on loopback: a TCP proxy with a bandwidth, a delay and stalls. It needs no rights.

What is shared is the link, as on a radio: all connections through it take turns at one token bucket each way.
Delay holds every piece back without changing the bandwidth. Loss shows itself to TCP's users as a stall,
because a retransmission holds up all that comes behind it; so pieces of one packet's size are stalled at
random, with a seed, for a retransmission's time. Pieces behind a stalled one keep their order. Opening a
connection costs one round trip more, as TCP's handshake does.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

PACKET: Final = 1_360
"""Bytes of payload in a packet of a mobile network."""
HEADERS: Final = 40
"""Bytes of IP and TCP before them."""
AHEAD: Final = 64 << 10
"""Bytes that the link has taken from one end and not delivered; what is more waits in the sender's socket."""


@dataclass(frozen=True)
class Profile:
    """A network. Bandwidths in bits a second, `round_trip` in seconds, `loss` a share of packets."""

    name: str
    down: float
    up: float
    round_trip: float
    loss: float


SECOND_GENERATION: Final = Profile("2g", down=40_000, up=20_000, round_trip=0.6, loss=0.02)
"""EDGE at the edge of its cell."""
THIRD_GENERATION: Final = Profile("3g", down=780_000, up=330_000, round_trip=0.2, loss=0.0)
WIRE: Final = Profile("wire", down=100e6, up=100e6, round_trip=0.001, loss=0.0)
"""Nearly none of it: what the server and the protocol take themselves."""


class Direction:
    """One way of the link."""

    def __init__(self, bandwidth: float, delay: float, loss: float, chance: random.Random) -> None:
        self.bytes = 0
        """Of payload that has been carried."""
        self.packets = 0
        self._seconds_a_byte: Final = 8 / bandwidth
        self._delay: Final = delay
        self._loss: Final = loss
        self._chance: Final = chance
        self._free_at = 0.0

    def carry(self, size: int) -> float:
        """Put a packet with `size` bytes of payload on the link; when it arrives, by the loop's clock."""
        now = asyncio.get_running_loop().time()
        self.bytes += size
        self.packets += 1
        self._free_at = max(now, self._free_at) + (size + HEADERS) * self._seconds_a_byte
        # The time after which TCP sends again what was not acknowledged (RFC 6298 §2, about two round trips).
        stall = 4 * self._delay if self._chance.random() < self._loss else 0.0
        return self._free_at + self._delay + stall

    @property
    def on_the_wire(self) -> int:
        """Bytes with IP and TCP headers; acknowledgements that carry nothing are not counted."""
        return self.bytes + self.packets * HEADERS


class SlowLink:
    """The link between clients of `port` and a server on `target`."""

    def __init__(self, profile: Profile, target: int, *, seed: int = 1) -> None:
        self.profile: Final = profile
        self.port = 0
        self.connections = 0
        chance = random.Random(seed)
        half = profile.round_trip / 2
        self.down: Final = Direction(profile.down, half, profile.loss, chance)
        self.up: Final = Direction(profile.up, half, profile.loss, chance)
        self._target: Final = target

    def moved(self) -> tuple[int, int]:
        """Bytes up and down until now, with headers."""
        return self.up.on_the_wire, self.down.on_the_wire

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        await asyncio.sleep(self.profile.round_trip)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(_carry(reader, far_writer, self.up), _carry(far_reader, writer, self.down))
        finally:
            writer.close()
            far_writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction) -> None:
    """One way of one connection, to its end."""
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(AHEAD // PACKET)
    delivering = asyncio.ensure_future(_deliver(queue, writer))
    try:
        while data := await reader.read(PACKET):
            await queue.put((way.carry(len(data)), data))
        await queue.put((way.carry(0), b""))
        await delivering
    except OSError:
        # Either end has hung up.
        pass
    finally:
        delivering.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await delivering
        writer.close()


async def _deliver(queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due, data = await queue.get()
        await asyncio.sleep(max(0.0, due - loop.time()))
        if not data:
            return
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def slow_link(profile: Profile, target: int, *, seed: int = 1) -> AsyncIterator[SlowLink]:
    """A link that listens on `link.port`."""
    link = SlowLink(profile, target, seed=seed)
    tasks: set[asyncio.Task[None]] = set()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(link.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accepted, "127.0.0.1", 0, limit=PACKET)
    link.port = listener.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
