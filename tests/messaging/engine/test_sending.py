"""Sends: what is stored, in which order, and what is refused without a trace."""

import asyncio
import hashlib
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction

from accounts.models import Device, Session
from audit.models import Intake
from beep import clock
from messaging import formats, protocol
from messaging.engine import limits
from messaging.engine.runtime import Engine
from messaging.engine.submission import Outcome, Submission
from messaging.mls import MlsErrorCode
from messaging.models import Conversation, ConversationKind, Envelope, Group, Sender
from tests.messaging.engine.client import Inside, inside
from tests.messaging.engine.factory import Actor, Talk, actors, body, talk
from tests.messaging.engine.waiting import until_blocked
from tests.support.databases import TestDatabase

Pair = tuple[Actor, Actor, Talk]


@sync_to_async
def log_of(chat: Talk) -> list[Envelope]:
    """The stored log, after checking that the conversation's row and every hash agree with it."""
    rows = list(Envelope.objects.filter(conversation_id=UUID(bytes=chat.id)).order_by("seq"))
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert Conversation.objects.get(id=UUID(bytes=chat.id)).last_seq == len(rows)
    for row in rows:
        assert row.body_hash == hashlib.sha256(row.body).digest()
        assert row.hash == formats.envelope_hash(
            conversation=chat.id,
            seq=row.seq,
            generation=row.generation,
            epoch=row.epoch,
            kind=row.kind,
            device=row.device_id.bytes,
            counter=row.counter,
            time_ms=row.time_ms,
            body_hash=row.body_hash,
        )
    return rows


@sync_to_async
def last_counter(chat: Talk, actor: Actor) -> int:
    row = Sender.objects.get(conversation_id=UUID(bytes=chat.id), device_id=actor.device)
    return row.last_counter


@sync_to_async
def change(chat: Talk, **values: Any) -> None:
    Conversation.objects.filter(id=UUID(bytes=chat.id)).update(**values)


async def test_a_message_is_stored_and_reaches_both(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    async with inside(one) as sender, inside(two) as receiver:
        frame = sender.message(chat)
        await sender.post(frame)
        sent = await sender.answer(frame.id)
        assert sent == protocol.Sent(re=frame.id, seq=2, time=sent.time)
        (envelope,) = await receiver.envelopes(chat.id, until=2)
        assert envelope.body == frame.body
        assert (envelope.generation, envelope.epoch, envelope.kind) == (1, 1, protocol.APPLICATION)
        assert (envelope.device, envelope.counter, envelope.time) == (one.device.bytes, 2, sent.time)
        assert await sender.envelopes(chat.id, until=2) == [envelope]
    assert [row.body for row in await log_of(chat)] == [b"begin", frame.body]


async def test_many_senders_make_one_dense_log(engine: Engine) -> None:
    def make() -> tuple[list[Actor], Talk, Talk]:
        people = actors(8)
        return people, talk(people, kind=ConversationKind.GROUP), talk(people[:2])

    people, group, chat = await sync_to_async(make)()
    clients = [await Inside(person).open() for person in people]
    for client in clients:
        await client.hello()
        await client.resume()

    async def speak(client: Inside) -> list[int]:
        seqs: list[int] = []
        for _ in range(5):
            frames = [client.message(group) for _ in range(5)]
            for frame in frames:
                await client.post(frame)
            seqs += [(await client.answer(frame.id)).seq for frame in frames]
        return seqs

    given = await asyncio.gather(*(speak(client) for client in clients))
    other = await clients[0].send(chat)
    assert other.seq == 2
    for seqs in given:
        assert seqs == sorted(seqs), "one device's messages keep their order"
    assert sorted(seq for seqs in given for seq in seqs) == list(range(2, 202))
    for client in clients:
        heard = await client.envelopes(group.id, until=201)
        assert [envelope.seq for envelope in heard] == list(range(2, 202)), "live, in order, once"
        await client.leave()
    rows = await log_of(group)
    assert len(rows) == 201
    for person in people:
        own = [row.counter for row in rows if row.device_id == person.device]
        assert own == sorted(own)


async def test_a_retry_is_answered_with_the_first_seq(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    async with inside(one) as sender:
        frame = sender.message(chat)
        await sender.post(frame)
        first = await sender.answer(frame.id)
        await sender.send(chat)
        again = await sender.send(chat, counter=frame.counter, body=frame.body)
        assert (again.seq, again.time) == (first.seq, first.time)
        # In one batch, before either is on disk.
        twin = sender.message(chat)
        same = sender.message(chat, counter=twin.counter, body=twin.body)
        await sender.post(twin)
        await sender.post(same)
        assert (await sender.answer(twin.id)).seq == (await sender.answer(same.id)).seq == 4
        # A retry from long ago, after the epoch has moved.
        await change(chat, epoch=2)
        late = await sender.send(chat, counter=frame.counter, body=frame.body)
        assert late.seq == first.seq
    assert len(await log_of(chat)) == 4


async def test_refusals_keep_the_socket_and_consume_no_counter(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    foreign = await sync_to_async(lambda: talk(actors(2)))()
    other_group = body(foreign.group_id)
    cases: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("not_a_member", {"conversation": foreign.id}, {}),
        ("not_a_member", {"conversation": bytes(16)}, {}),
        ("generation_conflict", {"generation": 2}, {"generation": 1, "epoch": 1}),
        ("epoch_conflict", {"epoch": 2}, {"generation": 1, "epoch": 1}),
        ("epoch_conflict", {"epoch": 0}, {"generation": 1, "epoch": 1}),
        ("counter_gap", {"counter": 3}, {"last": 1}),
        ("counter_old", {"counter": 1}, {"last": 1}),
        ("counter_old", {"counter": 0}, {"last": 1}),
        ("frame_refused", {"body": other_group}, {"rule": "group_id"}),
        ("frame_refused", {"body": body(chat.group_id, epoch=3)}, {"rule": "epoch"}),
        (
            "frame_refused",
            {"body": b"\x00\x01\x00\x01" + bytes(40)},
            {"rule": MlsErrorCode.NOT_PRIVATE_MESSAGE},
        ),
        ("frame_refused", {"body": body(chat.group_id)[:-1]}, {"rule": MlsErrorCode.TRUNCATED}),
        ("frame_refused", {"body": body(chat.group_id) + b"\x00"}, {"rule": MlsErrorCode.TRAILING_BYTES}),
        ("frame_refused", {"body": body(chat.group_id, franking_tag=b"")}, {"rule": "authenticated_data"}),
    ]
    async with inside(one) as sender:
        for code, changes, detail in cases:
            refused = await sender.send(chat, **{"counter": 2, **changes})
            assert isinstance(refused, protocol.Refused), (code, refused)
            assert (refused.code, refused.detail) == (code, detail), changes
        await change(chat, blocked=True)
        assert (await sender.send(chat, counter=2)).code == "removal_due"
        await change(chat, blocked=False)
        assert await last_counter(chat, one) == 1
        assert (await sender.send(chat, counter=2)).seq == 2
        old = await sender.send(chat, counter=2)
        assert (old.code, old.detail) == ("counter_old", {"last": 2})
    assert len(await log_of(chat)) == 2


async def test_a_device_without_a_leaf_or_a_right_is_refused(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair

    @sync_to_async
    def take_leaf(actor: Actor) -> None:
        Sender.objects.filter(device_id=actor.device).update(generation=0)

    async with inside(one) as sender, inside(two) as other:
        await take_leaf(one)
        assert (await sender.send(chat, counter=2)).code == "not_a_member"
        await sync_to_async(Device.objects.filter(id=two.device).update)(revoked_at="2026-01-01T00:00Z")
        assert (await other.send(chat, counter=1)).code == "not_a_member"
    assert len(await log_of(chat)) == 1


async def test_an_ended_session_stores_nothing_before_its_socket_closes(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    await engine.revocations.stop()
    async with inside(one) as sender:
        assert (await sender.send(chat)).seq == 2
        await sync_to_async(Session.objects.filter(id=one.session).update)(ended_at=clock.now())
        assert (await sender.send(chat)).code == "not_a_member"
    assert len(await log_of(chat)) == 2


async def test_a_new_generation_is_seen_at_once(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    async with inside(one) as sender:
        assert (await sender.send(chat)).seq == 2

        @sync_to_async
        def begin_again() -> bytes:
            group = Group.objects.create(
                conversation_id=UUID(bytes=chat.id),
                generation=2,
                group_id=bytes(range(32)),
                policy=b"p",
                suite=0x53,
                begun_seq=3,
                created_by=one.device,
            )
            Conversation.objects.filter(id=UUID(bytes=chat.id)).update(generation=2, epoch=1)
            Sender.objects.filter(conversation_id=UUID(bytes=chat.id)).update(generation=2)
            return group.group_id

        group_id = await begin_again()
        stale = await sender.send(chat, counter=3)
        assert (stale.code, stale.detail) == ("generation_conflict", {"generation": 2, "epoch": 1})
        fresh = await sender.send(chat, counter=3, generation=2, body=body(group_id))
        assert fresh.seq == 3


async def test_a_full_queue_says_busy(
    engine: Engine, pair: Pair, fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _, chat = pair
    monkeypatch.setattr(limits, "QUEUE", 3)
    async with inside(one) as sender:
        held, release = asyncio.Event(), asyncio.Event()
        holding = asyncio.ensure_future(_hold_lock(chat, held, release))
        await held.wait()
        frames = [sender.message(chat) for _ in range(6)]
        await sender.post(frames[0])
        await until_blocked(fresh_database.urls.superuser)
        for frame in frames[1:]:
            await sender.post(frame)
        for frame in frames[4:]:
            refused = await sender.answer(frame.id)
            assert refused.code == "busy"
            assert refused.retry_after > 0
        release.set()
        await holding
        assert [(await sender.answer(frame.id)).seq for frame in frames[:4]] == [2, 3, 4, 5]


async def _hold_lock(chat: Talk, held: asyncio.Event, release: asyncio.Event) -> None:
    """Lock the conversation's row between the two events."""
    loop = asyncio.get_running_loop()

    def hold() -> None:
        with transaction.atomic():
            Conversation.objects.select_for_update().get(id=UUID(bytes=chat.id))
            loop.call_soon_threadsafe(held.set)
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

    await sync_to_async(hold)()


async def test_a_broken_connection_repeats_the_batch(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    async with inside(one) as sender:
        assert (await sender.send(chat)).seq == 2

        @sync_to_async
        def cut() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND usename = current_user AND query LIKE '%COMMIT%'"
                )
                assert cursor.rowcount >= 1

        await cut()
        assert (await sender.send(chat)).seq == 3
    assert len(await log_of(chat)) == 3


async def test_a_log_that_contradicts_itself_stops_only_itself(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    other = await sync_to_async(lambda: talk([one, actors(1)[0]]))()

    @sync_to_async
    def spoil() -> None:
        # A row from a restored backup where the next seq belongs.
        row = Envelope.objects.get(conversation_id=UUID(bytes=chat.id), seq=1)
        row.seq, row.counter, row.kind, row.epoch = 2, 99, 1, 1
        row.save(force_insert=True)

    await spoil()
    async with inside(one) as sender:
        bad, good = sender.message(chat), sender.message(other)
        await sender.post(bad)
        await sender.post(good)
        assert (await sender.answer(bad.id)).code == "internal"
        assert (await sender.answer(good.id)).seq == 2
        assert (await sender.send(other)).seq == 3


async def test_each_batch_leaves_one_audit_row(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    async with inside(one) as sender:
        frames = [sender.message(chat) for _ in range(20)]
        for frame in frames:
            await sender.post(frame)
        for frame in frames:
            await sender.answer(frame.id)

    @sync_to_async
    def batches() -> int:
        return Intake.objects.using("auditor").filter(kind="messages.batch").count()

    assert 1 <= await batches() <= 20


async def test_large_messages_go_out_in_frames_that_a_client_takes(engine: Engine, pair: Pair) -> None:
    """All that one socket may have in flight, behind a lock, so that the writer takes them together."""
    one, two, chat = pair
    async with inside(one) as sender, inside(two) as receiver:
        held, release = asyncio.Event(), asyncio.Event()
        holding = asyncio.ensure_future(_hold_lock(chat, held, release))
        await held.wait()
        count, largest = protocol.MAX_IN_FLIGHT, body(chat.group_id, size=protocol.MAX_BODY - 4)
        assert count * (len(largest) + 64) > limits.BUFFER
        frames = [sender.message(chat, body=largest) for _ in range(count)]
        for frame in frames:
            await sender.post(frame)
        release.set()
        await holding
        last = 1
        while last < count + 1:
            event = await receiver.event(protocol.Envelopes)
            assert len(protocol.encode(event)) <= limits.PAGE_BYTES
            assert event.envelopes[0].seq == last + 1
            last = event.envelopes[-1].seq
        assert [(await sender.answer(frame.id)).seq for frame in frames] == list(range(2, count + 2))


async def test_a_failing_announcement_does_not_stop_the_writer(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, chat = pair
    deliver = engine.hub.deliver

    def fail_once(*given: Any) -> None:
        monkeypatch.setattr(engine.hub, "deliver", deliver)
        raise ValueError("a defect")

    async with inside(one) as sender, inside(two) as receiver:
        monkeypatch.setattr(engine.hub, "deliver", fail_once)
        assert (await sender.send(chat)).seq == 2
        # Nobody sends any more: the room finds it in the database.
        assert [e.seq for e in await receiver.envelopes(chat.id, until=2)] == [2]
        assert (await sender.send(chat)).seq == 3


async def test_an_outcome_that_nobody_can_hear_stops_nobody(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair

    def deaf(_: Outcome) -> None:
        raise ValueError("a defect")

    async with inside(one) as sender:
        frame = sender.message(chat)
        engine.writer.submit(
            Submission(
                frame,
                device=one.device.bytes,
                person=one.person.bytes,
                session=one.session.bytes,
                resolve=deaf,
            )
        )
        assert (await sender.send(chat)).seq == 3
        assert (await sender.send(chat)).seq == 4


async def test_sends_and_handshakes_keep_their_order(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    async with inside(one) as client:
        first = client.message(chat)
        commit = protocol.Commit(
            id=client.next_id(),
            conversation=chat.id,
            generation=1,
            epoch=1,
            counter=99,
            body=b"x",
            welcome=None,
        )
        second = client.message(chat)
        for frame in (first, commit, second):
            await client.post(frame)
        answers = [await client.read() for _ in range(5)]
        order = [frame.re for frame in answers if isinstance(frame, protocol.Sent | protocol.Refused)]
        assert order == [first.id, commit.id, second.id]
