"""`beep.wake.v1`: one byte when something waits, and nothing else."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator

from accounts.models import Device, Session
from beep import asgi, clock, metrics
from beep.errors import BeepError
from messaging import notices, protocol, wake, wake_tokens
from messaging.engine import limits
from messaging.engine.database import Row
from messaging.engine.runtime import Engine
from messaging.models import WakeToken
from tests.messaging.engine.client import PATIENCE, inside
from tests.messaging.engine.factory import Actor, Talk, actors, talk

Pair = tuple[Actor, Actor, Talk]
issue = sync_to_async(wake_tokens.issue)


class Shell:
    """What stays connected in the background."""

    def __init__(self, token: bytes | None, origin: bytes | None = None) -> None:
        headers = [] if origin is None else [(b"origin", origin)]
        self.socket = WebsocketCommunicator(
            asgi.application, "/wake", headers=headers, subprotocols=[wake.SUBPROTOCOL]
        )
        self.token = token

    async def open(self) -> "Shell":
        accepted, _ = await self.socket.connect(timeout=PATIENCE)
        assert accepted
        if self.token is not None:
            await self.socket.send_to(bytes_data=self.token)
        return self

    async def woken(self) -> None:
        assert await self.socket.receive_from(PATIENCE) == wake.WAITING

    async def quiet(self) -> None:
        assert await self.socket.receive_nothing(0.3)

    async def looked(self) -> None:
        await self.socket.send_to(bytes_data=wake.LOOKED)

    async def closed(self) -> int:
        message = await self.socket.receive_output(PATIENCE)
        assert message["type"] == "websocket.close", message
        code: int = message["code"]
        return code


async def shell(actor: Actor, talk_: Talk | None = None) -> Shell:
    """One that has looked at all there is, and hears of what comes."""
    token, _ = await issue(session=actor.session)
    made = await Shell(token).open()
    if talk_ is not None:
        # Nothing of the conversation has been acknowledged by this device.
        await made.woken()
        await made.looked()
    return made


async def test_an_envelope_that_only_wakes_is_not_counted_as_delivered(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    woken = await shell(two, chat)
    async with inside(one) as sender, inside(two) as other:
        before = metrics.total.delivered
        sent = await sender.send(chat)
        await other.envelopes(chat.id, until=sent.seq)
        await woken.woken()
        assert metrics.total.delivered == before + 2
    await woken.socket.disconnect()


async def test_it_wakes_once_for_what_comes_until_one_has_looked(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, chat = pair
    monkeypatch.setattr(wake, "EVERY", 0.0)
    woken = await shell(two, chat)
    async with inside(one) as sender, inside(two) as other:
        # Beside the device's own socket, which it does not supersede.
        await sender.send(chat)
        await woken.woken()
        await sender.send(chat)
        await woken.quiet()
        assert (await other.envelopes(chat.id, until=3))[-1].seq == 3
        await woken.looked()
        await woken.quiet()
        await sender.send(chat)
        await woken.woken()
    await woken.socket.disconnect()
    assert engine.hub.devices == {}
    assert engine.hub.rooms == {}


async def test_it_wakes_for_mail_and_new_conversations_but_not_for_marks_and_cards(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wake, "EVERY", 0.0)
    monkeypatch.setattr(limits, "ACK_SECONDS", 0.05)
    one, two, chat = pair
    woken = await shell(two, chat)
    async with inside(one) as other:
        await other.post(protocol.Ack(cursors=[protocol.Cursor(conversation=chat.id, seq=1)]))
        await sync_to_async(notices.person_changed)(one.person.bytes, [two.person.bytes])
        await woken.quiet()
        await sync_to_async(notices.mail_waiting)(two.device.bytes, 1)
        await woken.woken()
    await woken.socket.disconnect()


async def test_two_bytes_are_five_seconds_apart(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, chat = pair
    monkeypatch.setattr(wake, "EVERY", 60.0)
    woken = await shell(two, chat)
    async with inside(one) as sender:
        await sender.send(chat)
        await woken.quiet()
    [member] = engine.hub.of_device(two.device.bytes)
    assert isinstance(member, wake.WakeSocket)
    # Kept back, not forgotten, until the client has looked by itself.
    for kept_back in (True, False):
        assert member.keeps_back is kept_back
        await woken.looked()
        await woken.quiet()
    await woken.socket.disconnect()


async def test_what_waited_before_is_told_at_once(engine: Engine, pair: Pair) -> None:
    _, two, chat = pair
    nothing = await sync_to_async(lambda: actors(1)[0])()
    quiet = await shell(nothing)
    await quiet.quiet()
    behind = await shell(two, chat)
    for each in (quiet, behind):
        await each.socket.disconnect()


@pytest.mark.parametrize("change", ["session", "device", "notice"])
async def test_it_ends_with_session_and_device(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    one, _, chat = pair
    if change != "notice":
        monkeypatch.setattr(limits, "POLL", 0.05)
    woken = await shell(one, chat)
    if change == "session":
        await Session.objects.filter(id=one.session).aupdate(ended_at=clock.now())
    elif change == "device":
        await Device.objects.filter(id=one.device).aupdate(revoked_at=clock.now())
    else:
        await sync_to_async(notices.device_ended)(one.device.bytes)
    assert await woken.closed() == protocol.CLOSE_REVOKED
    if change != "notice":
        again = await Shell(woken.token).open()
        assert await again.closed() == protocol.CLOSE_REVOKED


async def test_only_the_newest_token_of_a_session_opens_it(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    first, expires_at = await issue(session=one.session)
    assert expires_at > clock.now() + timedelta(days=29)
    woken = await shell(one, chat)
    assert await (await Shell(first).open()).closed() == protocol.CLOSE_REVOKED
    # A second socket of the device takes the place of the first.
    second = await Shell(woken.token).open()
    assert await woken.closed() == protocol.CLOSE_SUPERSEDED
    await second.woken()
    await second.socket.disconnect()
    assert await WakeToken.objects.acount() == 1
    await Session.objects.filter(id=one.session).aupdate(ended_at=clock.now())
    with pytest.raises(BeepError, match="no session"):
        await issue(session=one.session)
    with pytest.raises(BeepError, match="no session"):
        await issue(session=UUID(int=1))


async def test_anything_else_closes_it(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    for token in (b"\x02", os.urandom(31), os.urandom(33), one.token + b"\0"):
        assert await (await Shell(token).open()).closed() == protocol.CLOSE_NOT_ALLOWED, token
    # Well-formed and unknown; the session's own token opens no wake socket either.
    for token in (os.urandom(32), one.token):
        assert await (await Shell(token).open()).closed() == protocol.CLOSE_REVOKED
    for data in (b"\x01", b"\x02\x02", protocol.encode(protocol.Hello(id=1, minor=0))):
        woken = await shell(one, chat)
        await woken.socket.send_to(bytes_data=data)
        assert await woken.closed() == protocol.CLOSE_NOT_ALLOWED, data
    woken = await shell(one, chat)
    for _ in range(30):
        await woken.looked()
    assert await woken.closed() == protocol.CLOSE_RATE
    # A wake token opens nothing else: as a cookie it is nobody's.
    assert not await Session.objects.filter(token_hash=(await WakeToken.objects.aget()).token_hash).aexists()


async def test_who_comes_too_often_is_turned_away_without_a_query(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _, _ = pair
    monkeypatch.setattr(limits, "TURNED_AWAY_REST", 0.0)
    engine.doors.tokens.rate, engine.doors.tokens.burst = 0.001, 2.0
    token, _ = await issue(session=one.session)
    for _ in range(2):
        woken = await Shell(token).open()
        await woken.woken()
        await woken.socket.disconnect()
    assert await (await Shell(token).open()).closed() == protocol.CLOSE_RATE
    # Unknown tokens are counted where they come from, as they are for `/ws`.
    assert await (await Shell(os.urandom(32)).open()).closed() == protocol.CLOSE_REVOKED
    assert [bucket.full for bucket in engine.doors.strangers.buckets.values()] == [False]


async def test_pages_of_other_origins_and_other_protocols_are_turned_away(engine: Engine) -> None:
    foreign = Shell(None, origin=b"https://evil.example")
    assert await foreign.socket.connect(timeout=PATIENCE) == (False, 4403)
    for path in ("/wake", "/nowhere"):
        other = WebsocketCommunicator(asgi.application, path, subprotocols=[protocol.SUBPROTOCOL])
        assert (await other.connect(timeout=PATIENCE))[0] is False


async def test_a_draining_process_sends_it_elsewhere(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    woken = await shell(one, chat)
    await engine.drain()
    assert await woken.closed() == protocol.CLOSE_GOING_AWAY
    assert await (await Shell(woken.token).open()).closed() == protocol.CLOSE_GOING_AWAY


async def test_a_large_room_costs_no_query_per_envelope(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an envelope asks of the database does not grow with who waits to be woken."""

    def make() -> tuple[list[Actor], Talk]:
        people = actors(20)
        return people, talk(people)

    monkeypatch.setattr(wake, "EVERY", 0.0)
    people, chat = await sync_to_async(make)()
    shells = [await shell(each, chat) for each in people[1:]]
    asked: list[str] = []
    rows = engine.database.rows

    async def counted(query: LiteralString, parameters: Sequence[Any] = ()) -> list[Row]:
        asked.append(query)
        return await rows(query, parameters)

    async with inside(people[0]) as sender:
        monkeypatch.setattr(engine.database, "rows", counted)
        await sender.send(chat)
        for each in shells:
            await each.woken()
    # The engine's own looks at everybody's sessions, and nothing for anybody alone.
    assert [query for query in asked if "ANY(" not in query] == []
    for each in shells:
        await each.socket.disconnect()
