"""Groups: who comes, who goes, who may do what; and what those hear of it who are no longer in it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import Person
from beep import clock
from beep.errors import BeepError
from messaging import conversations, mailbox, notices
from messaging.formats import PolicyKind, Role
from messaging.models import NO_BASE, Conversation, Participant, Sender
from tests.messaging.mls_factory import Client
from tests.messaging.party import Party, newcomer, party, rejoin, unbegun
from tests.messaging.people import Human, human
from tests.messaging.world import claim, direct, publish

pytestmark = pytest.mark.django_db

Capture = DjangoCaptureOnCommitCallbacks


def heard_during(capture: Capture, act: Any) -> list[notices.AnyNotice]:
    heard: list[notices.AnyNotice] = []
    former = notices.set_publisher(heard.append)
    try:
        with capture(execute=True):
            act()
    finally:
        notices.set_publisher(former)
    return heard


def test_a_group_of_four() -> None:
    talk = unbegun(4)
    one, *others = talk.people
    state = conversations.conversation_state(person=one.id, conversation=talk.id)
    assert (state.kind, state.persons, state.generation) == ("group", [one.id.bytes], 0)
    accepted = talk.begin(one, *others)
    assert (accepted.state.generation, accepted.state.epoch, accepted.state.last_seq) == (1, 1, 1)
    assert accepted.state.persons == sorted(who.id.bytes for who in talk.people)
    assert talk.standings() == {one.id: Role.ADMIN, **{who.id: Role.MEMBER for who in others}}
    for who in talk.people:
        row = Participant.objects.get(conversation_id=talk.id, person_id=who.id)
        assert (row.base, row.joined_seq) == (who.chain[0].hash, 1)
    for who in others:
        (mail,), last = mailbox.fetch(device=who.client.device, after=0)
        assert (mail.conversation, mail.log_seq, last) == (talk.id.bytes, 1, 1)
    assert talk.commit(others[0]).state.epoch == 2


def test_opening_groups_has_a_limit_and_oneself_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "GROUPS_PER_HOUR", 2)
    alice = human()
    with clock.stopped():
        opened = {conversations.open_group(person=alice.id).conversation for _ in range(2)}
        assert len(opened) == 2
        with pytest.raises(BeepError) as refused:
            conversations.open_group(person=alice.id)
        assert refused.value.code == "rate_limited"
    own = conversations.open_self(person=alice.id)
    assert conversations.open_self(person=alice.id) == own
    assert (own.kind, own.persons) == ("self", [alice.id.bytes])
    Person.objects.filter(id=alice.id).update(state=Person.State.SUSPENDED)
    for opening in (conversations.open_group, conversations.open_self):
        with pytest.raises(BeepError) as refused:
            opening(person=alice.id)
        assert refused.value.code == "person_inactive"


def test_somebody_invited_is_told_nothing_until_a_member_adds_them(
    django_capture_on_commit_callbacks: Capture,
) -> None:
    talk, later = unbegun(2), human("Later")
    one, two = talk.people
    accepted = talk.begin(one, two, roles={one.id: Role.ADMIN, later.id: Role.INVITED})
    assert later.id.bytes not in accepted.state.persons
    invited = talk.standing(later)
    assert invited is not None
    assert (invited.role, invited.base) == (Role.INVITED, NO_BASE)
    with pytest.raises(BeepError) as refused:
        conversations.conversation_state(person=later.id, conversation=talk.id)
    assert refused.value.code == "not_a_member"

    heard = heard_during(django_capture_on_commit_callbacks, lambda: publish(later.client))
    told = sorted([one.id.bytes, two.id.bytes])
    assert heard == [notices.InvitedReady(conversation=talk.id.bytes, person=later.id.bytes, persons=told)]
    # Any member may, because an admin has invited them.
    accepted = talk.commit(two, add=talk.packages(two, later))
    assert later.id.bytes in accepted.state.persons
    joined = talk.standing(later)
    assert joined is not None
    assert (joined.role, joined.base) == (Role.MEMBER, later.chain[0].hash)
    assert Participant.objects.get(conversation_id=talk.id, person_id=later.id).joined_seq == 2


def test_alone_with_the_invited() -> None:
    talk, later = unbegun(1), human("Later")
    (one,) = talk.people
    accepted = talk.begin(one, roles={one.id: Role.ADMIN, later.id: Role.INVITED})
    assert accepted.mail == []
    assert accepted.state.persons == [one.id.bytes]
    # Withdrawn again: nothing is left of it.
    talk.commit(one, roles={later.id: Role.NONE})
    assert not Participant.objects.filter(person_id=later.id).exists()


def test_an_admin_adds_a_stranger_with_all_devices() -> None:
    talk, new = party(2), newcomer()
    second = new.add_device()
    publish(second)
    accepted = talk.commit(talk.people[0], add=talk.packages(talk.people[0], new))
    assert {new.client.device, second.device} <= talk.devices()
    assert [device for device, _ in accepted.mail] == sorted([new.client.device.bytes, second.device.bytes])
    assert talk.standings()[new.id] is Role.MEMBER


def test_who_is_removed_hears_of_it_and_reads_no_further(
    django_capture_on_commit_callbacks: Capture,
) -> None:
    talk = party(3)
    one, two, three = talk.people
    done: list[Any] = []
    heard = heard_during(
        django_capture_on_commit_callbacks,
        lambda: done.append(talk.commit(one, remove=[three.client], roles={three.id: Role.NONE})),
    )
    (accepted,) = done
    assert [type(notice) for notice in heard] == [
        notices.ConversationChanged,
        notices.EnvelopesAdded,
        notices.ConversationChanged,
    ]
    changed, _, left = heard
    assert isinstance(changed, notices.ConversationChanged)
    assert isinstance(left, notices.ConversationChanged)
    assert changed.persons == sorted([one.id.bytes, two.id.bytes])
    assert (left.persons, left.state.left, left.state.last_seq) == ([three.id.bytes], True, 2)
    assert left.state.persons == []

    talk.commit(two)
    state = conversations.conversation_state(person=three.id, conversation=talk.id)
    assert state == left.state
    assert (state.generation, state.epoch, state.last_seq) == (1, accepted.state.epoch, 2)
    row = Participant.objects.get(conversation_id=talk.id, person_id=three.id)
    assert (row.left_seq, row.left_at is not None) == (2, True)
    assert Sender.objects.get(conversation_id=talk.id, device_id=three.client.device).generation == 0
    for act in (lambda: talk.commit(three), lambda: claim(three.client, one, talk.id)):
        with pytest.raises(BeepError) as refused:
            act()
        assert refused.value.code == "not_a_member"


def test_who_was_removed_comes_back_as_a_newcomer() -> None:
    talk = party(3)
    one, _, three = talk.people
    talk.commit(one, remove=[three.client], roles={three.id: Role.NONE})
    talk.commit(one, add=talk.packages(one, three))
    row = Participant.objects.get(conversation_id=talk.id, person_id=three.id)
    assert (row.joined_seq, row.left_seq, row.left_at) == (3, None, None)
    assert not conversations.conversation_state(person=three.id, conversation=talk.id).left


def test_administration_is_handed_over() -> None:
    talk = party(3)
    one, two, three = talk.people
    talk.commit(one, roles={one.id: Role.MEMBER, two.id: Role.ADMIN})
    assert talk.standings() == {one.id: Role.MEMBER, two.id: Role.ADMIN, three.id: Role.MEMBER}
    talk.commit(two, remove=[one.client], roles={one.id: Role.NONE})
    assert one.id not in talk.standings()


def test_a_member_adds_an_own_device_and_takes_it_out() -> None:
    talk = party(2)
    two = talk.people[1]
    second = two.add_device()
    publish(second)
    talk.commit(two, add=talk.packages(two, two))
    assert second.device in talk.devices()
    talk.commit(two, remove=[second])
    assert second.device not in talk.devices()
    assert talk.standings()[two.id] is Role.MEMBER


def test_a_temporary_device_runs_out() -> None:
    talk = party(2)
    two = talk.people[1]
    with clock.stopped() as time:
        guest = two.add_device(temporary_ms=3_600_000)
        publish(guest)
        talk.commit(two, add=talk.packages(two, two))
        talk.commit(talk.people[0])
        time.advance(timedelta(hours=2))
        with pytest.raises(BeepError) as refused:
            talk.commit(talk.people[0])
        assert refused.value.code == "removal_due"
        # Anybody may take it out: its person's own chain says that it is over.
        talk.commit(talk.people[0], remove=[guest])
        assert guest.device not in talk.devices()


def test_a_successor_by_an_admin_at_any_time() -> None:
    talk = party(3)
    one, two, three = talk.people
    with pytest.raises(BeepError) as refused:
        talk.begin(two, one, three)
    assert refused.value.code == "successor_not_allowed"
    former = talk.group
    # One is left out, which only an admin may.
    accepted = talk.begin(one, two)
    assert (accepted.state.generation, accepted.left) == (2, [three.id.bytes])
    assert talk.group.group_id != former.group_id
    assert talk.standings() == {one.id: Role.ADMIN, two.id: Role.MEMBER}
    assert Participant.objects.get(person_id=three.id).left_seq == 2
    state = conversations.conversation_state(person=three.id, conversation=talk.id)
    assert (state.left, state.last_seq) == (True, 2)


def test_a_self_conversation_of_one_device_and_then_of_two() -> None:
    alice = human()
    publish(alice.client)
    state = conversations.open_self(person=alice.id)
    talk = OwnDevices(UUID(bytes=state.conversation), [alice])
    frame = talk.begin_frame(alice, added=[])
    conversations.begin(device=alice.client.device, frame=frame, now_ms=clock.now_ms())
    alice.client.sent(talk.id)
    second = alice.add_device()
    publish(second)
    talk.commit(alice, add=claim(alice.client, alice, talk.id))
    assert talk.devices() == {alice.client.device, second.device}
    assert Conversation.objects.get(id=talk.id).person_a_id == alice.id
    # What one's own devices agree on is not for a shared computer.
    shared = alice.add_device(temporary_ms=3_600_000)
    publish(shared)
    with pytest.raises(BeepError) as refused:
        rejoin(talk, alice, shared)
    assert (refused.value.code, refused.value.detail) == ("rejoin_refused", {"rule": "temporary"})
    # Nobody else ever comes in.
    bob = newcomer()
    with pytest.raises(BeepError) as refused:
        claim(alice.client, bob, talk.id)
    assert refused.value.code == "not_a_member"


class OwnDevices(Party):
    """A self conversation, which is a group of one person."""

    KIND = PolicyKind.SELF


def test_a_direct_conversation_takes_second_devices_by_commits() -> None:
    talk = direct()
    talk.begin(talk.alice)
    second: Client = talk.bob.add_device()
    publish(second)
    talk.commit(talk.alice, add=_only(talk.alice, talk.bob, second, talk.id))
    assert second.device in {leaf.device for leaf in talk.leaves.values()}


def _only(by: Human, owner: Human, device: Client, conversation: UUID) -> list[Any]:
    """A KeyPackage of one device alone."""
    packages = claim(by.client, owner, conversation)
    return [kp for kp in packages if kp.leaf_node.signature_key == device.signature_key]
