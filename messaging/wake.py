"""`/wake`: the raw ASGI application of `beep.wake.v1`, a socket that says only that something waits.

For shells that stay connected in the background: the token, from `POST /api/v1/wake`, reads nothing and sends
nothing, so that a shell need not hold the session's cookie. The client's first frame is the token, 32 bytes,
never part of an address that a log might keep. From then on one byte each:

- `WAITING` from the server: an envelope or mail has come for the device since it last looked; not again
  before the client has looked, and at most once in `EVERY` seconds.
- `LOOKED` from the client: tell me of whatever comes from now on.

In the hub the socket is a member like any other, under a name of its own: it stands in the rooms of the
person's conversations and hears of an envelope without a query. It costs what its memberships cost, no task.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, LiteralString

import structlog

from beep import clock, metrics
from messaging import protocol
from messaging.consumer import CLOSE_PATIENCE, Receive, Scope, address_of, admit, await_close, write
from messaging.engine import arrays, doors, limits, rate, reads, requests, runtime
from messaging.engine.database import Database
from messaging.engine.frames import Outgoing
from messaging.engine.hub import WAKE
from messaging.engine.outlet import EXTENSION, FrameOutlet, MessageOutlet, Outlet, Send
from messaging.engine.reads import Session
from messaging.engine.runtime import Engine
from messaging.wake_tokens import TOKEN_BYTES

if TYPE_CHECKING:
    from messaging.engine.hub import Room

log = structlog.get_logger(__name__)

SUBPROTOCOL: Final = "beep.wake.v1"
WAITING: Final = b"\x01"
LOOKED: Final = b"\x02"
EVERY: Final = 5.0
"""Seconds between two `WAITING` at least."""
LOOKS: Final = (1.0, 10.0)
"""`LOOKED` a second, after a burst; past it the socket is closed with 4429."""

TOLD: Final = tuple(
    b"\xa1t" + bytes((0xA0 | len(tag),)) + tag
    for tag in (b"envelopes", b"mail_waiting", b"conversation_changed")
)
"""How an encoded event begins, behind the byte for its map, that is worth waking anybody for."""

SHOWN: Final[LiteralString] = """AND s.id = (
    SELECT w.session_id FROM messaging_waketoken w WHERE w.token_hash = %s AND w.expires_at > %s
)"""

SESSION: Final[LiteralString] = reads.ADMITTED + SHOWN

WAITS: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM messaging_mail WHERE device_id = %s) OR EXISTS (
    SELECT FROM messaging_participant p
    JOIN messaging_conversation c ON c.id = p.conversation_id
    JOIN messaging_sender s ON s.conversation_id = c.id AND s.device_id = %s
    WHERE p.person_id = %s AND p.left_at IS NULL AND p.role IN (1, 2) AND s.delivered_seq < c.last_seq
)
"""
"""Whether the device has mail, or a log is ahead of what it has acknowledged."""


class WakeSocket:
    """A member of the hub (`hub.Member`) that keeps one bit."""

    __slots__ = (
        "__weakref__", "_engine", "_next", "_timer", "_waiting", "device", "live", "looks", "order",
        "outlet", "person", "rooms", "session", "wakes",
    )  # fmt: skip

    def __init__(self, engine: Engine, session: Session, outlet: Outlet) -> None:
        self.person = session.person
        self.device = WAKE + session.device
        self.session = session.id
        self.order = session.order
        self.wakes = True
        self.rooms: set[Room] = set()
        self.live = False
        self.outlet: Final = outlet
        self.looks: Final = rate.Bucket(*LOOKS)
        self._engine: Final = engine
        self._waiting = False
        """Something has come since the client looked."""
        self._next = 0.0
        """When `WAITING` may be said, by the loop's clock."""
        self._timer: asyncio.TimerHandle | None = None

    def event(self, outgoing: Outgoing) -> None:
        """See `hub.Member`."""
        if not self._waiting and outgoing.payload[1:].startswith(TOLD):
            self.raise_flag()

    def raise_flag(self) -> None:
        """Something waits."""
        self._waiting = True
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            return
        if loop.time() >= self._next:
            self._say()
        else:
            self._timer = loop.call_at(self._next, self._say)

    @property
    def keeps_back(self) -> bool:
        """`WAITING` is due when `EVERY` is over."""
        return self._timer is not None

    def looked(self) -> None:
        """The client has looked: what comes from now on is news."""
        self._waiting = False
        self._stop_timer()

    def _say(self) -> None:
        self._timer = None
        self._next = asyncio.get_running_loop().time() + EVERY
        metrics.total.wakes += 1
        self.outlet.send(WAITING)

    def close(self, code: int) -> None:
        """See `hub.Member`."""
        self._engine.hub.remove(self)
        self.outlet.close(code)

    def end(self) -> None:
        """The connection is gone."""
        self._stop_timer()
        self._engine.hub.remove(self)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Count:
    """How many there are in this process."""

    def __init__(self) -> None:
        self.open = 0
        metrics.watch(self)

    def levels(self) -> Mapping[str, float]:
        """See `metrics.Source`."""
        return {"wake_sockets": self.open}


_count: Final = _Count()


async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
    """One connection from handshake to end."""
    if (await receive())["type"] != "websocket.connect":
        return
    if SUBPROTOCOL not in scope["subprotocols"]:
        await send({"type": "websocket.close"})
        return
    engine, transport = runtime.current(), scope.get("extensions", {}).get(EXTENSION)
    address = address_of(scope)
    await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
    scope.clear()
    outlet: Outlet
    writing: asyncio.Task[None] | None = None
    if transport is not None:
        outlet = FrameOutlet(transport, engine.flusher)
    else:
        outlet = MessageOutlet(send)
        writing = asyncio.get_running_loop().create_task(write(outlet))
    _count.open += 1
    try:
        await _serve(engine, receive, outlet, address)
        if writing is not None and outlet.closed is not None:
            await asyncio.wait([writing], timeout=CLOSE_PATIENCE)
    finally:
        _count.open -= 1
        if writing is not None:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing


async def _serve(engine: Engine, receive: Receive, outlet: Outlet, address: str | None) -> None:
    session, code = await _session(engine, receive, address)
    if session is None:
        if code:
            outlet.close(code)
            await await_close(receive)
        return
    socket = WakeSocket(engine, session, outlet)
    try:
        code = await _join(engine, socket)
        while not code and outlet.closed is None:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            if outlet.closed is None:
                code = _hear(socket, message.get("bytes"))
        if code:
            socket.close(code)
        await await_close(receive)
    finally:
        socket.end()


async def _session(engine: Engine, receive: Receive, address: str | None) -> tuple[Session | None, int]:
    """Whose token the first frame is, or the code to close with; 0 when the peer has gone."""
    try:
        async with asyncio.timeout(limits.HELLO_PATIENCE):
            message = await receive()
    except TimeoutError:
        return None, protocol.CLOSE_NOT_ALLOWED
    if message["type"] == "websocket.disconnect":
        return None, 0
    token = message.get("bytes")
    if token is None or len(token) != TOKEN_BYTES:
        return None, protocol.CLOSE_NOT_ALLOWED
    return await admit(
        engine, hashlib.sha256(token).digest(), address=address, cost=doors.OPENING, look_up=_holder
    )


async def _holder(database: Database, *, token_hash: bytes) -> Session | None:
    """The living session that a wake token belongs to."""
    now = clock.now()
    rows = await database.rows(SESSION, (now, now, token_hash, now))
    return Session(*rows[0]) if rows else None


async def _join(engine: Engine, socket: WakeSocket) -> int:
    """Take the place of the device's former one, here and elsewhere, stand in every conversation, and say
    what waits already; a close code when that cannot be read.
    """
    engine.precedence.claim(socket)
    device = arrays.uuid(socket.device.removeprefix(WAKE))
    try:
        for state in await reads.states(engine.database, person=socket.person):
            # A shell that hung up meanwhile is out of the hub and must not come back.
            if not state.left and engine.hub.devices.get(socket.device) is socket:
                engine.hub.join(socket, state)
        # Asked once the socket hears of whatever comes: nothing falls between.
        waits = await engine.database.rows(WAITS, (device, device, arrays.uuid(socket.person)))
    except requests.UNAVAILABLE as error:
        log.warning("wake_not_joined", error=type(error).__name__)
        return protocol.CLOSE_GOING_AWAY
    socket.live = True
    if waits[0][0]:
        socket.raise_flag()
    return 0


def _hear(socket: WakeSocket, data: bytes | None) -> int:
    """Take one frame; a close code for one that is not allowed."""
    if data != LOOKED:
        return protocol.CLOSE_NOT_ALLOWED
    if socket.looks.take():
        return protocol.CLOSE_RATE
    socket.looked()
    return 0
