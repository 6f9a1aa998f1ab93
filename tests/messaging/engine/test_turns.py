"""Queues and turns: what waits has a bound, and one device does not stand before all others."""

import asyncio
import threading
from typing import Any

import pytest

from beep.errors import BeepError
from messaging import protocol
from messaging.engine import limits
from messaging.engine.runtime import Engine
from messaging.engine.slow import SlowPath
from messaging.engine.submission import Submission
from messaging.engine.writer import Writer
from tests.messaging.engine.client import Inside, inside
from tests.messaging.engine.factory import Actor, Talk, body

Pair = tuple[Actor, Actor, Talk]


def _submission(device: bytes, chat: Talk, counter: int, *, size: int = 300) -> Submission:
    frame = protocol.Send(
        id=counter,
        conversation=chat.id,
        generation=1,
        epoch=1,
        counter=counter,
        body=body(chat.group_id, size=size),
    )
    return Submission(frame, device=device, person=b"p" * 16, session=b"s" * 16, resolve=lambda _: None)


async def test_a_batch_takes_one_of_each_device_in_turn() -> None:
    chat = Talk(b"c" * 16, b"g" * 32, 0)
    writer = Writer(lambda _: None)
    for counter in range(1, 65):
        writer.submit(_submission(b"hostile" + bytes(9), chat, counter, size=60_000))
    for index in range(5):
        for counter in (1, 2):
            writer.submit(_submission(b"honest" + bytes([index]) * 10, chat, counter))
    first = writer._take()
    honest = [s for s in first if s.device.startswith(b"honest")]
    assert len(honest) == 10, "nobody waits for more than a batch, whatever came before"
    assert sum(len(s.body) for s in first if s not in honest) <= limits.BATCH_SHARE + (1 << 16)
    taken = list(first)
    while len(writer):
        taken += writer._take()
    counters = [s.counter for s in taken if s.device.startswith(b"hostile")]
    assert counters == list(range(1, 65)), "a device's own stay in order"
    assert (writer._count, writer._bytes, len(writer._lanes)) == (0, 0, 0)


async def test_the_writers_queue_is_bounded_in_number_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    chat = Talk(b"c" * 16, b"g" * 32, 0)
    monkeypatch.setattr(limits, "QUEUE", 3)
    writer = Writer(lambda _: None)
    for counter in range(1, 4):
        writer.submit(_submission(b"d" * 16, chat, counter))
    with pytest.raises(BeepError) as full:
        writer.submit(_submission(b"e" * 16, chat, 1))
    assert (full.value.code, full.value.retry_after) == ("busy", limits.BUSY_RETRY)
    monkeypatch.setattr(limits, "QUEUE", 100)
    monkeypatch.setattr(limits, "QUEUE_BYTES", 5_000)
    with pytest.raises(BeepError):
        writer.submit(_submission(b"e" * 16, chat, 1, size=5_000))
    writer.submit(_submission(b"e" * 16, chat, 1))


async def test_threads_go_round_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WORKERS", 1)
    path, done, gate = SlowPath(), list[str](), threading.Event()

    def work(name: str) -> str:
        done.append(name)
        return name

    first = asyncio.ensure_future(path.call(b"hostile", gate.wait))
    flood = [asyncio.ensure_future(path.call(b"hostile", work, "hostile")) for _ in range(20)]
    other = asyncio.ensure_future(path.call(b"honest", work, "honest"))
    gone = asyncio.ensure_future(path.call(b"gone", work, "gone"))
    await asyncio.sleep(0)
    assert len(path) == 22
    monkeypatch.setattr(limits, "SLOW_QUEUE", 22)
    with pytest.raises(BeepError) as full:
        await path.call(b"late", work, "late")
    assert full.value.code == "busy"
    gone.cancel()
    gate.set()
    assert await other == "honest"
    assert done.index("honest") <= 1, "behind one of the other's, not behind twenty"
    assert await asyncio.gather(first, *flood) == [True, *["hostile"] * 20]
    assert "gone" not in done
    assert (len(path), path._free) == (0, 1)
    await asyncio.get_running_loop().run_in_executor(None, path.stop)


async def test_a_failing_call_gives_its_thread_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WORKERS", 1)
    path = SlowPath()

    def fail() -> None:
        raise BeepError("conflict")

    for _ in range(3):
        with pytest.raises(BeepError):
            await path.call(b"d", fail)
    gate = threading.Event()
    gone = asyncio.ensure_future(path.call(b"d", gate.wait))
    await asyncio.sleep(0)
    gone.cancel()
    gate.set()
    assert await path.call(b"d", lambda: 7) == 7, "a call that nobody waits for gives it back as well"
    await asyncio.get_running_loop().run_in_executor(None, path.stop)


async def test_pages_of_one_socket_are_read_a_few_at_a_time(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    from messaging.engine import reads

    page, at_once, most = reads.page, 0, 0

    async def counting(*given: Any, **named: Any) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            return await page(*given, **named)
        finally:
            at_once -= 1

    monkeypatch.setattr(reads, "page", counting)
    one, _, chat = pair
    async with inside(one) as client:
        asked = [client.next_id() for _ in range(20)]
        for id_ in asked:
            await client.post(protocol.Fetch(id=id_, conversation=chat.id, after=0, limit=1))
        for id_ in asked:
            assert (await client.answer(id_)).last_seq == 1
    assert 1 <= most <= limits.PAGES


async def test_a_flood_is_read_slowly_and_others_are_answered(engine: Engine, pair: Pair) -> None:
    """Past its rate a socket is not read for a while: its inbox fills, and the loop has time for others."""
    engine.allowances.devices.rate, engine.allowances.devices.burst = 1.0, 50.0
    one, two, _ = pair
    async with inside(two) as other:
        flood = await Inside(one).open()
        await flood.hello()
        for _ in range(150):
            await flood.post(protocol.Ping(id=flood.next_id()))
        answered = 0
        for _ in range(10):
            assert isinstance(await other.ask(protocol.Ping), protocol.Ok)
            answered += 1
        assert answered == 10
        assert await flood.closed(120) == protocol.CLOSE_RATE
        refused = [frame for frame in flood.unread if isinstance(frame, protocol.Refused)]
        assert len(refused) >= limits.FREE_REFUSALS
        assert {frame.code for frame in refused} == {"rate_limited"}
