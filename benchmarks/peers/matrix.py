"""The load for Synapse: `python -m benchmarks.peers.matrix`, with one JSON object on standard input.

The client-server API over HTTP/1.1 on kept connections: one for `/sync`, as every client holds one, and for
senders one for each message of the window. The answer to `PUT …/send` comes after the event's commit. People
and rooms are made over the API before anything is counted.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Sequence
from typing import Any, Final, cast
from urllib.parse import quote

import uvloop

from benchmarks.load import Load, group_figures, pair_figures, settle

API: Final = "/_matrix/client/v3"
FILTER: Final = quote(
    json.dumps(
        {
            "presence": {"types": []},
            "account_data": {"types": []},
            "room": {
                "timeline": {"limit": 100},
                "state": {"lazy_load_members": True},
                "ephemeral": {"types": []},
                "account_data": {"types": []},
            },
        }
    )
)
"""The lightest that a client can ask for and still see every message."""
PAGE: Final = 1_000
MAKE_AT_ONCE: Final = 4
PATIENCE: Final = 300.0
"""Seconds: 400 messages in flight take a busy machine minutes."""
NUMBER: Final = re.compile(rb'"body":"b(\d+) ')
NEXT: Final = re.compile(rb'"next_batch":"([^"]+)"')


class Http(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        """Collect one answer, with a length or in chunks."""
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        if length := re.search(rb"(?i)\r\ncontent-length: (\d+)", head):
            if len(rest) < int(length[1]):
                return
            body = rest[: int(length[1])]
        elif rest.endswith(b"0\r\n\r\n"):
            body = _unchunked(rest)
        else:
            return
        self._buffer = b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((int(head[9:12]), body))

    async def call(self, method: str, path: str, token: str = "", data: bytes = b"") -> bytes:
        """Ask and wait; raises ConnectionError for anything but success."""
        self._answer = asyncio.get_running_loop().create_future()
        who = f"Authorization: Bearer {token}\r\n" if token else ""
        self.transport.write(
            f"{method} {API}{path} HTTP/1.1\r\nHost: localhost\r\n{who}"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
            + data
        )
        status, body = await self._answer
        if status != 200:
            raise ConnectionError(f"{method} {path[:60]}: {status} {body[:200]!r}")
        return body


def _unchunked(data: bytes) -> bytes:
    parts: list[bytes] = []
    position = 0
    while True:
        end = data.index(b"\r\n", position)
        size = int(data[position:end], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(data[end + 2 : end + 2 + size])
        position = end + 2 + size + 2


class User:
    """Somebody with a token and a connection."""

    def __init__(self, http: Http, token: str, name: str) -> None:
        self.http = http
        self.token = token
        self.name = name
        self.since = ""

    async def call(self, method: str, path: str, data: Any = None) -> Any:
        """As this person, on this person's first connection."""
        body = json.dumps({} if data is None else data).encode()
        return json.loads(await self.http.call(method, path, self.token, body))

    async def sync(self, timeout_ms: int) -> bytes:
        """What is new since the last time; waits for something when there is nothing."""
        since = f"&since={self.since}" if self.since else ""
        path = f"/sync?filter={FILTER}&timeout={timeout_ms}{since}"
        body = await self.http.call("GET", path, self.token)
        if found := NEXT.search(body):
            self.since = found[1].decode()
        return body


async def connect(port: int) -> Http:
    """A connection."""
    _, http = await asyncio.get_running_loop().create_connection(Http, "127.0.0.1", port)
    return http


async def users(order: dict[str, Any], count: int) -> list[User]:
    """Register that many."""
    gate = asyncio.Semaphore(MAKE_AT_ONCE)
    mark = time.time_ns()

    async def one(index: int) -> User:
        async with gate:
            http = await connect(order["port"])
            asked = {
                "username": f"u{mark}-{index}",
                "password": "a password of the benchmark",
                "auth": {"type": "m.login.dummy"},
            }
            answer = json.loads(await http.call("POST", "/register", "", json.dumps(asked).encode()))
            return User(http, answer["access_token"], answer["user_id"])

    return list(await asyncio.gather(*(one(index) for index in range(count))))


async def room(members: Sequence[User]) -> str:
    """A room of these people."""
    made = await members[0].call("POST", "/createRoom", {"preset": "public_chat"})
    identity: str = made["room_id"]
    for member in members[1:]:
        await member.call("POST", f"/join/{quote(identity)}")
    return identity


class Sender:
    """Keeps `window` messages unanswered, each on a connection of its own."""

    def __init__(self, load: Load, user: User, identity: str, lines: Sequence[Http], size: int) -> None:
        self.load = load
        self.user = user
        self.sent_at: dict[int, float] = {}
        self.number = 0
        self._room = quote(identity)
        self._free = list(lines)
        self._tasks: set[asyncio.Task[None]] = set()
        self._size = size

    def go(self, count: int) -> None:
        """See `Source`."""
        for _ in range(count):
            self.number += 1
            task = asyncio.get_running_loop().create_task(self._one(self.number, self._free.pop()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def waiting(self) -> bool:
        """See `Source`."""
        return bool(self._tasks)

    async def _one(self, number: int, http: Http) -> None:
        text = f"b{number} ".ljust(self._size, "x")
        data = json.dumps({"msgtype": "m.text", "body": text}).encode()
        began = self.sent_at[number] = time.perf_counter()
        await http.call("PUT", f"/rooms/{self._room}/send/m.room.message/t{number}", self.user.token, data)
        self._free.append(http)
        if self.load.counting:
            self.load.answers.append((time.perf_counter() - began) * 1000)
        if self.load.running:
            self.go(1)


async def _sender(order: dict[str, Any], load: Load, user: User, identity: str) -> Sender:
    lines = [await connect(order["port"]) for _ in range(order["window"])]
    return Sender(load, user, identity, lines, order["size"])


async def fan_out(order: dict[str, Any]) -> dict[str, Any]:
    """W1: one room, every member has a sync open, one sender."""
    load = Load(window=order["window"], warm_up=order["warm_up"], patience=PATIENCE)
    members = await users(order, order["members"])
    identity = await room(members)
    sender = await _sender(order, load, members[0], identity)

    async def listen(member: User) -> None:
        while True:
            numbers = [int(n) for n in NUMBER.findall(await member.sync(30_000))]
            load.received += len(numbers)
            if load.counting:
                now = time.perf_counter()
                load.deliveries += [(now - sender.sent_at[number]) * 1000 for number in numbers]

    for member in members:
        await member.sync(0)
    listening = [asyncio.create_task(listen(member)) for member in members]
    own = await load.measure([sender], order["seconds"])
    expected = len(members) * sender.number
    await settle(lambda: load.received >= expected, seconds=PATIENCE)
    for task in listening:
        task.cancel()
    assert load.received == expected, f"{load.received} of {expected} deliveries"
    return group_figures(load, own)


async def pairs(order: dict[str, Any]) -> dict[str, Any]:
    """W2: rooms of two, both with a sync open; the first of each sends."""
    load = Load(window=order["window"], warm_up=order["warm_up"], patience=PATIENCE)
    people = await users(order, 2 * order["pairs"])
    senders = []
    for index in range(0, len(people), 2):
        identity = await room(people[index : index + 2])
        senders.append(await _sender(order, load, people[index], identity))

    async def listen(user: User) -> None:
        while True:
            load.received += len(NUMBER.findall(await user.sync(30_000)))

    for user in people:
        await user.sync(0)
    listening = [asyncio.create_task(listen(user)) for user in people]
    own = await load.measure(senders, order["seconds"])
    expected = 2 * sum(sender.number for sender in senders)
    await settle(lambda: load.received >= expected, seconds=PATIENCE)
    for task in listening:
        task.cancel()
    assert load.received == expected, f"{load.received} of {expected} deliveries"
    return pair_figures(load, own)


async def catch_up(order: dict[str, Any]) -> dict[str, Any]:
    """W4: one user pages back through a room's messages; they are sent first."""
    load = Load(window=16, warm_up=0)
    members = await users(order, 2)
    identity = await room(members)
    sender = await _sender({**order, "window": 16}, load, members[0], identity)
    load.running = False
    while sender.number < order["missed"]:
        sender.go(min(16, order["missed"] - sender.number))
        await settle(lambda: not sender.waiting(), seconds=PATIENCE)
    count, pages, start = 0, 0, ""
    began = time.perf_counter()
    while True:
        path = f"/rooms/{quote(identity)}/messages?dir=b&limit={PAGE}{start}"
        body = await members[1].http.call("GET", path, members[1].token)
        count += len(NUMBER.findall(body))
        pages += 1
        end = json.loads(body).get("end")
        if end is None:
            break
        start = f"&from={end}"
    return {"envelopes": count, "pages": pages, "seconds": round(time.perf_counter() - began, 3)}


async def idle(order: dict[str, Any]) -> dict[str, Any]:
    """W3: people who only hold a sync open; whoever started us looks at the server's memory."""
    people = await users(order, order["connections"])
    for user in people:
        await user.sync(0)
    holding = [asyncio.create_task(user.sync(3_600_000)) for user in people]
    await asyncio.sleep(0.5)
    print(json.dumps({"connected": len(people)}), flush=True)
    await asyncio.sleep(order["seconds"])
    still = sum(not task.done() for task in holding)
    for task in holding:
        task.cancel()
    return {"still_connected": still}


WORK: Final = {"fan_out": fan_out, "pairs": pairs, "catch_up": catch_up, "idle": idle}


def main() -> None:
    """Do the one piece of work that standard input asks for."""
    order = json.load(sys.stdin)
    print(json.dumps(uvloop.run(WORK[order["work"]](order))), flush=True)


if __name__ == "__main__":
    main()
