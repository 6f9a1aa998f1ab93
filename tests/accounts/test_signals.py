"""What other applications hear of the directory: each change of what colleagues see, once it is certain."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from accounts import import_plan, lifecycle
from accounts.models import Person
from accounts.signals import person_changed
from tests.accounts.support import OPERATOR, admit, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard() -> Iterator[list[UUID]]:
    """The persons that `person_changed` named."""
    persons: list[UUID] = []

    def note(*, person: UUID, **_: Any) -> None:
        persons.append(person)

    person_changed.connect(note)
    yield persons
    person_changed.disconnect(note)


@pytest.mark.parametrize(
    "change",
    [
        {"name_latin": "New Name"},
        {"name_local": "نیا نام"},
        {"post_latin": "Director"},
        {"unit_code": "it", "unit_latin": "IT Wing"},
        {"state": "suspended"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_colleagues_see_is_announced(heard: list[UUID], change: dict[str, str]) -> None:
    one, _ = admit(row(1), row(2))
    assert heard == [], "newcomers are no change"
    import_plan.apply(rows=[row(1, **change), row(2)], actor=OPERATOR)
    assert heard == [one.id]


def test_a_renamed_ministry_is_announced_for_everybody_below_it(heard: list[UUID]) -> None:
    people = admit(row(1), row(2))
    renamed = [row(number, ministry_latin="Treasury") for number in (1, 2)]
    import_plan.apply(rows=renamed, actor=OPERATOR)
    assert heard == sorted(person.id for person in people)


def test_a_login_is_nobody_elses_business(heard: list[UUID]) -> None:
    admit(row(1))
    import_plan.apply(rows=[row(1, login="another.login")], actor=OPERATOR)
    assert heard == []
    assert Person.objects.get().login == "another.login"


def test_each_move_of_a_person_is_announced(heard: list[UUID]) -> None:
    (person,) = admit(row(1))
    lifecycle.suspend(person=person.id, reason="test", actor=OPERATOR)
    lifecycle.activate(person=person.id, reason="test", actor=OPERATOR)
    lifecycle.leave(person=person.id, reason="test", actor=OPERATOR)
    assert heard == [person.id] * 3
