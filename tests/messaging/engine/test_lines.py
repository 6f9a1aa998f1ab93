"""Lines for flights: what comes back on them, and how they end."""

import asyncio
import os
from collections.abc import AsyncIterator

import psycopg
import pytest

from messaging.engine import arrays
from messaging.engine.flight import Line, Statement
from tests.messaging.engine.waiting import PATIENCE
from tests.support.databases import TestDatabase

PID = Statement(b"pid", "SELECT pg_backend_pid()")
NUMBERS = Statement(
    b"numbers", "SELECT i, i = 2, NULL::bigint FROM unnest($1) AS i", (arrays.ARRAY_OF[arrays.INT8],)
)
ECHO = Statement(b"echo", "SELECT $1, octet_length($1)", (arrays.BYTEA,))
IDS = Statement(b"ids", "SELECT unnest($1)", (arrays.ARRAY_OF[arrays.UUID],))
SLEEP = Statement(b"sleep", "SELECT pg_sleep(60)")
ALL = (PID, NUMBERS, ECHO, IDS, SLEEP)


@pytest.fixture
async def line(fresh_database: TestDatabase) -> AsyncIterator[Line]:
    opened = await Line.open(ALL)
    yield opened
    await opened.close()


async def test_rows_come_back_statement_by_statement(line: Line) -> None:
    ids = [os.urandom(16) for _ in range(3)]
    numbers, none, echo, found = await line.fly(
        (NUMBERS, (arrays.ints([1, 2, -3]),)),
        (NUMBERS, (arrays.ints([]),)),
        (ECHO, (b"bytes",)),
        (IDS, (arrays.uuids(ids),)),
    )
    assert numbers == [(1, False, None), (2, True, None), (-3, False, None)]
    assert none == []
    assert echo == [(b"bytes", 5)]
    assert found == [(each,) for each in ids]


async def test_a_line_that_is_cut_while_it_rests_is_closed(line: Line) -> None:
    ((pid,),) = (await line.fly((PID, ())))[0]
    other = await Line.open((kill := Statement(b"kill", "SELECT pg_terminate_backend($1::int)", (20,)),))
    await other.fly((kill, (arrays.int8(pid),)))
    async with asyncio.timeout(PATIENCE):
        while True:
            if line.closed:
                break
            await asyncio.sleep(0.01)
    await other.close()


async def test_what_was_left_in_the_middle_is_not_used_again(line: Line) -> None:
    flying = asyncio.create_task(line.fly((SLEEP, ())))
    await asyncio.sleep(0.05)
    with pytest.raises(psycopg.InterfaceError):
        await line.fly((ECHO, (b"at once",)))
    flying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flying
    assert line.closed


async def test_closing_ends_a_flight(line: Line) -> None:
    flying = asyncio.create_task(line.fly((SLEEP, ())))
    await asyncio.sleep(0.05)
    await line.close()
    with pytest.raises(psycopg.OperationalError):
        await flying


async def test_a_statement_that_cannot_be_prepared_leaves_no_connection(fresh_database: TestDatabase) -> None:
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    line = await Line.open((count := Statement(b"count", others),))
    before = await line.fly((count, ()))
    with pytest.raises(psycopg.errors.UndefinedTable):
        await Line.open((Statement(b"nowhere", "SELECT FROM nowhere"),))
    async with asyncio.timeout(PATIENCE):
        while True:
            if await line.fly((count, ())) == before:
                break
            await asyncio.sleep(0.05)
    await line.close()
