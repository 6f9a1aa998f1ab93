"""Sockets that are heard by long polls: what they are told gathers here between two polls.

A listener is a `Socket` in the hub like any other, live from `resume` on. Its outlet keeps the frames until a
poll fetches them, and the answer until the next poll says that it arrived: an answer lost on the way is said
again, word for word. So one resume, with its cursors, serves as many polls as a connection would live.

The next poll may come to another process. That one joins the person's conversations first and then tells
the others `TakeOver`; whoever has the listener answers `HandedOver` with all that has gathered and with what
it has told of each conversation, and forgets it. Whatever happened before the one heard of it stands in the
other's frames; what neither heard of is found by comparing what was told with the database. Without an answer
in time (Valkey away, process gone) nobody knows what the client has missed: the poll is refused, and the
client resumes from its cursors as after any lost connection.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from beep import metrics
from beep.errors import BeepError
from messaging import protocol
from messaging.engine import limits, reads, signals
from messaging.engine.frames import Outgoing
from messaging.engine.hub import without_envelope
from messaging.engine.precedence import UNDECIDED
from messaging.engine.reads import Session
from messaging.engine.socket import Socket

if TYPE_CHECKING:
    from messaging.engine.runtime import Engine

log = structlog.get_logger(__name__)

ID_BYTES: Final = 16
HELD: Final = 25.0
"""Seconds that a poll is held while nothing happens: less than proxies usually allow an answer to take."""
HELD_AT_MOST: Final = 55.0
"""The same for a client in the background, which asks for it: half as many answers that wake its radio."""
COMPANY: Final = 0.05
"""Seconds that the first event waits for others to share its answer."""
LINGER: Final = 60.0
"""Seconds that a listener waits for its next poll, and one more for each `SLOWEST` bytes it was answered."""
SLOWEST: Final = 1_000
"""Bytes a second of the slowest network that is waited for: half a megabyte takes it nine minutes."""
BUFFER: Final = 512 << 10
"""Bytes that gather for the next poll; past it the client resumes from its cursors."""
ASKED: Final = 4 << 20
"""Bytes that one POST's answers may have together."""
HAND_OVER: Final = 3.0
"""Seconds that another process may take to hand a listener over."""
MAX_ASKING: Final = 4
"""POSTs of one device that a process works on at a time, beside the listening one."""


class PollOutlet:
    """Gathers frames; an `Outlet`."""

    def __init__(self, room: int) -> None:
        self.closed: int | None = None
        self.on_arrival: Callable[[], None] | None = None
        """Called when there is something to fetch, and when the outlet is closed."""
        self.room = room
        self._frames: list[bytes] = []
        self._bytes = 0

    def send(self, payload: bytes) -> None:
        """See `Outlet`."""
        if self.closed is not None:
            return
        if self._bytes + len(payload) > self.room:
            self.close(protocol.CLOSE_TOO_SLOW)
            return
        self._bytes += len(payload)
        self._frames.append(payload)
        self._tell()

    def share(self, outgoing: Outgoing) -> None:
        """See `Outlet`."""
        self.send(outgoing.payload)

    def buffered(self) -> int:
        """See `Outlet`: nobody reads before all is there, so that waiting for a reader would be in vain."""
        return 0

    def close(self, code: int) -> None:
        """See `Outlet`."""
        if self.closed is None:
            self.closed = code
            metrics.total.close(code)
            self._tell()

    def take(self) -> list[bytes]:
        """What has gathered."""
        frames, self._frames, self._bytes = self._frames, [], 0
        return frames

    @property
    def ready(self) -> bool:
        """Whether there is something to say."""
        return bool(self._frames) or self.closed is not None

    def _tell(self) -> None:
        if self.on_arrival is not None:
            self.on_arrival()


def pack(frames: list[bytes]) -> bytes:
    """Each frame behind its length, u32 big-endian."""
    return b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


class Listener:
    """A socket that polls hear. Its `id` opens nothing alone: each poll also shows the device's session."""

    def __init__(self, polls: "Polls", socket: Socket, outlet: PollOutlet, id_: bytes) -> None:
        self.id: Final = id_
        self.socket: Final = socket
        self.number = 1
        """Of the last answer; the first is the one to resume."""
        self.last = b""
        """The last answer, until the next poll says that it arrived."""
        self._polls: Final = polls
        self._outlet: Final = outlet
        self._held: asyncio.Future[None] | None = None
        """The poll that is being held."""
        outlet.on_arrival = self._wake
        self._timer: asyncio.TimerHandle | None = None
        self.wait()

    @property
    def closed(self) -> int | None:
        """The code that the hub closed the socket with."""
        return self._outlet.closed

    def wait(self) -> None:
        """Nobody polls: end after a while, which the last answer may need for its way."""
        loop = asyncio.get_running_loop()
        patience = LINGER + len(self.last) / SLOWEST
        self._timer = loop.call_later(patience, self._polls.forget, self)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def poll(self, arrived: int, hold: float | None = None) -> bytes:
        """The next answer, by whoever has `arrived` as the last one; empty when nothing happens for `hold`
        seconds (`HELD` when None, `HELD_AT_MOST` at most).

        A second poll takes the place of the first, which then is answered with nothing: the client cannot be
        waiting for both. Raises BeepError `conflict` when `arrived` is not one of the last two numbers.
        """
        if arrived == self.number - 1 and self.last:
            # Only now on its way again, and nobody is being waited for meanwhile.
            self._stop_waiting()
            self.wait()
            return self.last
        if arrived != self.number:
            raise BeepError("conflict")
        self.last = b""
        self.displace()
        mine = self._held = asyncio.get_running_loop().create_future()
        try:
            if not self._outlet.ready:
                await asyncio.wait([mine], timeout=HELD if hold is None else min(hold, HELD_AT_MOST))
            if self._held is mine and self.closed is None and self._outlet.ready:
                await asyncio.sleep(COMPANY)
            if self._held is not mine or not (frames := self._outlet.take()):
                return b""
            self.number += 1
            self.last = pack(frames)
            return self.last
        finally:
            if self._held is mine:
                self._held = None
                self.wait()

    def displace(self) -> None:
        """End a poll that is being held: its client has gone elsewhere."""
        self._stop_waiting()
        held, self._held = self._held, None
        if held is not None and not held.done():
            held.set_result(None)

    def _wake(self) -> None:
        if self._held is not None and not self._held.done():
            self._held.set_result(None)

    def hand_over(self) -> signals.HandedOver:
        """Everything, for the process that goes on."""
        return signals.HandedOver(
            poll=self.id,
            number=self.number,
            last=self.last,
            frames=self._outlet.take(),
            minor=self.socket.minor,
            mailbox=self.socket.mailbox,
            told={room.conversation: signals.Told(room.known, *room.told) for room in self.socket.rooms},
            order=self.socket.order,
        )

    def accept(self, handed: signals.HandedOver) -> None:
        """Go on where the other process was."""
        self.number, self.last = handed.number, handed.last
        self._stop_waiting()
        self.wait()
        for frame in handed.frames:
            self._outlet.send(frame)


class Polls:
    """The listeners of one process, by id."""

    def __init__(self, engine: "Engine") -> None:
        self._engine: Final = engine
        self._listeners: Final[dict[bytes, Listener]] = {}
        self._expected: Final[dict[bytes, asyncio.Future[signals.HandedOver]]] = {}
        self._asking: Final[dict[bytes, int]] = {}
        self.held = 0
        """Polls that are being held."""
        metrics.watch(self)

    def levels(self) -> Mapping[str, float]:
        """See `metrics.Source`."""
        return {"polls_held": self.held}

    # --- Asking -------------------------------------------------------------------------------------------

    def begin(self, device: bytes) -> None:
        """A POST of `device` begins; raises BeepError `rate_limited` beside `MAX_ASKING` others."""
        asking = self._asking.get(device, 0)
        if asking >= MAX_ASKING:
            raise BeepError("rate_limited", retry_after=1.0)
        self._asking[device] = asking + 1

    def end(self, device: bytes) -> None:
        """It has ended."""
        left = self._asking.pop(device) - 1
        if left:
            self._asking[device] = left

    # --- Listening ----------------------------------------------------------------------------------------

    def add(self, socket: Socket, outlet: PollOutlet) -> Listener:
        """Keep a socket that has resumed."""
        return self._keep(Listener(self, socket, outlet, secrets.token_bytes(ID_BYTES)))

    def _keep(self, listener: Listener) -> Listener:
        self._listeners[listener.id] = listener
        return listener

    def forget(self, listener: Listener) -> None:
        """The listener ends; whoever polls it is answered."""
        if self._listeners.get(listener.id) is listener:
            del self._listeners[listener.id]
            listener.displace()
            listener.socket.end()

    async def find(self, id_: bytes, session: Session) -> Listener:
        """The listener, fetched from another process when it is there.

        Raises BeepError `not_found`, and psycopg.Error when the database is away.
        """
        listener = self._listeners.get(id_)
        if listener is None:
            listener = await self._take_over(id_, session)
        if (listener.socket.device, listener.socket.session) != (session.device, session.id):
            # Somebody else's id, or the device has signed in anew: its sockets ended with its session.
            raise BeepError("not_found")
        return listener

    async def _take_over(self, id_: bytes, session: Session) -> Listener:
        engine, database = self._engine, self._engine.database
        if session.device in engine.hub.devices:
            # The client has opened a newer socket here since.
            raise BeepError("not_found")
        outlet = PollOutlet(BUFFER)
        socket = Socket(engine, replace(session, order=UNDECIDED), outlet)
        coming = asyncio.get_running_loop().create_future()
        if self._expected.setdefault(id_, coming) is not coming:
            socket.end()
            raise BeepError("rate_limited", retry_after=HAND_OVER)
        try:
            engine.hub.add(socket)
            states = [
                state if state.left else engine.hub.join(socket, state)
                for state in await reads.states(database, person=session.person)
            ]
            socket.mailbox = await reads.mailbox_end(database, device=session.device)
            engine.relay.notify(signals.encode(signals.TakeOver(poll=id_, device=session.device)))
            async with asyncio.timeout(HAND_OVER):
                handed = await coming
            if len(socket.held) >= limits.HOLD:
                # More came meanwhile than is kept, so nobody knows what the client has missed.
                raise BeepError("not_found")
        except TimeoutError:
            socket.end()
            raise BeepError("not_found") from None
        except BaseException:
            socket.end()
            raise
        finally:
            del self._expected[id_]
        listener = Listener(self, socket, outlet, id_)
        socket.minor, socket.order = handed.minor, handed.order
        listener.accept(handed)
        for state in states:
            if missed(state, handed.told.get(state.conversation)):
                outlet.send(protocol.encode(protocol.ConversationChanged(state=state)))
        if socket.mailbox > handed.mailbox:
            outlet.send(protocol.encode(protocol.MailWaiting(last=socket.mailbox)))
        socket.go_live()
        self._keep(listener)
        if outlet.closed is None:
            # The other one's place, in its order: a socket that was opened since says so now.
            engine.precedence.claim(socket)
        return listener

    def hear(self, signal: signals.TakeOver | signals.HandedOver) -> None:
        """From another process."""
        if isinstance(signal, signals.HandedOver):
            coming = self._expected.get(signal.poll)
            if coming is not None and not coming.done():
                coming.set_result(signal)
            return
        listener = self._listeners.get(signal.poll)
        if listener is None or listener.closed is not None or listener.socket.device != signal.device:
            return
        handed = listener.hand_over()
        self.forget(listener)
        self._engine.relay.notify(signals.encode(handed))


def missed(state: protocol.ConversationState, told: signals.Told | None) -> bool:
    """Whether a client that was told `told` of a conversation must hear of `state`."""
    if told is None:
        # Left long ago, or never spoken of; as in `behind`.
        return not state.left and state.last_seq > 0
    beside = (told.blocked, told.orders, told.frozen_seq)
    return state.left or state.last_seq > told.known or beside != without_envelope(state)
