"""Closes the sockets of ended sessions and revoked devices, whatever happens to the hint.

A notice closes them at once. Beside it the table of revocations is polled every second, with a window that
overlaps: rows commit out of order, and a socket may look its session up just before a revocation and join the
hub just after. When the table cannot be read three times in a row, nobody's right is certain any more: every
socket is closed and none is accepted until it can be read again.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final, LiteralString

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from beep import clock
from messaging import protocol
from messaging.engine import limits, tasks
from messaging.engine.database import Database
from messaging.engine.hub import Hub, Member

log = structlog.get_logger(__name__)

RECENT: Final[LiteralString] = "SELECT device_id, session_id FROM accounts_revocation WHERE at > %s"


class Revocations:
    """The poll. `certain` says whether sockets may be accepted."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self.certain = True
        self._database: Final = database
        self._hub: Final = hub
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to poll."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="beep-revocations")

    async def stop(self) -> None:
        """End the poll."""
        await tasks.cancel(self._task)

    def end_device(self, device: bytes) -> None:
        """The device is revoked."""
        member = self._hub.devices.get(device)
        if member is not None:
            member.close(protocol.CLOSE_REVOKED)

    async def _run(self) -> None:
        while True:
            try:
                await self.poll()
            except (psycopg.Error, PoolTimeout, TimeoutError, OSError) as error:
                self._failures += 1
                log.warning("revocations_not_read", failures=self._failures, error=type(error).__name__)
                if self._failures >= limits.FAILED_POLLS:
                    self._fail_closed()
            else:
                self._failures = 0
                self.certain = True
            await asyncio.sleep(limits.POLL)

    async def poll(self) -> None:
        """Close what the table, or the clock, says has ended. Raises psycopg.Error when it cannot be read."""
        since = clock.now() - timedelta(seconds=limits.OVERLAP)
        async with asyncio.timeout(limits.POLL * 2):
            rows = await self._database.rows(RECENT, (since,))
        for device, session in rows:
            member = self._hub.devices.get(device)
            if member is not None and session in (None, member.session):
                member.close(protocol.CLOSE_REVOKED)
        now = clock.now_ms()
        self._close_all(lambda member: member.expires_at <= now, protocol.CLOSE_REVOKED)

    def _fail_closed(self) -> None:
        if self.certain:
            log.error("revocations_unknown", sockets=len(self._hub))
        self.certain = False
        self._close_all(lambda _: True, protocol.CLOSE_GOING_AWAY)

    def _close_all(self, which: Callable[[Member], bool], code: int) -> None:
        for member in self._hub.members():
            if which(member):
                member.close(code)
