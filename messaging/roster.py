"""Whose devices may sit in a group now: the one place where messaging asks the identity chains.

A row in the table of devices is no proof. The database may have been written to by somebody else, so a device
counts only when its person's signed chain, verified from statement 1, lists it under the same key. The table
is asked as well, because a device can be out without a statement: the directory said that its person left.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from accounts import identity_chain
from accounts.models import Device, Person
from messaging.mls import LeafInfo


def living_devices(*, persons: Iterable[UUID], now_ms: int) -> dict[UUID, LeafInfo]:
    """By device id, every device of active `persons` that is listed, not expired at `now_ms` and not revoked.

    To act on the answer, lock the persons' rows first: every change of a chain or of a person's state writes
    there (`lock_persons`).
    """
    rows = Device.objects.filter(
        person_id__in=list(persons), person__state=Person.State.ACTIVE, revoked_at__isnull=True
    )
    unrevoked = {LeafInfo(row.person_id, row.id, bytes(row.signature_key)) for row in rows}
    living: dict[UUID, LeafInfo] = {}
    for person in sorted({leaf.person for leaf in unrevoked}):
        # None when there is no chain, or one that does not verify: nobody is living, and the log says why.
        statement = identity_chain.newest(person=person)
        for entry in statement.devices if statement else ():
            leaf = LeafInfo(person, UUID(bytes=entry.id), entry.signature_key)
            if leaf in unrevoked and not entry.expired(now_ms):
                living[leaf.device] = leaf
    return living


def lock_persons(persons: Sequence[UUID]) -> None:
    """Hold these persons' chains and states until the transaction ends; to be locked before conversations."""
    rows = Person.objects.select_for_update(no_key=True).filter(id__in=persons).order_by("id")
    list(rows.values_list("id", flat=True))
