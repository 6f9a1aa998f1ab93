"""Who may open a socket, and whose socket is closed when the right to it ends."""

import asyncio
from datetime import timedelta
from typing import LiteralString

import psycopg
import pytest
from asgiref.sync import sync_to_async

from accounts.models import Device, Person, Session
from beep import clock
from messaging import protocol
from messaging.engine import limits
from messaging.engine.runtime import Engine
from tests.messaging.engine.client import Inside, inside
from tests.messaging.engine.factory import Actor, Talk
from tests.support.databases import TestDatabase

Pair = tuple[Actor, Actor, Talk]


async def test_hello_says_who_one_is(engine: Engine, pair: Pair) -> None:
    one, _, _ = pair
    client = await Inside(one).open()
    asked_at = clock.now_ms()
    ready = await client.ask(protocol.Hello, minor=7)
    assert (ready.person, ready.device) == (one.person.bytes, one.device.bytes)
    assert ready.minor == protocol.MINOR
    assert asked_at <= ready.time <= clock.now_ms()
    again = await client.ask(protocol.Hello, minor=0)
    assert again.code == "bad_request"
    await client.leave()
    assert len(engine.hub) == 0


async def test_without_a_session_the_socket_is_closed_as_revoked(engine: Engine, pair: Pair) -> None:
    unknown = b"__Host-beep=" + b"A" * 43
    for cookie in (b"", b"__Host-beep=", b"__Host-beep=AAAA", b"other=1", b"__Host-beep=\xff", unknown):
        client = await Inside(pair[0], headers=[(b"cookie", cookie)]).open()
        assert await client.closed() == protocol.CLOSE_REVOKED, cookie


async def test_other_cookies_do_not_hide_ours(engine: Engine, pair: Pair) -> None:
    ours = pair[0].cookie.encode()
    for cookies in (
        [b'prefs={"a":1}; ' + ours],
        [ours + b'; prefs={"a":1}'],
        [b"name=J\xc3\xb6rg; =; odd; " + ours],
        [b"theme=dark", ours, b"other=1"],
    ):
        client = await Inside(pair[0], headers=[(b"cookie", cookie) for cookie in cookies]).open()
        assert (await client.hello()).person == pair[0].person.bytes, cookies
        await client.leave()


@pytest.mark.parametrize("change", ["ended", "expired", "suspended"])
async def test_a_session_that_is_over_lets_nobody_in(engine: Engine, pair: Pair, change: str) -> None:
    one, _, _ = pair
    past = clock.now() - timedelta(days=1)

    @sync_to_async
    def end() -> None:
        session = Session.objects.get(id=one.session)
        if change == "ended":
            session.ended_at = past
        elif change == "expired":
            session.created_at, session.expires_at = past - timedelta(days=1), past
        else:
            session.person.state = "suspended"
            session.person.save()
        session.save()

    await end()
    client = await Inside(one).open()
    assert await client.closed() == protocol.CLOSE_REVOKED


async def test_a_second_socket_of_the_device_supersedes_the_first(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    async with inside(two) as other:
        first = await Inside(one).open()
        await first.hello()
        async with inside(one) as second:
            assert await first.closed() == protocol.CLOSE_SUPERSEDED
            assert (await other.send(chat)).seq == 2
            assert (await second.envelopes(chat.id, until=2))[0].seq == 2


async def test_sockets_close_when_nobody_knows_who_is_revoked(
    engine: Engine, pair: Pair, fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "POLL", 0.05)

    @sync_to_async
    def as_superuser(statement: LiteralString) -> None:
        with psycopg.connect(fresh_database.urls.superuser, autocommit=True) as admin:
            admin.execute(statement)

    client = await Inside(pair[0]).open()
    await client.hello()
    await as_superuser("REVOKE SELECT ON accounts_session FROM beep_app")
    assert await client.closed() == protocol.CLOSE_GOING_AWAY
    late = await Inside(pair[0]).open()
    assert await late.closed() == protocol.CLOSE_GOING_AWAY
    await as_superuser("GRANT SELECT ON accounts_session TO beep_app")
    for _ in range(1_200):
        if engine.accepting:
            break
        await asyncio.sleep(0.05)
    async with inside(pair[0]) as again:
        assert isinstance(await again.ask(protocol.Ping), protocol.Ok)


@pytest.mark.parametrize("change", ["ended", "expired", "suspended", "revoked", "device expired"])
async def test_a_session_that_ends_closes_its_socket_without_any_notice(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """The rows alone, dated as if the transaction had waited for its locks for an hour."""
    monkeypatch.setattr(limits, "POLL", 0.05)
    one, two, _ = pair
    past = clock.now() - timedelta(hours=1)

    @sync_to_async
    def end() -> None:
        session = Session.objects.filter(id=one.session)
        match change:
            case "ended":
                session.update(ended_at=past)
            case "expired":
                session.update(created_at=past - timedelta(days=1), expires_at=past)
            case "suspended":
                Person.objects.filter(id=one.person).update(state=Person.State.SUSPENDED)
            case "revoked":
                Device.objects.filter(id=one.device).update(revoked_at=past)
            case _:
                Device.objects.filter(id=one.device).update(
                    kind=Device.Kind.TEMPORARY, added_at=past - timedelta(days=1), expires_at=past
                )

    async with inside(two) as other:
        client = await Inside(one).open()
        await client.hello()
        await end()
        assert await client.closed() == protocol.CLOSE_REVOKED
        assert isinstance(await other.ask(protocol.Ping), protocol.Ok)
