"""Groups over sockets: who hears what when somebody goes, asks to be let in, or the server is read-only."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import transaction

from accounts.models import Person, Session
from accounts.signals import pairing_waiting, person_changed, reset_requested
from beep import clock
from messaging import conversations, notices, protocol, removals, restore
from messaging.engine import limits
from messaging.engine.runtime import Engine
from messaging.formats import Role
from messaging.models import ConversationKind, Participant, Restore
from tests.messaging.engine.client import Inside, inside
from tests.messaging.engine.factory import Actor, Talk, actors, talk, typing_frame
from tests.messaging.engine.waiting import until_blocked
from tests.messaging.party import Party, leave_frame, party, rejoin_frame
from tests.messaging.people import Human
from tests.messaging.world import publish
from tests.support.databases import TestDatabase


def signed_in(who: Human) -> Actor:
    """A session of somebody's present device."""
    token, session, now = os.urandom(32), uuid4(), clock.now()
    Session.objects.create(
        id=session,
        token_hash=hashlib.sha256(token).digest(),
        person_id=who.id,
        device_id=who.client.device,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=1),
    )
    return Actor(who.id, who.client.device, session, token)


@asynccontextmanager
async def connected(count: int) -> AsyncIterator[tuple[Party, list[Inside]]]:
    """A group of `count`, and everybody's socket."""

    @sync_to_async
    def make() -> tuple[Party, list[Actor]]:
        made = party(count)
        return made, [signed_in(who) for who in made.people]

    made, people = await make()
    async with AsyncExitStack() as stack:
        yield made, [await stack.enter_async_context(inside(one)) for one in people]


async def commit(client: Inside, talk: Party, by: Human, **changes: Any) -> Any:
    """A commit over the socket; gives the answer."""
    frame = await sync_to_async(lambda: talk.commit_frame(by, **changes))()
    id_ = client.next_id()
    await client.post(msgspec.structs.replace(frame, id=id_))
    answer = await client.answer(id_)
    if isinstance(answer, protocol.Sent):
        by.client.sent(talk.id)
    return answer


async def changed(client: Inside, talk: Party) -> protocol.ConversationState:
    event = await client.event(protocol.ConversationChanged)
    assert event.state.conversation == talk.id.bytes
    return event.state


async def message(client: Inside, made: Party, epoch: int) -> Any:
    """Send one application message in this epoch."""
    group_id = await sync_to_async(lambda: made.group.group_id)()
    return await client.send(Talk(made.id.bytes, group_id, 0), epoch=epoch, counter=2)


async def test_who_is_removed_hears_the_commit_and_nothing_after_it(engine: Engine) -> None:
    async with connected(3) as (made, [one, two, three]):
        admin, _, gone = made.people
        change = {"remove": [gone.client], "roles": {gone.id: Role.NONE}}
        answer = await commit(one, made, admin, **change)
        assert answer.seq == 2
        heard: list[str] = []
        while len(heard) < 2:
            frame = await three.read()
            if isinstance(frame, protocol.Envelopes):
                assert [envelope.seq for envelope in frame.envelopes] == [2]
                heard.append("envelopes")
            elif isinstance(frame, protocol.ConversationChanged):
                assert (frame.state.left, frame.state.last_seq, frame.state.persons) == (True, 2, [])
                heard.append("left")
        assert heard == ["envelopes", "left"]
        assert gone.id.bytes not in (await changed(two, made)).persons

        assert (await commit(one, made, admin)).seq == 3
        assert (await two.envelopes(made.id.bytes, until=3))[-1].seq == 3
        await three.ask(protocol.Ping)
        assert three.unread == []
        # What may still be read ends where the person was removed.
        page = await three.ask(protocol.Fetch, conversation=made.id.bytes, after=0, limit=10)
        assert ([envelope.seq for envelope in page.envelopes], page.last_seq) == ([1, 2], 2)
        refused = await three.ask(protocol.Hashes, conversation=made.id.bytes, after=0, until=3)
        assert (refused.code, refused.detail) == ("range_refused", {"last_seq": 2})
        assert (await message(three, made, 1)).code == "not_a_member"
        assert (await commit(three, made, gone)).code == "not_a_member"
        behind = await three.resume()
        assert [(state.left, state.last_seq) for state in behind.conversations] == [(True, 2)]
        assert (await three.resume({made.id.bytes: 2})).conversations == []


async def test_leaving_stops_the_talk_until_a_commit_carries_it_out(engine: Engine) -> None:
    async with connected(3) as (made, [one, _, three]):
        admin, _, gone = made.people
        frame = await sync_to_async(lambda: leave_frame(made, gone))()
        asked = msgspec.structs.asdict(frame)
        asked.pop("id")
        assert isinstance(await three.ask(protocol.Leave, **asked), protocol.Ok)
        state = await changed(one, made)
        assert (state.blocked, state.orders) == (True, 1)
        refused = await one.send(Talk(made.id.bytes, await _group_id(made), 0), counter=2)
        assert refused.code == "removal_due"
        found = await one.ask(protocol.OrdersFetch, conversation=made.id.bytes)
        assert [item.executed for item in found.items] == [False]
        orders = await sync_to_async(made.orders)()
        change = {"remove": [gone.client], "roles": {gone.id: Role.NONE}, "orders": orders}
        assert (await commit(one, made, admin, **change)).seq == 2
        assert not (await changed(one, made)).blocked
        assert (await message(one, made, 2)).code == "counter_old"
        answer = await one.send(Talk(made.id.bytes, await _group_id(made), 0), epoch=2, counter=3)
        assert answer.seq == 3


async def _group_id(made: Party) -> bytes:
    found: bytes = await sync_to_async(lambda: made.group.group_id)()
    return found


async def test_a_petition_to_be_let_in(engine: Engine) -> None:
    async with connected(2) as (made, [one, two]):
        who = made.people[1]
        frame = await sync_to_async(lambda: rejoin_frame(made, who))()
        asked = msgspec.structs.asdict(frame)
        asked.pop("id")
        refused = await two.ask(protocol.Rejoin, **{**asked, "signature": bytes(64)})
        assert (refused.code, refused.detail) == ("rejoin_refused", {"rule": "signature"})
        assert isinstance(await two.ask(protocol.Rejoin, **asked), protocol.Ok)
        assert (await changed(one, made)).orders == 2
        # A cursor at the log's end does not hide what is to be done.
        behind = await one.resume({made.id.bytes: 1})
        assert [state.orders for state in behind.conversations] == [2]
        sequence = {"conversation": made.id.bytes, "generation": 1, "seq": 1}
        assert isinstance(await two.ask(protocol.ReportCommit, **sequence), protocol.Ok)
        state = await changed(one, made)
        while state.frozen_seq is None:
            state = await changed(one, made)
        assert (state.frozen_seq, state.blocked) == (1, True)


async def test_a_removal_that_no_hint_told_of(engine: Engine) -> None:
    async with connected(2) as (made, [_, two]):

        @sync_to_async
        def remove() -> None:
            former = notices.set_publisher(lambda notice: None)
            try:
                change = {"remove": [made.people[1].client], "roles": {made.people[1].id: Role.NONE}}
                made.commit(made.people[0], **change)
            finally:
                notices.set_publisher(former)

        await remove()
        await engine._sync_states()
        assert (await changed(two, made)).left
        room = engine.hub.rooms[made.id.bytes]
        assert {member.device for member in room.members} == {made.people[0].client.device.bytes}


async def test_who_was_removed_hears_nothing_after_it_although_no_hint_told_of_it(engine: Engine) -> None:
    """Valkey is away: the envelopes are found in the database, and so must be who may not have them."""
    async with connected(3) as (made, [_, two, three]):
        admin, _, gone = made.people

        @sync_to_async
        def remove_and_go_on() -> None:
            former = notices.set_publisher(lambda notice: None)
            try:
                made.commit(admin, remove=[gone.client], roles={gone.id: Role.NONE})
                made.commit(admin)
            finally:
                notices.set_publisher(former)

        await remove_and_go_on()
        await engine._repairer._compare()
        assert [envelope.seq for envelope in await two.envelopes(made.id.bytes, until=3)] == [2, 3]
        state = await changed(three, made)
        assert (state.left, state.last_seq) == (True, 2)
        await three.ask(protocol.Ping)
        assert three.unread == []
        room = engine.hub.rooms[made.id.bytes]
        assert gone.id.bytes not in {member.person for member in room.members}


async def test_large_groups_are_spared_what_is_only_nice_to_know(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LIVE_MEMBERS", 1)

    @sync_to_async
    def make() -> tuple[list[Actor], Talk]:
        people = actors(2)
        return people, talk(people, kind=ConversationKind.GROUP)

    people, chat = await make()
    async with inside(people[0]) as one, inside(people[1]) as two:
        assert engine.hub.rooms[chat.id].large
        await one.send(chat)
        await two.envelopes(chat.id, until=2)
        await two.post(protocol.Ack(cursors=[protocol.Cursor(conversation=chat.id, seq=2)]))
        await one.post(typing_frame(chat, leaf=0))
        await two.ask(protocol.Ping)
        await engine.delivered.write(large=False)
        assert len(engine.delivered) == 1, "thousands of marks a message are written a minute later"
        await engine.delivered.write()
        for client in (one, two):
            await client.ask(protocol.Ping)
            spare = (protocol.Delivered, protocol.TypingEvent)
            assert not [frame for frame in client.unread if isinstance(frame, spare)]
        # The mark itself is kept, and told to nobody else.
        slots = await two.ask(protocol.SlotsFetch, conversation=chat.id)
        assert [mark.seq for mark in slots.delivered] == [2]
        assert (await one.ask(protocol.SlotsFetch, conversation=chat.id)).delivered == []


async def test_read_only_after_a_restore(engine: Engine) -> None:
    async with connected(2) as (made, [one, two]):
        await sync_to_async(Restore.objects.create)(id=1, read_only=True, changed_at=clock.now())
        refused = await message(one, made, 1)
        assert (refused.code, refused.retry_after) == ("read_only", 30.0)
        assert (await commit(one, made, made.people[0])).code == "read_only"
        slot = {"generation": 1, "epoch": 1, "leaf": 1, "name": "read", "counter": 1, "body": b"s"}
        assert (await two.ask(protocol.SlotPut, conversation=made.id.bytes, **slot)).code == "read_only"
        page = await two.ask(protocol.Fetch, conversation=made.id.bytes, after=0, limit=10)
        assert page.last_seq == 1
        await sync_to_async(Restore.objects.update)(read_only=False)
        assert (await message(one, made, 1)).seq == 2


async def test_the_read_only_mode_waits_for_the_batch_in_flight(
    engine: Engine, fresh_database: TestDatabase
) -> None:
    """Otherwise a message would take the seq of a lost one after the operator was told that none can."""
    async with connected(2) as (made, [one, _]):
        await message(one, made, 1)
        other = await psycopg.AsyncConnection.connect(fresh_database.urls.superuser)
        group_id = await _group_id(made)
        async with other:
            lock = "SELECT FROM messaging_conversation WHERE id = %s FOR NO KEY UPDATE"
            await other.execute(lock, [made.id])
            in_flight = one.message(Talk(made.id.bytes, group_id, 0), counter=3)
            await one.post(in_flight)
            await until_blocked(fresh_database.urls.superuser)
            mode = asyncio.create_task(sync_to_async(restore.turn_on, thread_sensitive=False)())
            await asyncio.sleep(0.3)
            assert not mode.done()
            await other.commit()
        assert (await one.answer(in_flight.id)).seq == 3
        await mode
        refused = await one.send(Talk(made.id.bytes, group_id, 0), counter=4)
        assert refused.code == "read_only"


async def test_events_about_people(engine: Engine) -> None:
    async with connected(2) as (made, [one, two]):
        who, pairing = made.people[1], uuid4()

        @sync_to_async
        def happen() -> None:
            person_changed.send(sender=Person, person=who.id)
            reset_requested.send(sender=Person, person=who.id, earliest=7)
            pairing_waiting.send(sender=Person, person=who.id, pairing=pairing)

        await happen()
        for client in (one, two):
            assert (await client.event(protocol.PersonChanged)).person == who.id.bytes
            event = await client.event(protocol.ResetRequested)
            assert (event.person, event.earliest) == (who.id.bytes, 7)
        assert (await two.event(protocol.PairingWaiting)).pairing == pairing.bytes
        await one.ask(protocol.Ping)
        assert not [frame for frame in one.unread if isinstance(frame, protocol.PairingWaiting)]


async def test_a_device_put_out_while_another_talks(engine: Engine) -> None:
    async with connected(3) as (made, [one, two, _]):
        second = await sync_to_async(made.people[2].add_device)()
        await sync_to_async(publish)(second)
        who = made.people[2]
        put_out = sync_to_async(transaction.atomic(removals.put_out))
        assert await put_out(device=who.client.device, person=who.id, at=clock.now()) == [made.id]
        assert (await changed(two, made)).orders == 1
        assert (await message(one, made, 1)).code == "removal_due"
        state = await sync_to_async(conversations.conversation_state)(
            person=made.people[0].id, conversation=made.id
        )
        assert state.blocked
        # The person stays a member, and comes back with another device.
        assert await sync_to_async(
            Participant.objects.filter(person_id=who.id, left_at__isnull=True).exists
        )()
