"""Large conversations: what a message costs does not grow with the number of those who read it.

Statements and encodings are counted, not timed. 300 sockets here; `LARGE_MEMBERS=5000` is the long form.
"""

import asyncio
import os
import sys
import time
from collections import Counter
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async

from beep import metrics
from messaging import protocol
from messaging.engine import flight, limits, runtime
from messaging.engine.frames import Outgoing
from messaging.engine.reads import Session
from messaging.engine.runtime import Engine
from messaging.engine.socket import Socket
from messaging.models import Conversation, ConversationKind, Participant, Sender
from tests.messaging.engine.client import Client, inside
from tests.messaging.engine.factory import Actor, Talk, actors, talk, talks, typing_frame

MEMBERS = int(os.environ.get("LARGE_MEMBERS", "300"))
MESSAGES = 20


class Ear:
    """An outlet that remembers what it was given, for a socket without a network."""

    def __init__(self) -> None:
        self.closed: int | None = None
        self.shared: list[Outgoing] = []
        self.own: list[bytes] = []

    def send(self, payload: bytes) -> None:
        self.own.append(payload)

    def share(self, outgoing: Outgoing) -> None:
        self.shared.append(outgoing)

    def buffered(self) -> int:
        return 0

    def close(self, code: int) -> None:
        self.closed = code


class Listener(Client):
    """A member on such a socket: what it says goes straight to the engine."""

    def __init__(self, engine: Engine, actor: Actor) -> None:
        super().__init__(actor)
        self.ear = Ear()
        session = Session(actor.session.bytes, actor.person.bytes, actor.device.bytes)
        self.socket = Socket(engine, session, self.ear)

    async def write(self, data: bytes | str) -> None:
        assert isinstance(data, bytes)
        self.socket.receive(data)

    async def live(self) -> protocol.Behind:
        await self.post(protocol.Hello(id=self.next_id(), minor=0))
        await self.post(protocol.Resume(id=self.next_id(), cursors=[], mailbox=0))
        await self.socket.settled()
        behind = protocol.decode_server_frame(self.ear.own[-1])
        assert isinstance(behind, protocol.Behind), behind
        return behind


class Statements:
    """Counts what the engine sends to PostgreSQL."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: Counter[str] = Counter()
        execute = psycopg.AsyncConnection.execute

        async def counting(connection: Any, query: Any, *given: Any, **named: Any) -> Any:
            self.seen[str(query).split(maxsplit=1)[0]] += 1
            return await execute(connection, query, *given, **named)

        fly = flight.Line.fly

        async def counting_flight(line: flight.Line, *steps: flight.Step) -> Any:
            self.seen.update(statement.sql.split(maxsplit=1)[0] for statement, _ in steps)
            return await fly(line, *steps)

        monkeypatch.setattr(psycopg.AsyncConnection, "execute", counting)
        monkeypatch.setattr(flight.Line, "fly", counting_flight)


@sync_to_async
def assembly(count: int) -> tuple[list[Actor], Talk]:
    members = actors(count)
    return members, talk(members, kind=ConversationKind.GROUP)


async def test_a_message_costs_no_row_no_query_and_no_encoding_a_reader(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LARGE_ACK_ROUNDS", 1 << 30)
    members, chat = await assembly(MEMBERS)
    listeners = [Listener(engine, actor) for actor in members]
    try:
        for start in range(0, MEMBERS, 50):
            states = await asyncio.gather(*(each.live() for each in listeners[start : start + 50]))
            for behind in states:
                (state,) = behind.conversations
                assert state.persons == [], "who a thousand members are is not said a thousand times"
        room = engine.hub.rooms[chat.id]
        assert room.large
        assert len(room.members) == MEMBERS
        await asyncio.sleep(0)

        statements, encoded, delivered = Statements(monkeypatch), Counter[str](), metrics.total.delivered
        encode = protocol.encode

        def counting(frame: Any) -> bytes:
            encoded[type(frame).__name__] += 1
            return encode(frame)

        monkeypatch.setattr(protocol, "encode", counting)
        speaker, began = listeners[0], time.perf_counter()
        for number in range(MESSAGES):
            frame = speaker.message(chat)
            speaker.socket.receive(encode(frame))
            await speaker.socket.settled()
            last = number + 2
            for each in listeners:
                each.socket.receive(
                    encode(protocol.Ack(cursors=[protocol.Cursor(conversation=chat.id, seq=last)]))
                )
        took = time.perf_counter() - began
        speaker.socket.receive(encode(typing_frame(chat, leaf=0)))
        await speaker.socket.settled()
        monkeypatch.setattr(protocol, "encode", encode)

        assert metrics.total.delivered - delivered == MESSAGES * MEMBERS
        assert encoded["Envelopes"] <= MESSAGES
        assert encoded["Sent"] == MESSAGES
        assert not encoded["Delivered"] + encoded["TypingEvent"]
        # BEGIN, GATE, LOCK, SENDERS, WRITE, COMMIT a batch, and what looks at the whole process now and then.
        assert sum(statements.seen.values()) <= 7 * MESSAGES + 4 * (took / limits.POLL + 2), statements.seen
        assert statements.seen["UPDATE"] + statements.seen["INSERT"] == 0, "no row a reader"
        for each in listeners:
            heard = [protocol.decode_server_frame(outgoing.payload) for outgoing in each.ear.shared]
            seqs = [
                e.seq for event in heard if isinstance(event, protocol.Envelopes) for e in event.envelopes
            ]
            assert seqs == list(range(2, MESSAGES + 2))
        same = {id(each.ear.shared[-1].payload) for each in listeners}
        assert len(same) == 1, "one encoding for all"
        assert len(engine.delivered) == MEMBERS, "the newest mark of each, whatever was acknowledged"
        await engine.delivered.write()
        marks = Sender.objects.filter(conversation_id=room_id(chat), delivered_seq=MESSAGES + 1)
        assert await marks.acount() == MEMBERS
        sys.stderr.write(
            f"\n{MEMBERS} members: {MESSAGES * MEMBERS / took:,.0f} deliveries/s, each acknowledged\n"
        )
    finally:
        for each in listeners:
            each.socket.end()


def room_id(chat: Talk) -> Any:
    from uuid import UUID

    return UUID(bytes=chat.id)


async def test_a_commits_state_goes_out_once_for_all(engine: Engine) -> None:
    """Two thousand names would make every commit 36 kB for everybody."""
    from messaging import access, notices

    members, chat = await assembly(60)

    @sync_to_async
    def announce() -> list[bytes]:
        conversation = Conversation.objects.get(id=room_id(chat))
        state = access.state_of(conversation, group=access.current_group(conversation))
        notices.conversation_changed(state, state.persons)
        return state.persons

    async with inside(members[0]) as one, inside(members[1]) as two:
        named = await announce()
        assert len(named) == 60, "over HTTP everybody is named"
        for client in (one, two):
            changed = await client.event(protocol.ConversationChanged)
            assert changed.state.persons == []
        assert engine.hub.rooms[chat.id].large
        # Below the limit again: named, and followed live.
        gone = [actor.person for actor in members[20:]]
        await Participant.objects.filter(conversation_id=room_id(chat), person_id__in=gone).adelete()
        await announce()
        changed = await one.event(protocol.ConversationChanged)
        assert changed.state.persons == sorted(actor.person.bytes for actor in members[:20])
        assert not engine.hub.rooms[chat.id].large


async def test_whoever_is_behind_in_very_much_hears_it_in_several_frames(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No frame passes `MAX_FRAME`: what does not fit follows as events, before anything else does."""

    @sync_to_async
    def make() -> tuple[Actor, list[Talk]]:
        people = actors(3)
        groups = [people] * 40
        return people[0], talks(groups, kind=ConversationKind.GROUP)

    one, chats = await make()
    few = 10 * (limits.STATE_BYTES + 3 * 18) + limits.STATE_BYTES
    monkeypatch.setattr(protocol, "MAX_FRAME", few)
    listener = Listener(engine, one)
    try:
        behind = await listener.live()
        assert len(behind.conversations) == 10
        assert len(protocol.encode(behind)) <= few
        await asyncio.sleep(0)
        later = [protocol.decode_server_frame(outgoing.payload) for outgoing in listener.ear.shared]
        assert all(isinstance(event, protocol.ConversationChanged) for event in later)
        told = [state.conversation for state in behind.conversations]
        told += [
            event.state.conversation for event in later if isinstance(event, protocol.ConversationChanged)
        ]
        assert sorted(told) == sorted(chat.id for chat in chats)
        assert len(engine.hub.rooms) == 40
    finally:
        listener.socket.end()


async def test_after_valkey_was_away_large_conversations_hear_what_changed(engine: Engine) -> None:
    members, chat = await assembly(55)
    async with inside(members[0]) as one, inside(members[1]) as two:
        await Conversation.objects.filter(id=room_id(chat)).aupdate(blocked=True)
        await runtime.current()._sync_states()
        for client in (one, two):
            changed = await client.event(protocol.ConversationChanged)
            assert (changed.state.blocked, changed.state.persons) == (True, [])
