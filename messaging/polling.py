"""`POST /poll`: the frames of `/ws` over plain HTTP, for networks that let no WebSocket through.

A request carries frames, each behind its length (u32, big-endian), and so does the answer. Each POST begins
with `hello` and is one short life of a `Socket`; it is answered when every request in it is. Three kinds:

- With `resume` among its frames it begins to listen: the answer's header `Beep-Poll` names the listener
  (`messaging.engine.polls`) and the number of this answer.
- Without frames and with that header it listens: it is held until there is an event, or 25 s have passed;
  `Beep-Hold` asks for another number of seconds, 55 at most.
- Any other only asks. It neither gets events nor supersedes the device's socket.

As for `/ws` the session cookie is the right to speak and `Origin`, which `beep.asgi` checks, keeps other
pages out. A refusal is JSON as everywhere under HTTP; its `detail.close` is what a WebSocket would have been
closed with, and so is the header `Beep-Close` of an answer whose frames were followed by a close.
"""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from math import ceil
from typing import Any, Final

import msgspec
import structlog

from beep import bodies, metrics
from beep.errors import BeepError
from messaging import protocol
from messaging.consumer import address_of, admit, token_hash_of
from messaging.engine import doors, limits, polls, requests, runtime
from messaging.engine.outlet import Send
from messaging.engine.polls import PollOutlet, pack
from messaging.engine.reads import Session
from messaging.engine.runtime import Engine
from messaging.engine.socket import Socket

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

PATH: Final = "/poll"
CONTENT_TYPE: Final = b"application/vnd.beep.v1"
HEADER: Final = b"beep-poll"
HOLD: Final = b"beep-hold"
MAX_FRAMES: Final = 64
"""Frames in one POST."""
MAX_BYTES: Final = 2 * (protocol.MAX_FRAME + 4)
"""Bytes of one POST."""
RETRY: Final = 1.0
"""Seconds after which a client may come back to a server that is going or cannot read its database."""

CODES: Final = {
    protocol.CLOSE_REVOKED: "not_signed_in",
    protocol.CLOSE_NOT_ALLOWED: "protocol_violation",
    protocol.CLOSE_TOO_SLOW: "conflict",
    protocol.CLOSE_SUPERSEDED: "conflict",
    protocol.CLOSE_GOING_AWAY: "busy",
    protocol.CLOSE_RATE: "rate_limited",
}
"""Close code → refusal."""


class ClosedError(Exception):
    """The line ends: `code` is the close code of a WebSocket, `refusal` what HTTP says."""

    def __init__(self, code: int, refusal: BeepError | None = None) -> None:
        super().__init__(code)
        self.code: Final = code
        wait = RETRY if CODES[code] in ("busy", "rate_limited") else None
        self.refusal: Final = refusal or BeepError(CODES[code], retry_after=wait)


async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
    """One POST from its head to its answer."""
    metrics.total.polls += 1
    try:
        answer, headers = await _answer(runtime.current(), scope, receive)
    except BeepError as refusal:
        await _refuse(send, refusal, None)
    except ClosedError as end:
        await _refuse(send, end.refusal, end.code)
    except ConnectionAbortedError:
        # The peer is gone: nobody is there to be answered.
        return
    else:
        with suppress(Exception):
            await _respond(send, 200, CONTENT_TYPE, answer, headers)


async def _answer(engine: Engine, scope: Scope, receive: Receive) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Body and headers of the answer. Raises BeepError, ClosedError and ConnectionAbortedError."""
    head, now = _head(scope), asyncio.get_running_loop().time
    session = await _admitted(engine, scope)
    engine.polls.begin(session.device)
    try:
        began = now()
        frames = _split(await bodies.read(receive, announced=head.length, limit=MAX_BYTES))
        if now() - began > limits.POLL:
            # The body took longer than a socket may outlive its session.
            session = await _admitted(engine, scope)
        if head.poll is None:
            return await _ask(engine, session, frames)
        if frames:
            raise BeepError("bad_request", "A poll that listens carries no frames.")
    finally:
        # Held polls are not counted: of each listener there is one.
        engine.polls.end(session.device)
    return await _listen(engine, session, head, head.poll, receive)


async def _admitted(engine: Engine, scope: Scope) -> Session:
    """Whose cookie it is; raises ClosedError."""
    session, code = await admit(engine, token_hash_of(scope), address=address_of(scope), cost=doors.ASKING)
    if session is None:
        raise ClosedError(code)
    return session


class Head(msgspec.Struct, frozen=True):
    """What of a request's head matters."""

    length: int
    """Bytes that the body announces; `MAX_BYTES` where it announces none."""
    poll: tuple[bytes, int] | None
    """Listener and number of the last answer that has arrived."""
    hold: int | None
    """Seconds for which the client would have the poll held."""


def _head(scope: Scope) -> Head:
    if scope["method"] != "POST":
        raise BeepError("method_not_allowed")
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if (
            name in (HEADER, HOLD, b"content-type", b"content-length")
            and headers.setdefault(name, value) != value
        ):
            raise BeepError("bad_request", "A header came twice.")
    if headers.get(b"content-type") != CONTENT_TYPE:
        raise BeepError("bad_request", f"The content type is {CONTENT_TYPE.decode()}.")
    length = headers.get(b"content-length", str(MAX_BYTES).encode())
    if not (length.isdigit() and len(length) < 20):
        raise BeepError("bad_request", "Content-Length is not a number.")
    if int(length) > MAX_BYTES:
        raise BeepError("too_large")
    hold = headers.get(HOLD)
    if hold is not None and not (hold.isdigit() and len(hold) < 4):
        raise BeepError("bad_request", "Beep-Hold is not a number of seconds.")
    poll = _name(headers[HEADER]) if HEADER in headers else None
    return Head(int(length), poll, None if hold is None else int(hold))


def _name(value: bytes) -> tuple[bytes, int]:
    """Read `<base64url of the id>.<number>`."""
    text, _, number = value.partition(b".")
    try:
        # ValueError also for what is not base64.
        id_ = base64.b64decode(text + b"==", altchars=b"-_", validate=True)
        if _named(id_, int(number)) != value or len(id_) != polls.ID_BYTES:
            raise ValueError(value)
    except ValueError:
        raise BeepError("bad_request", "Beep-Poll is not what an answer said.") from None
    return id_, int(number)


def _named(id_: bytes, number: int) -> bytes:
    return base64.urlsafe_b64encode(id_).rstrip(b"=") + b".%d" % number


def _split(body: bytes) -> list[bytes]:
    """The frames of a body. Raises BeepError `bad_request` when it is cut off, and `too_large`."""
    frames: list[bytes] = []
    at = 0
    while at < len(body):
        end = at + 4 + int.from_bytes(body[at : at + 4], "big")
        if at + 4 > len(body) or end > len(body):
            raise BeepError("bad_request", "The body ends within a frame.")
        if end - at - 4 > protocol.MAX_FRAME or len(frames) == MAX_FRAMES:
            raise BeepError("too_large")
        frames.append(body[at + 4 : end])
        at = end
    return frames


async def _ask(
    engine: Engine, session: Session, frames: list[bytes]
) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Let a socket live as long as its requests take; with `resume` it goes on as a listener."""
    if not frames:
        raise BeepError("bad_request", "There is no frame.")
    listens = any(map(_is_resume, frames))
    outlet = PollOutlet(polls.ASKED)
    socket = Socket(engine, session, outlet, listens=listens)
    kept = False
    try:
        for frame in frames:
            socket.receive(frame)
        await socket.settled()
        answer, code = pack(outlet.take()), outlet.closed
        if code is None and engine.draining:
            # What came last was not taken in: the client asks elsewhere.
            code = protocol.CLOSE_GOING_AWAY
        if code is not None:
            return answer, [(b"beep-close", b"%d" % code)]
        if not (listens and socket.live):
            return answer, []
        kept = True
        outlet.room = polls.BUFFER
        listener = engine.polls.add(socket, outlet)
        return answer, [(HEADER, _named(listener.id, listener.number))]
    finally:
        if not kept:
            socket.end()


def _is_resume(frame: bytes) -> bool:
    try:
        return isinstance(protocol.decode_client_frame(frame), protocol.Resume)
    except msgspec.DecodeError:
        # The socket says what is wrong with it.
        return False


async def _listen(
    engine: Engine, session: Session, head: Head, poll: tuple[bytes, int], receive: Receive
) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    id_, arrived = poll
    try:
        listener = await engine.polls.find(id_, session)
        answer = await _unless_gone(listener.poll(arrived, head.hold), engine, receive)
    except BeepError as refusal:
        # What the client has missed is not known: it resumes from its cursors.
        raise ClosedError(protocol.CLOSE_GOING_AWAY, refusal) from None
    except requests.UNAVAILABLE as error:
        log.warning("poll_unavailable", error=type(error).__name__)
        raise ClosedError(protocol.CLOSE_GOING_AWAY) from None
    if listener.closed is not None:
        engine.polls.forget(listener)
        raise ClosedError(listener.closed)
    return answer, [(HEADER, _named(listener.id, listener.number))]


async def _unless_gone(work: "Awaitable[bytes]", engine: Engine, receive: Receive) -> bytes:
    """The result of `work`, ended when the peer hangs up. Raises ConnectionAbortedError then."""
    answering = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(receive))
    engine.polls.held += 1
    try:
        await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            raise ConnectionAbortedError
        return answering.result()
    finally:
        engine.polls.held -= 1
        for task in (answering, leaving):
            task.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, refusal: BeepError, close: int | None) -> None:
    detail = dict(refusal.detail)
    headers: list[tuple[bytes, bytes]] = []
    if close is not None:
        detail["close"] = close
    if refusal.retry_after is not None:
        detail["retry_after"] = refusal.retry_after
        headers.append((b"retry-after", b"%d" % max(1, ceil(refusal.retry_after))))
    if refusal.code == "method_not_allowed":
        headers.append((b"allow", b"POST"))
    body = {"code": refusal.code, "message": refusal.message, **({"detail": detail} if detail else {})}
    with suppress(Exception):
        await _respond(send, refusal.status, b"application/json", json.dumps(body).encode(), headers)


async def _respond(
    send: Send, status: int, kind: bytes, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    fixed = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": fixed + headers})
    await send({"type": "http.response.body", "body": body})
