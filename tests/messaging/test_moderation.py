"""A moderator sees one reported envelope of their own ministry's people, and every look is written down."""

from uuid import UUID

import pytest

from accounts import roles
from accounts.models import Membership, OrgUnit, Role
from audit import intake
from audit.events import Actor, EnvelopeLookedUp, Event
from beep.errors import BeepError
from messaging import moderation
from messaging.models import Envelope
from tests.messaging.people import Human, human
from tests.messaging.world import begun

pytestmark = pytest.mark.django_db


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What is written down, before it is encoded; that it is stored is tested with the intake."""
    events: list[Event] = []
    monkeypatch.setattr(intake, "record", events.append)
    return events


def moderator(code: str) -> tuple[Human, OrgUnit]:
    unit = OrgUnit.objects.create(code=code, path=f"/{code}/", depth=1, name_latin=code)
    who = human("Moderator")
    roles.grant(
        person=who.id,
        duty=Role.Duty.MODERATOR,
        scope=unit.id,
        granted_by=None,
        actor=Actor(system="test"),
    )
    return who, unit


def work_in(unit: OrgUnit, person: UUID) -> None:
    below, _ = OrgUnit.objects.get_or_create(
        path=f"{unit.path}press/",
        defaults={"parent": unit, "code": "press", "depth": 2, "name_latin": "Press"},
    )
    Membership.objects.create(person_id=person, unit=below, post_latin="Clerk", primary=True)


def test_of_the_own_ministry_and_recorded(recorded: list[Event]) -> None:
    talk = begun()
    who, unit = moderator("fin")
    work_in(unit, talk.bob.id)
    found = moderation.envelope(moderator=who.id, conversation=talk.id, seq=1)
    assert found == Envelope.objects.get(conversation_id=talk.id, seq=1)
    event = recorded[-1]
    assert isinstance(event, EnvelopeLookedUp)
    assert (event.actor.person, event.target, event.seq) == (who.id, talk.id, 1)
    assert event.outcome == "done"


@pytest.mark.parametrize("case", ["other ministry", "similar path", "no duty", "ended", "no envelope"])
def test_refusals_are_recorded_too(case: str, recorded: list[Event]) -> None:
    talk = begun()
    who, unit = moderator("fin")
    if case == "similar path":
        work_in(
            OrgUnit.objects.create(code="finance", path="/finance/", depth=1, name_latin="f"), talk.bob.id
        )
    elif case != "other ministry":
        work_in(unit, talk.bob.id)
    asker = human("Clerk").id if case == "no duty" else who.id
    if case == "ended":
        role = Role.objects.get(person_id=who.id)
        role.ended_at = role.granted_at
        role.save(update_fields=["ended_at"])
    with pytest.raises(BeepError) as refusal:
        moderation.envelope(moderator=asker, conversation=talk.id, seq=99 if case == "no envelope" else 1)
    assert refusal.value.code == ("not_found" if case == "no envelope" else "forbidden")
    event = recorded[-1]
    assert isinstance(event, EnvelopeLookedUp)
    assert (event.outcome, event.error) == ("refused", refusal.value.code)
