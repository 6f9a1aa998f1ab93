"""The past on its way to a new device: chunks that the approving device sealed and the server cannot read.

Only the device that approved may write and only the device that was added may read, by their sessions, so
that a revoked device can do neither. The reader ends the transfer when it has everything; 14 days after the
approval it is over in any case. What was stored is deleted then.
"""

from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import pairings
from accounts.callers import Caller
from accounts.models import HistoryChunk, Pairing
from accounts.pruning import prune
from beep import clock
from beep.errors import BeepError

CHUNK_BYTES: Final = 400_000
CHUNKS: Final = 1_000
"""Of one pairing."""
CHUNKS_A_PERSON: Final = 2_000
"""Of all transfers of a person together: what nobody fetches must not fill the disk."""


@transaction.atomic
def put(*, pairing: UUID, caller: Caller, index: int, last: bool, chunk: bytes) -> None:
    """Store chunk `index` (from 0); the same bytes again are fine.

    Raises BeepError `not_found` unless the caller's device approved this pairing; `pairing_refused` when the
    transfer is over; `history_full` past `CHUNKS`, `CHUNKS_A_PERSON` or the last chunk; `conflict` when
    other bytes stand there.
    """
    row = _running(Pairing.objects.select_for_update().filter(id=pairing, approver=caller.device).first())
    prune(HistoryChunk.objects.filter(stored_at__lt=clock.now() - pairings.KEPT))
    stored = HistoryChunk.objects.filter(pairing=row, index=index).first()
    if stored is not None:
        if (bytes(stored.body), stored.last) != (chunk, last):
            raise BeepError("conflict")
        return
    end = row.history.filter(last=True).values_list("index", flat=True).first()
    behind = row.history.filter(index__gt=index).exists()
    of_person = HistoryChunk.objects.filter(pairing__person_id=row.person_id).count()
    if (
        index >= CHUNKS
        or of_person >= CHUNKS_A_PERSON
        or (end is not None and (last or index > end))
        or (last and behind)
    ):
        raise BeepError("history_full")
    HistoryChunk.objects.create(pairing=row, index=index, last=last, body=chunk, stored_at=clock.now())


def listed(*, pairing: UUID, caller: Caller) -> tuple[list[int], int | None]:
    """The indexes that are stored, ascending, and the last one's when it is among them; raises as `get`."""
    row = _readable(pairing=pairing, caller=caller)
    found = list(row.history.order_by("index").values_list("index", "last"))
    return [index for index, _ in found], next((index for index, last in found if last), None)


def get(*, pairing: UUID, caller: Caller, index: int) -> bytes:
    """One chunk; raises BeepError `not_found` unless the caller is the new device and it is stored."""
    row = _readable(pairing=pairing, caller=caller)
    found = row.history.filter(index=index).first()
    if found is None:
        raise BeepError("not_found")
    return bytes(found.body)


@transaction.atomic
def done(*, pairing: UUID, caller: Caller) -> None:
    """End the transfer, from either side: what is stored is deleted and nothing is taken any more.

    Saying it again is fine. Raises BeepError `not_found` to anybody else.
    """
    row = Pairing.objects.select_for_update().filter(id=pairing).first()
    if row is None or caller.device not in (row.device_id, row.approver_id) or row.approved_at is None:
        raise BeepError("not_found")
    if row.history_ended_at is None:
        row.history_ended_at = clock.now()
        row.save(update_fields=["history_ended_at"])
    row.history.all().delete()


def _readable(*, pairing: UUID, caller: Caller) -> Pairing:
    return _running(Pairing.objects.filter(id=pairing, device=caller.device).first())


def _running(row: Pairing | None) -> Pairing:
    if row is None or row.approved_at is None:
        raise BeepError("not_found")
    if row.history_ended_at or row.approved_at + pairings.KEPT <= clock.now() or not _wanted(row):
        raise BeepError("pairing_refused")
    return row


def _wanted(row: Pairing) -> bool:
    """Whether the device that the history is for is still there to read it."""
    return row.device is not None and row.device.revoked_at is None
