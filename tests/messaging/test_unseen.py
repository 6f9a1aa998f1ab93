"""Devices that nobody uses any more leave their groups by order, and only those."""

from datetime import timedelta

import pytest
from django.test import override_settings

from accounts.models import Device
from beep import clock
from messaging import unseen
from messaging.formats import ZERO_HASH
from messaging.models import Order, OrderKind
from messaging.orders import LIFETIME
from tests.messaging.party import party, rejoin
from tests.messaging.refusals import refuse_commit
from tests.messaging.test_orders import revoke
from tests.messaging.world import publish

pytestmark = pytest.mark.django_db


def test_a_device_unseen_for_90_days_is_ordered_out_once_and_comes_back_when_it_asks() -> None:
    with clock.stopped() as time:
        talk = party(3)
        alice, bob, carol = talk.people
        time.advance(timedelta(days=89))
        Device.objects.filter(person_id__in=[alice.id, carol.id]).update(last_seen_at=clock.now())
        assert unseen.order_removals() == 0
        time.advance(timedelta(days=2))
        assert unseen.order_removals() == 1
        assert unseen.order_removals() == 0
        (order,) = talk.orders()
        assert (order.kind, order.device_id) == (OrderKind.REMOVE, bob.client.device)
        assert talk.row.blocked
        talk.commit(alice, remove=[bob.client], orders=[order])
        assert bob.client.device not in talk.devices()
        assert bob.id in talk.standings()
        standing = talk.standing(bob)
        assert standing is not None
        assert standing.base != ZERO_HASH

        Device.objects.filter(person_id=bob.id).update(last_seen_at=clock.now())
        publish(bob.client)
        rejoin(talk, bob)
        (order,) = talk.orders()
        assert order.kind == OrderKind.ADD
        talk.commit(carol, add=talk.packages(carol, bob), orders=[order])
        assert bob.client.device in talk.devices()
        assert unseen.order_removals() == 0


def test_a_temporary_device_goes_when_its_time_is_over() -> None:
    with clock.stopped() as time:
        talk = party(2)
        alice, bob = talk.people
        shared = bob.add_device(temporary_ms=3_600_000)
        publish(shared)
        rejoin(talk, bob, shared)
        packages = [p for p in talk.packages(alice, bob) if p.leaf_node.signature_key == shared.signature_key]
        talk.commit(alice, add=packages, orders=talk.orders())
        assert unseen.order_removals() == 0
        time.advance(timedelta(hours=1))
        assert unseen.order_removals() == 1
        assert talk.row.blocked
        talk.commit(alice, remove=[shared], orders=talk.orders())
        assert not talk.row.blocked


def test_without_an_authority_nothing_is_blocked() -> None:
    with clock.stopped() as time:
        talk = party(2)
        time.advance(timedelta(days=200))
        with override_settings(AUTHORITY_KEY=None):
            assert unseen.order_removals() == 0
    assert not talk.row.blocked
    assert not Order.objects.exists()


def test_a_revoked_device_that_no_order_is_about_gets_one() -> None:
    """Its order has run out, or there was no authority when it was revoked. Members who are no admins can
    carry out nothing else about a device that the directory alone has put out.
    """
    with clock.stopped() as time:
        talk = party(3)
        _, bob, carol = talk.people
        with override_settings(AUTHORITY_KEY=None):
            revoke(carol.client)
        assert (talk.row.blocked, talk.orders()) == (True, [])
        frame = talk.commit_frame(bob, remove=[carol.client])
        assert refuse_commit(talk, frame, by=bob.client.device).detail == {"rule": "remove"}
        assert unseen.order_removals() == 1
        assert unseen.order_removals() == 0
        time.advance(LIFETIME)
        Device.objects.filter(person_id__in=[talk.people[0].id, bob.id]).update(last_seen_at=clock.now())
        assert unseen.order_removals() == 1
        (order,) = [order for order in talk.orders() if order.expires_at > clock.now()]
        talk.commit(bob, remove=[carol.client], orders=[order])
        assert not talk.row.blocked
