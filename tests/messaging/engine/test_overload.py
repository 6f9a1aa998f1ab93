"""Limits: what one device can take from the others, and from the process."""

import asyncio
import math
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
from messaging.servers import listening, reading
from tests.messaging.engine.client import Inside, inside
from tests.messaging.engine.factory import Actor, Talk
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


REST = 0.5


class Listener(Peer, listening.Listening):
    """The library's messages are empty, and each asks for a rest of `REST` seconds."""

    @property
    def over(self) -> bool:
        return False

    @property
    def gone(self) -> bool:
        return False

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[bytes] = []
        self._take = lambda data: REST

    def to_library(self, data: bytes) -> None:
        self.heard.append(data)
        if data[0] == 0x80:
            self.message(b"")


def test_a_peer_pays_for_the_time_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    peer, now, later = Peer(), 5.0, 100.0
    monkeypatch.setattr("messaging.servers.reading.time.thread_time", lambda: now)
    monkeypatch.setattr("messaging.servers.reading.time.monotonic", lambda: later)

    def take(data: bytes) -> None:
        nonlocal now
        now += len(data) / 1000

    peer.metered(take, b"abcd")
    assert peer.is_read(), "what is short is free"
    later += 9 * 0.004
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


def test_a_peer_pays_for_much_in_small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that sends so little at a time that each chunk alone would be free."""
    peer, now, later, taken = Peer(), 5.0, 100.0, 0
    monkeypatch.setattr("messaging.servers.reading.time.thread_time", lambda: now)
    monkeypatch.setattr("messaging.servers.reading.time.monotonic", lambda: later)

    def take(data: bytes) -> None:
        nonlocal now, later
        now, later = now + 0.003, later + 0.003

    began = later
    while later - began < 60:
        peer.metered(take, b"chunk")
        taken += 1
        for seconds, paid in peer.due:
            later += seconds
            paid()
        peer.due.clear()
    assert taken * 0.003 <= 60 / 9


def test_control_frames_have_turns_as_messages_have() -> None:
    """A chunk of nothing but pings does not keep the loop to itself."""
    peer = Listener()
    peer.arrived(b"\x89\x80\x00\x00\x00\x00" * 100)
    assert len(peer.heard) <= limits.TURN
    for _ in range(200):
        if not peer.due:
            break
        ((_, work),), peer.due = peer.due, []
        work()
    assert len(peer.heard) == 100


def test_a_message_of_fragments_lets_its_sender_rest_as_well() -> None:
    """The library puts it together; whoever takes it says how long to read nothing."""
    peer = Listener()
    peer.arrived(b"\x02\x80\x00\x00\x00\x00" + b"\x80\x80\x00\x00\x00\x00" * 3)
    ((seconds, _),) = peer.due
    assert seconds >= REST
    assert len(peer.heard) == 2
