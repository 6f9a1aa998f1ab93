"""The state machine: what is answered, what closes the socket, paging, marks, typing and limits."""

import asyncio
import os
from uuid import UUID

import msgspec
import pytest
from asgiref.sync import sync_to_async

from messaging import notices, protocol
from messaging.engine import delivered, limits
from messaging.engine.runtime import Engine
from messaging.models import Conversation, ConversationKind, Envelope
from tests.messaging.engine.client import Inside, inside
from tests.messaging.engine.factory import Actor, Talk, actors, talk, typing_frame
from tests.messaging.engine.factory import fill as fill_now

Pair = tuple[Actor, Actor, Talk]
fill = sync_to_async(fill_now)


# --- What closes --------------------------------------------------------------------------------------------


async def test_what_the_protocol_does_not_allow_is_said_and_closes(engine: Engine, pair: Pair) -> None:
    cases: list[bytes | str] = [
        b"\xc1",
        b"\x00",
        msgspec.msgpack.encode({"t": "nonsense", "id": 9}),
        msgspec.msgpack.encode({"t": "ping", "id": 9, "more": 1}),
        msgspec.msgpack.encode({"t": "ping"}),
        msgspec.msgpack.encode({"t": "ping", "id": 0}),
        msgspec.msgpack.encode({"t": "ready", "re": 9}),
        protocol.encode(protocol.Ping(id=1)),  # hello had this id
        b"\xc4" * (protocol.MAX_FRAME + 1),
        "text",
    ]
    for data in cases:
        client = await Inside(pair[0]).open()
        await client.hello()
        await client.write(data)
        assert await client.closed() == protocol.CLOSE_NOT_ALLOWED, data[:40]
        codes = [frame.code for frame in client.unread if isinstance(frame, protocol.Refused)]
        assert codes == ["protocol_violation"], data[:40]
    assert len(engine.hub) == 0


async def test_hello_comes_first(engine: Engine, pair: Pair) -> None:
    early: list[protocol.ClientFrame] = [
        protocol.Ping(id=1),
        protocol.Resume(id=1, cursors=[], mailbox=0),
        protocol.Ack(cursors=[protocol.Cursor(conversation=bytes(16), seq=1)]),
    ]
    for frame in early:
        client = await Inside(pair[0]).open()
        await client.post(frame)
        assert await client.closed() == protocol.CLOSE_NOT_ALLOWED
        assert [f.code for f in client.unread if isinstance(f, protocol.Refused)] == ["hello_first"]


async def test_hello_and_what_follows_may_come_at_once(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    client = await Inside(one).open()
    await client.post(protocol.Hello(id=1, minor=0))
    await client.post(protocol.Resume(id=2, cursors=[], mailbox=0))
    client._id = 2
    frame = client.message(chat)
    await client.post(frame)
    assert (await client.answer(frame.id)).seq == 2
    assert isinstance(await client.answer(2), protocol.Behind)
    await client.leave()


async def test_a_socket_that_never_says_hello_is_closed(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HELLO_PATIENCE", 0.1)
    client = await Inside(pair[0]).open()
    assert await client.closed() == protocol.CLOSE_NOT_ALLOWED


async def test_a_flood_is_slowed_down_and_then_closed(engine: Engine, pair: Pair) -> None:
    # So low a rate that none comes back while a slow machine answers.
    rate = engine.allowances.devices.rate = 0.01
    engine.allowances.devices.burst = 5.0
    client = await Inside(pair[0]).open()
    await client.hello()
    answers = [await client.ask(protocol.Ping) for _ in range(6)]
    assert isinstance(answers[0], protocol.Ok)
    assert answers[-1].code == "rate_limited"
    assert 0 < answers[-1].retry_after <= 1.1 / rate
    for _ in range(20):
        await client.post(protocol.Ping(id=client.next_id()))
    assert await client.closed() == protocol.CLOSE_RATE


# --- Resume and reading -------------------------------------------------------------------------------------


async def test_resume_names_what_is_behind(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    quiet = await sync_to_async(lambda: talk([one, actors(1)[0]]))()
    async with inside(two) as other:
        await other.send(chat)
    client = await Inside(one).open()
    await client.hello()
    behind = await client.resume()
    assert {state.conversation for state in behind.conversations} == {chat.id, quiet.id}
    behind = await client.resume({chat.id: 1, quiet.id: 1})
    (state,) = behind.conversations
    assert state == protocol.ConversationState(
        conversation=chat.id,
        kind="direct",
        persons=sorted([one.person.bytes, two.person.bytes]),
        last_seq=2,
        generation=1,
        epoch=1,
        group_id=chat.group_id,
        blocked=False,
        orders=0,
        frozen_seq=None,
        left=False,
    )
    assert (await client.resume({chat.id: 2, quiet.id: 1})).conversations == []
    await sync_to_async(Conversation.objects.filter(id=UUID(bytes=quiet.id)).update)(blocked=True)
    (blocked,) = (await client.resume({chat.id: 2, quiet.id: 1})).conversations
    assert blocked.blocked
    await client.leave()


async def test_a_conversation_that_has_not_begun_is_not_betrayed(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    # Opened by somebody who looked the person up, and not begun.
    looked_up = Conversation.objects.filter(id=UUID(bytes=chat.id))
    await sync_to_async(looked_up.update)(last_seq=0, generation=0, epoch=0)
    client = await Inside(one).open()
    await client.hello()
    assert (await client.resume()).conversations == []
    late = await sync_to_async(talk)([two, one], kind=ConversationKind.GROUP)
    unbegun = Conversation.objects.filter(id=UUID(bytes=late.id))
    await sync_to_async(unbegun.update)(last_seq=0, generation=0, epoch=0)
    await engine._sync_states()
    assert isinstance(await client.ask(protocol.Ping), protocol.Ok)
    assert not [f for f in client.unread if isinstance(f, protocol.ConversationChanged)]
    # From the first envelope on it is named.
    await sync_to_async(unbegun.update)(last_seq=1, generation=1, epoch=1)
    await engine._sync_states()
    assert (await client.event(protocol.ConversationChanged)).state.conversation == late.id
    await client.leave()


async def test_no_event_before_resume_and_none_lost_across_it(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    async with inside(two) as other:
        client = await Inside(one).open()
        await client.hello()
        assert (await other.send(chat)).seq == 2
        assert client.unread == []
        stop = asyncio.Event()

        async def talk_on() -> int:
            last = 2
            while not stop.is_set():
                last = (await other.send(chat)).seq
                # No faster than allowed, on the fastest machine.
                await asyncio.sleep(1 / protocol.MAX_RATE)
            return last

        speaking = asyncio.ensure_future(talk_on())
        await asyncio.sleep(0.05)
        behind = await client.resume({chat.id: 1})
        await asyncio.sleep(0.1)
        stop.set()
        last = await speaking
        (state,) = behind.conversations
        page = await client.ask(protocol.Fetch, conversation=chat.id, after=1, limit=1000)
        heard = {envelope.seq for envelope in page.envelopes}
        if last > page.last_seq:
            heard |= {envelope.seq for envelope in await client.envelopes(chat.id, until=last)}
        assert heard >= set(range(2, last + 1))
        assert state.last_seq <= last
        await client.leave()


async def test_pages_cover_the_log_within_both_bounds(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    await fill(chat, one, count=2_500, size=300)
    async with inside(one) as client:
        after, sizes = 0, []
        while True:
            page = await client.ask(protocol.Fetch, conversation=chat.id, after=after, limit=1000)
            assert page.last_seq == 2_501
            seqs = [envelope.seq for envelope in page.envelopes]
            assert seqs == list(range(after + 1, after + 1 + len(seqs)))
            sizes.append(len(seqs))
            if not seqs:
                break
            after = seqs[-1]
        assert sizes == [1000, 1000, 501, 0]
        few = await client.ask(protocol.Fetch, conversation=chat.id, after=7, limit=3)
        assert [envelope.seq for envelope in few.envelopes] == [8, 9, 10]


async def test_a_page_ends_before_half_a_frame_but_never_empty(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    await fill(chat, one, count=30, size=60_000)
    async with inside(one) as client:
        page = await client.ask(protocol.Fetch, conversation=chat.id, after=1, limit=1000)
        assert len(page.envelopes) == 8
        assert len(protocol.encode(page)) <= protocol.MAX_FRAME // 2

        @sync_to_async
        def grow() -> None:
            row = Envelope.objects.get(conversation_id=UUID(bytes=chat.id), seq=2)
            Envelope.objects.filter(pk=row.pk).update(body=bytes(700_000))

        await grow()
        page = await client.ask(protocol.Fetch, conversation=chat.id, after=1, limit=1000)
        assert [envelope.seq for envelope in page.envelopes] == [2]


async def test_hashes_and_their_ranges(engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HASHES", 100)
    one, _, chat = pair
    await fill(chat, one, count=200, size=200)
    async with inside(one) as client:
        found = await client.ask(protocol.Hashes, conversation=chat.id, after=1, until=101)
        assert len(found.hashes) == 32 * 100
        assert found.hashes[:32] == (2).to_bytes(32, "big")
        assert found.hashes[-32:] == (101).to_bytes(32, "big")
        for after, until in ((0, 101), (5, 5), (5, 4), (150, 202)):
            refused = await client.ask(protocol.Hashes, conversation=chat.id, after=after, until=until)
            assert refused.code == "range_refused", (after, until)


async def test_strangers_read_nothing(engine: Engine, pair: Pair) -> None:
    _, _, chat = pair
    (stranger,) = await sync_to_async(actors)(1)
    async with inside(stranger) as client:
        for id_ in (chat.id, bytes(16)):
            for kind, fields in (
                (protocol.Fetch, {"after": 0, "limit": 10}),
                (protocol.Hashes, {"after": 0, "until": 1}),
                (protocol.SlotsFetch, {}),
            ):
                refused = await client.ask(kind, conversation=id_, **fields)
                assert refused.code == "not_a_member", kind
        assert isinstance(await client.ask(protocol.Ping), protocol.Ok)


async def test_the_slow_path_answers_and_refuses(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    async with inside(one) as client:
        assert (await client.ask(protocol.MailFetch, after=0)) == protocol.MailPage(re=3, items=[], last=0)
        assert (await client.ask(protocol.MailAck, seq=5)).code == "range_refused"
        found = await client.ask(protocol.SlotsFetch, conversation=chat.id)
        assert (found.slots, found.delivered) == ([], [])
        begin = {"conversation": chat.id, "generation": 2, "counter": 2}
        refused = await client.ask(protocol.Begin, **begin, policy=b"p", commit=b"c", welcome=b"w")
        assert isinstance(refused, protocol.Refused)
        commit = {"conversation": chat.id, "generation": 1, "epoch": 1, "counter": 2, "body": b"x"}
        refused = await client.ask(protocol.Commit, **commit, welcome=None)
        assert isinstance(refused, protocol.Refused)
        assert (await client.send(chat)).seq == 2, "no counter was consumed"


# --- Notes and events ---------------------------------------------------------------------------------------


async def test_acks_become_delivered_marks(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, chat = pair
    async with inside(one) as sender, inside(two) as receiver:
        assert (await sender.send(chat)).seq == 2
        cursors = [
            protocol.Cursor(conversation=chat.id, seq=1),
            protocol.Cursor(conversation=chat.id, seq=2),
            protocol.Cursor(conversation=bytes(16), seq=3),
        ]
        await receiver.post(protocol.Ack(cursors=cursors))
        await receiver.ask(protocol.Ping)
        await engine.delivered.write()
        marked = await sender.event(protocol.Delivered)
        assert marked.conversation == chat.id
        assert marked.mark == protocol.DeliveredMark(device=two.device.bytes, seq=2)
        # Neither backwards nor behind the log's end.
        for seq in (1, 9):
            await receiver.post(protocol.Ack(cursors=[protocol.Cursor(conversation=chat.id, seq=seq)]))
            await receiver.ask(protocol.Ping)
            await engine.delivered.write()
        found = await sender.ask(protocol.SlotsFetch, conversation=chat.id)
        assert found.delivered == [marked.mark]


async def test_acks_of_invented_conversations_take_nobody_elses_room(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivered, "MAX_WAITING", 100)
    one, two, chat = pair
    async with inside(one) as sender, inside(two) as receiver:
        assert (await sender.send(chat)).seq == 2
        invented = [protocol.Cursor(conversation=os.urandom(16), seq=1) for _ in range(1_000)]
        await sender.post(protocol.Ack(cursors=invented))
        await sender.ask(protocol.Ping)
        await receiver.post(protocol.Ack(cursors=[protocol.Cursor(conversation=chat.id, seq=2)]))
        await receiver.ask(protocol.Ping)
        await engine.delivered.write()
        heard = await sender.event(protocol.Delivered)
        assert heard.mark == protocol.DeliveredMark(device=two.device.bytes, seq=2)


async def test_typing_reaches_the_other_leaves_only(engine: Engine) -> None:
    def make() -> tuple[list[Actor], Talk]:
        people = actors(3)
        return people, talk(people, kind=ConversationKind.GROUP)

    people, chat = await sync_to_async(make)()

    @sync_to_async
    def lose_leaf() -> None:
        from messaging.models import Leaf

        Leaf.objects.filter(device_id=people[2].device).delete()

    await lose_leaf()
    async with inside(people[0]) as one, inside(people[1]) as two, inside(people[2]) as three:
        for bad in (typing_frame(chat, leaf=1), typing_frame(chat, leaf=0, epoch=2)):
            await one.post(bad)
        await three.post(typing_frame(chat, leaf=2))
        await one.post(typing_frame(chat, leaf=0))
        event = await two.event(protocol.TypingEvent)
        assert (event.device, event.leaf, event.body) == (people[0].device.bytes, 0, b"sealed")
        for client in (one, two, three):
            await client.ask(protocol.Ping)
            assert not [f for f in client.unread if isinstance(f, protocol.TypingEvent)]


async def test_notices_of_the_services_become_events(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    (partner,) = await sync_to_async(actors)(1)
    async with inside(one) as client:
        new = await sync_to_async(talk)([partner, one])

        @sync_to_async
        def announce() -> None:
            # Outside a transaction: at once, in this thread, as after a commit.
            state = protocol.ConversationState(
                conversation=new.id,
                kind="direct",
                persons=[],
                last_seq=1,
                generation=1,
                epoch=1,
                group_id=new.group_id,
                blocked=False,
                orders=0,
                frozen_seq=None,
                left=False,
            )
            begin = protocol.Envelope(
                seq=1,
                generation=1,
                epoch=0,
                kind=3,
                device=partner.device.bytes,
                counter=1,
                time=1,
                body=b"b",
            )
            notices.conversation_changed(state, [one.person.bytes, partner.person.bytes])
            notices.envelopes_added(new.id, [begin])
            notices.mail_waiting(one.device.bytes, 4)
            notices.identity_changed(two.person.bytes, 3, [one.person.bytes])
            slot = protocol.Slot(
                device=two.device.bytes, generation=1, epoch=1, leaf=1, name="read", counter=1, body=b"s"
            )
            notices.slot_changed(chat.id, slot)
            notices.slot_changed(chat.id, msgspec.structs.replace(slot, device=one.device.bytes))

        await announce()
        assert (await client.event(protocol.ConversationChanged)).state.conversation == new.id
        assert (await client.envelopes(new.id, until=1))[0].body == b"b"
        assert (await client.event(protocol.MailWaiting)).last == 4
        assert (await client.event(protocol.IdentityChanged)).version == 3
        assert (await client.event(protocol.SlotChanged)).slot.device == two.device.bytes
        # The new conversation is live from now on, without another resume.
        async with inside(partner) as other:
            assert (await other.send(new)).seq == 2
            assert (await client.envelopes(new.id, until=2))[-1].seq == 2
        assert not [f for f in client.unread if isinstance(f, protocol.SlotChanged)], "not one's own slot"
