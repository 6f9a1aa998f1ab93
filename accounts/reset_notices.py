"""A reset while it can still be stopped: who is told of it, and how a device that is still there stops it.

A request is announced at once to whoever is online (`accounts.signals.reset_requested`). Whoever comes
later asks for the requests that stand: nothing of an announcement is kept beside the request itself, so none
can get lost and none outlives it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts import identity_chain, resets
from accounts.callers import Caller
from accounts.models import Person, ResetRequest, Revocation
from accounts.statements import SignedStatement, Statement
from beep import clock
from beep.errors import BeepError

MOST: Final = 100
"""In one answer; the soonest first."""


@dataclass(frozen=True, slots=True)
class Announced:
    """Somebody asks to begin anew as `person`; it takes effect at `earliest` at the soonest (ms UTC)."""

    person: UUID
    asked_at: int
    earliest: int


def asked_for() -> list[UUID]:
    """Whose reset is asked for now, of anybody: few at any time."""
    return list(_open().values_list("person_id", flat=True))


def announced(*, persons: Sequence[UUID]) -> list[Announced]:
    """What stands of these people, the soonest first, at most `MOST`. What is void already is left out."""
    rows = _open().filter(person_id__in=persons).select_related("person").order_by("earliest_at", "id")
    return [
        Announced(row.person_id, clock.to_ms(row.requested_at), clock.to_ms(row.earliest_at))
        for row in rows[:MOST]
        if resets.void_reason(row, row.person) is None
    ]


@transaction.atomic
def stop(*, caller: Caller, statement: bytes) -> None:
    """One of the person's devices says "this was not me": append its statement, which changes nothing but the
    chain's length, and drop the request, which named the statement before it.

    Raises BeepError `not_found` when nobody asks for a reset of the caller, and as `identity_chain.append`;
    beyond the chain's rules `device_changed` when the statement changes anything.
    """
    person = Person.objects.select_for_update(no_key=True).get(id=caller.person)
    row = _open().select_for_update().filter(person=person).first()
    if row is None or resets.void_reason(row, person):
        raise BeepError("not_found")
    identity_chain.append(
        person=person,
        body=statement,
        reason=Revocation.Reason.REVOKED,
        actor=caller.actor(),
        also=_changes_nothing,
    )
    resets.drop(row=row, reason="stopped by a device of the person", actor=caller.actor())


def _open() -> QuerySet[ResetRequest]:
    return ResetRequest.objects.filter(state=ResetRequest.State.OPEN)


def _changes_nothing(previous: Statement | None, signed: SignedStatement) -> None:
    now = signed.statement
    if previous is None or (now.devices, now.revoked, now.recovery_key) != (
        previous.devices,
        previous.revoked,
        previous.recovery_key,
    ):
        raise identity_chain.refuse("device_changed")
