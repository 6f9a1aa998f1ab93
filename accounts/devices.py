"""Devices as the server sees them: the table follows the signed chain; a row alone proves nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import Device, Person, Revocation, Session
from accounts.signals import device_revoked
from accounts.statements import DeviceEntry, Statement
from audit import events, intake
from audit.events import Actor
from beep import clock
from beep.errors import BeepError


def of_person(*, person: UUID) -> Sequence[Device]:
    """All devices of a person, revoked ones too, the newest first."""
    return list(Device.objects.filter(person_id=person).order_by("-added_at", "id"))


def living(*, person: Person, statement: Statement, device: UUID) -> DeviceEntry | None:
    """The entry of a device that may speak now, or None.

    `statement` is the newest of a chain that verified. The device must be listed there and unexpired, and its
    row must be this person's, under the same key, and unrevoked: a row without an entry was written by
    somebody without the person's keys, an entry without a living row belongs to somebody whom the directory
    has put out.
    """
    entry = statement.device(device.bytes)
    if entry is None or entry.expired(clock.now_ms()):
        return None
    row = Device.objects.filter(id=device, person=person, revoked_at__isnull=True).first()
    return entry if row and bytes(row.signature_key) == entry.signature_key else None


def check_new(*, entry: DeviceEntry) -> None:
    """Raises BeepError `conflict` when this device's id or key is known already, whosever it is."""
    known = Q(id=UUID(bytes=entry.id)) | Q(signature_key=entry.signature_key)
    if Device.objects.filter(known).exists():
        raise BeepError("conflict", "This device's id or key is known already.")


def follow(
    *,
    person: Person,
    previous: Statement | None,
    statement: Statement,
    reason: Revocation.Reason,
    actor: Actor,
) -> None:
    """Bring the table in line with `statement`, which was just appended after `previous`.

    Raises BeepError `conflict` when a new device's id or key is in the table already.
    """
    now = clock.now()
    before = {entry.id: entry for entry in previous.devices} if previous else {}
    listed = {entry.id for entry in statement.devices}
    for id_ in sorted(before.keys() - listed):
        row = Device.objects.select_for_update().filter(id=UUID(bytes=id_), person=person).first()
        if row is not None:
            revoke(device=row, at=now, reason=reason, actor=actor)
    for entry in statement.devices:
        if entry.id not in before:
            _add(person=person, entry=entry, version=statement.version, actor=actor)
        elif before[entry.id].name != entry.name:
            Device.objects.filter(id=UUID(bytes=entry.id), person=person).update(name=entry.name)


def revoke(*, device: Device, at: datetime, reason: Revocation.Reason, actor: Actor) -> None:
    """Put a device out, in the current transaction: its sessions end, sockets close, applications are told.

    Does nothing to a device that is out already.
    """
    if not Device.objects.filter(id=device.id, revoked_at__isnull=True).update(revoked_at=at):
        return
    device.revoked_at = at
    Session.objects.filter(device=device, ended_at__isnull=True).update(ended_at=at)
    Revocation.objects.create(person_id=device.person_id, device=device, at=at, reason=reason)
    intake.record(
        events.DeviceRevoked(actor=actor, target=device.id, person=device.person_id, reason=reason.value)
    )
    device_revoked.send(sender=Device, device=device.id, person=device.person_id, at=at)


def _add(*, person: Person, entry: DeviceEntry, version: int, actor: Actor) -> None:
    try:
        with transaction.atomic():
            device = Device.objects.create(
                id=UUID(bytes=entry.id),
                person=person,
                name=entry.name,
                kind=int(entry.kind),
                signature_key=entry.signature_key,
                listed_in=version,
                added_at=clock.from_ms(entry.added_at),
                expires_at=clock.from_ms(entry.expires_at) if entry.expires_at else None,
            )
    except IntegrityError as error:
        raise BeepError("conflict", "This device's id or key is known already.") from error
    except (OverflowError, ValueError) as error:
        raise BeepError("statement_malformed", "A time that no calendar holds.") from error
    intake.record(
        events.DeviceAdded(
            actor=actor, target=device.id, person=person.id, key=entry.signature_key, version=version
        )
    )
