"""One connection of a device: the real handshake with the session's cookie, then requests and answers."""

import asyncio
import itertools
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import websockets
from websockets.asyncio.client import ClientConnection

from messaging import protocol
from tests.messaging.engine.factory import Actor

REQUEST_PATIENCE = 30.0
"""Seconds until a request without an answer makes the web client give the connection up."""
OPEN_PATIENCE = 20.0
"""Seconds that the web client gives a connection to open."""


class LostError(Exception):
    """The connection has ended, with a close code when there was one; what was asked may have happened."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__(f"lost, code {code}")
        self.code = code


@dataclass(frozen=True)
class Door:
    """Where a web worker listens, seen from `inside`: a context that puts the thread into its network."""

    port: int
    inside: Callable[[], AbstractContextManager[None]] = field(default=nullcontext)

    def socket(self) -> socket.socket:
        """A socket that belongs to that network from now on."""
        with self.inside():
            made = socket.socket()
        made.setblocking(False)
        return made


class Link:
    """A live connection. `on_event` hears every frame that answers nothing."""

    def __init__(
        self, connection: ClientConnection, on_event: Callable[[protocol.ServerFrame], None]
    ) -> None:
        self.port: int = connection.local_address[1]
        """Ours."""
        self.lost = asyncio.Event()
        self.code: int | None = None
        self.cut_in_flight = 0
        """Requests that waited for their answer when the connection ended."""
        self._connection = connection
        self._on_event = on_event
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._sending = asyncio.Lock()
        self._ids = itertools.count(1)
        self._reading = asyncio.create_task(self._read())

    @property
    def in_flight(self) -> int:
        """Requests without an answer."""
        return len(self._waiting)

    async def ask(self, kind: Callable[..., protocol.Request], **fields: Any) -> Any:
        """The answer, a refusal included; raises LostError."""
        answer = (await self.post_all([kind(id=1, **fields)]))[0]
        if isinstance(answer, LostError):
            raise answer
        return answer

    async def post_all(self, frames: Sequence[protocol.Request]) -> list[Any]:
        """Send all of them before the first answer; each answer, or the LostError that came instead."""
        asked: dict[int, asyncio.Future[Any]] = {}
        # Ids must reach the server in rising order, whoever asks.
        async with self._sending:
            for frame in frames:
                id_ = next(self._ids)
                asked[id_] = self._waiting[id_] = asyncio.get_running_loop().create_future()
                if self.lost.is_set():
                    _fail(asked[id_], self.code)
                else:
                    await self.note(msgspec.structs.replace(frame, id=id_))
        try:
            _, late = await asyncio.wait(asked.values(), timeout=REQUEST_PATIENCE)
            if late:
                self.cut()
                await self.lost.wait()
            return [future.exception() or future.result() for future in asked.values()]
        finally:
            for id_ in asked:
                self._waiting.pop(id_, None)

    async def note(self, frame: protocol.ClientFrame) -> None:
        """Send a frame and wait for nothing; of a connection that has ended the reader tells."""
        with suppress(websockets.ConnectionClosed):
            await self._connection.send(protocol.encode(frame))

    async def _read(self) -> None:
        try:
            while True:
                frame = protocol.decode_server_frame(await self._connection.recv(decode=False))
                waiting = self._waiting.get(getattr(frame, "re", 0))
                if waiting is None:
                    self._on_event(frame)
                elif not waiting.done():
                    waiting.set_result(frame)
        except websockets.ConnectionClosed as end:
            self.code = end.rcvd.code if end.rcvd else None
        finally:
            self.cut_in_flight = len(self._waiting)
            self.lost.set()
            for waiting in self._waiting.values():
                _fail(waiting, self.code)

    def cut(self) -> None:
        """End it without a word, as a device does that loses its network."""
        self._connection.transport.abort()

    async def leave(self) -> None:
        """End it properly."""
        await self._connection.close()

    async def ended(self) -> None:
        """Wait until the reader has ended; raises what it raised."""
        await self._reading


def _fail(waiting: "asyncio.Future[Any]", code: int | None) -> None:
    if not waiting.done():
        waiting.set_exception(LostError(code))
        # Nobody may be left to hear of it.
        waiting.exception()


async def connect(actor: Actor, door: Door, on_event: Callable[[protocol.ServerFrame], None]) -> Link:
    """A connection that has said hello; raises LostError when there is none to be had."""
    own = door.socket()
    try:
        async with asyncio.timeout(OPEN_PATIENCE):
            await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", door.port))
            connection = await websockets.connect(
                f"ws://127.0.0.1:{door.port}/ws",
                sock=own,
                subprotocols=[websockets.Subprotocol(protocol.SUBPROTOCOL)],
                additional_headers={"Cookie": actor.cookie},
                origin=websockets.Origin(f"http://127.0.0.1:{door.port}"),
                compression=None,
                proxy=None,
                max_size=None,
                close_timeout=1,
            )
    except (OSError, TimeoutError, websockets.WebSocketException):
        own.close()
        raise LostError from None
    link = Link(connection, on_event)
    try:
        ready = await link.ask(protocol.Hello, minor=0)
    except LostError:
        await link.ended()
        raise
    if isinstance(ready, protocol.Refused) and ready.code == "rate_limited":
        # The device has said so much before that even this has to wait: it comes back later.
        link.cut()
        await link.lost.wait()
        await link.ended()
        raise LostError
    assert isinstance(ready, protocol.Ready), ready
    return link
