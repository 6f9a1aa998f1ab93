"""A device as the web client is one: it keeps its logs, resumes from their ends, retries what has no answer.

Every envelope is applied in the order of seq and hashed into the conversation's transcript; what contradicts
the protocol is written down in the tally and fails the test at its end.
"""

import asyncio
import hashlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from messaging import formats, protocol
from tests.faults.link import Door, Link, LostError, connect
from tests.messaging.engine.factory import Actor, Talk, body

WINDOW = 3
"""Messages that a lane has on their way at once, at most."""
THINK = 0.6
"""Seconds between two windows of a lane, at most."""
LIFE = (1.5, 8.0)
"""Seconds after which a device reconnects by itself."""
ACK_EVERY = 16
"""Envelopes between two acknowledgements that they are stored."""
BACKOFF = (0.1, 2.0)
"""Seconds before the second and before the last attempt to connect."""
MAY_REFUSE = frozenset({"busy", "rate_limited", "counter_gap"})
"""All that a correct sender may be told while servers die: later, or (behind such a refusal) not yet."""
MAY_CLOSE = frozenset({None, 1006, 1012, protocol.CLOSE_GOING_AWAY})
"""What may end a connection: the process or the network, or a server that sends its clients elsewhere."""

Key = tuple[bytes, bytes, int]
"""(conversation, device, counter)."""


@dataclass
class Tally:
    """What all devices together have seen. Written in the crowd's thread only."""

    acknowledged: dict[Key, tuple[int, bytes]] = field(default_factory=dict)
    """→ seq and SHA-256 of the body."""
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lags: list[int] = field(default_factory=list)
    """Milliseconds from the commit to each live delivery."""


@dataclass
class Log:
    """What a device knows of a conversation."""

    hashes: list[bytes] = field(default_factory=list)
    """Envelope hashes of seq 1, 2, …"""
    transcript: bytes = b""
    fetching: bool = False
    end: int = 0
    """The last seq that the server has spoken of."""
    marked: int = 0
    """The last seq that the device has said it holds."""


class Lane:
    """A device's own messages to one conversation, in the order of their counters."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.unanswered: list[protocol.Send] = []
        self.acknowledged_at = 0.0
        """`time.monotonic()`."""


class Device:
    """`speaks` is whether it sends; every device listens."""

    def __init__(
        self, actor: Actor, talks: list[Talk], *, speaks: bool, doors: list[Door], tally: Tally, seed: int
    ) -> None:
        self.actor = actor
        self.talks = talks
        self.lanes = [Lane(talk) for talk in talks] if speaks else []
        self.logs = {talk.id: Log(transcript=formats.transcript_start(talk.id)) for talk in talks}
        self.link: Link | None = None
        self.heard_stored_at = 0
        """The newest server time (ms) of an envelope that it has heard."""
        self.quiet = False
        """It begins nothing new, and stays where it is."""
        self._doors = doors
        self._tally = tally
        self._random = random.Random(seed)
        self._linked = asyncio.Event()
        self._fetches: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Live until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._stay_connected())
            for lane in self.lanes:
                group.create_task(self._speak(lane))

    def move(self, *, politely: bool) -> None:
        """Leave this connection; the next one may lead elsewhere."""
        if self.link is not None:
            if politely:
                self._spawn(self.link.leave())
            else:
                self.link.cut()

    # --- The connection -----------------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        pause = BACKOFF[0]
        while True:
            try:
                link = await connect(self.actor, self._random.choice(self._doors), self._hear)
            except LostError as lost:
                self._closed(lost.code)
            else:
                if await self._live(link):
                    pause = BACKOFF[0]
            await asyncio.sleep(pause * self._random.uniform(0.5, 1.0))
            pause = min(2 * pause, BACKOFF[1])

    async def _live(self, link: Link) -> bool:
        """Resume, then stay until the connection ends; whether it has come to resume."""
        resumed = False
        try:
            cursors = [
                protocol.Cursor(conversation=id_, seq=len(log.hashes)) for id_, log in self.logs.items()
            ]
            self.link = link
            behind = await link.ask(protocol.Resume, cursors=cursors, mailbox=0)
            if isinstance(behind, protocol.Behind):
                resumed = True
                self._tally.counts["resumed"] += 1
                for state in behind.conversations:
                    self._fetch(state.conversation)
                self._linked.set()
                while not link.lost.is_set():
                    try:
                        async with asyncio.timeout(self._random.uniform(*LIFE)):
                            await link.lost.wait()
                    except TimeoutError:
                        if not self.quiet:
                            self.move(politely=self._random.random() < 0.5)
            else:
                self._refused(behind)
                link.cut()
        except LostError:
            pass
        finally:
            self._linked.clear()
            self.link = None
        await link.lost.wait()
        await link.ended()
        self._tally.counts["cut_in_flight"] += link.cut_in_flight
        self._closed(link.code)
        return resumed

    def _closed(self, code: int | None) -> None:
        self._tally.counts[f"closed_{code}"] += 1
        if code not in MAY_CLOSE and code != 1000:
            self._tally.wrong.append(f"closed with {code}")

    def _refused(self, refusal: protocol.Refused) -> None:
        self._tally.counts[f"refused_{refusal.code}"] += 1
        if refusal.code not in MAY_REFUSE:
            self._tally.wrong.append(f"refused: {refusal}")

    # --- Hearing ------------------------------------------------------------------------------------------

    def _hear(self, frame: protocol.ServerFrame) -> None:
        if isinstance(frame, protocol.Envelopes):
            self._tally.counts["live"] += len(frame.envelopes)
            now = time.time_ns() // 1_000_000
            self._tally.lags += [now - envelope.time for envelope in frame.envelopes]
            self._apply(frame.conversation, frame.envelopes)
        elif isinstance(frame, protocol.Refused):
            self._refused(frame)

    def _apply(self, conversation: bytes, envelopes: list[protocol.Envelope]) -> None:
        log = self.logs[conversation]
        log.end = max(log.end, envelopes[-1].seq if envelopes else 0)
        for envelope in envelopes:
            end = len(log.hashes)
            if envelope.seq > end + 1:
                self._tally.counts["gaps"] += not log.fetching
                self._fetch(conversation)
                return
            hash_ = formats.envelope_hash(
                conversation=conversation,
                seq=envelope.seq,
                generation=envelope.generation,
                epoch=envelope.epoch,
                kind=envelope.kind,
                device=envelope.device,
                counter=envelope.counter,
                time_ms=envelope.time,
                body_hash=hashlib.sha256(envelope.body).digest(),
            )
            if envelope.seq <= end:
                self._tally.counts["again"] += 1
                if log.hashes[envelope.seq - 1] != hash_:
                    self._tally.wrong.append(f"two envelopes at seq {envelope.seq}")
                continue
            log.hashes.append(hash_)
            log.transcript = formats.transcript_next(log.transcript, seq=envelope.seq, hash_=hash_)
            self.heard_stored_at = max(self.heard_stored_at, envelope.time)
        if self.link is not None and len(log.hashes) >= log.marked + ACK_EVERY:
            log.marked = len(log.hashes)
            mark = protocol.Cursor(conversation=conversation, seq=log.marked)
            self._spawn(self.link.note(protocol.Ack(cursors=[mark])))

    def _fetch(self, conversation: bytes) -> None:
        log = self.logs[conversation]
        if not log.fetching:
            log.fetching = True
            self._spawn(self._pages(conversation, log))

    async def _pages(self, conversation: bytes, log: Log) -> None:
        """Page from the log's end until nothing is behind, or the connection ends."""
        try:
            while (link := self.link) is not None:
                page = await link.ask(
                    protocol.Fetch, conversation=conversation, after=len(log.hashes), limit=1000
                )
                if isinstance(page, protocol.Refused):
                    self._refused(page)
                    await asyncio.sleep(page.retry_after or 0.1)
                    continue
                self._tally.counts["fetched"] += len(page.envelopes)
                log.end = max(log.end, page.last_seq)
                self._apply(conversation, page.envelopes)
                # What came live meanwhile, from behind the gap, was let go.
                if len(log.hashes) >= log.end:
                    return
        except LostError:
            pass
        finally:
            log.fetching = False

    def _spawn(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._fetches.add(task)
        task.add_done_callback(self._fetches.discard)

    # --- Speaking -----------------------------------------------------------------------------------------

    async def _speak(self, lane: Lane) -> None:
        while True:
            await self._linked.wait()
            if not lane.unanswered:
                if self.quiet:
                    return
                lane.unanswered = [self._message(lane.talk) for _ in range(self._random.randint(1, WINDOW))]
            link = self.link
            if link is None:
                await asyncio.sleep(0)
                continue
            pause = 0.0
            for frame, answer in zip(
                list(lane.unanswered), await link.post_all(lane.unanswered), strict=True
            ):
                if isinstance(answer, protocol.Sent):
                    self._acknowledged(lane, frame, answer)
                elif isinstance(answer, protocol.Refused):
                    self._refused(answer)
                    pause = max(pause, answer.retry_after or 0.05)
                elif not isinstance(answer, LostError):
                    raise answer
            await asyncio.sleep(pause or self._random.uniform(0, THINK))

    def _message(self, talk: Talk) -> protocol.Send:
        return protocol.Send(
            id=1,
            conversation=talk.id,
            generation=1,
            epoch=1,
            counter=self.actor.next_counter(talk.id),
            body=body(talk.group_id),
        )

    def _acknowledged(self, lane: Lane, frame: protocol.Send, answer: protocol.Sent) -> None:
        key = (frame.conversation, self.actor.device.bytes, frame.counter)
        self._tally.acknowledged[key] = (answer.seq, hashlib.sha256(frame.body).digest())
        lane.unanswered = [each for each in lane.unanswered if each.counter != frame.counter]
        lane.acknowledged_at = time.monotonic()


async def whole_log(actor: Actor, door: Door, conversation: bytes) -> list[tuple[UUID, int, bytes]]:
    """All of a conversation as somebody pages it who comes for the first time: device, counter, body."""
    link = await connect(actor, door, lambda _: None)
    try:
        await link.ask(protocol.Resume, cursors=[], mailbox=0)
        found: list[protocol.Envelope] = []
        while True:
            page = await link.ask(protocol.Fetch, conversation=conversation, after=len(found), limit=1000)
            assert isinstance(page, protocol.Page), msgspec.to_builtins(page)
            found += page.envelopes
            if len(found) >= page.last_seq:
                assert [envelope.seq for envelope in found] == list(range(1, page.last_seq + 1))
                return [(UUID(bytes=e.device), e.counter, e.body) for e in found]
    finally:
        await link.leave()
