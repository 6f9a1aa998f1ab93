"""What happens at once: threads with connections of their own, on a database of their own."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction

from accounts import devices
from accounts.models import Device, Person, Revocation
from audit.events import Actor
from beep import clock
from beep.errors import BeepError
from messaging import conversations
from messaging.models import Conversation, Envelope, Group, KeyPackage, Participant
from tests.messaging.world import Human, begun, direct, human
from tests.support.databases import TestDatabase


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run them together; what each gave, or the code of its refusal."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(index: int, act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[index] = act()
        except BeepError as error:
            results[index] = error.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=numbered) for numbered in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_opening_at_once_makes_one_conversation(fresh_database: TestDatabase) -> None:
    alice, bob = human(), human()

    def open_by(one: Human, other: Human) -> Callable[[], Any]:
        return lambda: conversations.open_direct(person=one.id, partner=other.id).conversation

    opened = at_once(*[open_by(alice, bob), open_by(bob, alice)] * 3)
    assert len(set(opened)) == 1
    assert isinstance(opened[0], bytes)
    assert Conversation.objects.count() == 1
    assert Participant.objects.count() == 2


def test_of_two_begins_one_wins(fresh_database: TestDatabase) -> None:
    talk = direct()
    frames = [(who, talk.begin_frame(who)) for who in (talk.alice, talk.bob)]

    def begin_by(who: Human, frame: Any) -> Callable[[], Any]:
        return lambda: conversations.begin(device=who.client.device, frame=frame, now_ms=clock.now_ms())

    results = at_once(*[begin_by(who, frame) for who, frame in frames])
    refused = [result for result in results if isinstance(result, str)]
    assert refused == ["generation_conflict"]
    assert Group.objects.count() == Envelope.objects.count() == 1
    assert (talk.row.generation, talk.row.epoch, talk.row.last_seq) == (1, 1, 1)
    winner, loser = (talk.alice, talk.bob) if results[1] == "generation_conflict" else (talk.bob, talk.alice)
    # The loser's counter was not consumed, its claimed package of the winner's is still its own.
    assert KeyPackage.objects.filter(claimed_by_id=loser.client.device).count() == 1
    winner.client.sent(talk.id)
    assert talk.commit(loser).envelope.counter == 1
    assert talk.commit(winner).envelope.counter == 2


def test_the_same_begin_twice_at_once(fresh_database: TestDatabase) -> None:
    talk = direct()
    frame = talk.begin_frame(talk.alice)

    def send() -> Any:
        return conversations.begin(device=talk.alice.client.device, frame=frame, now_ms=clock.now_ms())

    first, second = at_once(send, send)
    assert first.envelope == second.envelope
    assert sorted([len(first.mail), len(second.mail)]) == [0, 1]
    assert Envelope.objects.count() == 1


def test_of_many_commits_one_wins(fresh_database: TestDatabase) -> None:
    talk = begun()
    frames = [(who, talk.commit_frame(who)) for who in (talk.alice, talk.bob)]

    def commit_by(who: Human, frame: Any) -> Callable[[], Any]:
        return lambda: conversations.commit(device=who.client.device, frame=frame, now_ms=clock.now_ms())

    results = at_once(*[commit_by(who, frame) for who, frame in frames])
    assert [result for result in results if isinstance(result, str)] == ["epoch_conflict"]
    assert (talk.row.epoch, talk.row.last_seq) == (2, 2)


def test_a_revocation_and_a_begin_at_once(fresh_database: TestDatabase) -> None:
    """Whichever is first: a group never goes on with a revoked leaf and without being blocked."""
    for _ in range(6):
        talk = direct()
        frame = talk.begin_frame(talk.alice)
        gone = talk.bob.client.device

        def begin(frame: Any = frame, device: Any = talk.alice.client.device) -> Any:
            return conversations.begin(device=device, frame=frame, now_ms=clock.now_ms())

        def revoke(person: Any = talk.bob.id, device: Any = gone) -> str:
            with transaction.atomic():
                # As accounts does: the person's row first.
                Person.objects.select_for_update().get(id=person)
                devices.revoke(
                    device=Device.objects.get(id=device),
                    at=clock.now(),
                    reason=Revocation.Reason.LEFT,
                    actor=Actor(system="test"),
                )
            return "revoked"

        outcome, revoked = at_once(begin, revoke)
        assert revoked == "revoked"
        if isinstance(outcome, str):
            assert outcome == "frame_refused"
            assert talk.row.generation == 0
        else:
            assert talk.row.blocked


def test_a_row_in_the_audit_for_each_act(fresh_database: TestDatabase) -> None:
    talk = begun()
    talk.commit(talk.bob)
    with pytest.raises(BeepError):
        talk.commit(talk.alice, epoch=7)
    with psycopg.connect(fresh_database.urls.auditor) as auditor:
        rows = auditor.execute("SELECT kind FROM audit_intake ORDER BY id").fetchall()
    kinds = [kind for (kind,) in rows]
    assert kinds == [
        "conversation.opened",
        "messages.batch",
        "conversation.generation_begun",
        "messages.batch",
        "conversation.commit_accepted",
    ]
