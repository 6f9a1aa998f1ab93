"""Deletes rows that count no more, a few at a time, where new ones of their kind are written.

So such a table stays as small as its recent use, and nothing depends on a timer. Rows that another
transaction holds are skipped: nobody waits, and two prunings never wait for each other.
"""

from typing import Any, Final

from django.db.models import Model, QuerySet

AT_ONCE: Final = 100
"""More than one request writes, so the table shrinks when it is too large."""


def prune(outdated: QuerySet[Any, Any]) -> int:
    """Delete up to `AT_ONCE` of `outdated`, in the current transaction; returns how many."""
    model: type[Model] = outdated.model
    keys = list(outdated.select_for_update(skip_locked=True).values_list("pk", flat=True)[:AT_ONCE])
    if not keys:
        return 0
    return int(model._default_manager.filter(pk__in=keys).delete()[0])
