"""Requests that come a byte at a time, or without end, hold no connection; others are answered."""

import asyncio
import http.client
import json
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

import pytest
import websockets

from messaging import wake
from tests.messaging.engine import impatient
from tests.messaging.engine.processes import SERVERS, server
from tests.support.databases import TestDatabase

PATIENCE = 60.0
"""Seconds within which a server must have given up."""
POST = b"POST /api/v1/nothing HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncontent-type: application/json\r\n"
GET = b"GET /api/v1/nothing HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n\r\n"


async def drip(port: int, begin: bytes, then: Iterator[bytes], pause: float) -> bytes:
    """What a server says until it ends the connection, on which `then` is sent piece by piece."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)

    async def send() -> None:
        for piece in then:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    sending = asyncio.ensure_future(send())
    said = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while data := await reader.read(1 << 16):
                said += data
    except ConnectionError:
        pass
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.transport.abort()
    return said


def code_of(said: bytes) -> str | None:
    """The refusal in an answer; None when the line was cut without one, as TCP may do to what was written."""
    _, _, body = said.partition(b"\r\n\r\n")
    return json.loads(body)["code"] if body else None


def honest(port: int) -> None:
    """Two requests on one connection: a pause between them is no slowness."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.connect()
    line = connection.sock
    for pause in (1.5 * impatient.HEAD, 0.0):
        connection.request("GET", "/api/v1/nothing")
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["code"]) == (404, "not_found")
        assert connection.sock is line, "the server has ended the connection"
        time.sleep(pause)
    connection.close()


async def upgraded(port: int) -> None:
    """A WebSocket owes no head any more."""
    subprotocols = [websockets.Subprotocol(wake.SUBPROTOCOL)]
    async with websockets.connect(
        f"ws://127.0.0.1:{port}/wake", subprotocols=subprotocols, proxy=None
    ) as socket:
        await asyncio.sleep(2 * impatient.HEAD)
        async with asyncio.timeout(PATIENCE):
            await (await socket.ping())


SLOW: dict[str, tuple[Callable[[int], bytes], bytes]] = {
    "nothing": (lambda port: b"", b""),
    "request line": (lambda port: b"GET /", b"a"),
    "header": (lambda port: GET[:-2] % port + b"x-long: ", b"a"),
    "second head": (lambda port: GET % port + b"GET /", b"a"),
    "body": (lambda port: POST % port + b"content-length: 1000\r\n\r\n", b" "),
    "chunks": (lambda port: POST % port + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "poll's body": (lambda port: b"POST /poll HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\n", b" "),
}


@pytest.mark.parametrize("kind", SERVERS)
async def test_slow_and_endless_requests(fresh_database: TestDatabase, tmp_path: Path, kind: str) -> None:
    module = f"tests.messaging.engine.impatient {kind}"
    with server(module, fresh_database.environment(), tmp_path / "log") as process:
        port = process.port
        slow = [
            asyncio.ensure_future(drip(port, begin(port), repeat(piece), 0.1))
            for begin, piece in SLOW.values()
        ]
        await asyncio.gather(asyncio.to_thread(honest, port), upgraded(port))
        answers = dict(zip(SLOW, await asyncio.gather(*slow), strict=True))
        for name in ("nothing", "request line", "header"):
            assert answers[name] == b"", name
        assert answers["second head"].startswith(b"HTTP/1.1 404")
        for name in ("body", "chunks"):
            assert code_of(answers[name]) in ("bad_request", None), name
        piece = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
        endless = await drip(port, POST % port + b"transfer-encoding: chunked\r\n\r\n", repeat(piece), 0)
        assert code_of(endless) in ("too_large", None)
        announced = await drip(port, POST % port + b"content-length: 3000000\r\n\r\n", iter(()), 0)
        assert code_of(announced) == "too_large"
        assert process.process.poll() is None
