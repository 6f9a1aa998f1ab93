"""A database that refuses everybody: senders are told to come back, and what they repeat is stored once."""

import asyncio

import psycopg
import pytest
from psycopg import sql

from messaging import protocol
from messaging.engine import limits, requests, writer
from messaging.engine.runtime import Engine
from tests.messaging.engine.client import Inside, inside
from tests.messaging.engine.factory import Actor, Talk
from tests.support.databases import TestDatabase

ALLOW = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
READS = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


async def test_a_sender_is_asked_to_try_again(
    engine: Engine,
    pair: tuple[Actor, Actor, Talk],
    fresh_database: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, _, chat = pair
    monkeypatch.setattr(writer, "RECONNECT", (0.05,))
    name = sql.Identifier(fresh_database.name)
    async with inside(one) as sender:
        assert (await sender.send(chat)).seq == 2
        # From outside: a superuser may connect to another database of the server.
        outside = fresh_database.urls.superuser.rpartition("/")[0] + "/postgres"
        async with await psycopg.AsyncConnection.connect(outside, autocommit=True) as admin:
            await admin.execute(ALLOW.format(name, sql.SQL("false")))
            await admin.execute(END, [fresh_database.name])
            frame = sender.message(chat)
            await sender.post(frame)
            refused = await sender.answer(frame.id)
            await admin.execute(ALLOW.format(name, sql.SQL("true")))
        assert isinstance(refused, protocol.Refused)
        assert (refused.code, refused.retry_after) == ("busy", limits.AWAY_RETRY)
        assert (await sender.send(chat, counter=frame.counter, body=frame.body)).seq == 3
        assert (await sender.send(chat)).seq == 4


async def test_a_server_that_only_reads_is_away(
    engine: Engine,
    pair: tuple[Actor, Actor, Talk],
    fresh_database: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in the middle of a failover: nobody is told that something is broken."""
    one, two, chat = pair
    monkeypatch.setattr(writer, "RECONNECT", (0.05,))
    name = sql.Identifier(fresh_database.name)
    outside = fresh_database.urls.superuser.rpartition("/")[0] + "/postgres"
    async with inside(one) as sender:
        assert (await sender.send(chat)).seq == 2
        async with await psycopg.AsyncConnection.connect(outside, autocommit=True) as admin:
            await admin.execute(READS.format(name, sql.SQL("true")))
            await admin.execute(END, [fresh_database.name])
            frame = sender.message(chat)
            await sender.post(frame)
            refused = await sender.answer(frame.id)
            await _only_reads(engine)
            other = await Inside(two).open()
            assert await other.closed() == protocol.CLOSE_GOING_AWAY
            await admin.execute(READS.format(name, sql.SQL("false")))
            await admin.execute(END, [fresh_database.name])
        assert isinstance(refused, protocol.Refused)
        assert refused.code == "busy"
        assert (await sender.send(chat, counter=frame.counter, body=frame.body)).seq == 3


async def _only_reads(engine: Engine) -> None:
    """Until the pool has connections again: those that were ended are not what is tested here."""
    for _ in range(600):
        try:
            await engine.database.rows("SELECT nextval('messaging_admission')")
        except psycopg.errors.ReadOnlySqlTransaction:
            return
        except requests.UNAVAILABLE:
            await asyncio.sleep(0.05)
    raise AssertionError("it still writes, or is away")


async def test_who_waits_to_come_in_is_sent_elsewhere_with_the_others(engine: Engine) -> None:
    """A look at the session that never ends, as on a link that is cut without a word."""
    revocations = engine.revocations
    waiting = asyncio.ensure_future(revocations.while_certain(asyncio.Event().wait()))
    await asyncio.sleep(0)
    revocations._fail_closed()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(waiting, 10)
    for _ in range(1_200):
        # The next poll finds the database where it was.
        if revocations.certain:
            break
        await asyncio.sleep(0.05)
    assert revocations.certain
    assert await revocations.while_certain(asyncio.sleep(0, "in"))
