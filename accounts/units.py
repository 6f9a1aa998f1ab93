"""Ministries and units as colleagues look them up: by name, with how many people, and who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q

from accounts import cursors, folding, people
from accounts.models import Membership, OrgUnit, Person
from accounts.people import Bilingual, Card
from beep.errors import BeepError

PAGE: Final = 20


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit with everything below it."""

    id: UUID
    name: Bilingual
    ministry: Bilingual
    people: int
    """Active people whose primary post is in the unit or below it."""


def search(*, query: str, cursor: str | None) -> tuple[list[Unit], str | None]:
    """A page of units in whose own or ministry's name every word of `query` begins some word.

    All for an empty query; by Latin name. `cursor` as in `people.search`. A deployment has thousands of units
    at most, so they are folded and compared here. Raises BeepError `bad_request`.
    """
    ministries = {unit.path: unit for unit in OrgUnit.objects.filter(depth=1)}
    rows = OrgUnit.objects.order_by("name_latin", "id")
    if cursor:
        name, id_ = cursors.read(cursor)
        rows = rows.filter(Q(name_latin__gt=name) | Q(name_latin=name, id__gt=id_))
    wanted = folding.words(query)
    found = [unit for unit in rows if _matches(unit, ministries[unit.ministry_path], wanted)]
    page = found[:PAGE]
    counts = _counts(page)
    shown = [
        Unit(
            id=unit.id,
            name=_name(unit),
            ministry=_name(ministries[unit.ministry_path]),
            people=counts[unit.path],
        )
        for unit in page
    ]
    after = cursors.write(name=page[-1].name_latin, id_=page[-1].id) if len(found) > PAGE else None
    return shown, after


def ministries() -> list[tuple[str, str]]:
    """Code and Latin name of every ministry, by name."""
    return list(OrgUnit.objects.filter(depth=1).order_by("name_latin").values_list("code", "name_latin"))


def members(*, unit: UUID, cursor: str | None) -> tuple[list[Card], str | None]:
    """A page of the active people of a unit and all below it; raises BeepError `not_found`, `bad_request`."""
    row = OrgUnit.objects.filter(id=unit).first()
    if row is None:
        raise BeepError("not_found")
    posts = Membership.objects.filter(person=OuterRef("pk"), primary=True, unit__path__startswith=row.path)
    return people.page(Person.objects.filter(Exists(posts), state=Person.State.ACTIVE), cursor=cursor)


def _matches(unit: OrgUnit, ministry: OrgUnit, wanted: Sequence[str]) -> bool:
    names = f"{unit.name_latin} {unit.name_local} {ministry.name_latin} {ministry.name_local}"
    words = folding.words(names) if wanted else []
    return all(any(word.startswith(each) for word in words) for each in wanted)


def _counts(units: Sequence[OrgUnit]) -> dict[str, int]:
    """People by the path of each of these units, its subtree included; one query."""
    if not units:
        return {}
    below = Q()
    for unit in units:
        below |= Q(unit__path__startswith=unit.path)
    posts = Membership.objects.filter(below, primary=True, person__state=Person.State.ACTIVE)
    by_path = list(posts.values_list("unit__path").annotate(people=Count("id")))
    return {unit.path: sum(count for path, count in by_path if path.startswith(unit.path)) for unit in units}


def _name(unit: OrgUnit) -> Bilingual:
    return Bilingual(unit.name_latin, unit.name_local)
