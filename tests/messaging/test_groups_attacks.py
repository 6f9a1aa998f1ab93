"""Hostile commits and begins in groups, one of each kind: refused by name, and the next right frame works."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Person
from beep import clock
from messaging import conversations, formats, groups, members, orders, protocol
from messaging.formats import GroupSuite, PolicyKind, Role, SizeClass
from messaging.handshakes import Accepted
from messaging.models import KeyPackage, Order, OrderKind, Participant
from tests.messaging.party import Party, newcomer, party, rejoin, unbegun
from tests.messaging.people import Human, human
from tests.messaging.refusals import refuse_begin, refuse_commit, refused, works
from tests.messaging.world import begun, claim, publish

pytestmark = pytest.mark.django_db

# --- Commits ------------------------------------------------------------------------------------------------
# Of four: the first is the admin, the others are members; somebody more is invited, and one is a stranger.


class Cast:
    """Who takes part in an attack."""

    def __init__(self) -> None:
        self.talk = unbegun(4)
        self.admin, self.two, self.three, self.four = self.talk.people
        self.invited, self.stranger = human("Invited"), newcomer()
        self.talk.begin(
            self.admin,
            self.two,
            self.three,
            self.four,
            roles={self.admin.id: Role.ADMIN, self.invited.id: Role.INVITED},
        )
        publish(self.invited.client)

    def commit(self, by: Human, **changes: Any) -> tuple[Human, protocol.Commit]:
        return by, self.talk.commit_frame(by, **changes)

    def packages(self, by: Human, owner: Human) -> list[Any]:
        """As if the server had handed them out: the claim itself refuses strangers to members."""
        claimed = claim(self.admin.client, owner, self.talk.id)
        KeyPackage.objects.filter(claimed_by_id=self.admin.client.device).update(
            claimed_by_id=by.client.device
        )
        return claimed


Attack = Callable[[Cast], tuple[Human, protocol.Commit]]
GONE = Role.NONE
HOSTILE: dict[str, tuple[Attack, str]] = {
    "a member adds a stranger": (
        lambda c: c.commit(c.two, add=c.packages(c.two, c.stranger)),
        "stranger",
    ),
    "a member removes another": (lambda c: c.commit(c.two, remove=[c.three.client]), "remove"),
    "a member removes another whole": (
        lambda c: c.commit(c.two, remove=[c.three.client], roles={c.three.id: GONE}),
        "roles",
    ),
    "a member removes the admin": (lambda c: c.commit(c.two, remove=[c.admin.client]), "remove"),
    "an admin removes a device and keeps the person": (
        lambda c: c.commit(c.admin, remove=[c.three.client]),
        "remove",
    ),
    "an admin ends a person and keeps the device": (
        lambda c: c.commit(c.admin, roles={c.three.id: GONE}),
        "roles",
    ),
    "a member makes itself an admin": (lambda c: c.commit(c.two, roles={c.two.id: Role.ADMIN}), "roles"),
    "a member makes another an admin": (lambda c: c.commit(c.two, roles={c.three.id: Role.ADMIN}), "roles"),
    "a member takes the admin's role": (lambda c: c.commit(c.two, roles={c.admin.id: Role.MEMBER}), "roles"),
    "a member invites": (lambda c: c.commit(c.two, roles={c.stranger.id: Role.INVITED}), "roles"),
    "a member withdraws an invitation": (lambda c: c.commit(c.two, roles={c.invited.id: GONE}), "roles"),
    "an admin becomes one": (lambda c: c.commit(c.admin, roles={c.admin.id: Role.ADMIN}), "roles"),
    "a member becomes one": (lambda c: c.commit(c.admin, roles={c.two.id: Role.MEMBER}), "roles"),
    "a stranger becomes an admin": (
        lambda c: c.commit(c.admin, roles={c.stranger.id: Role.ADMIN}),
        "roles",
    ),
    "somebody invited becomes an admin": (
        lambda c: c.commit(c.admin, roles={c.invited.id: Role.ADMIN}),
        "roles",
    ),
    "a member is invited": (lambda c: c.commit(c.admin, roles={c.two.id: Role.INVITED}), "roles"),
    "a stranger's membership ends": (lambda c: c.commit(c.admin, roles={c.stranger.id: GONE}), "roles"),
    "the last admin steps back": (
        lambda c: c.commit(c.admin, roles={c.admin.id: Role.MEMBER}),
        "last_admin",
    ),
    "an admin ends its own membership": (lambda c: c.commit(c.admin, roles={c.admin.id: GONE}), "roles"),
    "nobody in particular is invited": (
        lambda c: c.commit(c.admin, roles={uuid4(): Role.INVITED}),
        "person",
    ),
    "an order that does not exist": (
        lambda c: c.commit(c.admin, authenticated_data=naming(bytes(32))),
        "orders",
    ),
    "roles in format 1": (
        lambda c: c.commit(c.admin, authenticated_data=b"\0\1" + c.talk.said(roles={c.two.id: GONE})[2:]),
        "authenticated_data",
    ),
    "format 2 without roles": (
        lambda c: c.commit(c.admin, authenticated_data=b"\0\2" + c.talk.said()[2:] + b"\0"),
        "authenticated_data",
    ),
}


def naming(*hashes: bytes) -> bytes:
    return formats.AuthenticatedData(0, bytes(32), b"", hashes).encode()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_commit(name: str) -> None:
    attack, rule = HOSTILE[name]
    cast = Cast()
    by, frame = attack(cast)
    error = refuse_commit(cast.talk, frame, by=by.client.device)
    assert (error.code, error.detail) == ("frame_refused", {"rule": rule})
    works(cast.talk)


def test_nobody_who_is_not_in_it_commits() -> None:
    cast = Cast()
    for outsider in (cast.stranger, cast.invited):
        error = refuse_commit(cast.talk, cast.talk.commit_frame(outsider), by=outsider.client.device)
        assert error.code == "not_a_member"
    works(cast.talk)


def test_a_member_without_a_leaf_does_not_commit() -> None:
    cast = Cast()
    second = cast.two.add_device()
    frame = cast.talk.commit_frame(second, leaf_index=1)
    error = refuse_commit(cast.talk, frame, by=second.device)
    assert error.detail == {"rule": "mls_sender_wrong_device"}
    works(cast.talk)


def test_a_person_after_a_reset() -> None:
    """The base that was admitted is not the one that the chain has: only an admin decides."""
    cast = Cast()
    second = cast.two.add_device()
    publish(second)
    Participant.objects.filter(person_id=cast.two.id).update(base=bytes([9]) * 32)
    for by in (cast.two, cast.three):
        frame = cast.talk.commit_frame(by, add=_of(second, cast.talk.packages(by, cast.two)))
        assert refuse_commit(cast.talk, frame, by=by.client.device).detail == {"rule": "reset"}
    works(cast.talk)


def _of(device: Any, packages: list[Any]) -> list[Any]:
    return [kp for kp in packages if kp.leaf_node.signature_key == device.signature_key]


def test_a_group_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = Cast()
    monkeypatch.setitem(groups.MAX_LEAVES, 0x53, 4)
    frame = cast.talk.commit_frame(cast.admin, add=cast.talk.packages(cast.admin, cast.stranger))
    assert refuse_commit(cast.talk, frame).detail == {"rule": "too_many"}
    monkeypatch.setattr(members, "MAX_PERSONS", 5)
    frame = cast.talk.commit_frame(cast.admin, roles={cast.stranger.id: Role.INVITED})
    assert refuse_commit(cast.talk, frame).detail == {"rule": "too_many"}
    works(cast.talk)


def test_who_has_left_the_directory_is_not_invited() -> None:
    cast = Cast()
    Person.objects.filter(id=cast.stranger.id).update(
        state=Person.State.LEFT, left_at=clock.now(), signin_salt=None, signin_hash=None
    )
    frame = cast.talk.commit_frame(cast.admin, roles={cast.stranger.id: Role.INVITED})
    assert refuse_commit(cast.talk, frame).detail == {"rule": "person"}
    works(cast.talk)


def test_an_order_named_twice_or_of_another_group_or_late() -> None:
    talk, other = party(3), party(2)
    rejoin(other, other.people[1])
    foreign = Order.objects.get(kind=OrderKind.REMOVE)
    second = talk.people[2].add_device()
    publish(second)
    with clock.stopped() as time:
        rejoin(talk, talk.people[2], second)
        (order,) = talk.orders()
        package = _of(second, talk.packages(talk.people[0], talk.people[2]))
        for hashes in ((order.hash, order.hash), (order.hash, foreign.hash)):
            frame = talk.commit_frame(talk.people[0], add=package, authenticated_data=naming(*hashes))
            assert refuse_commit(talk, frame).detail == {"rule": "orders"}
        frame = talk.commit_frame(talk.people[0], orders=[order])
        assert refuse_commit(talk, frame).detail == {"rule": "orders"}, "named and not carried out"
        time.advance(orders.LIFETIME + timedelta(seconds=1))
        frame = talk.commit_frame(talk.people[0], orders=[order])
        assert refuse_commit(talk, frame).detail == {"rule": "orders"}
        works(talk)


def test_an_order_for_a_stranger_lets_nobody_in() -> None:
    """Attack: the server signs an Add for somebody whom no member has admitted."""
    cast = Cast()
    wish = orders.Wish(
        formats.OrderAction.ADD,
        cast.stranger.id,
        cast.stranger.client.device,
        cast.stranger.chain[-1].hash,
        clock.from_ms(clock.now_ms() + 60_000),
        bytes(64),
    )
    order = orders.issue(cast.talk.group, wish)
    assert order is not None
    package = cast.talk.packages(cast.admin, cast.stranger)
    frame = cast.talk.commit_frame(cast.admin, add=package, orders=[order])
    assert refuse_commit(cast.talk, frame).detail == {"rule": "stranger"}
    works(cast.talk)


def test_roles_in_a_direct_conversation() -> None:
    talk = begun()
    frame = talk.commit_frame(talk.alice, roles={talk.bob.id: Role.ADMIN})
    assert refuse_commit(talk, frame).detail == {"rule": "roles"}
    works(talk)


# --- Begins -------------------------------------------------------------------------------------------------


def begin(talk: Party, by: Human, frame: protocol.Begin) -> Accepted:
    accepted = conversations.begin(device=by.client.device, frame=frame, now_ms=clock.now_ms())
    by.client.sent(talk.id)
    return accepted


@pytest.mark.parametrize(
    ("roles", "rule"),
    [
        (lambda one, two: {two.id: Role.ADMIN}, "roles"),
        (lambda one, two: {one.id: Role.ADMIN, two.id: Role.ADMIN}, "roles"),
        (lambda one, two: {one.id: Role.ADMIN, two.id: Role.MEMBER}, "roles"),
        (lambda one, two: {one.id: Role.MEMBER}, "roles"),
        (lambda one, two: {one.id: Role.ADMIN, uuid4(): Role.INVITED}, "person"),
    ],
)
def test_hostile_roles_of_a_first_begin(roles: Any, rule: str) -> None:
    talk = unbegun(2)
    one, two = talk.people
    frame = talk.begin_frame(one, added=talk.packages(one, two), roles=roles(one, two))
    assert refuse_begin(talk, frame).detail == {"rule": rule}
    assert talk.begin(one, two).state.generation == 1


def test_a_first_begin_without_roles() -> None:
    talk = unbegun(2)
    one, two = talk.people
    frame = talk.begin_frame(one, added=talk.packages(one, two))
    assert refuse_begin(talk, frame).detail == {"rule": "roles"}


def test_a_successor_with_a_stranger_or_another_admin() -> None:
    talk, stranger = party(3), newcomer()
    one, two, three = talk.people
    frame = talk.begin_frame(one, added=talk.packages(one, two, stranger), roles={one.id: Role.ADMIN})
    assert refuse_begin(talk, frame).detail == {"rule": "stranger"}
    both = {one.id: Role.ADMIN, two.id: Role.ADMIN}
    frame = talk.begin_frame(one, added=talk.packages(one, two, three), roles=both)
    assert refuse_begin(talk, frame).detail == {"rule": "roles"}
    assert talk.begin(one, two, three).state.generation == 2


def test_orders_in_a_begin() -> None:
    talk = unbegun(2)
    one, two = talk.people
    said = naming(bytes(32))
    frame = talk.begin_frame(one, added=talk.packages(one, two), authenticated_data=said)
    assert refuse_begin(talk, frame).detail == {"rule": "orders"}


POLICIES: dict[str, tuple[dict[str, Any], str]] = {
    "a direct one": ({"kind": PolicyKind.DIRECT, "persons": "pair"}, "kind"),
    "a self one": ({"kind": PolicyKind.SELF}, "kind"),
    "classical and small": ({"suite": GroupSuite.CLASSICAL}, "suite"),
    "hybrid and large": ({"size_class": SizeClass.LARGE}, "suite"),
    "of a ministry": ({"ministry": uuid4()}, "retention"),
}


@pytest.mark.parametrize("name", POLICIES)
def test_policy_that_does_not_suit_a_group(name: str) -> None:
    changes, rule = dict(POLICIES[name][0]), POLICIES[name][1]
    talk = unbegun(2)
    one, two = talk.people
    if changes.get("persons") == "pair":
        changes["persons"] = tuple(sorted((one.id, two.id)))
    policy = talk.policy(**changes)
    frame = talk.begin_frame(one, added=[], policy=policy, roles={one.id: Role.ADMIN})
    error = refuse_begin(talk, frame)
    assert (error.code, error.detail) == ("policy_refused", {"rule": rule})
    assert talk.begin(one, two).state.generation == 1


# --- KeyPackages --------------------------------------------------------------------------------------------


def test_whose_key_packages_one_may_take() -> None:
    cast = Cast()
    talk = cast.talk
    for by, owner in ((cast.two, cast.stranger), (cast.stranger, cast.two), (cast.invited, cast.two)):
        error = refused(talk, lambda by=by, owner=owner: claim(by.client, owner, talk.id))  # type: ignore[misc]
        assert error.code == "not_a_member"
    for by, owner in ((cast.admin, cast.stranger), (cast.two, cast.invited), (cast.two, cast.three)):
        assert len(claim(by.client, owner, talk.id)) == 1
