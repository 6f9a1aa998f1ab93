"""Prepared statements that go to PostgreSQL together and come back together: the group commit's round trips.

psycopg opens the connection, and libpq's pipeline mode, through `psycopg.pq`, does the rest. psycopg's own
cursors would adapt every parameter and ask the event loop to watch the socket anew for each step; that took
longer than PostgreSQL itself. Here parameters are encoded already (`messaging.engine.arrays`), the socket is
watched as long as it is open, and one flight is one round trip.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

import psycopg
from psycopg import AsyncConnection, errors
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.rows import TupleRow

from messaging.engine import database

Row = tuple[Any, ...]
Step = tuple["Statement", Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `$1` …, and the parameters' type oids. Everything travels in PostgreSQL's binary format."""

    name: bytes
    sql: LiteralString
    takes: tuple[int, ...] = ()
    formats: list[Format] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "formats", [Format.BINARY] * len(self.takes))


class Line:
    """A connection for flights, one at a time. What it has raised or lost it does not recover from: a new one
    is opened. Made by `open`, ended by `close`.
    """

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        self._connection: Final = connection
        self._pq: Final = connection.pgconn
        self._reading: Final = Transformer(connection)
        self._loop: Final = asyncio.get_running_loop()
        self._socket: Final = self._pq.socket
        self._landing: asyncio.Future[None] | None = None
        """Set while a flight waits for bytes."""
        self._under_way = False
        self._failure: psycopg.Error | None = None
        self._pq.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._readable)

    @classmethod
    async def open(cls, statements: Sequence[Statement]) -> "Line":
        """Connect and prepare. Raises psycopg.OperationalError when the database is away."""
        connection = await database.connect()
        try:
            # A plan for each batch costs as much as the batch, and ids find their rows by index in any case.
            await connection.execute("SET plan_cache_mode = force_generic_plan")
            line = cls(connection)
        except BaseException:
            await connection.close()
            raise
        try:
            await line._prepare(statements)
        except BaseException:
            await line.close()
            raise
        return line

    @property
    def closed(self) -> bool:
        """Whether nothing can be asked any more: lost, closed, or left in the middle of a flight."""
        return self._failure is not None or self._under_way or self._connection.closed

    async def close(self) -> None:
        """End the connection, whatever is under way on it."""
        # Not a word to the loop when it has failed before: the number may be another connection's by now.
        self._fail(psycopg.OperationalError("the line is closed"))
        await self._connection.close()

    async def fly(self, *steps: Step) -> list[list[Row]]:
        """Run the statements in order, in one round trip, and give back each one's rows.

        Raises the psycopg.Error of the first that fails; PostgreSQL skips those behind it, and a transaction
        that was open stays open and failed. Raises psycopg.OperationalError when the connection is lost:
        nobody knows then which of them were done.
        """
        pq = self._pq
        self._begin()
        for statement, parameters in steps:
            pq.send_query_prepared(statement.name, parameters, statement.formats, Format.BINARY)
        results = await self._land()
        return [self._rows(result) for result in results]

    def _rows(self, result: Any) -> list[Row]:
        if not result.ntuples:
            return []
        self._reading.set_pgresult(result)
        return self._reading.load_rows(0, result.ntuples, tuple)

    async def _prepare(self, statements: Sequence[Statement]) -> None:
        self._begin()
        for each in statements:
            self._pq.send_prepare(each.name, each.sql.encode(), each.takes)
        await self._land()

    def _begin(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._under_way:
            raise psycopg.InterfaceError("another flight is under way")
        self._under_way = True

    async def _land(self) -> list[Any]:
        """Send what was gathered, and read the results up to the answer to the synchronisation point.

        A cancellation leaves the line `closed`: what comes back afterwards belongs to nobody.
        """
        pq = self._pq
        pq.pipeline_sync()
        self._push()
        results: list[Any] = []
        error: psycopg.Error | None = None
        while True:
            while pq.is_busy():
                await self._more()
            result = pq.get_result()
            if result is None:
                # Stands between two statements; a line that is dead says nothing else.
                if pq.status == ConnStatus.BAD:
                    self._fail(psycopg.OperationalError("the connection is lost"))
                    raise self._lost()
                continue
            status = result.status
            if status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
                results.append(result)
            elif status == ExecStatus.PIPELINE_SYNC:
                break
            elif status == ExecStatus.FATAL_ERROR and error is None:
                error = errors.error_from_result(result)
        self._under_way = False
        if error is not None:
            raise error
        return results

    async def _more(self) -> None:
        """Wait until something was read. Raises psycopg.OperationalError when the connection is lost."""
        if self._failure is not None:
            raise self._lost()
        self._landing = self._loop.create_future()
        try:
            await self._landing
        finally:
            self._landing = None

    def _push(self) -> None:
        """Write; what the kernel does not take goes out as it makes room."""
        try:
            if self._pq.flush():
                self._loop.add_writer(self._socket, self._writable)
        except psycopg.OperationalError as error:
            self._fail(error)

    def _writable(self) -> None:
        try:
            left = self._pq.flush()
        except psycopg.OperationalError as error:
            self._fail(error)
            return
        if not left:
            self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            self._pq.consume_input()
        except psycopg.OperationalError as error:
            self._fail(error)
        else:
            landing = self._landing
            if landing is not None and not landing.done():
                landing.set_result(None)

    def _fail(self, error: psycopg.Error) -> None:
        """Nothing works here any more: whoever waits hears it now, the next one when it asks."""
        if self._failure is None:
            self._failure = error
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        landing = self._landing
        if landing is not None and not landing.done():
            landing.set_exception(self._lost())

    def _lost(self) -> psycopg.OperationalError:
        return psycopg.OperationalError(str(self._failure))
