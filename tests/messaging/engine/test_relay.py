"""What waits for Valkey leaves in parcels of a bounded size, in order, each item once."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings

from messaging.engine import limits
from messaging.engine.relay import MISSED, Relay
from tests.messaging.engine.processes import proxy
from tests.messaging.engine.waiting import PATIENCE
from tests.support.databases import TestDatabase


def relay() -> Relay:
    """One that is never started: nothing leaves unless it is taken."""
    return Relay(
        on_shared=lambda *_: None,
        on_notice=lambda _: None,
        on_return=lambda: None,
    )


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the loop will bring about."""
    for _ in range(6_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def test_parcels_are_bounded_and_keep_the_order() -> None:
    out = relay()
    for seq in range(1, 8):
        out.share(bytes(16), seq, seq, bytes(400_000))
    out.notify(b"notice")
    parcels = [out._parcel() for _ in range(5)]
    assert [[shared.first for shared in parcel.shared] for parcel in parcels] == [
        [1, 2],
        [3, 4],
        [5, 6],
        [7],
        [],
    ]
    assert [parcel.notices for parcel in parcels] == [[], [], [], [b"notice"], []]
    assert all(sum(len(s.payload) for s in p.shared) <= limits.PARCEL_BYTES for p in parcels)


async def test_an_item_larger_than_a_parcel_goes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PARCEL_BYTES", 10)
    out = relay()
    out.share(bytes(16), 1, 1, bytes(50))
    out.notify(b"1234567890")
    assert (len(out._parcel().shared), out._parcel().notices) == (1, [b"1234567890"])


async def test_what_finds_no_room_is_dropped_and_room_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RELAY_BYTES", 10)
    out = relay()
    for notice in (b"123456", b"too much", b"1234"):
        out.notify(notice)
    assert out._parcel().notices == [b"123456", b"1234"]
    out.notify(b"1234567890")
    assert out._parcel().notices == [b"1234567890"]


async def test_what_may_have_been_lost_on_the_way_is_told_to_the_others(
    fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hearer's own line is well: without a word it would not look before the next sweep."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    listening = asyncio.Event()
    hearer = Relay(on_shared=lambda *_: None, on_notice=heard.put_nowait, on_return=listening.set)
    hearer.start()
    await asyncio.wait_for(listening.wait(), PATIENCE)
    parts = urlsplit(fresh_database.urls.valkey)
    async with proxy(parts.port or 0) as line:
        netloc = parts.netloc.replace(f":{parts.port}", f":{line.port}")
        monkeypatch.setattr(settings, "VALKEY_URL", urlunsplit(parts._replace(netloc=netloc)))
        teller = relay()
        teller.start()
        teller.notify(b"before")
        assert await asyncio.wait_for(heard.get(), PATIENCE) == b"before"
        line.cut()
        teller.notify(b"lost")
        await asyncio.sleep(0.3)
        line.mend()
        while (notice := await asyncio.wait_for(heard.get(), PATIENCE)) != MISSED:
            assert notice == b"lost", "or it came all the same"
        await teller.stop()
    await hearer.stop()


async def test_what_waits_leaves_before_the_end(fresh_database: TestDatabase) -> None:
    """Otherwise the last messages before a restart would reach other processes by their next look only."""
    heard: list[int] = []
    there = Relay(
        on_shared=lambda _conversation, first, _last, _outgoing: heard.append(first),
        on_notice=lambda _: None,
        on_return=lambda: None,
    )
    here = relay()
    there.start()
    here.start()
    try:
        await until(lambda: there.up)
        for seq in range(1, 8):
            here.share(bytes(16), seq, seq, bytes(400_000))
        await here.drain()
        await here.stop()
        await until(lambda: len(heard) >= 7)
    finally:
        await here.stop()
        await there.stop()
    assert heard == list(range(1, 8))
