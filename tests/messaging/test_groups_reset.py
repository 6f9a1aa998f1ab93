"""Somebody lost everything and began an identity anew: only the others decide whether they are believed."""

from typing import Any

import pytest

from beep import clock
from messaging import orders
from messaging.formats import OrderAction, Role
from messaging.models import OrderKind, Participant
from tests.messaging.party import Party, party, rejoin
from tests.messaging.people import Human
from tests.messaging.refusals import refuse_commit, refused
from tests.messaging.world import begun, claim, publish

pytestmark = pytest.mark.django_db


def after_a_reset() -> tuple[Party, Human, Any]:
    """Three people; the last one has begun anew, with another device."""
    talk = party(3)
    who = talk.people[2]
    before = who.client
    publish(who.reset())
    return talk, who, before


def test_an_order_does_not_bring_back_a_reset_person() -> None:
    talk, who, before = after_a_reset()
    assert talk.row.blocked
    (remove,) = talk.orders()
    assert (remove.kind, remove.device_id) == (OrderKind.REMOVE, before.device)
    error = refused(talk, lambda: rejoin(talk, who))
    assert (error.code, error.detail) == ("rejoin_refused", {"rule": "reset"})
    talk.commit(talk.people[1], remove=[before], orders=[remove])
    # A member without devices, until an admin says otherwise.
    assert talk.standings()[who.id] is Role.MEMBER
    error = refused(talk, lambda: rejoin(talk, who))
    assert error.detail == {"rule": "reset"}


def test_an_admin_believes_the_reset() -> None:
    talk, who, before = after_a_reset()
    admin, member, _ = talk.people
    orders = talk.orders()
    frame = talk.commit_frame(member, add=talk.packages(member, who), remove=[before], orders=orders)
    error = refuse_commit(talk, frame, by=member.client.device)
    assert error.detail == {"rule": "reset"}
    talk.commit(admin, add=talk.packages(admin, who), remove=[before], orders=orders)
    row = Participant.objects.get(conversation_id=talk.id, person_id=who.id)
    assert row.base == who.chain[-1].hash
    assert who.client.device in talk.devices()
    # From now on an order lets the devices of the new identity in.
    second = who.add_device()
    publish(second)
    rejoin(talk, who, second)
    assert [order.kind for order in talk.orders()] == [OrderKind.ADD]


def test_a_direct_conversation_goes_on_with_a_reset_partner_by_a_successor() -> None:
    talk = begun()
    publish(talk.bob.reset())
    assert talk.row.blocked
    error = refused(talk, lambda: rejoin(talk, talk.bob))
    assert error.detail == {"rule": "reset"}
    assert talk.begin(talk.alice).state.generation == 2
    assert {leaf.device for leaf in talk.leaves.values()} == {
        talk.alice.client.device,
        talk.bob.client.device,
    }
    assert claim(talk.alice.client, talk.bob, talk.id)


def test_an_order_made_by_the_authority_itself_brings_nobody_back() -> None:
    """Attack: the server has the authority's key and does without its own refusal of the petition."""
    talk, who, before = after_a_reset()
    admin, member, _ = talk.people
    removal = talk.orders()
    wish = orders.Wish(
        OrderAction.ADD,
        who.id,
        who.client.device,
        who.chain[-1].hash,
        clock.from_ms(clock.now_ms() + 60_000),
        bytes(64),
    )
    order = orders.issue(talk.group, wish)
    assert order is not None
    for by in (member, admin):
        packages = talk.packages(by, who)
        frame = talk.commit_frame(by, add=packages, remove=[before], orders=[*removal, order])
        error = refuse_commit(talk, frame, by=by.client.device)
        assert error.detail == {"rule": "reset"}
