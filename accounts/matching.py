"""Finds the people that a pasted list means: one line each, a login, a personnel number or a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models.functions import Length

from accounts import folding, people
from accounts.letters import canonical_number
from accounts.models import Person
from accounts.people import Card
from accounts.sign_in import canonical_login
from beep import clock, rates

LINES: Final = 500
PER_MINUTE: Final = 20
"""Lists of one person: each may cost the database five hundred searches."""
SHOWN: Final = 5
"""People a line at most: whoever pasted it must choose among them."""
LOOKED_AT: Final = 50
"""People with these words anywhere among theirs, of whom those stay who have them in the name."""


@dataclass(frozen=True, slots=True)
class Match:
    """A line as it was given, and whom it may mean; nobody when it is empty or unknown."""

    line: str
    people: tuple[Card, ...]


def match(*, lines: Sequence[str], person: UUID) -> list[Match]:
    """Whom each line means, in the lines' order. A login or number is one person; a name may be several,
    unless one person alone has exactly these words for a name.

    `person` asks. Raises BeepError `rate_limited` past `PER_MINUTE`.
    """
    rates.spend(key=f"match:{person}", limit=PER_MINUTE, seconds=60, now_ms=clock.now_ms())
    logins = {line: canonical_login(line) for line in lines}
    numbers = {line: canonical_number(line) for line in lines}
    active = Person.objects.filter(state=Person.State.ACTIVE)
    by_login = dict(active.filter(login__in=set(logins.values())).values_list("login", "id"))
    by_number = dict(
        active.filter(personnel_number__in=set(numbers.values())).values_list("personnel_number", "id")
    )
    meant: dict[str, list[UUID]] = {}
    for line in lines:
        if line in meant:
            continue
        exact = by_login.get(logins[line]) or by_number.get(numbers[line])
        meant[line] = [exact] if exact else _named(line)
    cards = _cards({id_ for found in meant.values() for id_ in found})
    return [Match(line, tuple(cards[id_] for id_ in meant[line] if id_ in cards)) for line in lines]


def _named(line: str) -> list[UUID]:
    """Active people whose name has each word of the line, whole or begun, in any script.

    Who alone has the line's words, and no more, for a name in one script is meant alone, however many longer
    names have them too. The shortest names come first, so that `LOOKED_AT` leaves no exact one out.
    """
    wanted = folding.words(line)
    if not wanted:
        return []
    found = people.matching(wanted).order_by(Length("name_latin"), "name_latin", "id")
    named = [
        (_is(wanted, latin, local), id_)
        for id_, latin, local in found.values_list("id", "name_latin", "name_local")[:LOOKED_AT]
        if _has(folding.words(f"{latin} {local}"), wanted)
    ]
    exact = [id_ for same, id_ in named if same]
    if len(exact) == 1:
        return exact
    return [*exact, *(id_ for same, id_ in named if not same)][:SHOWN]


def _is(wanted: Sequence[str], *names: str) -> bool:
    return any(sorted(folding.words(name)) == sorted(wanted) for name in names)


def _has(words: Sequence[str], wanted: Sequence[str]) -> bool:
    return all(any(word.startswith(each) for word in words) for each in wanted)


def _cards(ids: set[UUID]) -> Mapping[UUID, Card]:
    return {card.id: card for card in people.cards(persons=ids)}
