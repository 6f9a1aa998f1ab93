"""The engine of one process: everything put together, made when the first socket comes.

One engine an event loop. Nothing depends on ASGI lifespan, which Daphne does not have: `current()` makes the
engine, `drain()` ends it. A server that never calls `drain` loses nothing either.
"""

import asyncio
import weakref
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from beep import metrics
from messaging import notices, protocol
from messaging.engine import limits, reads, requests, signals, tasks
from messaging.engine.allowances import Allowances
from messaging.engine.batch import Accepted
from messaging.engine.contention import Contention
from messaging.engine.database import Database
from messaging.engine.delivered import Delivered
from messaging.engine.doors import Doors
from messaging.engine.frames import Outgoing
from messaging.engine.hub import Hub, without_envelope
from messaging.engine.outlet import Flusher
from messaging.engine.polls import Polls
from messaging.engine.precedence import Precedence
from messaging.engine.relay import Relay
from messaging.engine.repair import Repairer
from messaging.engine.revocations import Revocations
from messaging.engine.slow import SlowPath
from messaging.engine.socket import Socket
from messaging.engine.writer import Writer

log = structlog.get_logger(__name__)

_engines: Final["weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Engine]"] = weakref.WeakKeyDictionary()


def current() -> "Engine":
    """The running loop's engine, started when there is none."""
    loop = asyncio.get_running_loop()
    engine = _engines.get(loop)
    if engine is None:
        engine = _engines[loop] = Engine()
        engine.start()
    return engine


async def drain() -> None:
    """End the running loop's engine, when it has one: see `Engine.drain`."""
    engine = _engines.get(asyncio.get_running_loop())
    # It stays, so that a socket which comes now finds an engine that refuses, and not a new one.
    if engine is not None and not engine.draining:
        await engine.drain()


class Engine:
    """The parts, and what passes between them."""

    def __init__(self) -> None:
        self.draining = False
        self.database: Final = Database()
        self.flusher: Final = Flusher()
        self.relay: Final = Relay(
            on_shared=self._deliver, on_notice=self._hear_encoded, on_return=self._hints_return
        )
        self._repairer: Final = Repairer(self.database, relay_is_up=lambda: self.relay.up)
        self.hub: Final[Hub] = self._repairer.hub
        self.writer: Final = Writer(self._stored)
        self.delivered: Final = Delivered(self.database, self._marked)
        self.revocations: Final = Revocations(self.database, self.hub)
        self.slow: Final = SlowPath()
        self.allowances: Final = Allowances()
        self.doors: Final = Doors()
        self.contention: Final = Contention()
        self.precedence: Final = Precedence(self.hub, self.relay.notify)
        self.polls: Final = Polls(self)
        self._loop: Final = asyncio.get_running_loop()
        self._former_publisher: notices.Publisher | None = None
        self._resync: asyncio.Task[None] | None = None
        self._pulse: asyncio.Task[None] | None = None
        self._lag = 0.0
        self.connections = 0
        """Sockets of every kind, those before hello too."""

    def start(self) -> None:
        """Start every task."""
        for part in (
            self.relay,
            self._repairer,
            self.writer,
            self.delivered,
            self.revocations,
            self.allowances,
        ):
            part.start()
        self._pulse = self._loop.create_task(self._beat(), name="beep-pulse")
        metrics.watch(self)
        self._former_publisher = notices.set_publisher(self._publish)

    async def drain(self) -> None:
        """Take no more sockets, acknowledge what is in the writer, tell every client to come back."""
        self.draining = True
        # First the writer: what it has taken is acknowledged before the close frame. Nothing new comes in, so
        # this takes one batch; a database that hangs must not keep the process.
        with suppress(TimeoutError):
            async with asyncio.timeout(limits.DRAIN_PATIENCE):
                await self.writer.drain()
        for member in self.hub.members():
            member.close(protocol.CLOSE_GOING_AWAY)
        await self.relay.drain()
        await self.stop()

    async def stop(self) -> None:
        """End every task and connection."""
        if self._former_publisher is not None:
            notices.set_publisher(self._former_publisher)
        await tasks.cancel(self._resync, self._pulse)
        for part in (
            self.allowances,
            self.revocations,
            self.delivered,
            self._repairer,
            self.relay,
            self.writer,
        ):
            await part.stop()
        await self._loop.run_in_executor(None, self.slow.stop)
        await self.database.close()

    async def _beat(self) -> None:
        """Show that the loop goes round, and how late."""
        now, beats = self._loop.time, 0
        try:
            while True:
                beats += 1
                if beats % limits.FORGET_BEATS == 0:
                    self.allowances.forget()
                    self.doors.forget()
                metrics.loop.beat()
                due = now() + limits.BEAT
                await asyncio.sleep(limits.BEAT)
                self._lag = max(0.0, now() - due)
        finally:
            metrics.loop.end()

    def levels(self) -> dict[str, float]:
        """See `beep.metrics.Source`."""
        return {
            "sockets": len(self.hub),
            "connections": self.connections,
            "rooms": len(self.hub.rooms),
            "writer_queue": len(self.writer),
            "slow_queue": len(self.slow),
            "relay_bytes": self.relay.waiting,
            "relay_up": self.relay.up,
            "marks": len(self.delivered),
            "buckets": len(self.allowances),
            "limits_shared": self.allowances.shared,
            "loop_lag": self._lag,
        }

    # --- Sockets ------------------------------------------------------------------------------------------

    @property
    def accepting(self) -> bool:
        """Whether a new socket may come: not while draining, nor while nobody knows who is revoked."""
        return not self.draining and self.revocations.certain

    def register(self, socket: Socket) -> None:
        """The socket has said hello: it replaces older ones of its device, here and elsewhere."""
        self.precedence.claim(socket)

    # --- From the writer ----------------------------------------------------------------------------------

    def _stored(self, accepted: dict[bytes, Accepted]) -> None:
        try:
            for conversation, added in accepted.items():
                self._envelopes(conversation, added.envelopes)
        except Exception:
            self._repairer.look()
            raise

    def _envelopes(self, conversation: bytes, envelopes: list[protocol.Envelope]) -> None:
        """Pass new envelopes on in frames that end where a page would, so that none passes `MAX_FRAME`."""
        part: list[protocol.Envelope] = []
        size = 0
        for envelope in envelopes:
            taken = len(envelope.body) + limits.ENVELOPE_BYTES
            if part and size + taken > limits.PAGE_BYTES:
                self._frame(conversation, part)
                part, size = [], 0
            part.append(envelope)
            size += taken
        if part:
            self._frame(conversation, part)

    def _frame(self, conversation: bytes, envelopes: list[protocol.Envelope]) -> None:
        """Encode once, for every socket of this process and for the others."""
        outgoing = Outgoing.of(protocol.Envelopes(conversation=conversation, envelopes=envelopes))
        first, last = envelopes[0].seq, envelopes[-1].seq
        if envelopes[-1].kind != protocol.APPLICATION:
            self._epoch_changed(conversation)
        self.hub.deliver(conversation, first, last, outgoing)
        self.relay.share(conversation, first, last, outgoing.payload)

    # --- From the services and the other processes --------------------------------------------------------

    def _publish(self, notice: notices.AnyNotice) -> None:
        """The publisher of this process: called in any thread, after the commit."""
        try:
            self._loop.call_soon_threadsafe(self._own, notice)
        except RuntimeError:
            # The loop has ended before its last thread.
            notices.to_valkey(notice)

    def _own(self, notice: notices.AnyNotice) -> None:
        if isinstance(notice, notices.EnvelopesAdded):
            self._envelopes(notice.conversation, notice.envelopes)
            return
        self._hear(notice)
        self.relay.notify(notices.encode(notice))

    def _hear_encoded(self, encoded: bytes) -> None:
        try:
            signal = signals.decode(encoded)
        except msgspec.DecodeError:
            log.warning("notice_unreadable", size=len(encoded))
            return
        self._hear(signal)

    def _deliver(self, conversation: bytes, first: int, last: int, outgoing: Outgoing) -> None:
        room = self.hub.rooms.get(conversation)
        if room is not None:
            # Whether a commit is among them is not worth decoding: typing asks for the leaves again.
            room.leaves = None
            self.hub.deliver(conversation, first, last, outgoing)

    def _hear(self, signal: signals.Signal) -> None:
        hub = self.hub
        match signal:
            case notices.EnvelopesAdded(conversation=conversation, envelopes=[first, *_] as envelopes):
                event = protocol.Envelopes(conversation=conversation, envelopes=envelopes)
                self._epoch_changed(conversation)
                hub.deliver(conversation, first.seq, envelopes[-1].seq, Outgoing.of(event))
            case notices.ConversationChanged(state=state, persons=persons):
                self._epoch_changed(state.conversation)
                hub.changed(state, persons)
            case notices.MailWaiting(device=device, last=last):
                hub.to_device(device, protocol.MailWaiting(last=last))
            case notices.SlotChanged(conversation=conversation, slot=slot):
                changed = protocol.SlotChanged(conversation=conversation, slot=slot)
                hub.to_room(conversation, changed, but=slot.device)
            case notices.IdentityChanged(person=person, version=version, persons=persons):
                hub.to_persons(persons, protocol.IdentityChanged(person=person, version=version))
            case notices.PersonChanged(person=person, persons=persons):
                hub.to_persons(persons, protocol.PersonChanged(person=person))
            case notices.ResetRequested(person=person, earliest=earliest, persons=persons):
                hub.to_persons(persons, protocol.ResetRequested(person=person, earliest=earliest))
            case notices.PairingWaiting(person=person, pairing=pairing):
                hub.to_persons([person], protocol.PairingWaiting(pairing=pairing))
            case notices.InvitedReady(conversation=conversation, person=person, persons=persons):
                hub.to_persons(persons, protocol.InvitedReady(conversation=conversation, person=person))
            case notices.DeviceEnded(device=device):
                self.revocations.end_device(device)
            case signals.Missed():
                self._hints_return()
            case signals.Superseded(device=device, at=at):
                self.precedence.hear({device: at})
            case signals.Standing(orders=orders):
                self.precedence.hear(orders)
            case signals.TakeOver() | signals.HandedOver():
                self.polls.hear(signal)
            case signals.Typed(event=event):
                self.typed(event)
            case signals.Marked(conversation=conversation, mark=mark):
                delivered = protocol.Delivered(conversation=conversation, mark=mark)
                hub.to_room(conversation, delivered, but=mark.device)

    def _epoch_changed(self, conversation: bytes) -> None:
        room = self.hub.rooms.get(conversation)
        if room is not None:
            room.leaves = None

    def typed(self, event: protocol.TypingEvent) -> None:
        """Pass a typing frame on to the local members, except its sender, who have a leaf."""
        room = self.hub.rooms.get(event.conversation)
        if room is None:
            return
        outgoing = Outgoing.of(event)
        for member in room.members:
            if member.device != event.device and (room.leaves is None or member.device in room.leaves.of):
                member.event(outgoing)

    def _marked(self, conversation: bytes, mark: protocol.DeliveredMark) -> None:
        self._hear(signals.Marked(conversation=conversation, mark=mark))
        self.relay.notify(signals.encode(signals.Marked(conversation=conversation, mark=mark)))

    # --- After Valkey was away ----------------------------------------------------------------------------

    def _hints_return(self) -> None:
        """Notices may have been lost: compare every room, and tell the clients what else has changed."""
        self._repairer.look()
        self.precedence.claim_again()
        if self._resync is None or self._resync.done():
            self._resync = self._loop.create_task(self._sync_states(), name="beep-resync")

    async def _sync_states(self) -> None:
        for member in self.hub.members():
            try:
                states = await reads.states(self.database, person=member.person)
                mail = await reads.mailbox_end(self.database, device=member.device[-16:])
            except requests.UNAVAILABLE as error:
                log.warning("resync_failed", error=type(error).__name__)
                return
            if self.hub.devices.get(member.device) is not member or not member.live:
                continue
            for state in states:
                if not state.last_seq:
                    # As in `behind`: nothing was said in it yet.
                    continue
                room = self.hub.rooms.get(state.conversation)
                inside = room is not None and room in member.rooms
                if state.left:
                    if inside:
                        self.hub.changed(state, [member.person])
                elif room is None or not inside or room.told != without_envelope(state):
                    # A large one names nobody: then it is for those who are here.
                    here = {each.person for each in room.members} if room is not None else set()
                    self.hub.changed(state, state.persons or {member.person, *here})
            if mail:
                member.event(Outgoing.of(protocol.MailWaiting(last=mail)))
