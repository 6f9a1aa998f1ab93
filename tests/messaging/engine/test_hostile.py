"""Hostile clients against both servers: the process stays up and small, and the others keep being served.

Ten seconds a server here; `HOSTILE_SECONDS=600` is the form of `make soak`, which also holds the honest ones'
rate with and without hostile ones against each other. What is printed are the figures for docs/benchmarks.md.
"""

import asyncio
import os
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async

from messaging import protocol
from messaging.engine import tasks
from tests.messaging.engine import hostile as clients_of_ill_will
from tests.messaging.engine.client import Outside, connect
from tests.messaging.engine.factory import Actor, Talk, actors, talk, talks
from tests.messaging.engine.processes import ROOT, SERVERS, ServerProcess, server
from tests.support.databases import TestDatabase

KINDS = tuple(kind.__name__ for kind in clients_of_ill_will.KINDS)
SECONDS = float(os.environ.get("HOSTILE_SECONDS", "0"))
"""0: the suite's short form."""
PHASE = SECONDS / 20 if SECONDS else 2.0
"""Seconds of one phase, a tenth where one kind is measured; calm and hostile ones take turns."""
PHASES = 20 if SECONDS else 2
PAIRS = 12
PACE = 0.6 * protocol.MAX_RATE
"""Messages a second of one honest sender at most: who stays below the rate is never refused."""
GROWTH = 64 << 20
"""Bytes by which the process may grow: every buffer of the dozen hostile sockets at its bound
(`limits.BUFFER` out, as much in the kernel's favour, and one `websocket_max_message_size` in) stays far below
what one client without bounds takes in a second."""


@sync_to_async
def cast() -> tuple[list[tuple[Actor, Actor, Talk]], list[Actor], Talk]:
    """Honest pairs, hostile actors, and a conversation that those share."""
    pairs = [actors(2) for _ in range(PAIRS)]
    chats = talks(pairs)
    hostile = actors(8)
    shared = talk(hostile[:2])
    return [(one, two, chat) for (one, two), chat in zip(pairs, chats, strict=True)], hostile, shared


def resident(pid: int) -> int:
    """Bytes of memory that the process has."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) << 10


class Honest:
    """A pair that talks, one message at a time and no faster than allowed, and counts what has arrived."""

    def __init__(self, sender: Outside, receiver: Outside, chat: Talk) -> None:
        self.arrived = 0
        self._sender, self._receiver, self._chat = sender, receiver, chat

    async def talk(self) -> None:
        """Until cancelled; fails with whatever an honest client should never see."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + 1 / PACE
            answer = await self._sender.send(self._chat)
            assert isinstance(answer, protocol.Sent), answer
            heard = await self._receiver.envelopes(self._chat.id, until=answer.seq)
            assert heard[-1].seq == answer.seq
            self.arrived += 1
            await asyncio.sleep(due - loop.time())


@contextmanager
def attack(process: ServerProcess, parts: dict[str, Actor], shared: Talk) -> Iterator[None]:
    """Hostile clients of these kinds for as long as the block lasts."""
    words = [f"{name}:{actor.cookie}" for name, actor in parts.items()]
    hostile = subprocess.Popen(
        [sys.executable, "-m", "tests.messaging.engine.hostile", str(process.port), shared.id.hex(), *words],
        cwd=ROOT,
    )
    try:
        yield
        assert hostile.poll() is None, "they have not given up"
    finally:
        hostile.kill()
        hostile.wait()


@asynccontextmanager
async def company(
    process: ServerProcess, pairs: list[tuple[Actor, Actor, Talk]]
) -> AsyncIterator[list[Honest]]:
    """The honest pairs, connected; at the end each of them is still served."""
    honest, clients = [], list[Outside]()
    for one, two, chat in pairs:
        for actor in (one, two):
            client = await connect(actor, process.port)
            await client.hello()
            await client.resume()
            clients.append(client)
        honest.append(Honest(clients[-2], clients[-1], chat))
    yield honest
    assert process.process.poll() is None
    for client in clients:
        assert isinstance(await client.ask(protocol.Ping), protocol.Ok)
        await client.leave()


async def _phases(
    process: ServerProcess,
    honest: list[Honest],
    parts: dict[str, Actor],
    shared: Talk,
    *,
    length: float = PHASE,
) -> tuple[list[float], list[float], int]:
    """(calm rates, rates beside hostile clients) in messages a second, and the most memory that was seen."""
    loop, most = asyncio.get_running_loop(), 0
    rates: tuple[list[float], list[float]] = [], []
    talking = [loop.create_task(pair.talk()) for pair in honest]
    try:
        for phase in range(PHASES):
            beset = bool(phase % 2)
            with attack(process, parts, shared) if beset else nullcontext():
                # A process takes a moment to start.
                await asyncio.sleep(1.0 if beset else 0.2)
                before, began = sum(pair.arrived for pair in honest), loop.time()
                while loop.time() < began + length:
                    await asyncio.sleep(0.2)
                    most = max(most, resident(process.process.pid))
                    assert not any(task.done() for task in talking), "somebody honest has given up"
                rates[beset].append((sum(pair.arrived for pair in honest) - before) / (loop.time() - began))
    finally:
        await tasks.cancel(*talking)
        # Why they gave up, all of them: what nobody asks for is told from a destructor, wherever that runs.
        ended = await asyncio.gather(*talking, return_exceptions=True)
        failures = [error for error in ended if isinstance(error, Exception)]
        if failures:
            raise ExceptionGroup("honest pairs gave up", failures)
    return *rates, most


@pytest.mark.parametrize("kind", SERVERS)
async def test_hostile_clients_neither_end_nor_fill_nor_stop_a_server(
    kind: str, fresh_database: TestDatabase, tmp_path: Path
) -> None:
    pairs, hostile, shared = await cast()
    parts = dict(zip(KINDS, hostile, strict=True))
    with server(kind, fresh_database.environment(), tmp_path / "log") as process:
        async with company(process, pairs) as honest:
            # Once through everything, so that what every process loads once is loaded.
            with attack(process, parts, shared):
                await asyncio.sleep(2.0)
            base = resident(process.process.pid)
            calm, beset, most = await _phases(process, honest, parts, shared)
            assert most - base < GROWTH
            assert min(beset) > 0, "served in every phase"
    alone, beside = statistics.median(calm), statistics.median(beset)
    sys.stderr.write(
        f"\n{kind}: {alone:.0f} messages/s alone, {beside:.0f} beside {len(parts)} hostile clients"
        f" ({beside / alone:.0%}); grew by {(most - base) >> 20} MiB (bound {GROWTH >> 20})\n"
    )


@pytest.mark.skipif(not SECONDS, reason="a soak: one hostile device against the others' rate")
@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("what", KINDS)
async def test_one_hostile_device_takes_no_tenth_of_the_others(
    kind: str, what: str, fresh_database: TestDatabase, tmp_path: Path
) -> None:
    """Medians of phases that take turns, on a machine that is otherwise quiet."""
    pairs, hostile, shared = await cast()
    with server(kind, fresh_database.environment(), tmp_path / "log") as process:
        async with company(process, pairs) as honest:
            calm, beset, _ = await _phases(process, honest, {what: hostile[0]}, shared, length=PHASE / 10)
    share = statistics.median(beset) / statistics.median(calm)
    sys.stderr.write(f"\n{kind}, {what}: {share:.1%} of the others' rate is left\n")
    assert share > 0.9
