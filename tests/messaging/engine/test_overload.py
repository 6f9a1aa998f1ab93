"""Limits, queues and turns: what one device can take from the others, and from the process."""

import asyncio
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
import redis.asyncio
from django.conf import settings

from beep.errors import BeepError
from messaging import protocol
from messaging.engine import doors, limits, rate
from messaging.engine.allowances import Allowances, Kind
from messaging.engine.doors import Doors
from messaging.engine.reads import Session
from messaging.engine.runtime import Engine
from messaging.engine.slow import SlowPath
from messaging.engine.submission import Submission
from messaging.engine.writer import Writer
from messaging.servers import reading
from tests.messaging.engine.client import Inside, inside
from tests.messaging.engine.factory import Actor, Talk, body
from tests.support.databases import TestDatabase

Pair = tuple[Actor, Actor, Talk]


class Clock:
    """`time.monotonic` for the buckets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000.0
        monkeypatch.setattr("messaging.engine.rate.time.monotonic", lambda: self.now)


# --- Buckets ------------------------------------------------------------------------------------------------


def test_a_bucket_holds_its_rate_and_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    bucket = rate.Bucket(10.0, 5.0)
    assert [bucket.take() for _ in range(5)] == [0.0] * 5
    assert bucket.take() == pytest.approx(0.1)
    clock.now += 0.1
    assert bucket.take() == 0.0
    assert bucket.take() > 0
    clock.now += 60
    assert bucket.full
    assert sum(bucket.take() == 0.0 for _ in range(100)) == 5, (
        "no more than the burst, however long one waits"
    )
    assert bucket.used == 11


def test_a_dear_request_is_paid_for_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    bucket = rate.Bucket(10.0, 5.0)
    assert bucket.take(20.0) == 0.0, "on credit, or nobody could ever ask for it"
    assert bucket.take() == pytest.approx(1.6)
    bucket.charge(10.0)
    assert bucket.take(0.0) == pytest.approx(2.6)
    clock.now += 2.6
    assert bucket.take() == 0.0


def test_an_infinite_bucket_never_refuses() -> None:
    bucket = rate.Bucket(math.inf, math.inf)
    assert {bucket.take(1e9) for _ in range(100)} == {0.0}


def test_buckets_outlive_sockets_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    monkeypatch.setattr(limits, "BUCKETS", 20)
    kind = Kind(b"", 1.0, 2.0)
    first = kind.of(b"first")
    first.take()
    assert kind.of(b"first") is first
    for index in range(100):
        kind.of(b"%d" % index).take()
        assert len(kind.buckets) <= 20
    held = kind.of(b"held")
    held.held += 1
    clock.now += 60
    kind.forget()
    assert set(kind.buckets) == {b"held"}, "full ones are like new ones; one in use is not doubled"


async def test_two_processes_share_one_rate(
    fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sets of buckets and one Valkey: a burst each at once, and then nothing until the debt is paid."""
    here, there = Allowances(), Allowances()
    device = b"d" * 16
    one, two = here.device(device), there.device(device)
    burst = protocol.MAX_BURST
    for bucket in (one, two):
        assert sum(bucket.take() == 0.0 for _ in range(2 * burst)) >= burst
    async with redis.asyncio.Redis.from_url(settings.VALKEY_URL) as client:
        await here.reconcile(client)
        await there.reconcile(client)
        assert one.used == two.used == 0
        assert one.take() < 2.0, "it came first and knows of its own"
        # The second heard of both bursts: ten seconds of debt against a depth of five.
        assert two.take() > 0.8 * burst / protocol.MAX_RATE
        await here.reconcile(client)
        assert one.take() < 2.0, "nothing to tell, nothing asked"
        one.charge(100)
        await here.reconcile(client)
        assert one.take() > 0.8 * burst / protocol.MAX_RATE, "told, it hears of the other's as well"


async def test_who_asks_little_is_not_told_of(fresh_database: TestDatabase) -> None:
    allowances = Allowances()
    quiet, busy = allowances.device(b"q" * 16), allowances.device(b"b" * 16)
    quiet.take()
    for _ in range(50):
        busy.take()
    async with redis.asyncio.Redis.from_url(settings.VALKEY_URL) as client:
        await allowances.reconcile(client)
        assert await client.exists("beep:limit:d:" + (b"b" * 16).hex()) == 1
        assert await client.exists("beep:limit:d:" + (b"q" * 16).hex()) == 0
        # Valkey forgets its scripts with a restart.
        await client.script_flush()
        for _ in range(50):
            busy.take()
        await allowances.reconcile(client)
        assert busy.used == 0


# --- Sockets ------------------------------------------------------------------------------------------------


async def test_a_new_socket_is_no_new_bucket(engine: Engine, pair: Pair) -> None:
    engine.allowances.devices.rate, engine.allowances.devices.burst = 0.01, 6.0
    client = await Inside(pair[0]).open()
    await client.hello()
    for _ in range(5):
        assert isinstance(await client.ask(protocol.Ping), protocol.Ok)
    assert (await client.ask(protocol.Ping)).code == "rate_limited"
    await client.leave()
    again = await Inside(pair[0]).open()
    refused = await again.ask(protocol.Hello, minor=0)
    assert refused.code == "rate_limited"
    assert refused.retry_after > 1
    await again.leave()


async def test_a_persons_devices_share_a_bucket(engine: Engine, pair: Pair) -> None:
    one, two, _ = pair
    engine.allowances.person(two.person.bytes).held += 1
    engine.allowances.persons.rate, engine.allowances.persons.burst = 0.01, 4.0
    client = await Inside(one).open()
    await client.hello()
    for _ in range(3):
        assert isinstance(await client.ask(protocol.Ping), protocol.Ok)
    assert (await client.ask(protocol.Ping)).code == "rate_limited"
    before = engine.allowances.device(one.device.bytes).used
    assert (await client.ask(protocol.Ping)).code == "rate_limited"
    assert engine.allowances.device(one.device.bytes).used == before, "what is refused costs nothing"
    async with inside(two) as other:
        assert isinstance(await other.ask(protocol.Ping), protocol.Ok)
    await client.leave()


async def test_connections_in_a_loop_are_turned_away_without_a_query(engine: Engine, pair: Pair) -> None:
    engine.doors.tokens.rate, engine.doors.tokens.burst = 0.01, 3.0
    for _ in range(3):
        client = await Inside(pair[0]).open()
        await client.hello()
        await client.leave()
    late = await Inside(pair[0]).open()
    assert await late.closed() == protocol.CLOSE_RATE
    async with inside(pair[1]) as other:
        assert isinstance(await other.ask(protocol.Ping), protocol.Ok)


async def test_strangers_make_a_line_and_lock_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINE", 4)
    at_once, most = 0, 0

    def look_up(found: Session | None) -> Callable[[], Any]:
        async def look() -> Session | None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0)
            at_once -= 1
            return found

        return look

    entrance = Doors()
    for index in range(int(limits.STRANGERS_BURST)):
        assert await entrance.session(look_up(None), token_hash=b"%d" % index, address="192.0.2.1") is None
    assert not entrance.tokens.buckets, "made-up tokens take no room"
    most = 0
    flood = [
        entrance.session(look_up(None), token_hash=b"more %d" % index, address="192.0.2.1")
        for index in range(10)
    ]
    outcomes = await asyncio.gather(*flood, return_exceptions=True)
    assert most == 1, "one after another"
    assert outcomes.count(None) == 4
    assert sum(isinstance(each, BeepError) and each.code == "rate_limited" for each in outcomes) == 6
    session = Session(b"s" * 16, b"p" * 16, b"d" * 16)
    for address in ("192.0.2.1", "192.0.2.2", None):
        found = await entrance.session(
            look_up(session), token_hash=b"good", address=address, cost=doors.ASKING
        )
        assert found == session


class Peer(reading.Metered):
    """A connection that notes when it is read."""

    def __init__(self) -> None:
        self._read, self.due = True, list[tuple[float, Callable[[], None]]]()

    def is_read(self) -> bool:
        return self._read

    def pause(self) -> None:
        assert self._read
        self._read = False

    def resume(self) -> None:
        assert not self._read
        self._read = True

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.due.append((seconds, call))


def test_a_peer_pays_for_the_time_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    peer, now = Peer(), 5.0
    monkeypatch.setattr("messaging.servers.reading.time.thread_time", lambda: now)

    def take(data: bytes) -> None:
        nonlocal now
        now += len(data) / 1000

    peer.metered(take, b"abcd")
    assert peer.is_read(), "what is short is free"
    peer.metered(take, bytes(80))
    assert not peer.is_read()
    peer.hold(reading.LAGGING)
    ((seconds, paid),) = peer.due
    assert seconds == pytest.approx(9 * 0.08), "so that a tenth of the time is the most that it gets"
    paid()
    assert not peer.is_read(), "the application still lags"
    peer.release(reading.LAGGING)
    assert peer.is_read()
    peer.release(reading.LAGGING)
    assert peer.is_read()


# --- Turns --------------------------------------------------------------------------------------------------


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
