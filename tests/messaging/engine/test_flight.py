"""The writer's line to PostgreSQL: what a flight that fails, is cut, cancelled or large leaves behind."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from typing import Final

import psycopg
import pytest

from messaging.engine import arrays
from messaging.engine.arrays import ARRAY_OF, BYTEA, INT8
from messaging.engine.flight import Line, Statement
from tests.support.databases import TestDatabase

BEGIN: Final = Statement(b"begin", "BEGIN")
ROLLBACK: Final = Statement(b"rollback", "ROLLBACK")
PID: Final = Statement(b"pid", "SELECT pg_backend_pid()::bigint")
DIVIDE: Final = Statement(b"divide", "SELECT 60 / $1", (INT8,))
NAP: Final = Statement(b"nap", "SELECT 1 FROM pg_sleep(($1)::float8)", (INT8,))
LENGTHS: Final = Statement(b"lengths", "SELECT sum(length(b)) FROM unnest($1) AS b", (ARRAY_OF[BYTEA],))
ECHO: Final = Statement(b"echo", "SELECT b FROM unnest($1) AS b", (ARRAY_OF[BYTEA],))
ALL: Final = (BEGIN, ROLLBACK, PID, DIVIDE, NAP, LENGTHS, ECHO)


@pytest.fixture
async def line(fresh_database: TestDatabase) -> AsyncIterator[Line]:
    opened = await Line.open(ALL)
    yield opened
    await opened.close()


async def _end(line: Line, database: TestDatabase) -> None:
    """Let PostgreSQL end the line's session."""
    [[(pid,)]] = await line.fly((PID, ()))
    async with await psycopg.AsyncConnection.connect(database.urls.superuser, autocommit=True) as admin:
        await admin.execute("SELECT pg_terminate_backend(%s)", [pid])
    for _ in range(6_000):
        if line.closed:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it has not heard of its end")


async def test_a_failing_statement_skips_those_behind_it_and_leaves_the_line_in_order(line: Line) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        await line.fly((BEGIN, ()), (DIVIDE, (arrays.int8(0),)), (DIVIDE, (arrays.int8(2),)))
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        await line.fly((DIVIDE, (arrays.int8(2),)))
    assert not line.closed
    await line.fly((ROLLBACK, ()))
    assert await line.fly((DIVIDE, (arrays.int8(2),)), (DIVIDE, (arrays.int8(3),))) == [[(30,)], [(20,)]]


async def test_a_flight_larger_than_every_buffer_comes_back_whole(line: Line) -> None:
    """Out and back at once: neither end may wait until the other has read."""
    values = [os.urandom(1 << 20) for _ in range(24)]
    column = arrays.byteas(values)
    async with asyncio.timeout(120):
        echoed, [(total,)], again = await line.fly((ECHO, (column,)), (LENGTHS, (column,)), (ECHO, (column,)))
    assert [bytes(value) for (value,) in echoed] == [bytes(value) for (value,) in again] == values
    assert total == 24 << 20
    assert await line.fly((DIVIDE, (arrays.int8(2),))) == [[(30,)]]


async def test_a_flight_that_is_cut_raises_and_a_cancelled_one_closes_the_line(
    line: Line, fresh_database: TestDatabase
) -> None:
    [[(pid,)]] = await line.fly((PID, ()))
    flying = asyncio.ensure_future(line.fly((NAP, (arrays.int8(60),))))
    await asyncio.sleep(0.05)
    with pytest.raises(psycopg.InterfaceError):
        await line.fly((PID, ()))
    async with await psycopg.AsyncConnection.connect(fresh_database.urls.superuser, autocommit=True) as admin:
        await admin.execute("SELECT pg_terminate_backend(%s)", [pid])
    with pytest.raises(psycopg.OperationalError):
        await asyncio.wait_for(flying, 60)
    assert line.closed
    other = await Line.open(ALL)
    flying = asyncio.ensure_future(other.fly((NAP, (arrays.int8(60),))))
    await asyncio.sleep(0.05)
    flying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flying
    assert other.closed
    await other.close()


async def test_a_line_that_was_lost_leaves_its_descriptor_to_the_next_owner(
    line: Line, fresh_database: TestDatabase
) -> None:
    """libpq closes the socket when it hears of the end; whoever opens one then gets the same number."""
    number = line._socket
    await _end(line, fresh_database)
    loop, heard = asyncio.get_running_loop(), asyncio.Event()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        if ours.fileno() != number:
            os.dup2(ours.fileno(), number)
        loop.add_reader(number, heard.set)
        try:
            await line.close()
            theirs.send(b"for the new owner")
            async with asyncio.timeout(30):
                await heard.wait()
        finally:
            loop.remove_reader(number)
            if ours.fileno() != number:
                os.close(number)
