"""Opening a conversation, beginning its group and committing to it: what works, and what a retry gets."""

import hashlib
from datetime import timedelta
from uuid import uuid4

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import Person
from beep import clock
from beep.errors import BeepError
from messaging import conversations, formats, mailbox, notices, protocol
from messaging.mls import decode_welcome, reference_of
from messaging.mls.proposals import Add, Remove
from messaging.models import Conversation, Envelope, Order, Participant, Sender
from tests.messaging.mls_factory import welcome_message
from tests.messaging.world import begun, claim, direct, human, publish

pytestmark = pytest.mark.django_db


def test_opening_gets_or_creates() -> None:
    alice, bob = human(), human()
    first = conversations.open_direct(person=alice.id, partner=bob.id)
    assert conversations.open_direct(person=bob.id, partner=alice.id) == first
    assert first.persons == sorted([alice.id.bytes, bob.id.bytes])
    assert (first.last_seq, first.generation, first.epoch, first.group_id, first.blocked) == (
        0,
        0,
        0,
        None,
        False,
    )
    assert Conversation.objects.count() == 1
    assert Participant.objects.count() == 2


@pytest.mark.parametrize("state", [Person.State.PENDING, Person.State.SUSPENDED])
def test_opening_needs_another_active_person(state: Person.State) -> None:
    alice, bob = human(), human()
    Person.objects.filter(id=bob.id).update(state=state)
    for partner in (alice.id, bob.id, uuid4()):
        with pytest.raises(BeepError, match="another, active person") as refused:
            conversations.open_direct(person=alice.id, partner=partner)
        assert refused.value.code == "no_partner"
    with pytest.raises(BeepError) as refused:
        conversations.open_direct(person=bob.id, partner=alice.id)
    assert refused.value.code == "person_inactive"
    assert Conversation.objects.count() == 0


def test_nobody_opens_conversations_with_a_whole_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each leaves rows with the partner and in the audit log; what exists can be looked up as often as one
    likes.
    """
    monkeypatch.setattr(conversations, "OPENED_PER_MINUTE", 2)
    alice, *others = (human() for _ in range(5))
    with clock.stopped() as time:
        opened = [conversations.open_direct(person=alice.id, partner=other.id) for other in others[:2]]
        with pytest.raises(BeepError) as refused:
            conversations.open_direct(person=alice.id, partner=others[2].id)
        assert refused.value.code == "rate_limited"
        assert 0 < (refused.value.retry_after or 0) <= 60
        assert Conversation.objects.count() == 2
        for _ in range(5):
            assert conversations.open_direct(person=alice.id, partner=others[1].id) == opened[1]
        # A limit of one's own: others may still write to her.
        conversations.open_direct(person=others[3].id, partner=alice.id)
        time.advance(timedelta(minutes=1))
        conversations.open_direct(person=alice.id, partner=others[2].id)


def test_state_is_for_its_persons_only() -> None:
    talk = begun()
    state = conversations.conversation_state(person=talk.bob.id, conversation=talk.id)
    assert state.group_id == talk.group.group_id
    for stranger, conversation in ((human().id, talk.id), (talk.bob.id, uuid4())):
        with pytest.raises(BeepError) as refused:
            conversations.conversation_state(person=stranger, conversation=conversation)
        assert refused.value.code == "not_a_member"


def test_begin() -> None:
    talk = direct()
    now_ms = clock.now_ms()
    frame = talk.begin_frame(talk.alice)
    accepted = conversations.begin(device=talk.alice.client.device, frame=frame, now_ms=now_ms)

    body = formats.BeginBody(frame.policy, frame.commit).encode()
    assert accepted.envelope == protocol.Envelope(
        seq=1,
        generation=1,
        epoch=0,
        kind=3,
        device=talk.alice.client.device.bytes,
        counter=1,
        time=now_ms,
        body=body,
    )
    state = accepted.state
    assert (state.last_seq, state.generation, state.epoch, state.blocked) == (1, 1, 1, False)
    assert state.group_id == formats.group_id(frame.policy)
    stored = Envelope.objects.get(conversation_id=talk.id)
    assert stored.body_hash == hashlib.sha256(body).digest()
    assert stored.hash == formats.envelope_hash(
        conversation=talk.id.bytes,
        seq=1,
        generation=1,
        epoch=0,
        kind=3,
        device=talk.alice.client.device.bytes,
        counter=1,
        time_ms=now_ms,
        body_hash=stored.body_hash,
    )
    assert {index: leaf.device for index, leaf in talk.leaves.items()} == {
        0: talk.alice.client.device,
        1: talk.bob.client.device,
    }
    senders = {row.device_id: (row.last_counter, row.generation) for row in Sender.objects.all()}
    assert senders == {talk.alice.client.device: (1, 1), talk.bob.client.device: (0, 1)}


def test_the_newcomer_finds_its_welcome_in_its_mailbox() -> None:
    talk = direct()
    added = claim(talk.alice.client, talk.bob, talk.id)
    accepted = talk.begin(talk.alice, added=added)
    assert accepted.mail == [(talk.bob.client.device.bytes, 1)]
    items, last = mailbox.fetch(device=talk.bob.client.device, after=0)
    assert last == 1
    (mail,) = items
    assert (mail.seq, mail.conversation, mail.generation, mail.log_seq) == (1, talk.id.bytes, 1, 1)
    assert mail.key_package_ref == reference_of(added[0])
    welcome = decode_welcome(mail.welcome)
    assert [part.new_member for part in welcome.secrets] == [reference_of(added[0])]


def test_begin_tells_after_the_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    talk = direct()
    heard: list[notices.AnyNotice] = []
    former = notices.set_publisher(heard.append)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            accepted = talk.begin(talk.alice)
            assert heard == []
    finally:
        notices.set_publisher(former)
    assert heard == [
        notices.ConversationChanged(state=accepted.state, persons=sorted(accepted.state.persons)),
        notices.EnvelopesAdded(conversation=talk.id.bytes, envelopes=[accepted.envelope]),
        notices.MailWaiting(device=talk.bob.client.device.bytes, last=1),
    ]
    assert [notices.decode(notices.encode(notice)) for notice in heard] == heard


def test_a_repeated_begin_gets_the_first_answer() -> None:
    talk = direct()
    frame = talk.begin_frame(talk.alice)
    device, now_ms = talk.alice.client.device, clock.now_ms()
    first = conversations.begin(device=device, frame=frame, now_ms=now_ms)
    before = talk.snapshot()
    again = conversations.begin(device=device, frame=frame, now_ms=now_ms + 5000)
    assert again.envelope == first.envelope
    assert again.mail == []
    assert talk.snapshot() == before


def test_commit_heals() -> None:
    talk = begun()
    accepted = talk.commit(talk.bob)
    assert (accepted.envelope.seq, accepted.envelope.kind, accepted.envelope.epoch) == (2, 2, 1)
    assert (accepted.state.epoch, accepted.state.last_seq) == (2, 2)
    before = talk.snapshot()
    frame = protocol.Commit(
        id=9,
        conversation=talk.id.bytes,
        generation=1,
        epoch=1,
        counter=1,
        body=accepted.envelope.body,
        welcome=None,
    )
    again = conversations.commit(device=talk.bob.client.device, frame=frame, now_ms=clock.now_ms())
    assert again.envelope == accepted.envelope
    assert again.state.epoch == 2
    assert talk.snapshot() == before
    assert talk.commit(talk.alice).envelope.seq == 3


def test_the_transcript_can_be_computed_from_the_log() -> None:
    talk = begun()
    talk.commit(talk.bob)
    talk.commit(talk.alice)
    rows = Envelope.objects.filter(conversation_id=talk.id).order_by("seq")
    assert [row.seq for row in rows] == [1, 2, 3]
    value = formats.transcript(talk.id.bytes, [row.hash for row in rows])
    data = formats.AuthenticatedData(3, value, b"", ())
    assert talk.commit(talk.bob, authenticated_data=data.encode()).envelope.seq == 4


def test_a_blocked_conversation_goes_on_in_a_successor() -> None:
    talk = begun()
    old = talk.group
    talk.bob.replace_device()
    Conversation.objects.filter(id=talk.id).update(blocked=True)
    publish(talk.bob.client)
    accepted = talk.begin(talk.bob)
    assert (accepted.state.generation, accepted.state.epoch, accepted.state.blocked) == (2, 1, False)
    assert accepted.envelope.counter == 1
    assert talk.group.group_id != old.group_id
    assert formats.GroupPolicy.decode(talk.group.policy).predecessor == old.group_id
    assert {leaf.device for leaf in talk.leaves.values()} == {
        talk.alice.client.device,
        talk.bob.client.device,
    }
    generations = {row.device_id: row.generation for row in Sender.objects.all()}
    assert sorted(generations.values()) == [0, 2, 2]
    assert talk.commit(talk.alice).state.generation == 2


def test_a_commit_replaces_a_revoked_device_by_its_order() -> None:
    talk = begun()
    gone = talk.bob.client
    talk.bob.replace_device()
    publish(talk.bob.client)
    Conversation.objects.filter(id=talk.id).update(blocked=True)
    order = Order.objects.create(
        group=talk.group,
        kind=1,
        person_id=talk.bob.id,
        device_id=gone.device,
        statement_hash=bytes(32),
        expires_at=clock.from_ms(clock.now_ms() + 60_000),
        body=b"order",
        hash=hashlib.sha256(b"order").digest(),
    )
    added = claim(talk.alice.client, talk.bob, talk.id)
    data = formats.AuthenticatedData(1, bytes(32), b"", (order.hash,)).encode()
    with pytest.raises(BeepError) as refused:
        talk.commit(talk.alice)
    assert refused.value.code == "removal_due"
    with pytest.raises(BeepError) as refused:
        talk.commit(talk.alice, authenticated_data=data)
    assert refused.value.detail == {"rule": "orders"}
    change = {
        "proposals": [Remove(1), *(Add(package) for package in added)],
        "welcome": welcome_message(added, suite=0x53),
    }
    with pytest.raises(BeepError) as refused:
        talk.commit(talk.alice, **change)
    assert refused.value.code == "removal_due"
    accepted = talk.commit(talk.alice, **change, authenticated_data=data)
    assert not accepted.state.blocked
    assert talk.leaves[1].device == talk.bob.client.device
    order.refresh_from_db()
    assert order.executed_seq == accepted.envelope.seq
    assert accepted.mail == [(talk.bob.client.device.bytes, 1)]
