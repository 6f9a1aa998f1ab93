"""`python -m benchmarks.hard_network`: what a day away and a message cost on 2G and 3G; JSON lines.

One server, one person behind `tests.support.slow_link`, over WebSocket and over long-poll, doing what the web
client does (`web/src/transport`): greet, resume, fetch each conversation that is behind, write, listen, rest.
Bytes are those on the wire with IP and TCP headers, without TLS: its records take some 25 bytes each more,
and its handshake about 5 kB. HTTP requests carry the headers that a browser sends.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import websockets

from benchmarks import beep, measure
from messaging import protocol
from tests.support.slow_link import (
    SECOND_GENERATION,
    THIRD_GENERATION,
    WIRE,
    Profile,
    SlowLink,
    slow_link,
)

if TYPE_CHECKING:
    from tests.messaging.engine.factory import Actor, Talk

PROFILES: Final = {profile.name: profile for profile in (SECOND_GENERATION, THIRD_GENERATION, WIRE)}
WAYS: Final = ("websocket", "long-poll")
BODY: Final = 600
"""Bytes of an envelope's body: a message of a line or two, padded to 256 bytes, in its MLS frame."""
QUIET: Final = 25.0
"""Seconds of silence after which the client asks, while somebody looks."""
BROWSER: Final = (
    "Connection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36\r\n"
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"\r\n'
    'sec-ch-ua-mobile: ?1\r\nsec-ch-ua-platform: "Android"\r\n'
    "Accept: */*\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n"
)


class Connection:
    """What both ways have in common: ids, answers and events."""

    def __init__(self, actor: "Actor", link: SlowLink, origin: str) -> None:
        self.actor = actor
        self.link = link
        self.origin = origin
        self.events: asyncio.Queue[Any] = asyncio.Queue()
        self._id = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    async def open(self) -> None:
        """Connect and greet."""
        raise NotImplementedError

    async def close(self) -> None:
        """Hang up."""
        raise NotImplementedError

    async def rest(self, seconds: float) -> None:
        """Do what an idle client does."""
        raise NotImplementedError

    def _send(self, frame: bytes) -> None:
        raise NotImplementedError

    async def ask(self, kind: Any, **fields: Any) -> Any:
        """A request and its answer; raises RuntimeError for a refusal."""
        self._id += 1
        answer = self._waiting[self._id] = asyncio.get_running_loop().create_future()
        self._send(protocol.encode(kind(id=self._id, **fields)))
        found = await answer
        if isinstance(found, protocol.Refused):
            raise RuntimeError(found.code)
        return found

    def _hear(self, data: bytes) -> None:
        frame = protocol.decode_server_frame(data)
        re = getattr(frame, "re", None)
        if re is None:
            self.events.put_nowait(frame)
        elif (answer := self._waiting.pop(re, None)) is not None:
            answer.set_result(frame)


class Socket(Connection):
    """Over a WebSocket."""

    async def open(self) -> None:
        """See `Connection`."""
        self._connection = await websockets.connect(
            f"ws://127.0.0.1:{self.link.port}/ws",
            subprotocols=[websockets.Subprotocol(protocol.SUBPROTOCOL)],
            additional_headers={"Cookie": self.actor.cookie},
            origin=websockets.Origin(self.origin),
            compression=None,
            proxy=None,
            max_size=None,
            ping_interval=None,
            open_timeout=60,
        )
        self._reading = asyncio.ensure_future(self._read())
        self._writing: asyncio.Queue[bytes] = asyncio.Queue()
        self._sender = asyncio.ensure_future(self._write())
        await self.ask(protocol.Hello, minor=0)

    async def _read(self) -> None:
        async for data in self._connection:
            assert isinstance(data, bytes)
            self._hear(data)

    async def _write(self) -> None:
        while True:
            await self._connection.send(await self._writing.get())

    def _send(self, frame: bytes) -> None:
        self._writing.put_nowait(frame)

    async def rest(self, seconds: float) -> None:
        """See `Connection`: a ping after each silence."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > QUIET:
            await asyncio.sleep(QUIET)
            await self.ask(protocol.Ping)
        await asyncio.sleep(max(0.0, left))

    async def close(self) -> None:
        """See `Connection`."""
        for task in (self._reading, self._sender):
            task.cancel()
        self._connection.transport.abort()


@dataclass
class Kept:
    """An HTTP connection that is kept open."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Poll(Connection):
    """Over long-poll: one connection asks, one listens."""

    async def open(self) -> None:
        """See `Connection`."""
        self._queue: list[bytes] = []
        self._due = asyncio.Event()
        self._named = ""
        self._kept: list[Kept] = []
        self._asker = asyncio.ensure_future(self._asking())
        self._listener: asyncio.Future[None] | None = None
        await self.ask(protocol.Hello, minor=0)

    def _send(self, frame: bytes) -> None:
        self._queue.append(frame)
        self._due.set()

    async def _asking(self) -> None:
        hello = b""
        while True:
            await self._due.wait()
            await asyncio.sleep(0.02)
            self._due.clear()
            frames, self._queue = self._queue[:63], self._queue[63:]
            if not frames:
                continue
            greeted, hello = bool(hello), hello or frames[0]
            answers, named = await self._post([hello, *frames] if greeted else frames, "")
            for answer in answers[greeted:]:
                self._hear(answer)
            if named and self._listener is None:
                self._named = named
                self._listener = asyncio.ensure_future(self._listening())

    async def _listening(self) -> None:
        while True:
            answers, self._named = await self._post([], self._named)
            for answer in answers:
                self._hear(answer)

    async def _post(self, frames: Sequence[bytes], named: str) -> tuple[list[bytes], str]:
        body = b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)
        if self._kept:
            kept = self._kept.pop()
        else:
            kept = Kept(*await asyncio.open_connection("127.0.0.1", self.link.port, limit=1 << 22))
        head = (
            f"POST /poll HTTP/1.1\r\nHost: beep.example\r\n{BROWSER}"
            f"Content-Type: application/vnd.beep.v1\r\nOrigin: {self.origin}\r\nReferer: {self.origin}/\r\n"
            f"Cookie: {self.actor.cookie}\r\nContent-Length: {len(body)}\r\n"
            + (f"Beep-Poll: {named}\r\n" if named else "")
            + "\r\n"
        )
        kept.writer.write(head.encode() + body)
        answer = (await kept.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = [line.partition(": ") for line in answer.split("\r\n")]
        headers = {name.lower(): value for name, _, value in lines}
        data = await kept.reader.readexactly(int(headers["content-length"]))
        if not answer.startswith("HTTP/1.1 200"):
            raise RuntimeError(data.decode())
        self._kept.append(kept)
        found, at = [], 0
        while at < len(data):
            end = at + 4 + int.from_bytes(data[at : at + 4], "big")
            found.append(data[at + 4 : end])
            at = end
        return found, headers.get("beep-poll", "")

    async def rest(self, seconds: float) -> None:
        """See `Connection`: the listening poll goes on by itself."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """See `Connection`."""
        for task in (self._asker, self._listener):
            if task is not None:
                task.cancel()
        for kept in self._kept:
            kept.writer.close()


async def run(
    profile: Profile, way: str, options: argparse.Namespace, port: int, people: "People"
) -> dict[str, Any]:
    """One person on one network."""
    origin = f"http://127.0.0.1:{port}"
    async with slow_link(profile, port) as link:
        client = (Socket if way == "websocket" else Poll)(people.away, link, origin)
        began = time.monotonic()
        await client.open()
        greeted = time.monotonic() - began
        cursors = [protocol.Cursor(conversation=talk.id, seq=1) for talk in people.talks]
        behind = await client.ask(protocol.Resume, cursors=cursors, mailbox=0)
        fetched = 0
        room = asyncio.Semaphore(options.at_once)

        async def catch_up(conversation: bytes) -> None:
            nonlocal fetched
            async with room:
                page = await client.ask(protocol.Fetch, conversation=conversation, after=1, limit=100)
                fetched += len(page.envelopes)

        await asyncio.gather(*(catch_up(state.conversation) for state in behind.conversations))
        current = time.monotonic() - began
        assert fetched == options.missed, fetched
        up, down = link.moved()
        sent = await _messages(client, link, people.talks[0], options.messages)
        idle = await _idle(client, link, options.idle)
        await client.close()
    return {
        "profile": profile.name,
        "way": way,
        "greeted_s": round(greeted, 2),
        "current_s": round(current, 2),
        "missed": fetched,
        "conversations": len(people.talks),
        "at_once": options.at_once,
        "catch_up_bytes": {"up": up, "down": down},
        **sent,
        **idle,
    }


async def _messages(client: Connection, link: SlowLink, talk: "Talk", count: int) -> dict[str, Any]:
    """Send some, one after the other, each with its own envelope coming back."""
    from tests.messaging.engine.bodies import body

    before, took = link.moved(), []
    data = body(talk.group_id, epoch=1, size=BODY)
    for _ in range(count):
        began = time.monotonic()
        await client.ask(
            protocol.Send,
            conversation=talk.id,
            generation=1,
            epoch=1,
            counter=client.actor.next_counter(talk.id),
            body=data,
        )
        took.append(time.monotonic() - began)
        await client.events.get()
    after = link.moved()
    up, down = ((after[way] - before[way]) // count for way in (0, 1))
    acknowledged = round(sorted(took)[len(took) // 2] * 1000)
    return {"message_bytes": {"body": BODY, "up": up, "down": down}, "acknowledged_p50_ms": acknowledged}


async def _idle(client: Connection, link: SlowLink, seconds: float) -> dict[str, Any]:
    if not seconds:
        return {}
    before = link.moved()
    await client.rest(seconds)
    after = link.moved()
    up, down = (round((after[way] - before[way]) * 60 / seconds) for way in (0, 1))
    return {"idle_bytes_a_minute": {"up": up, "down": down}}


class People:
    """One who was away, and the conversations in which others have written meanwhile."""

    def __init__(self, conversations: int, missed: int) -> None:
        from tests.messaging.engine import factory

        self.away, *others = factory.actors(conversations + 1)
        self.talks = factory.talks([[other, self.away] for other in others])
        for talk, other in zip(self.talks, others, strict=True):
            factory.fill(talk, other, count=missed // conversations, size=BODY)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a JSON line for each network and way."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hard_network", description=__doc__)
    parser.add_argument("--profiles", nargs="+", choices=PROFILES, default=list(PROFILES))
    parser.add_argument("--missed", type=int, default=300, help="envelopes")
    parser.add_argument("--conversations", type=int, default=20)
    parser.add_argument("--messages", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=6, help="pages that are fetched at a time")
    parser.add_argument("--idle", type=float, default=150.0, help="seconds without a word; 0 leaves them out")
    parser.add_argument("--server", choices=("uvicorn", "daphne"), default="daphne")
    options = parser.parse_args(arguments)
    measure.say({"conditions": measure.conditions()})
    with tempfile.TemporaryDirectory(prefix="beep-bench-") as folder, beep.databases(Path(folder)):
        server = beep.Beep(Path(folder), kind=options.server)
        server.start()
        try:
            for name in options.profiles:
                for way in WAYS:
                    people = People(options.conversations, options.missed)
                    row = asyncio.run(run(PROFILES[name], way, options, server.ports[0], people))
                    print(json.dumps(row), flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
