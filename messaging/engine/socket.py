"""One socket: hello, then requests and notes; after resume also events.

`receive` takes one frame and never waits. A `send` goes straight to the writer; everything else becomes a
task, so that a slow page holds up nothing. Order: a device's `send`, `commit` and `begin` are stored in the
order in which they came, because their counters must rise. Sends keep it by themselves in the writer's queue;
a commit or begin waits for the sends before it, and sends behind it wait for its answer.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import msgspec
import structlog

from beep import metrics
from beep.errors import BeepError
from messaging import protocol
from messaging.engine import limits, rate, requests
from messaging.engine.frames import Outgoing
from messaging.engine.outlet import Outlet
from messaging.engine.reads import Session
from messaging.engine.submission import Outcome, Stored, Submission

if TYPE_CHECKING:
    from messaging.engine.hub import Room
    from messaging.engine.runtime import Engine

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

Ordered = protocol.Send | protocol.Commit | protocol.Begin

COSTS: Final[dict[type, float]] = {
    protocol.Resume: limits.RESUME_COST,
    **dict.fromkeys(
        (
            protocol.Hello,
            protocol.Send,
            protocol.Fetch,
            protocol.Hashes,
            protocol.Ping,
            protocol.Ack,
            protocol.Typing,
        ),
        1.0,
    ),
}
"""Tokens that a frame takes of the rate, beside those for its bytes; what is missing takes `SLOW_COST`."""


class Socket:
    """A connected device. `engine` is where everything else is."""

    wakes = False

    def __init__(self, engine: "Engine", session: Session, outlet: Outlet, *, listens: bool = True) -> None:
        self.engine: Final = engine
        self.listens: Final = listens
        """False for one that only asks (a long-poll request beside the listening one): no events, no hub."""
        self.outlet: Final = outlet
        self.person = session.person
        self.device = session.device
        self.session = session.id
        self.order = session.order
        self.rooms: set[Room] = set()
        self.live = False
        """Resume was answered: events may be sent."""
        self.mailbox = 0
        """The mailbox's end as resume told it."""
        self.held: list[Outgoing] = []
        """Events between registering and the answer to resume."""
        self.minor = -1
        """The spoken minor version; -1 before hello."""
        self.typing: Final = rate.Bucket(limits.TYPING_PER_SECOND, 2 * limits.TYPING_PER_SECOND)
        self._last_id = 0
        self._in_flight = 0
        self._device_rate: Final = engine.allowances.device(self.device)
        self._person_rate: Final = engine.allowances.person(self.person)
        self._device_rate.held += 1
        self._person_rate.held += 1
        self._refusals = 0
        self._refusals_since = 0.0
        self._pages: asyncio.Semaphore | None = None
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        self._sends = 0
        """Sends in the writer."""
        self._sends_done: Final = asyncio.Event()
        self._handshake = False
        """A commit or begin is on its way."""
        self._behind: Final[deque[Ordered]] = deque()
        self._ended = False
        engine.connections += 1

    # --- In -----------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> float:
        """One binary message. Never raises: what is wrong is answered, or closes the socket.

        Returns the seconds for which nothing more should be read: TCP then slows a flood down, for whose
        frames nobody has to do anything.
        """
        if self.outlet.closed is not None or self.engine.draining:
            # Not answered, so the client says it again elsewhere.
            return 0.0
        metrics.total.received += 1
        try:
            if len(data) > protocol.MAX_FRAME:
                raise BeepError("protocol_violation", "The frame is larger than MAX_FRAME.")
            frame = protocol.decode_client_frame(data)
        except msgspec.DecodeError as error:
            # The text names the place and the type, never the value.
            self.violate(BeepError("protocol_violation", str(error)))
        except BeepError as error:
            self.violate(error)
        else:
            return self._take(frame, len(data))
        return 0.0

    def _take(self, frame: protocol.ClientFrame, size: int) -> float:
        cost = COSTS.get(type(frame), limits.SLOW_COST) + size // limits.PAID_BYTES
        # Asked first and charged last: what the device may not do costs its person nothing.
        wait = self._person_rate.take(0.0) or self._device_rate.take(cost)
        if not wait:
            self._person_rate.charge(cost)
        if isinstance(frame, protocol.Ack | protocol.Typing):
            if self.minor < 0:
                self.violate(BeepError("hello_first"))
            elif wait:
                return self._rest()
            else:
                self._note(frame)
            return 0.0
        if frame.id <= self._last_id:
            self.violate(BeepError("protocol_violation", "The id does not increase."), frame.id)
            return 0.0
        self._last_id = frame.id
        if self.minor < 0 and not isinstance(frame, protocol.Hello):
            self.violate(BeepError("hello_first"), frame.id)
            return 0.0
        if wait or self._in_flight >= protocol.MAX_IN_FLIGHT:
            self._refuse(frame.id, BeepError("rate_limited", retry_after=round((wait or 0.1) + 0.05, 2)))
            return self._rest()
        self._in_flight += 1
        if isinstance(frame, protocol.Hello):
            # At once: the next frame may have come in the same segment and is allowed only after it.
            self._answered(frame, requests.hello(self, frame))
        elif isinstance(frame, Ordered):
            self._behind.append(frame)
            self._go_on()
        else:
            self._spawn(self._answer(frame))
        return 0.0

    def _note(self, frame: protocol.Ack | protocol.Typing) -> None:
        if not self.listens:
            if isinstance(frame, protocol.Ack):
                self._spawn(requests.acknowledged(self, frame))
        elif isinstance(frame, protocol.Ack):
            # Only what it takes part in: invented conversations would fill the room that everybody shares.
            rooms = self.engine.hub.rooms
            for cursor in frame.cursors:
                room = rooms.get(cursor.conversation)
                if room is not None and room in self.rooms:
                    self.engine.delivered.add(self.device, (cursor,), large=room.large)
        elif not self.typing.take():
            self._spawn(requests.typing(self, frame))

    def _rest(self) -> float:
        """A frame was refused or dropped for the rate: how long to read nothing; too many end the socket."""
        now = time.monotonic()
        if now - self._refusals_since > limits.REFUSALS_SECONDS:
            self._refusals, self._refusals_since = 0, now
        self._refusals += 1
        if self._refusals > 2 * self.engine.allowances.devices.burst:
            log.warning("rate_exceeded", device=self.device.hex(), person=self.person.hex())
            self.close(protocol.CLOSE_RATE)
        return limits.REFUSED_REST if self._refusals > limits.FREE_REFUSALS else 0.0

    # --- What is stored in order --------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Work through ordered frames until one has to be waited for."""
        while self._behind and not self._handshake:
            frame = self._behind.popleft()
            if isinstance(frame, protocol.Send):
                self._submit(frame)
            else:
                self._handshake = True
                self._spawn(self._shake_hands(frame))

    def _submit(self, frame: protocol.Send) -> None:
        def resolve(outcome: Outcome) -> None:
            self._sends -= 1
            if self._sends == 0:
                self._sends_done.set()
            self._in_flight -= 1
            if isinstance(outcome, Stored):
                self.outlet.send(
                    protocol.encode(protocol.Sent(re=frame.id, seq=outcome.seq, time=outcome.time))
                )
            else:
                self._refuse(frame.id, outcome)

        try:
            submission = Submission(
                frame, device=self.device, person=self.person, session=self.session, resolve=resolve
            )
            self.engine.writer.submit(submission)
        except BeepError as refusal:
            self._in_flight -= 1
            self._refuse(frame.id, refusal)
        else:
            self._sends += 1
            self._sends_done.clear()

    async def _shake_hands(self, frame: protocol.Commit | protocol.Begin) -> None:
        try:
            if self._sends:
                await self._sends_done.wait()
            await self._answer(frame)
        finally:
            self._handshake = False
            self._go_on()

    # --- Out ----------------------------------------------------------------------------------------------

    async def _answer(self, frame: protocol.Request) -> None:
        """Do what the request asks and answer it; an unforeseen failure is `internal` and is logged."""
        answer: protocol.Answer | BeepError
        try:
            answer = await requests.answer(self, frame)
        except BeepError as refusal:
            answer = refusal
        except requests.UNAVAILABLE as error:
            log.warning("request_unavailable", frame=type(frame).__name__, error=type(error).__name__)
            answer = BeepError("busy", retry_after=1.0)
        except asyncio.CancelledError:
            self._in_flight -= 1
            raise
        except Exception as error:
            log.exception("request_failed", frame=type(frame).__name__, error=type(error).__name__)
            answer = BeepError("internal")
        self._answered(frame, answer)
        if isinstance(answer, protocol.Behind):
            self.go_live()

    def _answered(self, frame: protocol.Request, answer: protocol.Answer | BeepError) -> None:
        self._in_flight -= 1
        if isinstance(answer, BeepError):
            self._refuse(frame.id, answer)
        else:
            payload = protocol.encode(answer)
            if extra := len(payload) // limits.PAID_BYTES:
                self._device_rate.charge(extra)
                self._person_rate.charge(extra)
            self.outlet.send(payload)

    def go_live(self) -> None:
        """Resume is answered: pass on what came meanwhile, and from now on everything."""
        self.live = True
        held, self.held = self.held, []
        for outgoing in held:
            self.outlet.share(outgoing)

    def event(self, outgoing: Outgoing) -> None:
        """An event from the hub; one that comes while resume is being answered waits for the answer."""
        if self.live:
            self.outlet.share(outgoing)
        elif len(self.held) < limits.HOLD:
            self.held.append(outgoing)

    def _refuse(self, re: int, refusal: BeepError) -> None:
        metrics.total.refuse(refusal.code)
        self.outlet.send(
            protocol.encode(
                protocol.Refused(
                    re=re,
                    code=refusal.code,
                    message=refusal.message,
                    detail=refusal.detail,
                    retry_after=refusal.retry_after,
                )
            )
        )

    def violate(self, refusal: BeepError, re: int = 0) -> None:
        """Say what the protocol does not allow, and close."""
        log.info("protocol_violated", refusal=refusal.code, device=self.device.hex())
        self._refuse(re, refusal)
        self.close(protocol.CLOSE_NOT_ALLOWED)

    def close(self, code: int) -> None:
        """Close from our side; the hub forgets the socket at once, so that nothing more reaches it."""
        self.engine.hub.remove(self)
        self.outlet.close(code)

    # --- What requests need --------------------------------------------------------------------------------

    @property
    def pages(self) -> asyncio.Semaphore:
        """Held while a page is read: a socket that asks for sixty at once gets a few at a time."""
        if self._pages is None:
            self._pages = asyncio.Semaphore(limits.PAGES)
        return self._pages

    async def slowly(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function` on the slow path in this device's turn; raises what it raises."""
        return await self.engine.slow.call(self.device, function, *args, **kwargs)

    # --- Tasks --------------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until all that was asked is answered, or the socket is closed."""
        while self.outlet.closed is None and (self._tasks or self._in_flight):
            if self._tasks:
                await asyncio.wait(list(self._tasks))
            else:
                await self._sends_done.wait()

    def end(self) -> None:
        """The connection is gone. What is being stored is stored; nobody hears of it here."""
        if not self._ended:
            self._ended = True
            self.engine.connections -= 1
            self._device_rate.held -= 1
            self._person_rate.held -= 1
        self.engine.hub.remove(self)
        self._behind.clear()
        for task in list(self._tasks):
            task.cancel()
