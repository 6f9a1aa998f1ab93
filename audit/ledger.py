"""What the log says about one person, for that person: who did what, and who looked."""

from typing import Any, Final
from uuid import UUID

from django.db import transaction

from audit import auditing, events, intake, search
from audit.asking import asking
from audit.auditing import Page
from audit.events import Actor
from audit.search import Filters, Place
from beep.errors import BeepError

PAGE: Final = 50


def page(*, person: UUID, actor: Actor, before: Place | None = None) -> Page:
    """A page of the person's own ledger. Each leaves a leaf, so that reading it is known as well.

    Raises BeepError `busy`.
    """
    rows = search.page(Filters(subject=person), before=before, limit=PAGE + 1)
    shown = rows[:PAGE]
    with transaction.atomic():
        intake.record(events.LedgerRead(actor=actor, target=person, rows=len(shown)))
    return Page(shown, Place(shown[-1].at, shown[-1].leaf) if len(rows) > PAGE else None)


def entry(*, person: UUID, leaf: int) -> auditing.Entry:
    """One entry about the person; raises BeepError `not_found` for one that is about somebody else."""
    with asking() as cursor:
        cursor.execute("SELECT subject FROM audit_row WHERE leaf = %s", [leaf])
        found: tuple[Any, ...] | None = cursor.fetchone()
    if found is None or found[0] != person:
        raise BeepError("not_found")
    return auditing.read(leaf)
