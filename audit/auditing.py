"""What auditors do with the log. Each act leaves a leaf of its own before anything is shown."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from audit import canonical, events, evidence, intake, search
from audit.asking import asking
from audit.events import Actor
from audit.intake import PREFIX
from audit.log import Evidence
from audit.models import SavedSearch
from audit.projection import commitment_bytes, row_of
from audit.search import Filters, Found, Place
from beep import clock
from beep.errors import BeepError

MAX_SAVED: Final = 100
MAX_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, newest first, and where the next page begins."""

    rows: list[Found]
    following: Place | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One leaf as it stands in the log, and what its commitments hide."""

    row: Found
    body: bytes
    """The leaf's exact bytes."""
    event: dict[str, Any]
    """Its JSON, for display alone: what is verified is `body`."""
    openings: dict[str, str]
    """Clear texts by commitment (base64url); an erased one is missing."""


def look(*, actor: Actor, filters: Filters, case: str | None, before: Place | None = None) -> Page:
    """A page of the log, noted before it is shown.

    Raises BeepError `bad_request` when the search names a person and there is no case number, `busy`.
    """
    _need_case(filters, case)
    rows = search.page(filters, before=before, limit=search.PAGE + 1)
    shown = rows[: search.PAGE]
    with transaction.atomic():
        intake.record(
            events.AuditSearched(
                actor=actor,
                target=filters.subject or filters.actor,
                filters=filters.plain(),
                case=case,
                rows=len(shown),
            )
        )
    more = len(rows) > len(shown)
    return Page(shown, Place(shown[-1].at, shown[-1].leaf) if more else None)


def view(*, actor: Actor, leaf: int, case: str | None) -> Entry:
    """One entry with its clear texts, noted before it is shown; raises BeepError `not_found`."""
    entry = read(leaf)
    with transaction.atomic():
        intake.record(
            events.AuditViewed(
                actor=actor,
                leaf=leaf,
                person=entry.row.subject,
                openings=len(entry.openings),
                case=case,
            )
        )
    return entry


def evidence_of(*, actor: Actor, leaf: int) -> Evidence:
    """The evidence for one entry, noted before it is given: it holds the entry's bytes.

    Raises BeepError `not_found`, and `busy` while the witnesses have not seen the entry.
    """
    if not _exists(leaf):
        raise BeepError("not_found")
    found = evidence.of(leaf)
    try:
        person = row_of(leaf, found.body).subject
    except ValueError:  # No event: it can be proved all the same, and the verifier names it.
        person = None
    with transaction.atomic():
        intake.record(events.AuditViewed(actor=actor, leaf=leaf, person=person))
    return found


def read(leaf: int) -> Entry:
    """One entry, for callers that note the look themselves; raises BeepError `not_found`.

    All of it but the ministry comes from the leaf's own bytes: what a browser then verifies is what is shown,
    whatever stands in the search table.
    """
    query = (
        "SELECT l.body, r.ministry FROM audit_row r JOIN audit_leaf l ON l.leaf_index = r.leaf "
        "WHERE r.leaf = %s"
    )
    with asking() as cursor:
        cursor.execute(query, [min(leaf, canonical.MAX_INTEGER)])
        found = cursor.fetchone()
        if found is None:
            raise BeepError("not_found")
        body = bytes(found[0])
        row = Found(**row_of(leaf, body)._asdict(), ministry=found[1])
        event: dict[str, Any] = json.loads(body[len(PREFIX) :])
        return Entry(row, body, event, _openings(cursor, commitments(event)))


def _exists(leaf: int) -> bool:
    with asking() as cursor:
        cursor.execute("SELECT FROM audit_leaf WHERE leaf_index = %s", [min(leaf, canonical.MAX_INTEGER)])
        return cursor.fetchone() is not None


def note_export(*, actor: Actor, filters: Filters, case: str | None, form: str, rows: int) -> None:
    """Note an export before its first byte leaves; raises BeepError `bad_request` as `look` does."""
    _need_case(filters, case)
    with transaction.atomic():
        intake.record(
            events.AuditExported(
                actor=actor,
                target=filters.subject or filters.actor,
                filters=filters.plain(),
                case=case,
                form=form,
                rows=rows,
            )
        )


def note_report(
    *, actor: Actor, report: str, parameters: dict[str, canonical.Json], case: str | None = None
) -> None:
    """Note that one of the ready answers was asked for."""
    with transaction.atomic():
        intake.record(events.AuditReported(actor=actor, report=report, parameters=parameters, case=case))


def note_looked(*, actor: Actor, person: UUID, case: str | None, rows: int) -> None:
    """Note a report on who looked at a person's records: itself a look at them."""
    with transaction.atomic():
        intake.record(
            events.AuditSearched(
                actor=actor, target=person, filters={"report": "who_looked"}, case=case, rows=rows
            )
        )


@transaction.atomic
def save_search(*, actor: Actor, name: str, filters: Filters) -> None:
    """Keep a search under a name; an older one of that name is replaced.

    Raises BeepError `bad_request` for a name that is empty, overlong or not printable, or past 100 searches.
    """
    title = name.strip()
    if actor.person is None or not 0 < len(title) <= MAX_NAME or not title.isprintable():
        raise BeepError("bad_request", "A name has 1 to 80 characters.", detail={"field": "name"})
    own = SavedSearch.objects.filter(person=actor.person)
    if own.count() >= MAX_SAVED and not own.filter(name=title).exists():
        raise BeepError("bad_request", "A hundred searches are kept; drop one first.")
    kept, _ = SavedSearch.objects.update_or_create(
        person=actor.person,
        name=title,
        defaults={"filters": filters.plain(), "created_at": clock.now()},
    )
    intake.record(events.SearchSaved(actor=actor, target=kept.id, filters=filters.plain()))


@transaction.atomic
def drop_search(*, actor: Actor, search: UUID) -> None:
    """Forget a saved search of one's own; raises BeepError `not_found`."""
    if actor.person is None or not SavedSearch.objects.filter(id=search, person=actor.person).delete()[0]:
        raise BeepError("not_found")
    intake.record(events.SearchSaved(actor=actor, target=search, dropped=True))


def saved(*, person: UUID) -> list[SavedSearch]:
    """The person's searches, by name."""
    return list(SavedSearch.objects.filter(person=person).order_by("name"))


def commitments(value: Any) -> set[str]:
    """Every commitment (base64url) in an event's JSON."""
    match value:
        case {"commitment": str(text), **rest} if not rest:
            return {text}
        case dict():
            return set().union(*map(commitments, value.values()))
        case list():
            return set().union(*map(commitments, value))
        case _:
            return set()


def _openings(cursor: Any, wanted: Iterable[str]) -> dict[str, str]:
    by_bytes = {commitment_bytes(text): text for text in wanted}
    cursor.execute("SELECT commitment, value FROM audit_opening WHERE commitment = ANY(%s)", [list(by_bytes)])
    return {by_bytes[bytes(commitment)]: value for commitment, value in cursor.fetchall()}


def _need_case(filters: Filters, case: str | None) -> None:
    if filters.names_a_person and not case:
        search.case_number("", needed=True)
