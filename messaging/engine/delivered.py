"""Delivered marks: what devices say they have stored, gathered and written together.

A mark is worth a row update every few seconds, not one a message. Up to `limits.ACK_SECONDS` of marks are
lost with the process; the device's next ack covers them.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, LiteralString

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from messaging import protocol
from messaging.engine import arrays, limits, tasks
from messaging.engine.database import Database

log = structlog.get_logger(__name__)

OnMark = Callable[[bytes, protocol.DeliveredMark], None]

MAX_WAITING: Final = 200_000
"""Marks that wait for a database that is away; more are dropped, since later acks repeat them."""

WRITE: Final[LiteralString] = """
WITH given AS (
    SELECT s.conversation_id, s.device_id, i.seq
    FROM unnest(%s, %s, %s) AS i(conversation, device, seq)
    JOIN messaging_sender s ON s.conversation_id = i.conversation AND s.device_id = i.device
    JOIN messaging_conversation c ON c.id = i.conversation
    WHERE s.delivered_seq < i.seq AND i.seq <= c.last_seq
    FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE messaging_sender s SET delivered_seq = given.seq
FROM given WHERE s.conversation_id = given.conversation_id AND s.device_id = given.device_id
RETURNING s.conversation_id, s.device_id, s.delivered_seq
"""
"""SKIP LOCKED: the writer holds these rows in an order of its own, and a statement that never waits cannot
deadlock with it. What was skipped is tried again. A mark behind the log's end is not believed."""


class Delivered:
    """Gathers acks; `on_mark(conversation, mark)` hears each mark that was written."""

    def __init__(self, database: Database, on_mark: OnMark) -> None:
        self._database: Final = database
        self._on_mark: Final = on_mark
        self._waiting: dict[tuple[bytes, bytes], int] = {}
        self._large: dict[tuple[bytes, bytes], int] = {}
        """Marks of large conversations, which wait longer: each message has a thousand of them."""
        self._rounds = 0
        self._tried: dict[tuple[bytes, bytes], int] = {}
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Marks that wait to be written."""
        return len(self._waiting) + len(self._large)

    def start(self) -> None:
        """Begin to write now and then."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="beep-delivered")

    async def stop(self) -> None:
        """End, after writing what waits."""
        if self._task is not None:
            await tasks.cancel(self._task)
            await self.write()

    def add(self, device: bytes, cursors: Iterable[protocol.Cursor], *, large: bool = False) -> None:
        """The device has stored these logs, of `large` conversations or of others, up to these seqs."""
        waiting = self._large if large else self._waiting
        for cursor in cursors:
            key = (cursor.conversation, device)
            if cursor.seq > waiting.get(key, 0) and len(waiting) < MAX_WAITING:
                waiting[key] = cursor.seq

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(limits.ACK_SECONDS)
            self._rounds += 1
            await self.write(large=self._rounds % limits.LARGE_ACK_ROUNDS == 0)

    async def write(self, *, large: bool = True) -> None:
        """Write what waits; a database that is away is left for the next time."""
        waiting, self._waiting = self._waiting, {}
        if large:
            waiting |= self._large
            self._large = {}
        if not waiting:
            return
        items = sorted(waiting.items())
        columns = (
            arrays.uuids([conversation for (conversation, _), _ in items]),
            arrays.uuids([device for (_, device), _ in items]),
            arrays.ints([seq for _, seq in items]),
        )
        try:
            written = await self._database.rows(WRITE, columns)
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("delivered_not_written", error=type(error).__name__, marks=len(items))
            self._wait_again(waiting)
            return
        done = {(conversation, device) for conversation, device, _ in written}
        # Once more for those that were locked; the others are unknown, old or not believed.
        left = {key: seq for key, seq in waiting.items() if key not in done}
        self._wait_again({key: seq for key, seq in left.items() if self._tried.get(key) != seq})
        self._tried = left
        for conversation, device, seq in written:
            self._on_mark(conversation, protocol.DeliveredMark(device=device, seq=seq))

    def _wait_again(self, marks: dict[tuple[bytes, bytes], int]) -> None:
        for key, seq in marks.items():
            if seq > self._waiting.get(key, 0):
                self._waiting[key] = seq
