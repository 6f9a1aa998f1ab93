"""Long-poll: the same frames, nothing missed between two polls or between two processes."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async

from accounts.models import Session
from beep import clock
from messaging import notices, protocol
from messaging.engine import limits, polls, signals
from messaging.engine.runtime import Engine
from messaging.models import Conversation
from tests.messaging.engine.client import Inside, inside
from tests.messaging.engine.factory import Actor, Talk, body
from tests.messaging.engine.poller import Poller
from tests.messaging.engine.processes import server
from tests.support.databases import TestDatabase

Pair = tuple[Actor, Actor, Talk]


@pytest.fixture(autouse=True)
def _held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls are held until there is something to hear, however slow the machine is."""
    monkeypatch.setattr(polls, "HELD", 600.0)


def message(actor: Actor, chat: Talk, id_: int = 2) -> protocol.Send:
    return protocol.Send(
        id=id_,
        conversation=chat.id,
        generation=1,
        epoch=1,
        counter=actor.next_counter(chat.id),
        body=body(chat.group_id, epoch=1),
    )


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the loop will bring about."""
    for _ in range(6_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def held(engine: Engine, count: int = 1) -> None:
    """Wait until so many polls are held."""
    await until(lambda: engine.polls.held == count)


async def test_two_people_write_to_each_other(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, chat = pair
    first, second = Poller(one), Poller(two)
    assert [state.last_seq for state in (await first.resume()).conversations] == [1]
    await second.resume({chat.id: 1})
    waiting = await second.listen()
    ready, sent = (await first.post(message(one, chat))).frames
    assert (type(ready), sent.seq) == (protocol.Ready, 2)
    [event] = await second.heard(waiting)
    assert [envelope.seq for envelope in event.envelopes] == [2]
    # Said between two polls: the next one brings it at once.
    await first.post(message(one, chat), message(one, chat, id_=3))
    assert [e.seq for event in await second.heard() for e in event.envelopes] == [3, 4]
    # Nothing more: held, then answered with nothing.
    monkeypatch.setattr(polls, "HELD", 0.2)
    assert await second.heard() == []


async def test_an_answer_that_is_lost_is_said_again(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    first, second = Poller(one), Poller(two)
    await second.resume({chat.id: 1})
    named = second.named
    await first.post(message(one, chat))
    before = await second.heard()
    second.named = named
    assert await second.heard() == before
    await first.post(message(one, chat))
    [event] = await second.heard()
    assert [envelope.seq for envelope in event.envelopes] == [3]


async def test_what_changes_without_an_envelope_waits_for_the_next_poll(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    poller = Poller(one)
    await poller.resume({chat.id: 1})

    @sync_to_async
    def announce() -> None:
        notices.person_changed(two.person.bytes, [one.person.bytes])
        notices.mail_waiting(one.device.bytes, 4)

    await announce()
    kinds = {type(frame) for frame in await poller.heard()}
    assert kinds <= {protocol.PersonChanged, protocol.MailWaiting}
    if len(kinds) == 1:
        kinds |= {type(frame) for frame in await poller.heard()}
    assert kinds == {protocol.PersonChanged, protocol.MailWaiting}


async def test_a_post_that_only_asks_supersedes_nothing(engine: Engine, pair: Pair) -> None:
    one, _, chat = pair
    async with inside(one) as socket:
        reply = await Poller(one).post(protocol.Ping(id=2), message(one, chat, id_=3))
        assert [type(frame) for frame in reply.frames] == [protocol.Ready, protocol.Ok, protocol.Sent]
        assert "beep-poll" not in reply.headers
        assert (await socket.envelopes(chat.id, until=2))[0].seq == 2
    assert len(engine.hub) == 0


async def test_a_socket_supersedes_the_poll_of_its_device(engine: Engine, pair: Pair) -> None:
    one, _, _ = pair
    poller = Poller(one)
    await poller.resume()
    waiting = await poller.listen()
    await held(engine)
    async with inside(one):
        reply = await waiting.answer()
        assert reply.refusal == (409, "conflict", protocol.CLOSE_SUPERSEDED)
        # And so does a poll that listens the socket.
        await Poller(one).resume()
        assert engine.hub.devices[one.device.bytes].live


async def test_of_two_polls_at_once_the_first_is_answered(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    poller = Poller(one)
    await poller.resume({chat.id: 1})
    older = await poller.listen()
    await held(engine)
    newer = await poller.listen()
    assert (await older.answer()).frames == []
    await Poller(two).post(message(two, chat))
    [event] = await poller.heard(newer)
    assert event.envelopes[0].seq == 2


async def test_a_client_says_how_long_it_is_held_within_bounds(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "HELD_AT_MOST", 0.05)
    poller = Poller(pair[0])
    await poller.resume()
    for seconds in ("0", "999"):
        request = poller.request(**{"beep-poll": poller.named, "beep-hold": seconds})
        await request.say(b"")
        assert await poller.heard(request) == []


async def test_a_large_answer_is_waited_for_as_long_as_it_takes(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, chat = pair
    poller = Poller(one)
    await poller.resume({chat.id: 1})
    waiting = await poller.listen()
    await held(engine)
    monkeypatch.setattr(polls, "LINGER", 0.0)
    monkeypatch.setattr(polls, "SLOWEST", 1)
    await Poller(two).post(message(two, chat))
    reply = await waiting.answer()
    await asyncio.sleep(0.1)
    # Cut off on its way: it is still there.
    assert (await (await poller.listen()).answer()).body == reply.body


async def test_a_poll_that_hangs_up_loses_nothing(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    poller = Poller(one)
    await poller.resume({chat.id: 1})
    waiting = await poller.listen()
    await held(engine)
    await waiting.hang_up()
    await held(engine, 0)
    await Poller(two).post(message(two, chat))
    [event] = await poller.heard()
    assert event.envelopes[0].seq == 2


async def test_a_revoked_device_is_told_in_the_middle_of_a_poll(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "POLL", 0.05)
    one, _, _ = pair
    poller = Poller(one)
    await poller.resume()
    waiting = await poller.listen()
    await held(engine)
    await Session.objects.filter(id=one.session).aupdate(ended_at=clock.now())
    assert (await waiting.answer()).refusal == (401, "not_signed_in", protocol.CLOSE_REVOKED)
    assert (await (await poller.listen()).answer()).refusal[2] == protocol.CLOSE_REVOKED
    assert (await poller.post(protocol.Ping(id=2))).refusal[2] == protocol.CLOSE_REVOKED


async def test_a_drain_answers_at_once(engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    poller = Poller(pair[0])
    await poller.resume()
    waiting = await poller.listen()
    await held(engine)
    await engine.drain()
    reply = await waiting.answer()
    assert reply.refusal == (503, "busy", protocol.CLOSE_GOING_AWAY)
    assert reply.headers["retry-after"] == "1"
    assert (await poller.post(protocol.Ping(id=2))).refusal[2] == protocol.CLOSE_GOING_AWAY


async def test_too_much_between_two_polls_ends_the_listener(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "BUFFER", 700)
    one, two, chat = pair
    poller = Poller(one)
    await poller.resume({chat.id: 1})
    await Poller(two).post(message(two, chat), message(two, chat, id_=3))
    assert (await (await poller.listen()).answer()).refusal[2] == protocol.CLOSE_TOO_SLOW
    assert [s.last_seq for s in (await poller.resume({chat.id: 1})).conversations] == [3]


async def test_an_unknown_or_forgotten_poll_says_resume(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "HAND_OVER", 0.1)
    monkeypatch.setattr(polls, "LINGER", 0.05)
    one, two, _ = pair
    poller, other = Poller(one), Poller(two)
    await poller.resume()
    await until(lambda: not engine.hub.devices)
    assert (await (await poller.listen()).answer()).refusal == (404, "not_found", protocol.CLOSE_GOING_AWAY)
    monkeypatch.setattr(polls, "LINGER", 60.0)
    await poller.resume()
    other.named = poller.named
    assert (await (await other.listen()).answer()).refusal == (404, "not_found", protocol.CLOSE_GOING_AWAY)
    poller.named = poller.named.replace(".1", ".7")
    assert (await (await poller.listen()).answer()).refusal == (409, "conflict", protocol.CLOSE_GOING_AWAY)


async def test_delivered_marks_of_ones_own_conversations_only(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ACK_SECONDS", 0.05)
    one, two, chat = pair
    async with inside(one) as watcher:
        cursors = [protocol.Cursor(conversation=id_, seq=1) for id_ in (chat.id, bytes(16))]
        reply = await Poller(two).post(protocol.Ack(cursors=cursors))
        assert [type(frame) for frame in reply.frames] == [protocol.Ready]
        delivered = await watcher.event(protocol.Delivered)
        assert delivered.mark == protocol.DeliveredMark(device=two.device.bytes, seq=1)
    assert all(key[0] == chat.id for key in engine.delivered._waiting)


async def test_a_listener_that_missed_something_on_its_way_is_not_taken_over(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HOLD", 2)
    monkeypatch.setattr(polls, "HAND_OVER", 30.0)
    one, two, chat = pair
    poller, id_ = Poller(one), bytes(polls.ID_BYTES)
    poller.named = "A" * 22 + ".1"
    request = await poller.listen()
    await until(lambda: any(member.rooms for member in engine.hub.of_device(one.device.bytes)))
    async with inside(two) as sender:
        for _ in range(3):
            await sender.send(chat)
    told = {chat.id: signals.Told(known=1, blocked=False, orders=0, frozen_seq=None)}
    engine.polls.hear(
        signals.HandedOver(poll=id_, number=1, last=b"", frames=[], minor=0, mailbox=0, told=told)
    )
    assert (await request.answer()).refusal == (404, "not_found", protocol.CLOSE_GOING_AWAY)
    assert engine.hub.devices == {}


async def test_the_next_poll_may_come_to_another_process(
    engine: Engine, pair: Pair, fresh_database: TestDatabase, tmp_path: Path
) -> None:
    """There and back: what gathered here is heard there, what hints have lost is found, nothing twice."""
    one, two, chat = pair
    poller = Poller(one)
    with server("uvicorn", fresh_database.environment(), tmp_path / "log") as process:
        await until(lambda: engine.relay.up)
        await poller.resume({chat.id: 1})
        await Poller(two).post(message(two, chat))
        [event] = await poller.elsewhere(process.port)
        assert [envelope.seq for envelope in event.envelopes] == [2]
        assert one.device.bytes not in engine.hub.devices
        # The row alone, as when the hint is lost: only the next process sees it.
        await Conversation.objects.filter(id=UUID(bytes=chat.id)).aupdate(blocked=True)
        [changed] = await poller.heard()
        assert changed.state.blocked
        # That answer got lost, and the poll is repeated to the other process.
        poller.named = poller.named[:-1] + str(int(poller.named[-1]) - 1)
        assert await poller.elsewhere(process.port) == [changed]
    # The process that had it is gone: nobody knows what was missed.
    assert (await (await poller.listen()).answer()).refusal[2] == protocol.CLOSE_GOING_AWAY
    client = await Inside(one).open()
    await client.hello()
    await client.leave()
