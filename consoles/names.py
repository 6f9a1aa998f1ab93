"""Names for the ids on a page: one question to the directory, however many rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from accounts import people
from audit.search import Found
from consoles import wording


@dataclass(frozen=True, slots=True)
class Line:
    """A row as a page shows it."""

    row: Found
    sentence: str
    at: object
    actor: str
    subject: str
    target: str


def lines(rows: Iterable[Found]) -> list[Line]:
    """Rows with the names of those whom they speak of."""
    found = list(rows)
    known = by_id({person for row in found for person in (row.actor, row.subject) if person})
    return [
        Line(
            row=row,
            sentence=wording.sentence(row.action),
            at=wording.moment(row.at),
            actor=_named(row.actor, known) or row.actor_system or "",
            subject=_named(row.subject, known),
            target=_target(row),
        )
        for row in found
    ]


def by_id(persons: Iterable[UUID]) -> dict[UUID, str]:
    """Names by id; who is not in the directory any more is missing."""
    return {card.id: card.name.latin or card.name.local for card in people.cards(persons=persons)}


def _named(person: UUID | None, known: dict[UUID, str]) -> str:
    if person is None:
        return ""
    return known.get(person) or str(person)


def _target(row: Found) -> str:
    if row.target is None or row.target_kind == "person":
        return ""
    return f"{row.target_kind} {row.target}"
