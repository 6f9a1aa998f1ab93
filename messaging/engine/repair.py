"""Reads from PostgreSQL what no hint has brought: gaps in a room, and everything after Valkey was away."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from beep import metrics
from messaging import protocol
from messaging.engine import limits, reads, tasks
from messaging.engine.database import Database
from messaging.engine.frames import Outgoing
from messaging.engine.hub import Hub, Room

log = structlog.get_logger(__name__)

PAGE: Final = 200
"""Envelopes in one read of a gap."""
UNAVAILABLE: Final = (psycopg.Error, PoolTimeout)


class Repairer:
    """One task for the looks at every room, one for those at new rooms, and one for each room with a gap."""

    def __init__(self, database: Database, *, relay_is_up: Callable[[], bool]) -> None:
        self.hub: Final = Hub(self.mend, look_again=self._look_again)
        self._database: Final = database
        self._relay_is_up: Final = relay_is_up
        self._mending: Final[dict[bytes, asyncio.Task[None]]] = {}
        self._again: Final[set[bytes]] = set()
        self._look: Final = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._joined: dict[bytes, bool] = {}
        """Conversation → whether its room was ahead of what somebody joined it with; not looked at yet."""
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="beep-repair")

    async def stop(self) -> None:
        """End every task."""
        await tasks.cancel(self._task, self._looking, *self._mending.values())

    def _look_again(self, conversation: bytes, ahead: bool) -> None:
        """Who joins has read the conversation's state before. Hints since then found no room and are lost, or
        the room had passed them on already: that the person is out, too.
        """
        self._joined[conversation] = ahead or self._joined.get(conversation, False)
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look_at_joined(), name="beep-joined")

    async def _look_at_joined(self) -> None:
        """All rooms that were joined within a moment share a query, so that a storm of them costs few."""
        try:
            while self._joined:
                await asyncio.sleep(limits.JOINED_SECONDS)
                joined, self._joined = self._joined, {}
                await self._compare_some(list(joined))
                for conversation in (each for each, ahead in joined.items() if ahead):
                    if (room := self.hub.rooms.get(conversation)) is not None:
                        await self._put_out(room)
        except UNAVAILABLE as error:
            # The next look at every room finds the same.
            log.warning("look_failed", error=type(error).__name__)
        finally:
            self._looking = None

    def look(self) -> None:
        """Compare every room with the database soon: hints may have been lost."""
        self._look.set()

    def mend(self, room: Room) -> None:
        """Fetch what is missing behind `room.known`. One task a room; a call meanwhile makes it go again."""
        if room.conversation in self._mending:
            self._again.add(room.conversation)
            return
        task = asyncio.get_running_loop().create_task(self._mend(room), name="beep-mend")
        self._mending[room.conversation] = task
        task.add_done_callback(lambda _: self._mended(room))

    def _mended(self, room: Room) -> None:
        self._mending.pop(room.conversation, None)
        if room.conversation in self._again:
            self._again.discard(room.conversation)
            if room.members:
                self.mend(room)

    async def _mend(self, room: Room) -> None:
        metrics.total.repairs += 1
        try:
            while room.members:
                found = await reads.page_for_all(
                    self._database, conversation=room.conversation, after=room.known, limit=PAGE
                )
                # Hints may have brought some of them while we read.
                fresh = [envelope for envelope in found if envelope.seq > room.known]
                if not fresh:
                    return
                metrics.total.repaired += len(fresh)
                if any(envelope.kind != protocol.APPLICATION for envelope in fresh):
                    room.leaves = None
                    await self._put_out(room)
                event = protocol.Envelopes(conversation=room.conversation, envelopes=fresh)
                self.hub.deliver(room.conversation, fresh[0].seq, fresh[-1].seq, Outgoing.of(event))
        except UNAVAILABLE as error:
            # The next look finds the same gap.
            log.warning("repair_failed", error=type(error).__name__)

    async def _put_out(self, room: Room) -> None:
        """Who is out of the conversation leaves the room, and learns where their log ends.

        A commit whose envelope no hint brought may have removed somebody, and the hint that says so may be
        lost too. Before the envelopes, for those behind it are none of their business.
        """
        persons = {member.person for member in room.members}
        present = await reads.present(self._database, conversation=room.conversation, persons=persons)
        for person in persons - present:
            for state in await reads.states(self._database, person=person):
                if state.conversation == room.conversation and state.left:
                    self.hub.changed(state, [person])
            # Whatever the state says: an invited person has none.
            for member in [member for member in room.members if member.person == person]:
                self.hub.leave(member, room)

    async def _watch(self) -> None:
        """Look when asked, every second while Valkey is away, and now and then in any case."""
        now = asyncio.get_running_loop().time
        pause, last = limits.POLL, now()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(limits.POLL):
                    await self._look.wait()
            due = limits.SWEEP if self._relay_is_up() else pause
            if not self._look.is_set() and now() - last < due:
                continue
            self._look.clear()
            last = now()
            try:
                await self._compare()
            except UNAVAILABLE as error:
                log.warning("look_failed", error=type(error).__name__)
            # A look at very many rooms must not become all that the process does.
            pause = max(limits.POLL, 5 * (now() - last))

    async def _compare(self) -> None:
        await self._compare_some(list(self.hub.rooms))

    async def _compare_some(self, rooms: Sequence[bytes]) -> None:
        for start in range(0, len(rooms), 5_000):
            ends = await reads.ends(self._database, conversations=rooms[start : start + 5_000])
            for conversation, last_seq in ends.items():
                room = self.hub.rooms.get(conversation)
                if room is not None and last_seq > room.known:
                    self.mend(room)
