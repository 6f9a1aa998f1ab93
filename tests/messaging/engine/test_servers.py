"""Real server processes: both servers drain, bound a slow reader, close what is revoked, and lose nothing."""

import asyncio
import http.client
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import pytest
import websockets
from asgiref.sync import sync_to_async

from accounts.models import Device, Session
from beep import clock
from messaging import protocol
from messaging.models import Envelope
from tests.messaging.engine.client import PATIENCE, connect, outside
from tests.messaging.engine.factory import Actor, Talk, actors, body, talk, typing_frame
from tests.messaging.engine.processes import SERVERS, ServerProcess, proxy, server
from tests.support.databases import TestDatabase

both = pytest.mark.parametrize("kind", SERVERS)


@sync_to_async
def people() -> tuple[Actor, Actor, Talk]:
    one, two = actors(2)
    return one, two, talk([one, two])


@sync_to_async
def stored(chat: Talk) -> dict[tuple[UUID, int], bytes]:
    """(device, counter) → body of the application messages, after checking that seq is dense."""
    rows = list(Envelope.objects.filter(conversation_id=UUID(bytes=chat.id)).order_by("seq"))
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    return {(row.device_id, row.counter): row.body for row in rows if row.kind == 1}


@both
async def test_a_server_delivers_bounds_ends_and_drains(
    kind: str, fresh_database: TestDatabase, tmp_path: Path
) -> None:
    """One process through all of it: a start takes longer than the rest."""
    with server(kind, fresh_database.environment(), tmp_path / "log") as process:
        await asyncio.to_thread(_paths_are_what_the_request_says, process)
        await _messages_flow(process)
        await _a_revoked_device_is_out_within_a_second(process)
        await _a_slow_reader_is_given_up(process)
        await _a_flood_of_requests_stays_small(process)
        await _sigterm_drains(process)


def _paths_are_what_the_request_says(process: ServerProcess) -> None:
    """A proxy that keeps `/healthz` back must not be got round by naming a prefix in a header."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
    connection.request("GET", "/hidden/healthz", headers={"Daphne-Root-Path": "/hidden"})
    assert b'"database"' not in connection.getresponse().read()
    connection.close()


async def _messages_flow(process: ServerProcess) -> None:
    one, two, chat = await people()
    async with outside(one, process.port) as sender, outside(two, process.port) as receiver:
        for seq in range(2, 12):
            assert (await sender.send(chat)).seq == seq
        heard = await receiver.envelopes(chat.id, until=11)
        assert [envelope.seq for envelope in heard] == list(range(2, 12))
        # A frame with each length of header.
        large = await sender.send(chat, body=body(chat.group_id, size=65_500))
        assert large.seq == 12
        assert len((await receiver.envelopes(chat.id, until=12))[0].body) > 65_000
        assert isinstance(await receiver.ask(protocol.Ping), protocol.Ok)
        await receiver.write("text")
        assert await receiver.closed() == protocol.CLOSE_NOT_ALLOWED


async def _a_revoked_device_is_out_within_a_second(process: ServerProcess) -> None:
    one, two, _ = await people()

    @sync_to_async
    def revoke(actor: Actor, *, session: bool) -> None:
        # The row alone, as when the notice is lost.
        if session:
            Session.objects.filter(id=actor.session).update(ended_at=clock.now())
        else:
            Device.objects.filter(id=actor.device).update(revoked_at=clock.now())

    async with outside(one, process.port) as first, outside(two, process.port) as second:
        await revoke(one, session=False)
        await revoke(two, session=True)
        # Nothing but the look at the sessions, every second, can tell.
        assert await first.closed() == protocol.CLOSE_REVOKED
        assert await second.closed() == protocol.CLOSE_REVOKED


async def _a_slow_reader_is_given_up(process: ServerProcess) -> None:
    one, two, chat = await people()
    slow = await connect(two, process.port, max_queue=1)
    await slow.hello()
    await slow.resume()
    slow.connection.transport.pause_reading()
    async with outside(one, process.port) as sender:
        before = _resident(process.process.pid)
        # 18 MB: what the kernel takes on both sides, and more than limits.BUFFER beyond it.
        for _ in range(20):
            large = body(chat.group_id, size=60_000)
            frames = [sender.message(chat, body=large) for _ in range(15)]
            for frame in frames:
                await sender.post(frame)
            for frame in frames:
                assert isinstance(await sender.answer(frame.id), protocol.Sent)
        assert _resident(process.process.pid) - before < 40 << 20
        slow.connection.transport.resume_reading()
        # The close frame stands behind what was written; who reads on too late finds the line cut.
        assert await slow.closed() in (protocol.CLOSE_TOO_SLOW, None)
        assert len([f for f in slow.unread if isinstance(f, protocol.Envelopes)]) < 290
    async with outside(two, process.port) as again:
        page = await again.ask(protocol.Fetch, conversation=chat.id, after=299, limit=1000)
        assert page.last_seq == 301


async def _a_flood_of_requests_stays_small(process: ServerProcess) -> None:
    """A client that sends without reading is neither buffered for nor obeyed."""
    one, _, chat = await people()
    client = await connect(one, process.port, max_queue=1)
    await client.hello()
    before = _resident(process.process.pid)
    client.connection.transport.pause_reading()
    frame = protocol.encode(client.message(chat, body=body(chat.group_id, size=60_000)))
    with suppress(TimeoutError, websockets.ConnectionClosed):
        async with asyncio.timeout(2):
            while True:
                await client.write(frame)
    assert _resident(process.process.pid) - before < 60 << 20


async def _sigterm_drains(process: ServerProcess) -> None:
    one, two, chat = await people()
    async with outside(one, process.port) as sender, outside(two, process.port) as receiver:
        frames = [sender.message(chat) for _ in range(20)]
        silent = await connect(one, process.port)
        # A request whose body is still to come is in flight.
        reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
        writer.write(
            f"POST /csp-report HTTP/1.1\r\nHost: localhost:{process.port}\r\n"
            "Content-Type: application/csp-report\r\nContent-Length: 2\r\n\r\n".encode()
        )
        await writer.drain()
        for frame in frames:
            await sender.post(frame)
        process.terminate()
        # The one that has said no hello as well.
        for client in (sender, receiver, silent):
            assert await client.closed() == protocol.CLOSE_GOING_AWAY
        writer.write(b"{}")
        # To its end: the line is closed behind the answer.
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        assert answer.startswith(b"HTTP/1.1 ")
        writer.close()
        assert await asyncio.to_thread(process.process.wait, PATIENCE) == 0
        acknowledged = [f.re for f in sender.unread if isinstance(f, protocol.Sent)]
        kept = await stored(chat)
        for frame in frames:
            if frame.id in acknowledged:
                assert kept[one.device, frame.counter] == frame.body


def _resident(pid: int) -> int:
    """Resident memory in bytes."""
    fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * 4096


# --- Two processes ------------------------------------------------------------------------------------------


async def test_two_processes_share_a_conversation_and_a_device(
    fresh_database: TestDatabase, tmp_path: Path
) -> None:
    one, two, chat = await people()
    environment = fresh_database.environment()
    with (
        server("uvicorn", environment, tmp_path / "a") as a,
        server("daphne", environment, tmp_path / "b") as b,
    ):
        async with outside(one, a.port) as left, outside(two, b.port) as right:
            for _ in range(10):
                await asyncio.gather(left.send(chat), right.send(chat))
            for client in (left, right):
                heard = await client.envelopes(chat.id, until=21)
                assert [envelope.seq for envelope in heard] == list(range(2, 22)), "in order, once"
            await left.post(typing_frame(chat, leaf=0))
            assert (await right.event(protocol.TypingEvent)).device == one.device.bytes
            await right.post(protocol.Ack(cursors=[protocol.Cursor(conversation=chat.id, seq=21)]))
            assert (await left.event(protocol.Delivered)).mark.seq == 21
            async with outside(one, b.port) as newer:
                assert await left.closed() == protocol.CLOSE_SUPERSEDED
                assert isinstance(await newer.ask(protocol.Ping), protocol.Ok)


async def test_without_valkey_everything_still_arrives(fresh_database: TestDatabase, tmp_path: Path) -> None:
    one, two, chat = await people()
    parts = urlsplit(fresh_database.urls.valkey)
    async with proxy(parts.port or 0) as line:
        url = urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{line.port}")))
        environment = {**fresh_database.environment(), "VALKEY_URL": url}
        with (
            server("uvicorn", environment, tmp_path / "a") as a,
            server("uvicorn", environment, tmp_path / "b") as b,
        ):
            async with outside(one, a.port) as left, outside(two, b.port) as right:
                assert (await left.send(chat)).seq == 2
                assert (await right.envelopes(chat.id, until=2))[0].seq == 2
                line.cut()
                assert (await left.send(chat)).seq == 3
                assert (await left.send(chat)).seq == 4
                heard = await right.envelopes(chat.id, until=4)
                assert [envelope.seq for envelope in heard] == [3, 4], "by the poll"
                line.mend()
                seq = 4
                for _ in range(20):
                    began = asyncio.get_running_loop().time()
                    for _ in range(5):
                        seq += 1
                        assert (await left.send(chat)).seq == seq
                        assert [e.seq for e in await right.envelopes(chat.id, until=seq)] == [seq]
                    # A look every second finds perhaps the first at once, each other one a second later.
                    if asyncio.get_running_loop().time() - began < 3.0:
                        break
                else:
                    pytest.fail("the hints do not come back")


async def test_plain_servers_do_as_well(fresh_database: TestDatabase, tmp_path: Path) -> None:
    """Without the extension: uvicorn as it comes, with the same application."""
    one, two, chat = await people()
    plain = "uvicorn beep.asgi:application --ws websockets-sansio --lifespan off"
    with server(plain, fresh_database.environment(), tmp_path / "log") as process:
        async with outside(one, process.port) as sender, outside(two, process.port) as receiver:
            frames = [sender.message(chat) for _ in range(30)]
            for frame in frames:
                await sender.post(frame)
            for frame in frames:
                assert isinstance(await sender.answer(frame.id), protocol.Sent)
            heard = await receiver.envelopes(chat.id, until=31)
            assert [envelope.seq for envelope in heard] == list(range(2, 32))
            await sender.write("text")
            assert await sender.closed() == protocol.CLOSE_NOT_ALLOWED
