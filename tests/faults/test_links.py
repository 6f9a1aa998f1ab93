"""Two hosts, and the servers on a third: each link is cut in turn, and nothing is lost or repeated.

A cut link ends nothing by itself: connections stay open at both ends until somebody notices, and rows that
the unreachable host has locked stay locked for the others. How long that takes is printed.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from messaging import protocol
from tests.faults import crowd as crowds
from tests.faults import namespaces, verify
from tests.faults.conftest import Say
from tests.faults.crowd import Crowd
from tests.faults.link import Door, LostError, connect
from tests.faults.namespaces import Cut, Network
from tests.faults.stack import Process, Stack, listen, web
from tests.messaging.engine.factory import Actor
from tests.support.databases import Databases, TestDatabase

PASSES = int(os.environ.get("FAULT_PASSES", "0"))
"""How often every link is cut in both ways; 0, as in the suite: two of them, once."""
HOLD = 8.0 if PASSES else 0.0
"""Seconds for which a link stays cut at least: a silent Valkey is missed after three."""
PATIENCE = 120.0
"""Seconds until everybody is served, on a machine that has other things to do."""
EVERY = [(link, how) for link in ("host1-db", "host2-db", "host1-valkey", "host2-valkey") for how in Cut]
SOME = [("host1-db", Cut.SILENT), ("host2-valkey", Cut.DOWN)]


def _through(url: str, address: str, query: str = "") -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.replace("127.0.0.1", address), query=query))


def environment_of(host: str, environment: Mapping[str, str], network: Network) -> dict[str, str]:
    """How this host finds PostgreSQL and Valkey: each by its own link."""
    database, valkey = network.links[f"{host}-db"].far, network.links[f"{host}-valkey"].far
    return {
        name: _through(url, valkey) if name == "VALKEY_URL" else _through(url, database, "sslmode=disable")
        for name, url in environment.items()
    }


async def _serves(door: Door, actor: Actor) -> bool:
    """Whether somebody who comes in here is let in and told what they have missed."""
    try:
        link = await connect(actor, door, lambda _: None)
        try:
            return isinstance(await link.ask(protocol.Resume, cursors=[], mailbox=0), protocol.Behind)
        finally:
            await link.leave()
    except LostError:
        return False


def _wait_until_it_serves(door: Door, actor: Actor) -> float:
    began = time.monotonic()
    while not asyncio.run(_serves(door, actor)):
        assert time.monotonic() < began + PATIENCE
        time.sleep(0.1)
    return time.monotonic() - began


def test_each_link_is_cut_in_turn(
    databases: Databases, fresh_database: TestDatabase, tmp_path: Path, say: Say
) -> None:
    if reason := namespaces.why_not():
        pytest.skip(reason)
    cast = crowds.cast()
    stranger = cast.people[-1]
    with Network() as network, listen() as one, listen() as two:
        listeners = {"host1": one, "host2": two}
        doors = {host: Door(listener.getsockname()[1]) for host, listener in listeners.items()}
        processes: dict[str, Process] = {
            host: web(
                server,
                environment_of(host, fresh_database.environment(), network),
                listener=listeners[host],
                inside=network.hosts[host].inside,
            )
            for host, server in (("host1", "uvicorn"), ("host2", "daphne"))
        }
        with (
            databases.moved(network.third.inside, reachable_from="198.18.0.0/15", folder=tmp_path),
            Stack(tmp_path / "logs", processes),
        ):
            crowd = Crowd(cast, list(doors.values()))
            with crowd:
                crowd.wait_until_served(PATIENCE)
                for link, how in EVERY * PASSES or SOME:
                    crowd.wait_for_requests()
                    in_flight = crowd.in_flight()
                    crowd.lags()
                    network.cut(link, how)
                    began = time.monotonic()
                    served = crowd.wait_until_served(PATIENCE)
                    while time.monotonic() < began + HOLD:
                        crowd.wait_until_served(PATIENCE)
                    lags = crowd.lags()
                    network.mend(link, how)
                    back = _wait_until_it_serves(doors[link.partition("-")[0]], stranger)
                    crowd.wait_until_served(PATIENCE)
                    say(
                        cut=link, how=how, in_flight=in_flight,
                        served_s=round(served, 2), host_back_s=round(back, 2), **lags,
                    )  # fmt: skip
                crowd.finish(PATIENCE)
            heard = [reading for door in doors.values() for reading in verify.read_anew(cast, door)]
        figures = verify.everything(crowd, cast, fresh_database.urls.superuser, heard=heard)
    say(**figures, **dict(sorted(crowd.tally.counts.items())))
