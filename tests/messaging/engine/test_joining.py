"""What is stored while a socket comes in: behind what it was told, and before it hears of anything."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async

from beep import clock
from messaging import access, notices, protocol
from messaging.engine import reads
from messaging.engine.database import Database
from messaging.engine.runtime import Engine
from messaging.models import Participant
from tests.messaging.engine.client import Inside, inside
from tests.messaging.engine.factory import Actor, Talk

Pair = tuple[Actor, Actor, Talk]


def after_reading(monkeypatch: pytest.MonkeyPatch, person: Actor, do: Callable[[], Awaitable[None]]) -> None:
    """Let `do` happen between the person's states being read and their use."""
    read = reads.states

    async def states(database: Database, *, person: bytes) -> list[protocol.ConversationState]:
        found = await read(database, person=person)
        if person == whose:
            await do()
        return found

    whose = person.person.bytes
    monkeypatch.setattr(reads, "states", states)


async def test_a_room_that_is_ahead_of_what_was_read_says_so(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, chat = pair
    async with inside(one) as sender:

        async def speak() -> None:
            assert isinstance(await sender.send(chat), protocol.Sent)

        after_reading(monkeypatch, two, speak)
        client = await Inside(two).open()
        await client.hello()
        behind = await client.resume({chat.id: 1})
        assert [(state.conversation, state.last_seq) for state in behind.conversations] == [(chat.id, 2)]
        await client.leave()


async def test_a_room_that_is_new_hears_of_what_came_before_it(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, chat = pair
    # Long enough that only the look at new rooms can bring it.
    monkeypatch.setattr("messaging.engine.limits.SWEEP", 3_600.0)

    async def speak() -> None:
        async with inside(one) as sender:
            assert isinstance(await sender.send(chat), protocol.Sent)

    after_reading(monkeypatch, two, speak)
    client = await Inside(two).open()
    await client.hello()
    assert (await client.resume({chat.id: 1})).conversations == []
    assert [envelope.seq for envelope in await client.envelopes(chat.id, until=2)] == [2]
    await client.leave()


async def test_who_is_removed_while_coming_in_does_not_stay(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, chat = pair
    async with inside(one) as sender:

        async def remove() -> None:
            assert isinstance(await sender.send(chat), protocol.Sent)
            mine = Participant.objects.filter(conversation_id=UUID(bytes=chat.id), person_id=two.person)
            await mine.aupdate(left_at=clock.now(), left_seq=2)
            state = await sync_to_async(access.state_for)(conversation=UUID(bytes=chat.id), person=two.person)
            await sync_to_async(notices.conversation_changed)(state, [two.person.bytes])
            await asyncio.sleep(0.05)

        after_reading(monkeypatch, two, remove)
        client = await Inside(two).open()
        await client.hello()
        await client.resume({chat.id: 1})
        room = engine.hub.rooms[chat.id]
        for _ in range(6_000):
            present = {member.person for member in room.members}
            if two.person.bytes not in present:
                break
            await asyncio.sleep(0.01)
        assert present == {one.person.bytes}
        await client.leave()
