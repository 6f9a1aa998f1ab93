"""Mailboxes: dense, paged, emptied only by their device, and gone with it."""

from uuid import UUID, uuid4

import pytest

from beep.errors import BeepError
from messaging import conversations, mailbox, protocol
from messaging.mls import decode_welcome
from messaging.models import Conversation, GroupInfo, Mail
from tests.messaging.world import Direct, begun, human, publish

pytestmark = pytest.mark.django_db


def begin_again(talk: Direct) -> None:
    Conversation.objects.filter(id=talk.id).update(blocked=True)
    talk.begin(talk.alice)


def test_dense_over_several_conversations() -> None:
    talk, carol = begun(), human("Carol")
    publish(carol.client)
    state = conversations.open_direct(person=carol.id, partner=talk.bob.id)
    other = Direct(UUID(bytes=state.conversation), carol, talk.bob)
    other.begin(carol)
    begin_again(talk)
    items, last = mailbox.fetch(device=talk.bob.client.device, after=0)
    assert last == mailbox.last_seq(device=talk.bob.client.device) == 3
    assert [(item.seq, item.conversation, item.generation) for item in items] == [
        (1, talk.id.bytes, 1),
        (2, other.id.bytes, 1),
        (3, talk.id.bytes, 2),
    ]
    assert mailbox.fetch(device=talk.bob.client.device, after=2) == (items[2:], 3)
    assert mailbox.fetch(device=talk.alice.client.device, after=0) == ([], 0)


def test_ack_deletes_what_is_stored() -> None:
    talk = begun()
    device = talk.bob.client.device
    begin_again(talk)
    assert GroupInfo.objects.count() == 2
    mailbox.ack(device=device, seq=1)
    items, last = mailbox.fetch(device=device, after=0)
    assert [item.seq for item in items] == [2]
    assert last == 2
    assert GroupInfo.objects.count() == 1
    mailbox.ack(device=device, seq=1)
    mailbox.ack(device=device, seq=2)
    assert mailbox.fetch(device=device, after=0) == ([], 2)
    assert GroupInfo.objects.count() == 0
    begin_again(talk)
    assert mailbox.fetch(device=device, after=0)[1] == 3


def test_ack_past_the_end() -> None:
    talk = begun()
    for device, seq in ((talk.bob.client.device, 2), (uuid4(), 1)):
        with pytest.raises(BeepError) as refused:
            mailbox.ack(device=device, seq=seq)
        assert refused.value.code == "range_refused"
    assert Mail.objects.count() == 1


def test_pages_end_before_they_grow_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = begun()
    device = talk.bob.client.device
    for _ in range(3):
        begin_again(talk)
    (one, *_), _ = mailbox.fetch(device=device, after=0)
    monkeypatch.setattr(mailbox, "PAGE_BYTES", 2 * len(one.welcome))
    items, last = mailbox.fetch(device=device, after=0)
    assert ([item.seq for item in items], last) == ([1, 2], 4)
    monkeypatch.setattr(mailbox, "PAGE_BYTES", 10)
    assert [item.seq for item in mailbox.fetch(device=device, after=2)[0]] == [3]
    monkeypatch.setattr(protocol, "MAX_MAIL", 1)
    assert [item.seq for item in mailbox.fetch(device=device, after=0)[0]] == [1]


def test_a_welcome_holds_only_its_devices_own_secrets() -> None:
    talk = begun()
    (item,), _ = mailbox.fetch(device=talk.bob.client.device, after=0)
    welcome = decode_welcome(item.welcome)
    assert [part.new_member for part in welcome.secrets] == [item.key_package_ref]


def test_emptying() -> None:
    talk = begun()
    begin_again(talk)
    mailbox.empty(device=talk.bob.client.device)
    assert Mail.objects.count() == GroupInfo.objects.count() == 0
    assert mailbox.last_seq(device=talk.bob.client.device) == 2
