"""What happens at once in groups: threads with connections of their own, on a database of their own."""

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connections, transaction

from accounts import devices
from accounts.models import Device, Person, Revocation
from audit.events import Actor
from beep import clock
from beep.errors import BeepError
from messaging import conversations, removals
from messaging.formats import Role
from messaging.models import Conversation, Envelope, KeyPackage, Leaf
from tests.messaging.party import Party, leave, newcomer, party, rejoin, report, unbegun
from tests.messaging.people import Human
from tests.messaging.test_conversations_races import at_once
from tests.messaging.world import claim, publish
from tests.support.databases import TestDatabase


def commit_by(talk: Party, who: Human, **changes: Any) -> Callable[[], Any]:
    """A commit whose frame is made now and sent when called; gives the seq."""
    frame = talk.commit_frame(who, **changes)
    return lambda: (
        conversations.commit(device=who.client.device, frame=frame, now_ms=clock.now_ms()).envelope.seq
    )


def test_ten_commit_at_once_round_after_round(fresh_database: TestDatabase) -> None:
    talk = party(10, published=1)
    for round_ in range(3):
        results = at_once(*[commit_by(talk, who) for who in talk.people])
        won = [result for result in results if isinstance(result, int)]
        assert won == [round_ + 2]
        assert [result for result in results if not isinstance(result, int)] == ["epoch_conflict"] * 9
        talk.people[results.index(won[0])].client.sent(talk.id)
        assert (talk.row.epoch, talk.row.last_seq) == (round_ + 2, round_ + 2)
    assert Envelope.objects.filter(conversation_id=talk.id).count() == 4


def test_two_admins_do_opposite_things_at_once(fresh_database: TestDatabase) -> None:
    talk = party(3)
    one, two, three = talk.people
    talk.commit(one, roles={two.id: Role.ADMIN})
    results = at_once(
        commit_by(talk, one, remove=[two.client], roles={two.id: Role.NONE}),
        commit_by(talk, two, remove=[one.client], roles={one.id: Role.NONE}),
    )
    refused = [result for result in results if not isinstance(result, int)]
    # The loser is out by then, or behind.
    assert refused[0] in ("not_a_member", "epoch_conflict")
    assert len(refused) == 1
    assert len(talk.standings()) == 2
    assert three.id in talk.standings()


def test_a_leave_and_a_commit_at_once(fresh_database: TestDatabase) -> None:
    talk = party(3)
    for _ in range(4):
        before = talk.row.epoch
        acts: list[Callable[[], Any]] = [
            commit_by(talk, talk.people[0]),
            lambda: leave(talk, talk.people[2]),
        ]
        result, left = at_once(*acts)
        assert left is None
        assert talk.row.blocked == (len(talk.orders()) == 1)
        assert talk.row.epoch == before + isinstance(result, int)
        if isinstance(result, int):
            talk.people[0].client.sent(talk.id)
        if talk.row.blocked:
            break
    with pytest.raises(BeepError) as refused:
        talk.commit(talk.people[0])
    assert refused.value.code == "removal_due"


def test_reports_at_once_freeze_once(fresh_database: TestDatabase) -> None:
    talk = party(5, published=1)
    seq = talk.commit(talk.people[0]).envelope.seq
    results = at_once(*[lambda who=who: report(talk, who, seq) for who in talk.people[1:]])
    assert results == [None] * 4
    assert talk.row.frozen_seq == seq


def test_the_same_petition_from_two_tabs(fresh_database: TestDatabase) -> None:
    talk = party(3)
    second = talk.people[2].add_device()
    publish(second)
    results = at_once(*[lambda: rejoin(talk, talk.people[2], second)] * 4)
    assert results == [None] * 4
    assert len(talk.orders()) == 1


def test_two_admins_claim_the_same_hundred(fresh_database: TestDatabase) -> None:
    """Each package goes to one of them, and nobody waits for the other."""
    talk = unbegun(1)
    others = [newcomer() for _ in range(6)]
    taken: list[Any] = at_once(*[lambda: claim(talk.people[0].client, others, talk.id) for _ in range(3)])
    assert [len(packages) for packages in taken] == [6, 6, 6]
    signed = {kp.signature for packages in taken for kp in packages}
    assert len(signed) == 18
    assert KeyPackage.objects.filter(claimed_at=None).count() == 3


def test_putting_out_two_devices_never_goes_back_for_a_lower_lock(fresh_database: TestDatabase) -> None:
    """The first device sits in the conversation with the higher id, the second in the lower one; somebody
    else, the delivery engine for one, holds the lower and wants the higher.
    """
    owner, talks = _in_two_conversations()
    low, high = sorted(talk.id for talk in talks)
    locked, done = threading.Event(), []

    def put_out() -> None:
        try:
            locked.wait()
            with transaction.atomic():
                Person.objects.select_for_update().get(id=owner.id)
                for device in sorted(_seats(owner), key=lambda one: _seats(owner)[one], reverse=True):
                    removals.put_out(device=device, person=owner.id, at=clock.now())
            done.append("out")
        finally:
            connections.close_all()

    thread = threading.Thread(target=put_out)
    thread.start()
    with transaction.atomic():
        Conversation.objects.select_for_update(no_key=True).get(id=low)
        locked.set()
        time.sleep(0.3)
        # Without waiting: the other transaction must not have come so far.
        Conversation.objects.select_for_update(no_key=True, nowait=True).get(id=high)
    thread.join()
    assert done == ["out"]
    assert Conversation.objects.filter(id__in=[low, high], blocked=True).count() == 2


def _in_two_conversations() -> tuple[Human, list[Party]]:
    """Somebody with two devices, each alone in a group with somebody else."""
    owner = newcomer()
    second = owner.add_device()
    publish(second)
    talks = []
    for device in (owner.client, second):
        talk = unbegun(1)
        packages = talk.packages(talk.people[0], owner)
        talk.begin(
            talk.people[0],
            added=[kp for kp in packages if kp.leaf_node.signature_key == device.signature_key],
        )
        talks.append(talk)
    return owner, talks


def _seats(owner: Human) -> dict[UUID, UUID]:
    """Device → the conversation that it sits in."""
    rows = Leaf.objects.filter(person_id=owner.id).values_list("device_id", "group__conversation_id")
    return dict(rows)


def test_a_revocation_and_a_commit_that_adds_the_device(fresh_database: TestDatabase) -> None:
    """Whichever is first: no group goes on with a revoked leaf and without being blocked."""
    for _ in range(4):
        talk, new = party(2), newcomer()
        add = commit_by(talk, talk.people[0], add=talk.packages(talk.people[0], new))
        device = new.client.device

        def revoke(new: Human = new, device: UUID = device) -> str:
            with transaction.atomic():
                Person.objects.select_for_update().get(id=new.id)
                devices.revoke(
                    device=Device.objects.get(id=device),
                    at=clock.now(),
                    reason=Revocation.Reason.LEFT,
                    actor=Actor(system="test"),
                )
            return "revoked"

        outcome, revoked = at_once(add, revoke)
        assert revoked == "revoked"
        if isinstance(outcome, str):
            assert outcome == "frame_refused"
            assert device not in talk.devices()
        else:
            assert talk.row.blocked
