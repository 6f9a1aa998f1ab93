"""The directory as colleagues see it: search by name, post, unit and ministry, in Latin, Urdu or Persian
script.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts import cursors, folding
from accounts.models import Device, Membership, OrgUnit, Person, PersonToken
from beep import clock
from beep.errors import BeepError

PAGE: Final = 20
MAX_WORDS: Final = 8
"""Further words of a query are ignored; each costs an index scan."""
TOKEN_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text in Latin and in local script, either of which may be empty."""

    latin: str = ""
    local: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What colleagues see of a person."""

    id: UUID
    name: Bilingual
    post: Bilingual
    unit: Bilingual
    ministry: Bilingual
    activated: bool
    """Has a device: can be written to."""
    active: bool


def search(*, query: str, cursor: str | None) -> tuple[list[Card], str | None]:
    """A page of active people in whom every word of `query` begins some word; all for an empty query.

    `cursor` is what the page before returned; the second value is the next one, None at the end. Raises
    BeepError `bad_request` for a cursor that this function did not make.
    """
    return page(matching(folding.words(query)), cursor=cursor)


def matching(words: Sequence[str]) -> QuerySet[Person]:
    """Active people in whom each of these words, as `folding.words` makes them, begins some word."""
    found = Person.objects.filter(state=Person.State.ACTIVE)
    for word in words[:MAX_WORDS]:
        # Words hold letters and digits only, so nothing in them is a pattern.
        tokens = PersonToken.objects.filter(person=OuterRef("pk"), token__startswith=word[:TOKEN_LENGTH])
        found = found.filter(Exists(tokens))
    return found


def page(found: QuerySet[Person], *, cursor: str | None) -> tuple[list[Card], str | None]:
    """A page of `found` by Latin name, and the next page's cursor; raises BeepError `bad_request`."""
    if cursor:
        name, id_ = cursors.read(cursor)
        found = found.filter(Q(name_latin__gt=name) | Q(name_latin=name, id__gt=id_))
    rows = list(_with_posts(found.order_by("name_latin", "id"))[: PAGE + 1])
    shown = rows[:PAGE]
    last = shown[-1] if len(rows) > PAGE else None
    return _cards(shown), cursors.write(name=last.name_latin, id_=last.id) if last else None


def cards(*, persons: Iterable[UUID]) -> list[Card]:
    """These people, whatever their state, by Latin name; unknown ids are left out."""
    return _cards(list(_with_posts(Person.objects.filter(id__in=list(persons)).order_by("name_latin", "id"))))


def card(*, person: UUID) -> Card:
    """One person, whatever their state; raises BeepError `not_found`."""
    rows = list(_with_posts(Person.objects.filter(id=person)))
    if not rows:
        raise BeepError("not_found")
    return _cards(rows)[0]


def index(*, persons: Iterable[UUID]) -> None:
    """Write anew by which words these people are found, in the current transaction."""
    rows = list(_with_posts(Person.objects.filter(id__in=list(persons))))
    PersonToken.objects.filter(person__in=rows).delete()
    PersonToken.objects.bulk_create(
        PersonToken(person=person, token=token)
        for person, shown in zip(rows, _cards(rows), strict=True)
        for token in _tokens(shown)
    )


def _tokens(shown: Card) -> Sequence[str]:
    parts = (shown.name, shown.post, shown.unit, shown.ministry)
    texts = " ".join(f"{part.latin} {part.local}" for part in parts)
    return list(dict.fromkeys(word[:TOKEN_LENGTH] for word in folding.words(texts)))


def _with_posts(people: QuerySet[Person]) -> QuerySet[Person]:
    primary = Membership.objects.filter(primary=True).select_related("unit")
    devices = Device.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=clock.now()),
        person=OuterRef("pk"),
        revoked_at__isnull=True,
    )
    return people.annotate(has_device=Exists(devices)).prefetch_related(
        Prefetch("memberships", queryset=primary, to_attr="primary_memberships")
    )


def _cards(people: Sequence[Person]) -> list[Card]:
    held: dict[UUID, Membership] = {
        person.id: membership
        for person in people
        for membership in person.primary_memberships  # type: ignore[attr-defined] # by _with_posts
    }
    paths = {membership.unit.ministry_path for membership in held.values()}
    ministries = {unit.path: unit for unit in OrgUnit.objects.filter(path__in=paths)}
    cards = []
    for person in people:
        membership = held.get(person.id)
        unit = membership.unit if membership else None
        ministry = ministries.get(unit.ministry_path) if unit else None
        cards.append(
            Card(
                id=person.id,
                name=Bilingual(person.name_latin, person.name_local),
                post=Bilingual(membership.post_latin, membership.post_local) if membership else Bilingual(),
                unit=_name(unit),
                ministry=_name(ministry),
                activated=person.has_device,  # type: ignore[attr-defined] # by _with_posts
                active=person.state == Person.State.ACTIVE,
            )
        )
    return cards


def _name(unit: OrgUnit | None) -> Bilingual:
    return Bilingual(unit.name_latin, unit.name_local) if unit else Bilingual()
