"""A device is revoked: what happens to its conversations, packages and mailbox in that very transaction."""

import hashlib
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import override_settings

from accounts import authority, devices, identity_chain, signing
from accounts.identity import sign_statement
from accounts.models import Device, Person, Revocation
from accounts.signals import device_revoked, statement_appended
from accounts.signing import Label
from accounts.statements import Signer
from audit.events import Actor
from beep import clock
from beep.errors import BeepError
from beep.tls import Reader
from messaging import formats, mailbox, notices
from messaging.formats import OrderAction, UnsignedOrder
from messaging.mls.proposals import Add, Remove
from messaging.models import Conversation, KeyPackage, Mail, Order
from tests.messaging.mls_factory import Client, welcome_message
from tests.messaging.world import HYBRID, begun, claim, direct, human, publish

pytestmark = pytest.mark.django_db


def revoke(client: Client) -> None:
    with transaction.atomic():
        devices.revoke(
            device=Device.objects.get(id=client.device),
            at=clock.now(),
            reason=Revocation.Reason.REVOKED,
            actor=Actor(system="test"),
        )


def heard_during(django_capture_on_commit_callbacks: Any, act: Any) -> list[notices.AnyNotice]:
    heard: list[notices.AnyNotice] = []
    former = notices.set_publisher(heard.append)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            act()
    finally:
        notices.set_publisher(former)
    return heard


def test_everything_at_once(django_capture_on_commit_callbacks: Any) -> None:
    talk, untouched = begun(), begun()
    gone = talk.bob.client
    heard = heard_during(django_capture_on_commit_callbacks, lambda: revoke(gone))
    assert talk.row.blocked
    assert not untouched.row.blocked
    assert not KeyPackage.objects.filter(device_id=gone.device).exists()
    assert not Mail.objects.filter(device_id=gone.device).exists()
    assert Mail.objects.filter(device_id=untouched.bob.client.device).exists()
    assert notices.DeviceEnded(device=gone.device.bytes) in heard
    (changed,) = [notice for notice in heard if isinstance(notice, notices.ConversationChanged)]
    assert changed.state.blocked
    assert changed.state.group_id == talk.group.group_id
    assert changed.persons == sorted([talk.alice.id.bytes, talk.bob.id.bytes])


def test_the_order_is_signed_by_the_authority() -> None:
    talk = begun()
    gone = talk.bob.client
    revoke(gone)
    order = Order.objects.get()
    key = authority.public_key()
    assert key is not None
    reader = Reader(order.body)
    unsigned, _, signature = reader.opaque(), reader.opaque(), reader.fixed(64)
    assert signing.verify(public_key=key, label=Label.ORDER, content=unsigned, signature=signature)
    assert order.hash == hashlib.sha256(unsigned).digest()
    assert UnsignedOrder.decode(unsigned) == UnsignedOrder(
        group_id=talk.group.group_id,
        action=OrderAction.REMOVE,
        person=talk.bob.id,
        device=gone.device,
        statement_hash=talk.bob.chain[-1].hash,
        expires_at=clock.to_ms(order.expires_at),
    )


def test_without_an_authority_there_are_no_orders_and_it_blocks_all_the_same() -> None:
    talk = begun()
    with override_settings(AUTHORITY_KEY=None):
        revoke(talk.bob.client)
    assert talk.row.blocked
    assert not Order.objects.exists()


def test_a_successor_without_the_device_goes_on() -> None:
    talk = begun()
    gone = talk.bob.client
    talk.bob.replace_device()
    with transaction.atomic():
        device_revoked.send(sender=Device, device=gone.device, person=talk.bob.id, at=clock.now())
    assert talk.row.blocked
    with pytest.raises(BeepError) as refused:
        talk.commit(talk.alice)
    assert refused.value.code == "removal_due"
    publish(talk.bob.client)
    accepted = talk.begin(talk.alice)
    assert not accepted.state.blocked
    order = Order.objects.get()
    assert order.executed_seq == accepted.envelope.seq
    assert talk.commit(talk.bob).state.generation == 2
    # The old device had its leaf in the former generation: revoking it again would touch nothing.
    with transaction.atomic():
        device_revoked.send(sender=Device, device=gone.device, person=talk.bob.id, at=clock.now())
    assert not talk.row.blocked


def test_the_next_committer_carries_the_order_out() -> None:
    talk = begun()
    gone = talk.bob.client
    talk.bob.replace_device()
    with transaction.atomic():
        device_revoked.send(sender=Device, device=gone.device, person=talk.bob.id, at=clock.now())
    publish(talk.bob.client)
    order = Order.objects.get()
    added = claim(talk.alice.client, talk.bob, talk.id)
    accepted = talk.commit(
        talk.alice,
        proposals=[Remove(1), Add(added[0])],
        welcome=welcome_message(added, suite=HYBRID),
        authenticated_data=formats.AuthenticatedData(1, bytes(32), b"", (order.hash,)).encode(),
    )
    assert not accepted.state.blocked
    order.refresh_from_db()
    assert order.executed_seq == accepted.envelope.seq


def test_a_revoked_partner_cannot_be_talked_to() -> None:
    talk = begun()
    revoke(talk.bob.client)
    assert claim(talk.alice.client, talk.bob, talk.id) == []
    with pytest.raises(BeepError) as refused:
        talk.begin(talk.alice, added=[])
    assert refused.value.code == "frame_refused"
    assert talk.row.blocked


def test_a_device_without_a_leaf_blocks_nothing() -> None:
    talk = direct()
    revoke(talk.bob.client)
    assert not Conversation.objects.get(id=talk.id).blocked
    assert not Order.objects.exists()


def test_revoked_before_reading_its_welcome() -> None:
    talk = begun()
    revoke(talk.bob.client)
    assert mailbox.fetch(device=talk.bob.client.device, after=0) == ([], 1)


def test_a_longer_chain_is_told_to_those_who_share(django_capture_on_commit_callbacks: Any) -> None:
    talk, stranger = begun(), human()
    version = 2

    def appended() -> None:
        with transaction.atomic():
            statement_appended.send(sender=object, person=talk.bob.id, version=version)

    heard = heard_during(django_capture_on_commit_callbacks, appended)
    told = sorted([talk.alice.id.bytes, talk.bob.id.bytes])
    assert heard == [notices.IdentityChanged(person=talk.bob.id.bytes, version=version, persons=told)]
    assert stranger.id.bytes not in told


def test_orders_of_another_group_do_not_count() -> None:
    talk, other = begun(), begun()
    revoke(other.bob.client)
    foreign = Order.objects.get()
    data = formats.AuthenticatedData(1, bytes(32), b"", (foreign.hash,)).encode()
    before = talk.snapshot()
    with pytest.raises(BeepError) as refused:
        talk.commit(talk.alice, authenticated_data=data)
    assert refused.value.detail == {"rule": "orders"}
    assert talk.snapshot() == before


def test_a_device_is_replaced_as_accounts_does_it(django_capture_on_commit_callbacks: Any) -> None:
    """One statement by the recovery key: the old device is out, the new one begins the successor."""
    talk = begun()
    old, fresh = talk.bob.client, Client(talk.bob.id, uuid4())
    statement = talk.bob.statement(devices=[fresh], revoked=[old])
    signed = sign_statement(statement=statement, signers=[(Signer.RECOVERY, talk.bob.recovery)])

    def replaced() -> None:
        with transaction.atomic():
            identity_chain.append(
                person=Person.objects.select_for_update().get(id=talk.bob.id),
                body=signed.encode(),
                reason=Revocation.Reason.REPLACED,
                actor=Actor(system="test"),
                also=identity_chain.replaces_devices,
            )

    heard = heard_during(django_capture_on_commit_callbacks, replaced)
    assert [type(notice) for notice in heard] == [
        notices.DeviceEnded,
        notices.ConversationChanged,
        notices.IdentityChanged,
    ]
    assert Order.objects.get().statement_hash == statement.hash
    talk.bob.client = fresh
    publish(fresh)
    accepted = talk.begin(talk.bob)
    assert (accepted.state.generation, accepted.state.blocked) == (2, False)
    with pytest.raises(BeepError) as refused:
        # What a revoked device may still try: to claim its way back in.
        claim(old, talk.alice, talk.id)
    assert refused.value.code == "device_revoked"
