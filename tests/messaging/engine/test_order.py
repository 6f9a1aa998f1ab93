"""Frames are taken in the order in which they came, once each, however they come: both servers."""

import asyncio
import base64
import os
import random
import struct
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from websockets.frames import Opcode
from websockets.speedups import apply_mask

from messaging import protocol
from tests.messaging.engine.client import Client
from tests.messaging.engine.factory import Actor, Talk, actors, talk
from tests.messaging.engine.processes import SERVERS, ServerProcess, server
from tests.messaging.engine.waiting import PATIENCE
from tests.support.databases import TestDatabase


def masked(payload: bytes, opcode: int, *, fin: bool = True) -> bytes:
    """A client's frame (RFC 6455 §5.2)."""
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else struct.pack(">BH", 0x80 | 126, size)
    mask = os.urandom(4)
    return bytes((fin << 7 | opcode,)) + length + mask + apply_mask(payload, mask)


def in_any_form(payload: bytes, chance: random.Random) -> bytes:
    """A message whole or in fragments, with pings before and between."""
    ping = masked(b"ping", Opcode.PING)
    whole = ping * chance.randrange(3)
    if chance.random() < 0.5:
        return whole + masked(payload, Opcode.BINARY)
    cut = chance.randrange(len(payload))
    return (
        whole
        + masked(payload[:cut], Opcode.BINARY, fin=False)
        + ping * chance.randrange(2)
        + masked(payload[cut:], Opcode.CONT)
    )


async def answers(reader: asyncio.StreamReader, *, until: int) -> list[protocol.ServerFrame]:
    """What the server says up to the answer to `until`, without its pongs."""
    found: list[protocol.ServerFrame] = []
    async with asyncio.timeout(120):
        while not found or getattr(found[-1], "re", 0) != until:
            head, size = await reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack(">H", await reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", await reader.readexactly(8))
            payload = await reader.readexactly(size)
            assert head in (0x82, 0x8A), payload
            if head == 0x82:
                found.append(protocol.decode_server_frame(payload))
    return found


@pytest.mark.parametrize("kind", SERVERS)
async def test_frames_in_every_form_keep_their_order(
    kind: str, fresh_database: TestDatabase, tmp_path: Path
) -> None:
    @sync_to_async
    def people() -> tuple[Actor, Talk]:
        one, two = actors(2)
        return one, talk([one, two])

    with server(kind, fresh_database.environment(), tmp_path / "log") as process:
        for early in (False, True):
            one, chat = await people()
            await _say_much(process, one, chat, early=early)


def _is_read(ours: int, port: int) -> bool:
    """Whether nothing from our port waits in the kernel for the server at `port` to read it."""
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        words = line.split()
        near, far = (int(word.partition(":")[2], 16) for word in words[1:3])
        if (near, far) == (port, ours):
            return int(words[4].partition(":")[2], 16) == 0
    return False


async def _until_read(writer: asyncio.StreamWriter, port: int) -> None:
    ours = writer.get_extra_info("sockname")[1]
    async with asyncio.timeout(PATIENCE):
        while True:
            if _is_read(ours, port):
                return
            await asyncio.sleep(0.001)


async def _say_much(process: ServerProcess, actor: Actor, chat: Talk, *, early: bool) -> None:
    client, chance = Client(actor), random.Random(early)
    frames: list[protocol.ClientFrame] = [protocol.Hello(id=client.next_id(), minor=0)]
    frames += [client.message(chat) for _ in range(60)]
    data = b"".join(in_any_form(protocol.encode(frame), chance) for frame in frames)
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    host, key = f"127.0.0.1:{process.port}", base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {actor.cookie}\r\n"
        f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {protocol.SUBPROTOCOL}\r\n\r\n".encode()
    )
    if early:
        # While the server looks up the session, but not in one segment with the request: no client that waits
        # for an answer ever does that, and uvicorn's own HTTP parser loses what stands behind such a request.
        await _until_read(writer, process.port)
        writer.write(data[:9_000])
        data = data[9_000:]
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    while data:
        step = chance.randrange(1, 6_000)
        writer.write(data[:step])
        data = data[step:]
        await asyncio.sleep(0)
    last = frames[-1]
    assert isinstance(last, protocol.Send)
    heard = await answers(reader, until=last.id)
    sent = [frame for frame in heard if isinstance(frame, protocol.Sent)]
    assert [frame.re for frame in sent] == [
        frame.id for frame in frames[1:] if isinstance(frame, protocol.Send)
    ]
    assert [frame.seq for frame in sent] == list(range(2, 62))
    writer.close()
