"""Of several sockets of one device the one let in last stays, whatever clocks and hints do."""

import asyncio
import random
from pathlib import Path

import websockets
from asgiref.sync import sync_to_async
from websockets.asyncio.client import ClientConnection

from messaging import protocol, wake, wake_tokens
from messaging.engine import signals
from messaging.engine.frames import Outgoing
from messaging.engine.hub import Hub, Room
from messaging.engine.precedence import UNDECIDED, Precedence
from messaging.engine.runtime import Engine
from tests.messaging.engine.client import Inside, connect
from tests.messaging.engine.factory import Actor, Talk, actors
from tests.messaging.engine.processes import server
from tests.support.databases import TestDatabase

Pair = tuple[Actor, Actor, Talk]
DEVICE = b"d" * 16


class Member:
    """A socket of the one device."""

    person = session = device = DEVICE
    wakes = False
    live = True

    def __init__(self, hub: Hub, order: int) -> None:
        self.hub = hub
        self.order = order
        self.rooms: set[Room] = set()
        self.code: int | None = None

    def event(self, outgoing: Outgoing) -> None:
        """Nothing is sent here."""

    def close(self, code: int) -> None:
        self.hub.remove(self)
        self.code = code


class Hosts:
    """Processes whose claims arrive in any order, late, or never."""

    def __init__(self, count: int) -> None:
        self.hubs = [Hub(lambda room: None) for _ in range(count)]
        self.under_way: list[tuple[int, signals.Signal]] = []
        self.each = [
            Precedence(hub, lambda encoded, index=index: self._publish(index, encoded))  # type: ignore[misc]
            for index, hub in enumerate(self.hubs)
        ]

    def _publish(self, index: int, encoded: bytes) -> None:
        signal = signals.decode(encoded)
        self.under_way += [(other, signal) for other in range(len(self.hubs)) if other != index]

    def arrive(self, at: int = 0) -> None:
        other, signal = self.under_way.pop(at)
        if isinstance(signal, signals.Standing):
            self.each[other].hear(signal.orders)
        elif isinstance(signal, signals.Superseded):
            self.each[other].hear({signal.device: signal.at})

    def settle(self) -> None:
        while self.under_way:
            self.arrive()

    def claim(self, host: int, order: int) -> Member:
        member = Member(self.hubs[host], order)
        self.each[host].claim(member)
        return member


def open_ones(members: list[Member]) -> list[int]:
    return [member.order for member in members if member.code is None]


def test_the_newest_stays_in_whatever_order_they_speak_and_are_heard() -> None:
    for seed in range(50):
        shuffled = random.Random(seed)
        hosts = Hosts(3)
        orders = list(range(1, 7))
        shuffled.shuffle(orders)
        members = []
        for order in orders:
            members.append(hosts.claim(shuffled.randrange(3), order))
            while hosts.under_way and shuffled.random() < 0.5:
                hosts.arrive(shuffled.randrange(len(hosts.under_way)))
        hosts.settle()
        assert open_ones(members) == [6], seed
        assert {m.code for m in members if m.order != 6} == {protocol.CLOSE_SUPERSEDED}


def test_claims_that_were_lost_are_made_good_by_any_ones_next_word() -> None:
    for who in range(3):
        hosts = Hosts(3)
        members = [hosts.claim(host, order) for host, order in ((0, 5), (1, 7), (2, 6))]
        hosts.under_way.clear()
        assert open_ones(members) == [5, 7, 6]
        # As after Valkey was away: each says what stands; here only one is heard.
        hosts.each[who].claim_again()
        hosts.settle()
        hosts.each[1].claim_again()
        hosts.settle()
        assert open_ones(members) == [7]


def test_whoever_takes_a_place_and_does_not_know_it_yet_neither_claims_nor_yields() -> None:
    hosts = Hosts(3)
    taking = Member(hosts.hubs[0], UNDECIDED)
    hosts.hubs[0].add(taking)
    hosts.each[0].claim_again()
    assert not hosts.under_way
    newer = hosts.claim(1, 9)
    hosts.settle()
    assert (taking.code, newer.code) == (None, None)
    taking.order = 8
    hosts.each[0].claim(taking)
    hosts.settle()
    assert (taking.code, newer.code) == (protocol.CLOSE_SUPERSEDED, None)


async def test_a_hello_that_comes_late_does_not_close_the_newer_socket(engine: Engine, pair: Pair) -> None:
    older, newer = await Inside(pair[0]).open(), await Inside(pair[0]).open()
    await newer.hello()
    await older.post(protocol.Hello(id=1, minor=0))
    assert await older.closed() == protocol.CLOSE_SUPERSEDED
    await newer.resume()
    assert isinstance(await newer.ask(protocol.Ping), protocol.Ok)
    await newer.leave()


async def _shell(token: bytes, port: int) -> ClientConnection:
    """A wake socket that stands."""
    socket = await websockets.connect(
        f"ws://127.0.0.1:{port}/wake",
        subprotocols=[websockets.Subprotocol(wake.SUBPROTOCOL)],
        compression=None,
        proxy=None,
    )
    await socket.send(token)
    return socket


async def test_hosts_whose_clocks_are_two_minutes_apart_agree(
    fresh_database: TestDatabase, tmp_path: Path
) -> None:
    """There and back and there again, for the socket and for the one that wakes."""
    [actor] = await sync_to_async(actors)(1)
    token, _ = await sync_to_async(wake_tokens.issue)(session=actor.session)
    environment = fresh_database.environment()
    skewed = "tests.messaging.engine.skewed"
    with (
        server(f"{skewed} uvicorn 60", environment, tmp_path / "ahead.log") as ahead,
        server(f"{skewed} daphne -60", environment, tmp_path / "behind.log") as behind,
    ):
        client, shell = await connect(actor, ahead.port), await _shell(token, ahead.port)
        await client.hello()
        for port in (behind.port, ahead.port, behind.port):
            former, former_shell = client, shell
            client, shell = await connect(actor, port), await _shell(token, port)
            await client.hello()
            assert await former.closed(30.0) == protocol.CLOSE_SUPERSEDED
            async with asyncio.timeout(30.0):
                await former_shell.wait_closed()
            assert former_shell.close_code == protocol.CLOSE_SUPERSEDED
            assert isinstance(await client.ask(protocol.Ping), protocol.Ok)
            assert shell.close_code is None
        await client.leave()
        await shell.close()
