"""Closes the sockets of ended sessions and revoked devices, whatever happens to the hint.

A notice closes them at once. Beside it the sessions of all local sockets are looked up every second, by the
rule that let them in. The state itself is read and not a list of its changes: no lock wait, no skew between
clocks and no socket that joins the hub while its session ends can make the poll miss one. When the sessions
cannot be read three times in a row, nobody's right is certain any more: every socket is closed and none is
accepted until they can be read again.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from messaging import protocol
from messaging.engine import limits, reads, tasks
from messaging.engine.database import Database
from messaging.engine.hub import Hub

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Revocations:
    """The poll. `certain` says whether sockets may be accepted."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self.certain = True
        self._database: Final = database
        self._hub: Final = hub
        self._failures = 0
        self._task: asyncio.Task[None] | None = None
        self._given_up: Final[set[asyncio.Task[Any]]] = set()
        """Looks that took too long, while they end."""
        self._uncertain: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done as soon as `certain` is false."""

    def start(self) -> None:
        """Begin to poll."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="beep-revocations")

    async def stop(self) -> None:
        """End the poll."""
        await tasks.cancel(self._task, *self._given_up)

    def end_device(self, device: bytes) -> None:
        """The device is revoked."""
        for member in self._hub.of_device(device):
            member.close(protocol.CLOSE_REVOKED)

    async def _run(self) -> None:
        while True:
            try:
                await self.poll()
            except (psycopg.Error, PoolTimeout, TimeoutError, OSError) as error:
                self._failures += 1
                log.warning("sessions_not_read", failures=self._failures, error=type(error).__name__)
                if self._failures >= limits.FAILED_POLLS:
                    self._fail_closed()
            else:
                self._failures = 0
                self.certain = True
                if self._uncertain.done():
                    self._uncertain = asyncio.get_running_loop().create_future()
            await asyncio.sleep(limits.POLL)

    async def poll(self) -> None:
        """Close the sockets whose session has ended. Raises psycopg.Error when that cannot be read."""
        # Taken first: a socket that joins meanwhile is judged by the next poll.
        members = self._hub.members()
        sessions = [member.session for member in members]
        # Also without a socket: whether the database answers decides whether the first one may come.
        living = await self._in_time(
            reads.still_living(self._database, sessions=sessions), seconds=limits.POLL * 2
        )
        for member in members:
            if member.session not in living:
                member.close(protocol.CLOSE_REVOKED)

    async def while_certain(self, look: Coroutine[Any, Any, T]) -> T:
        """What `look` finds for somebody who wants to come in; raises what it raises.

        Raises TimeoutError as soon as nobody knows any more who is revoked: whoever waits for an unreachable
        database to answer is sent elsewhere together with those who are in.
        """
        return await self._in_time(look, uncertain=self._uncertain)

    async def _in_time(
        self,
        look: Coroutine[Any, Any, T],
        *,
        seconds: float | None = None,
        uncertain: "asyncio.Future[None] | None" = None,
    ) -> T:
        """What `look` finds; raises TimeoutError after so many `seconds`, or when `uncertain` is done before.

        Its end is not waited for: to cancel a statement, psycopg asks the server, for five seconds when it
        cannot be reached, and that would double the time in which nobody knows who is revoked.
        """
        task = asyncio.get_running_loop().create_task(look, name="beep-sessions")
        either = (task,) if uncertain is None else (task, uncertain)
        try:
            await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise TimeoutError
            return task.result()
        finally:
            if not task.done():
                self._given_up.add(task)
                task.add_done_callback(self._forget)
                task.cancel()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._given_up.discard(task)
        if not task.cancelled():
            # Whatever it was, it has counted as a failure already.
            task.exception()

    def _fail_closed(self) -> None:
        if self.certain:
            log.error("revocations_unknown", sockets=len(self._hub))
        self.certain = False
        if not self._uncertain.done():
            self._uncertain.set_result(None)
        for member in self._hub.members():
            member.close(protocol.CLOSE_GOING_AWAY)
