"""The load for ejabberd and Prosody: `python -m benchmarks.peers.xmpp`, one JSON object on standard input.

A raw socket each: plain TCP on loopback, SASL PLAIN, one resource, no roster; nothing is parsed that need not
be. In W1 everybody is in one room (XEP-0045), and a message counts as answered when the room's echo has come
back, which both servers send after the archive has taken it. In W2 each message is followed by a request for
acknowledgement (XEP-0198), which both servers answer after the sender's archive has taken it: ejabberd in
the session's process, Prosody in its one thread. W4 pages through the archive (XEP-0313).
"""

import asyncio
import base64
import json
import re
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import uvloop

from benchmarks.load import Load, group_figures, pair_figures, settle

MESSAGE: Final = re.compile(rb"<message\b[^>]*?\bid=['\"]b(\d+)['\"]")
"""Ours are numbered b1, b2 …, and both servers keep the id."""
ACK: Final = re.compile(rb"<a\b[^>]*?\bh=['\"](\d+)['\"]")
LAST: Final = re.compile(rb"<last>([^<]+)</last>")
RESULT: Final = re.compile(rb"<result\b[^>]*?urn:xmpp:mam:2|<result\b[^>]*?queryid=")
STANZA: Final = re.compile(rb"<(?:message|presence|iq)\b")
SIGN_INS_AT_ONCE: Final = 20


class Line(asyncio.Protocol):
    """One connection. After the sign-in `on_data` gets everything that ends in a whole element."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.on_data: Callable[[bytes], None] = self._ignore
        self.gone = asyncio.get_running_loop().create_future()
        self._buffer = b""
        self._awaited: tuple[bytes, asyncio.Future[bytes]] | None = None

    def _ignore(self, data: bytes) -> None:
        pass

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if not self.gone.done():
            self.gone.set_result(None)
        if self._awaited is not None and not self._awaited[1].done():
            self._awaited[1].set_exception(ConnectionError(f"closed: {self._buffer[-300:]!r}"))

    def data_received(self, data: bytes) -> None:
        """Pass on what is complete."""
        self._buffer += data
        if self._awaited is not None:
            mark, future = self._awaited
            if mark in self._buffer:
                self._awaited = None
                data, self._buffer = self._buffer, b""
                future.set_result(data)
            return
        # Cut behind the last element: none that is looked for is then in two pieces.
        end = self._buffer.rfind(b">") + 1
        if b"<message" in self._buffer:
            end = max(self._buffer.rfind(b"</message>") + 10, 0) if b"</message>" in self._buffer else 0
        if end:
            whole, self._buffer = self._buffer[:end], self._buffer[end:]
            self.on_data(whole)

    async def ask(self, text: str, mark: bytes) -> bytes:
        """Send and wait until `mark` has come; everything that came until then."""
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._awaited = (mark, future)
        self.transport.write(text.encode())
        return await asyncio.wait_for(future, 60)


async def sign_in(order: dict[str, Any], user: str) -> Line:
    """From the TCP connection to a bound resource `b` that is present."""
    loop, host = asyncio.get_running_loop(), order["host"]
    _, line = await loop.create_connection(Line, "127.0.0.1", order["port"])
    stream = (
        f"<stream:stream to='{host}' version='1.0' xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams'>"
    )
    await line.ask(stream, b"</stream:features>")
    secret = base64.b64encode(f"\0{user}\0{order['password']}".encode()).decode()
    plain = f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"
    await line.ask(plain, b"<success")
    await line.ask(stream, b"</stream:features>")
    bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>b</resource></bind>"
    await line.ask(f"<iq type='set' id='bind'>{bind}</iq>", b"</iq>")
    await line.ask("<presence/>", b"<presence")
    return line


async def everybody(order: dict[str, Any]) -> list[Line]:
    """Sign all in, some at a time."""
    gate = asyncio.Semaphore(SIGN_INS_AT_ONCE)

    async def one(user: str) -> Line:
        async with gate:
            return await sign_in(order, user)

    return list(await asyncio.gather(*(one(user) for user in order["users"])))


class Sender:
    """Keeps `window` messages unanswered. `answered` is told when one is."""

    def __init__(self, load: Load, line: Line, head: str, text: str, tail: str) -> None:
        self.load = load
        self.line = line
        self.sent_at: dict[int, float] = {}
        self.number = 0
        self._open: deque[int] = deque()
        self._head, self._tail = head, f"<body>{text}</body></message>{tail}"

    def go(self, count: int) -> None:
        """See `Source`."""
        for _ in range(count):
            self.number += 1
            self._open.append(self.number)
            self.sent_at[self.number] = time.perf_counter()
            self.line.transport.write(f"<message id='b{self.number}' {self._head}>{self._tail}".encode())

    def waiting(self) -> bool:
        """See `Source`."""
        return bool(self._open)

    def answered_until(self, number: int) -> None:
        """All up to this one are answered; they come in order."""
        now = time.perf_counter()
        count = 0
        while self._open and self._open[0] <= number:
            began = self.sent_at[self._open.popleft()]
            count += 1
            if self.load.counting:
                self.load.answers.append((now - began) * 1000)
        if self.load.running and count:
            self.go(count)


async def fan_out(order: dict[str, Any]) -> dict[str, Any]:
    """W1: one room, everybody in it, one sender."""
    load = Load(window=order["window"], warm_up=order["warm_up"])
    lines = await everybody(order)
    room = order["room"]
    join = "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>"
    for index, line in enumerate(lines):
        # The room's subject ends a join (XEP-0045, 7.2).
        await line.ask(f"<presence to='{room}/n{index}'>{join}</presence>", b"<subject" if index else b"110")
        if index == 0:
            form = "<x xmlns='jabber:x:data' type='submit'/>"
            owner = f"<query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query>"
            await line.ask(f"<iq type='set' id='own' to='{room}'>{owner}</iq>", b"id='own'")
    sender = Sender(load, lines[0], f"to='{room}' type='groupchat'", "x" * order["size"], "")

    def hear(data: bytes, *, own: bool) -> None:
        numbers = [int(found) for found in MESSAGE.findall(data)]
        load.received += len(numbers)
        if load.counting:
            now, sent_at = time.perf_counter(), sender.sent_at
            load.deliveries += [(now - sent_at[number]) * 1000 for number in numbers]
        if own and numbers:
            sender.answered_until(numbers[-1])

    for index, line in enumerate(lines):
        line.on_data = partial(hear, own=index == 0)
    own = await load.measure([sender], order["seconds"])
    expected = len(lines) * sender.number
    await settle(lambda: load.received >= expected)
    assert load.received == expected, f"{load.received} of {expected} deliveries"
    return group_figures(load, own)


async def pairs(order: dict[str, Any]) -> dict[str, Any]:
    """W2: the first of each two users sends to the second; both are present."""
    load = Load(window=order["window"], warm_up=order["warm_up"])
    lines = await everybody(order)
    senders = []
    for index in range(0, len(lines), 2):
        to = f"to='{order['users'][index + 1]}@{order['host']}' type='chat'"
        tail = "<r xmlns='urn:xmpp:sm:3'/>"
        sender = Sender(load, lines[index], to, "x" * order["size"], tail)
        await lines[index].ask("<enable xmlns='urn:xmpp:sm:3'/>", b"<enabled")

        def acknowledged(data: bytes, sender: Sender = sender) -> None:
            numbers = ACK.findall(data)
            if numbers:
                sender.answered_until(int(numbers[-1]))
            if b"<r " in data:
                # Nothing is ever sent to a sender, so there is nothing to acknowledge.
                sender.line.transport.write(b"<a xmlns='urn:xmpp:sm:3' h='0'/>")

        def arrived(data: bytes) -> None:
            load.received += len(MESSAGE.findall(data))

        lines[index].on_data, lines[index + 1].on_data = acknowledged, arrived
        senders.append(sender)
    own = await load.measure(senders, order["seconds"])
    expected = sum(sender.number for sender in senders)
    await settle(lambda: load.received >= expected)
    assert load.received == expected, f"{load.received} of {expected} deliveries"
    return pair_figures(load, own)


async def store(order: dict[str, Any]) -> dict[str, Any]:
    """Send one message to somebody, so that the archive has a row to be copied."""
    lines = await everybody(order)
    sender = Sender(
        Load(window=1, warm_up=0), lines[0], f"to='{order['users'][1]}@{order['host']}' type='chat'", "", ""
    )
    sender.go(0)
    text = "x" * order["size"]
    head = f"<message id='b1' to='{order['users'][1]}@{order['host']}' type='chat'>"
    await lines[1].ask("<presence/>", b"<presence")
    lines[0].transport.write(f"{head}<body>{text}</body></message>".encode())
    await lines[1].ask(" ", b"</message>")
    return {}


async def catch_up(order: dict[str, Any]) -> dict[str, Any]:
    """W4: one user pages through the archive."""
    (line,) = await everybody(order)
    form = (
        "<x xmlns='jabber:x:data' type='submit'>"
        "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field></x>"
    )
    after, count, pages = "", 0, 0
    began = time.perf_counter()
    while True:
        paging = f"<max>{order['page']}</max>" + (f"<after>{after}</after>" if after else "")
        rsm = f"<set xmlns='http://jabber.org/protocol/rsm'>{paging}</set>"
        query = f"<query xmlns='urn:xmpp:mam:2' queryid='q'>{form}{rsm}</query>"
        data = await line.ask(f"<iq type='set' id='p{pages}'>{query}</iq>", b"</fin></iq>")
        found = len(RESULT.findall(data))
        count += found
        pages += 1
        last = LAST.findall(data)
        if not found or not last or b"complete='true'" in data:
            break
        after = last[-1].decode()
    return {"envelopes": count, "pages": pages, "seconds": round(time.perf_counter() - began, 3)}


async def idle(order: dict[str, Any]) -> dict[str, Any]:
    """W3: connections that only stay; whoever started us looks at the server's memory."""
    lines = await everybody(order)
    print(json.dumps({"connected": len(lines)}), flush=True)
    await asyncio.sleep(order["seconds"])
    return {"still_connected": sum(not line.gone.done() for line in lines)}


WORK: Final = {"fan_out": fan_out, "pairs": pairs, "catch_up": catch_up, "idle": idle, "store": store}


def main() -> None:
    """Do the one piece of work that standard input asks for."""
    order = json.load(sys.stdin)
    print(json.dumps(uvloop.run(WORK[order["work"]](order))), flush=True)


if __name__ == "__main__":
    main()
