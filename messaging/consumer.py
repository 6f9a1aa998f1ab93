"""`/ws`: the raw ASGI application of the delivery engine.

In form a Channels consumer (routing, origin check and `WebsocketCommunicator` work with it); in substance its
own receive loop, because a consumer that handles its receives and deliveries one by one is ten times slower.

The session is looked up by SHA-256 of the cookie's token; a socket without a living session is accepted and
closed with 4401, so that the client can tell it from a network failure. The token itself is not kept: it is
made at sign-in, held by the browser's cookie jar alone, and forgotten here with the request's scope.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol

import structlog
from django.http.cookie import parse_cookie

from accounts.auth import client_address
from beep import metrics
from beep.errors import BeepError
from messaging import protocol
from messaging.engine import doors, limits, reads, requests, runtime
from messaging.engine.database import Database
from messaging.engine.outlet import EXTENSION, FrameOutlet, MessageOutlet, Send, Take
from messaging.engine.reads import Session
from messaging.engine.runtime import Engine
from messaging.engine.socket import Socket

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class LookUp(Protocol):
    """Finds the living session that a token belongs to."""

    async def __call__(self, database: Database, *, token_hash: bytes) -> Session | None:
        """None when there is none. Raises `requests.UNAVAILABLE`."""


COOKIE: Final = "__Host-beep"
TOKEN_BYTES: Final = 32
CLOSE_PATIENCE: Final = 5.0
"""Seconds that a client may take to answer our close frame."""


async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
    """One WebSocket connection from handshake to end."""
    if (await receive())["type"] != "websocket.connect":
        return
    if protocol.SUBPROTOCOL not in scope["subprotocols"]:
        await send({"type": "websocket.close"})
        return
    engine = runtime.current()
    token_hash, transport = token_hash_of(scope), scope.get("extensions", {}).get(EXTENSION)
    session, refusal = await admit(engine, token_hash, address=address_of(scope), cost=doors.OPENING)
    await send({"type": "websocket.accept", "subprotocol": protocol.SUBPROTOCOL})
    if session is None:
        metrics.total.close(refusal)
        await send({"type": "websocket.close", "code": refusal})
        return
    metrics.total.opened += 1
    # 5 kB a connection that nobody needs any more, the cookie among them.
    scope.clear()
    if transport is not None:
        socket = Socket(engine, session, FrameOutlet(transport, engine.flusher))
        # Under our own servers frames come straight to the socket, and the queue has only what ends it.
        await _serve(receive, socket, listen=transport.listen)
        return
    outlet = MessageOutlet(send)
    writing = asyncio.get_running_loop().create_task(write(outlet))
    try:
        await _serve(receive, Socket(engine, session, outlet))
        # The close frame, or what is left before it.
        await asyncio.wait([writing], timeout=CLOSE_PATIENCE if outlet.closed is not None else 0)
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing


async def admit(
    engine: Engine,
    token_hash: bytes | None,
    *,
    address: str | None,
    cost: float,
    look_up: LookUp = reads.session,
) -> tuple[Session | None, int]:
    """The session that `look_up` finds, or the close code that says why there is none.

    `cost` as in `doors`.
    """
    if not engine.accepting:
        return None, protocol.CLOSE_GOING_AWAY
    if token_hash is None:
        return None, protocol.CLOSE_REVOKED
    try:
        session = await engine.revocations.while_certain(
            engine.doors.session(
                partial(look_up, engine.database, token_hash=token_hash),
                token_hash=token_hash,
                address=address,
                cost=cost,
            )
        )
    except BeepError:
        return None, protocol.CLOSE_RATE
    except (*requests.UNAVAILABLE, TimeoutError) as error:
        log.warning("session_not_read", error=type(error).__name__)
        return None, protocol.CLOSE_GOING_AWAY
    return session, protocol.CLOSE_REVOKED


async def _serve(receive: Receive, socket: Socket, *, listen: Callable[[Take], None] | None = None) -> None:
    """The receive loop."""
    loop = asyncio.get_running_loop()
    patience = loop.call_later(limits.HELLO_PATIENCE, _expect_hello, socket)
    taken = 0
    try:
        if listen is not None:
            listen(socket.receive)
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            if data is None:
                socket.violate(BeepError("protocol_violation", "Frames are binary."))
            else:
                taken += 1
                if rest := socket.receive(data):
                    await asyncio.sleep(rest)
                elif taken % limits.TURN == 0:
                    # A full inbox never suspends this loop: let others have their turn.
                    await asyncio.sleep(0)
            if socket.outlet.closed is not None:
                # Nothing is read any more; the server waits for the peer's close frame.
                await await_close(receive)
                return
    finally:
        patience.cancel()
        socket.end()


async def await_close(receive: Receive) -> None:
    """Read on until the peer has answered our close frame, for `CLOSE_PATIENCE` at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_PATIENCE):
            while (await receive())["type"] != "websocket.disconnect":
                pass


def _expect_hello(socket: Socket) -> None:
    if socket.minor < 0:
        socket.violate(BeepError("hello_first"))


async def write(outlet: MessageOutlet) -> None:
    """Run an outlet to its end."""
    # The peer is gone, in whatever words the server says it; the receive loop hears of it too.
    with suppress(Exception):
        await outlet.run()


def address_of(scope: Scope) -> str | None:
    """The client's IP address, as for requests (`accounts.auth`)."""
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    peer = scope.get("client") or ("",)
    return client_address(forwarded=forwarded[-1].decode("latin-1") if forwarded else None, peer=str(peer[0]))


def token_hash_of(scope: Scope) -> bytes | None:
    """SHA-256 of the cookie's 32 bytes; None without a well-formed cookie."""
    # HTTP/2 may split the header (RFC 9113, 8.2.3). Django's reader, as for requests: one cookie of another
    # application that is not to the letter must not hide ours.
    header = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    try:
        token = parse_cookie(header.decode("latin-1"))[COOKIE].encode("ascii")
        raw = base64.urlsafe_b64decode(token + b"=" * (-len(token) % 4))
    except (KeyError, UnicodeError, binascii.Error, ValueError):
        return None
    canonical = base64.urlsafe_b64encode(raw).rstrip(b"=") == token
    return hashlib.sha256(raw).digest() if len(raw) == TOKEN_BYTES and canonical else None
