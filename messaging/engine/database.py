"""The engine's own asynchronous connections to Django's `default` database, opened when first needed.

Django's asynchronous ORM runs every query in one thread; here a query is a coroutine. Ids are 16 bytes on
these connections, both ways.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString

import psycopg
from django.db import connections
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from messaging.engine import arrays, limits

Row = tuple[Any, ...]

AWAY: Final = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)
"""What a database that is away says, or a server that only reads: in the middle of a failover the standby, or
what was the primary. Worth another try on another connection."""


def _parameters() -> dict[str, Any]:
    """How Django connects, without what belongs to its own cursors and adapters."""
    found = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        found.pop(name, None)
    return found


async def connect() -> AsyncConnection[TupleRow]:
    """A connection of its own, in autocommit: whoever wants a transaction says BEGIN.

    Raises psycopg.OperationalError when the database is away.
    """
    connection = await AsyncConnection.connect(**_parameters(), autocommit=True, prepare_threshold=0)
    arrays.register(connection)
    return connection


class Database:
    """A pool for reads."""

    def __init__(self) -> None:
        self._pool: AsyncConnectionPool[AsyncConnection[TupleRow]] | None = None

    async def _open(self) -> AsyncConnectionPool[AsyncConnection[TupleRow]]:
        if self._pool is None:
            pool: AsyncConnectionPool[AsyncConnection[TupleRow]] = AsyncConnectionPool(
                kwargs={**_parameters(), "autocommit": True, "prepare_threshold": 0},
                configure=_configure,
                min_size=1,
                max_size=limits.READERS,
                max_waiting=limits.READERS_QUEUE,
                timeout=10,
                open=False,
                name="beep-engine",
            )
            # Kept before the await: a second caller must find this pool and not make another.
            self._pool = pool
            await pool.open()
        return self._pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[TupleRow]]:
        """Borrow a connection; raises psycopg.Error when the database is away."""
        pool = await self._open()
        async with pool.connection() as connection:
            yield connection

    async def rows(self, query: LiteralString, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one statement and fetch everything."""
        async with self.connection() as connection:
            cursor = await connection.execute(query, parameters, binary=True)
            return await cursor.fetchall()

    async def close(self) -> None:
        """Close the pool, when it was opened."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close(timeout=2)


async def _configure(connection: AsyncConnection[TupleRow]) -> None:
    arrays.register(connection)
