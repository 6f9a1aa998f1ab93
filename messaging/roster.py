"""Whose devices may sit in a group now: the one place where messaging asks the identity chains.

A row in the table of devices is no proof. The database may have been written to by somebody else, so a device
counts only when its person's signed chain, verified from statement 1, lists it under the same key. The table
is asked as well, because a device can be out without a statement: the directory said that its person left.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

import structlog

from accounts.identity import StatementRefusedError, verify_chain
from accounts.models import Device, IdentityStatement, Person
from accounts.statements import SignedStatement, Statement, StatementMalformedError
from messaging.mls import LeafInfo

log = structlog.get_logger(__name__)


def living_devices(*, persons: Iterable[UUID], now_ms: int) -> dict[UUID, LeafInfo]:
    """By device id, every device of active `persons` that is listed, not expired at `now_ms` and not revoked.

    To act on the answer, lock the persons' rows first: every change of a chain or of a person's state writes
    there (`lock_persons`).
    """
    rows = Device.objects.filter(
        person_id__in=list(persons), person__state=Person.State.ACTIVE, revoked_at__isnull=True
    ).values_list("id", "person_id")
    unrevoked = dict(rows)
    living: dict[UUID, LeafInfo] = {}
    for person in sorted(set(unrevoked.values())):
        statement = newest_statement(person=person)
        for entry in statement.devices if statement else ():
            device = UUID(bytes=entry.id)
            if unrevoked.get(device) == person and not entry.expired(now_ms):
                living[device] = LeafInfo(person, device, entry.signature_key)
    return living


def newest_statement(*, person: UUID) -> Statement | None:
    """The newest statement of a chain that verifies from its beginning; None when there is no such chain."""
    rows = IdentityStatement.objects.filter(person_id=person).order_by("version")
    bodies = [bytes(body) for body in rows.values_list("body", flat=True)]
    if not bodies:
        return None
    try:
        statements = [SignedStatement.parse(body) for body in bodies]
        return verify_chain(person=person.bytes, statements=statements)
    except (StatementMalformedError, StatementRefusedError) as error:
        # Fail closed: whoever wrote that row had no key. The person is unreachable until it is looked into.
        log.error("identity_chain_broken", person=str(person), error=str(error))
        return None


def lock_persons(persons: Sequence[UUID]) -> None:
    """Hold these persons' chains and states until the transaction ends; to be locked before conversations."""
    rows = Person.objects.select_for_update(no_key=True).filter(id__in=persons).order_by("id")
    list(rows.values_list("id", flat=True))
