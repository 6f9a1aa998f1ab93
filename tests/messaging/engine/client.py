"""Clients for the engine's tests: one over Channels' communicator, one over a real WebSocket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import msgspec
import websockets
from channels.testing import WebsocketCommunicator
from websockets.asyncio.client import ClientConnection

from messaging import protocol
from messaging.consumer import endpoint
from tests.messaging.engine.factory import Actor, Talk, body

F = TypeVar("F", bound=protocol.Frame)
PATIENCE = 60.0
"""Seconds to wait for a frame that must come, on a machine that has much else to do."""


class ClosedError(Exception):
    """The server has closed; `code` says why."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Client:
    """What both have in common: ids, and frames that were read while waiting for another."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.unread: list[protocol.ServerFrame] = []
        self._id = 0

    async def write(self, data: bytes | str) -> None:
        raise NotImplementedError

    async def _read(self, patience: float) -> bytes:
        raise NotImplementedError

    def next_id(self) -> int:
        self._id += 1
        return self._id

    async def post(self, frame: protocol.ClientFrame) -> None:
        await self.write(protocol.encode(frame))

    async def read(self, patience: float = PATIENCE) -> protocol.ServerFrame:
        """The next frame; raises ClosedError or TimeoutError."""
        frame: protocol.ServerFrame = protocol.decode_server_frame(await self._read(patience))
        return frame

    async def ask(self, kind: Callable[..., protocol.Request], **fields: Any) -> Any:
        """Send a request and wait for its answer, a refusal included; events meanwhile go to `unread`."""
        id_ = self.next_id()
        await self.post(kind(id=id_, **fields))
        return await self.answer(id_)

    async def answer(self, id_: int) -> Any:
        for index, frame in enumerate(self.unread):
            if getattr(frame, "re", None) == id_:
                return self.unread.pop(index)
        while True:
            frame = await self.read()
            if getattr(frame, "re", None) == id_:
                return frame
            self.unread.append(frame)

    async def event(self, kind: type[F], patience: float = PATIENCE) -> F:
        """The next event of this kind."""
        for index, frame in enumerate(self.unread):
            if isinstance(frame, kind):
                del self.unread[index]
                return frame
        async with asyncio.timeout(patience):
            while True:
                frame = await self.read(patience)
                if isinstance(frame, kind):
                    return frame
                self.unread.append(frame)

    async def envelopes(self, conversation: bytes, until: int) -> list[protocol.Envelope]:
        """Live envelopes of a conversation until seq `until` has come."""
        found: list[protocol.Envelope] = []
        while not found or found[-1].seq < until:
            event = await self.event(protocol.Envelopes)
            if event.conversation == conversation:
                found += event.envelopes
        return found

    async def closed(self, patience: float = PATIENCE) -> int | None:
        """The close code, whatever comes before it."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    self.unread.append(await self.read(patience))
        except ClosedError as end:
            return end.code

    async def hello(self) -> protocol.Ready:
        ready = await self.ask(protocol.Hello, minor=0)
        assert isinstance(ready, protocol.Ready), ready
        return ready

    async def resume(self, cursors: dict[bytes, int] | None = None) -> protocol.Behind:
        given = [protocol.Cursor(conversation=key, seq=seq) for key, seq in (cursors or {}).items()]
        behind = await self.ask(protocol.Resume, cursors=given, mailbox=0)
        assert isinstance(behind, protocol.Behind), behind
        return behind

    def message(self, talk: Talk, *, counter: int | None = None, **changes: Any) -> protocol.Send:
        """A `send` with the next counter of the device."""
        counter = self.actor.next_counter(talk.id) if counter is None else counter
        epoch = changes.get("epoch", 1)
        frame = protocol.Send(
            id=self.next_id(),
            conversation=talk.id,
            generation=1,
            epoch=epoch,
            counter=counter,
            body=body(talk.group_id, epoch=epoch),
        )
        return msgspec.structs.replace(frame, **changes)

    async def send(self, talk: Talk, **changes: Any) -> Any:
        """Send one message and wait for `sent` or `refused`."""
        frame = self.message(talk, **changes)
        await self.post(frame)
        return await self.answer(frame.id)


class Inside(Client):
    """Over `WebsocketCommunicator`: the engine runs on the test's own loop."""

    def __init__(self, actor: Actor, *, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        super().__init__(actor)
        given = [(b"cookie", actor.cookie.encode())] if headers is None else headers
        self.socket = WebsocketCommunicator(
            endpoint, "/ws", headers=given, subprotocols=[protocol.SUBPROTOCOL]
        )

    async def open(self) -> Self:
        accepted, _ = await self.socket.connect(timeout=PATIENCE)
        assert accepted
        return self

    async def write(self, data: bytes | str) -> None:
        if isinstance(data, str):
            await self.socket.send_to(text_data=data)
        else:
            await self.socket.send_to(bytes_data=data)

    async def _read(self, patience: float) -> bytes:
        message = await self.socket.receive_output(patience)
        if message["type"] == "websocket.close":
            raise ClosedError(message.get("code"))
        data = message["bytes"]
        assert isinstance(data, bytes)
        return data

    async def leave(self) -> None:
        await self.socket.disconnect()


@asynccontextmanager
async def inside(actor: Actor) -> AsyncIterator[Inside]:
    """A live socket: connected, greeted, resumed."""
    client = await Inside(actor).open()
    await client.hello()
    await client.resume()
    try:
        yield client
    finally:
        await client.leave()


class Outside(Client):
    """Over a real WebSocket to a server process."""

    def __init__(self, actor: Actor, connection: ClientConnection) -> None:
        super().__init__(actor)
        self.connection = connection

    async def write(self, data: bytes | str) -> None:
        await self.connection.send(data)

    async def _read(self, patience: float) -> bytes:
        try:
            data = await asyncio.wait_for(self.connection.recv(), patience)
        except websockets.ConnectionClosed as end:
            raise ClosedError(end.rcvd.code if end.rcvd else None) from end
        assert isinstance(data, bytes)
        return data

    async def leave(self) -> None:
        await self.connection.close()


async def connect(actor: Actor, port: int, **options: Any) -> Outside:
    """A connection to a server process on loopback; nothing is said yet."""
    connection = await websockets.connect(
        f"ws://127.0.0.1:{port}/ws",
        subprotocols=[websockets.Subprotocol(protocol.SUBPROTOCOL)],
        additional_headers={"Cookie": actor.cookie},
        origin=websockets.Origin(f"http://127.0.0.1:{port}"),
        compression=None,
        proxy=None,
        max_size=None,
        **options,
    )
    return Outside(actor, connection)


@asynccontextmanager
async def outside(actor: Actor, port: int, **options: Any) -> AsyncIterator[Outside]:
    """A live connection."""
    client = await connect(actor, port, **options)
    await client.hello()
    await client.resume()
    try:
        yield client
    finally:
        await client.leave()
