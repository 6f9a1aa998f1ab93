"""A group in which no device lives any more: a member begins its successor, with everybody as they were."""

from collections.abc import Callable
from typing import Any

import pytest

from beep import clock
from messaging import conversations
from messaging.formats import Role
from tests.messaging.party import Party, leave, party, rejoin
from tests.messaging.people import Human
from tests.messaging.refusals import refused
from tests.messaging.world import publish

pytestmark = pytest.mark.django_db


def replaced(talk: Party, *people: Human) -> None:
    """Each has lost the device that was in the group and has another."""
    for who in people:
        publish(who.replace_device(), 5)


def begun(talk: Party, who: Human, *others: Human, roles: dict[Any, Role]) -> Callable[[], Any]:
    """What `who` sends to begin the next generation with these; the KeyPackages are taken at once."""
    frame = talk.begin_frame(who, added=talk.packages(who, *others), roles=roles)
    return lambda: conversations.begin(device=who.client.device, frame=frame, now_ms=clock.now_ms())


def test_any_member_begins_anew_when_nobody_is_left_to_commit() -> None:
    talk = party(3)
    admin, two, three = talk.people
    replaced(talk, admin, two)
    # The third one's device can still let them in.
    error = refused(talk, begun(talk, two, admin, three, roles={admin.id: Role.ADMIN}))
    assert error.code == "successor_not_allowed"
    replaced(talk, three)
    error = refused(talk, lambda: rejoin(talk, two))
    assert (error.code, error.detail) == ("rejoin_refused", {"rule": "abandoned"})
    # Nobody becomes what they were not, and nobody is left out.
    for roles, members in (
        ({two.id: Role.ADMIN, admin.id: Role.ADMIN}, (admin, three)),
        ({admin.id: Role.ADMIN}, (admin,)),
    ):
        error = refused(talk, begun(talk, two, *members, roles=roles))
        assert error.detail == {"rule": "roles"}
    accepted = begun(talk, two, admin, three, roles={admin.id: Role.ADMIN})()
    assert accepted.state.generation == 2
    assert talk.standings() == {admin.id: Role.ADMIN, two.id: Role.MEMBER, three.id: Role.MEMBER}


def test_the_only_device_that_has_lost_its_state_begins_anew_too() -> None:
    talk = party(2)
    admin, two = talk.people
    replaced(talk, admin)
    error = refused(talk, lambda: rejoin(talk, two))
    assert error.detail == {"rule": "abandoned"}
    begun(talk, two, admin, roles={admin.id: Role.ADMIN})()
    assert talk.standings() == {admin.id: Role.ADMIN, two.id: Role.MEMBER}


def test_whose_wish_to_leave_nobody_could_carry_out_is_left_out() -> None:
    talk = party(3)
    admin, two, three = talk.people
    leave(talk, three)
    replaced(talk, admin, two, three)
    error = refused(talk, begun(talk, two, admin, three, roles={admin.id: Role.ADMIN}))
    assert error.code == "removal_due"
    begun(talk, two, admin, roles={admin.id: Role.ADMIN})()
    assert three.id not in talk.standings()
