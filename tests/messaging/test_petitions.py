"""Asking to be let in and asking to leave: the orders that this makes, and how members carry them out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import override_settings

from accounts.signing import Label
from accounts.statements import Signer
from beep import clock
from beep.errors import BeepError
from messaging import conversations, formats, orders, petitions
from messaging.formats import OrderAction, OrderPerson, Role
from messaging.models import Conversation, Order, OrderKind, Participant
from tests.messaging.party import Party, leave, leave_frame, party, rejoin, rejoin_frame, report
from tests.messaging.people import Human
from tests.messaging.refusals import refuse_begin, refuse_commit, refused
from tests.messaging.world import begun, claim, publish
from tests.support import trust

pytestmark = pytest.mark.django_db


def with_second_device() -> tuple[Party, Human, Any]:
    """Three people; the last one has a second device outside the group."""
    talk = party(3)
    asking = talk.people[2]
    second = asking.add_device()
    publish(second)
    return talk, asking, second


def only(packages: list[Any], device: Any) -> list[Any]:
    return [kp for kp in packages if kp.leaf_node.signature_key == device.signature_key]


def known(who: Human) -> OrderPerson:
    """What a client knows of the person from the chain."""
    listed = [entry for statement in who.chain for entry in statement.devices]
    keys = {UUID(bytes=entry.id): entry.signature_key for entry in listed}
    return OrderPerson(who.id, frozenset(statement.hash for statement in who.chain), keys)


def test_a_device_is_let_in_by_an_order() -> None:
    talk, asking, second = with_second_device()
    rejoin(talk, asking, second)
    (order,) = talk.orders()
    assert (order.kind, order.device_id) == (OrderKind.ADD, second.device)
    state = conversations.conversation_state(person=talk.people[0].id, conversation=talk.id)
    assert (state.orders, state.blocked) == (1, False)
    # Every member can see by itself that the device asked and that the authority agrees.
    unsigned = formats.verify_order(
        order.body,
        root=bytes(trust.ROOT.verify_key),
        group_id=talk.group.group_id,
        at=clock.now_ms(),
        person=known(asking),
    )
    assert (unsigned.hash, unsigned.action) == (order.hash, OrderAction.ADD)
    (item,) = orders.fetch(person=talk.people[0].id, conversation=talk.id)
    assert (item.hash, item.body, item.executed) == (order.hash, order.body, False)

    # Asking twice is asking once.
    rejoin(talk, asking, second)
    assert len(talk.orders()) == 1

    error = refuse_commit(talk, talk.commit_frame(talk.people[0]))
    assert error.code == "order_due"
    package = only(talk.packages(talk.people[0], asking), second)
    talk.commit(talk.people[0], add=package, orders=[order])
    assert second.device in talk.devices()
    order.refresh_from_db()
    assert order.executed_seq == 2
    (item,) = orders.fetch(person=talk.people[0].id, conversation=talk.id)
    assert item.executed
    talk.commit(talk.people[1])


def test_a_device_that_lost_its_state_comes_back_in_one_commit() -> None:
    talk = party(3)
    one, two, _ = talk.people
    rejoin(talk, two)
    add, remove = sorted(talk.orders(), key=lambda order: order.kind, reverse=True)
    assert (remove.kind, add.kind) == (OrderKind.REMOVE, OrderKind.ADD)
    assert talk.row.blocked
    package = talk.packages(one, two)
    attempts: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "removal_due"),
        ({"remove": [two.client], "orders": [remove]}, "order_due"),
        ({"add": package, "remove": [two.client], "orders": [add]}, "frame_refused"),
    )
    for changes, code in attempts:
        assert refuse_commit(talk, talk.commit_frame(one, **changes)).code == code
    talk.commit(one, add=package, remove=[two.client], orders=[remove, add])
    assert two.client.device in talk.devices()
    assert (talk.orders(), talk.row.blocked) == ([], False)
    assert talk.standings()[two.id] is Role.MEMBER


def test_an_add_that_cannot_be_carried_out_holds_nobody_up() -> None:
    talk, asking, second = with_second_device()
    rejoin(talk, asking, second)
    # Its KeyPackages are all with somebody else.
    for _ in range(3):
        talk.packages(talk.people[1], asking)
    talk.commit(talk.people[0])
    assert len(talk.orders()) == 1
    # Whoever holds one must.
    error = refuse_commit(talk, talk.commit_frame(talk.people[1]), by=talk.people[1].client.device)
    assert error.code == "order_due"


def test_a_device_added_without_its_order_closes_it() -> None:
    talk, asking, second = with_second_device()
    rejoin(talk, asking, second)
    talk.commit(asking, add=only(talk.packages(asking, asking), second))
    assert talk.orders() == []


def test_revoking_a_device_takes_its_wish_back() -> None:
    talk, asking, second = with_second_device()
    rejoin(talk, asking, second)
    from tests.messaging.test_orders import revoke

    revoke(second)
    assert talk.orders() == []
    talk.commit(talk.people[0])


def test_orders_expire() -> None:
    talk, asking, second = with_second_device()
    with clock.stopped() as time:
        rejoin(talk, asking, second)
        (order,) = talk.orders()
        time.advance(orders.LIFETIME - timedelta(days=1))
        assert conversations.conversation_state(person=asking.id, conversation=talk.id).orders == 1
        time.advance(timedelta(days=1))
        assert conversations.conversation_state(person=asking.id, conversation=talk.id).orders == 0
        error = refuse_commit(talk, talk.commit_frame(talk.people[0], orders=[order]))
        assert error.detail == {"rule": "orders"}
        talk.commit(talk.people[0])
        # It may be asked for again.
        rejoin(talk, asking, second)
        assert [row.id for row in talk.orders()] != [order.id]


def test_who_may_not_be_let_in() -> None:
    talk, asking, second = with_second_device()

    def refusal(**changes: Any) -> Any:
        frame = rejoin_frame(talk, asking, second, **changes)
        device = second.device
        error = refused(talk, lambda: petitions.rejoin(device=device, frame=frame, now_ms=clock.now_ms()))
        return error.code, error.detail.get("rule")

    assert refusal(generation=2) == ("generation_conflict", None)
    assert refusal(statement_hash=asking.chain[0].hash) == ("rejoin_refused", "statement")
    assert refusal(signature=bytes(64)) == ("rejoin_refused", "signature")
    # What the device has signed to leave does not let it in.
    leaving = leave_frame(talk, asking)
    assert refusal(signature=leaving.signature) == ("rejoin_refused", "signature")
    with override_settings(AUTHORITY_KEY=None):
        assert refusal() == ("rejoin_refused", "authority")
    Participant.objects.filter(person_id=asking.id).update(base=bytes([7]) * 32)
    assert refusal() == ("rejoin_refused", "reset")
    Participant.objects.filter(person_id=asking.id).update(
        left_at=clock.now(), left_seq=1, base=asking.chain[0].hash
    )
    assert refusal() == ("not_a_member", None)


def test_a_partner_comes_back_into_a_direct_conversation() -> None:
    talk = begun()
    rejoin(talk, talk.bob)
    rows = list(Order.objects.order_by("kind"))
    packages = claim(talk.alice.client, talk.bob, talk.id)
    talk.commit(talk.alice, add=packages, remove=[talk.bob.client], orders=rows)
    assert len(talk.leaves) == 2


def test_leaving() -> None:
    talk = party(3)
    one, two, three = talk.people
    second = three.add_device()
    publish(second)
    talk.commit(three, add=talk.packages(three, three))
    leave(talk, three)
    leave(talk, three)
    (order,) = talk.orders()
    assert (order.kind, order.person_id) == (OrderKind.LEAVE, three.id)
    assert talk.row.blocked
    formats.verify_order(
        order.body,
        root=bytes(trust.ROOT.verify_key),
        group_id=talk.group.group_id,
        at=clock.now_ms(),
        person=known(three),
    )
    both, gone = [three.client, second], {three.id: Role.NONE}
    assert refuse_commit(talk, talk.commit_frame(one)).code == "removal_due"
    error = refuse_commit(talk, talk.commit_frame(one, remove=both, roles=gone))
    assert error.code == "removal_due"
    for changes, rule in (
        ({"remove": both}, "remove"),
        ({"remove": [second], "roles": gone}, "roles"),
    ):
        frame = talk.commit_frame(two, orders=[order], **changes)
        assert refuse_commit(talk, frame, by=two.client.device).detail == {"rule": rule}
    # Nobody needs to be an admin for it.
    accepted = talk.commit(two, remove=both, roles=gone, orders=[order])
    assert accepted.left == [three.id.bytes]
    assert not accepted.state.blocked
    assert three.id not in talk.standings()
    # Who has left may still learn by which order, to judge the commit that removed them.
    (item,) = orders.fetch(person=three.id, conversation=talk.id)
    assert (item.hash, item.executed) == (order.hash, True)


def test_a_request_to_leave_serves_once() -> None:
    """Who was taken in again is not sent away by the wish of before; a renewed identity wishes anew."""
    talk = party(3)
    one, two, three = talk.people
    wished = leave_frame(talk, three)
    leave(talk, three)
    talk.commit(two, remove=[three.client], roles={three.id: Role.NONE}, orders=talk.orders())
    talk.commit(one, add=talk.packages(one, three))
    assert three.id in talk.standings()
    error = refused(talk, lambda: leave(talk, three))
    assert (error.code, error.detail) == ("rejoin_refused", {"rule": "repeated"})
    renewed = replace(three.statement(devices=[], revoked=[]), devices=three.chain[-1].devices)
    three.append(renewed, [(Signer.DEVICE, three.client.key)])
    leave(talk, three)
    (order,) = Order.objects.filter(executed_seq=None)
    assert wished.signature not in bytes(order.body)
    assert talk.row.blocked


def test_a_successor_does_not_forget_who_has_asked_to_leave() -> None:
    talk = party(3)
    one, two, three = talk.people
    leave(talk, three)
    frame = talk.begin_frame(one, added=talk.packages(one, two, three), roles={one.id: Role.ADMIN})
    assert refuse_begin(talk, frame).code == "removal_due"
    accepted = talk.begin(one, two)
    assert accepted.left == [three.id.bytes]


def test_nobody_asks_to_leave_a_frozen_group() -> None:
    """No commit would carry it out; what is signed for this group says nothing in its successor."""
    talk = party(2)
    one, two = talk.people
    report(talk, two, talk.commit(one).envelope.seq)
    error = refused(talk, lambda: leave(talk, two))
    assert (error.code, error.detail) == ("rejoin_refused", {"rule": "frozen"})
    talk.begin(one, two)
    leave(talk, two)


def test_when_the_last_admin_leaves_the_oldest_member_succeeds() -> None:
    talk = party(3)
    one, two, three = talk.people
    leave(talk, one)
    talk.commit(three, remove=[one.client], roles={one.id: Role.NONE}, orders=talk.orders())
    seat = {leaf.person: index for index, leaf in talk.leaves.items()}
    heir = min((two, three), key=lambda who: seat[who.id])
    assert talk.standings()[heir.id] is Role.ADMIN


def test_the_last_one_with_a_device_is_out_at_once() -> None:
    talk = party(2)
    one, two = talk.people
    leave(talk, two)
    talk.commit(one, remove=[two.client], roles={two.id: Role.NONE}, orders=talk.orders())
    leave(talk, one)
    assert talk.standings() == {}
    state = conversations.conversation_state(person=one.id, conversation=talk.id)
    assert (state.left, state.last_seq) == (True, 2)


def test_when_all_who_are_left_ask_to_leave_nobody_waits_for_a_commit() -> None:
    talk = party(3)
    one, two, three = talk.people
    leave(talk, one)
    leave(talk, three)
    # Neither can take out the own leaf, so that no commit of theirs does all that is due.
    both = {one.id: Role.NONE, three.id: Role.NONE}
    frame = talk.commit_frame(
        one, remove=[three.client], roles={three.id: Role.NONE}, orders=[talk.orders()[1]]
    )
    assert refuse_commit(talk, frame).code == "removal_due"
    assert conversations.conversation_state(person=two.id, conversation=talk.id).blocked
    leave(talk, two)
    assert talk.standings() == {}
    assert not talk.row.blocked
    for person in (*both, two.id):
        state = conversations.conversation_state(person=person, conversation=talk.id)
        assert (state.left, state.last_seq) == (True, talk.row.last_seq)
    # Each wish is in the audit log, and whoever looks again finds nothing that waits.
    assert [order.person_id for order in Order.objects.filter(group=talk.group).order_by("id")] == [
        one.id,
        three.id,
        two.id,
    ]
    assert not Order.objects.filter(group=talk.group, executed_seq=None).exists()


def test_nobody_leaves_a_direct_conversation() -> None:
    talk = begun()
    error = refused(talk, lambda: leave(talk, talk.bob))
    assert error.code == "forbidden"
    assert not Conversation.objects.get(id=talk.id).blocked


def test_the_labels_of_the_two_petitions_are_apart() -> None:
    assert formats.REQUEST_LABELS == {
        OrderAction.ADD: Label.ADD_REQUEST,
        OrderAction.LEAVE: Label.LEAVE_REQUEST,
    }
    talk = party(2)
    two = talk.people[1]
    wanted = rejoin_frame(talk, two)
    error = refused(talk, lambda: leave(talk, two, signature=wanted.signature))
    assert (error.code, error.detail) == ("rejoin_refused", {"rule": "signature"})


def test_petitions_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(petitions, "PER_MINUTE", 2)
    talk = party(2)
    two = talk.people[1]
    with clock.stopped():
        for _ in range(2):
            rejoin(talk, two)
        with pytest.raises(BeepError) as limited:
            rejoin(talk, two)
        assert limited.value.code == "rate_limited"
