"""What of people's access must have an entry in the audit log: every session, every device."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from accounts.models import Device, Session
from audit import reconcile


def _sessions(before: datetime) -> Iterator[UUID]:
    return Session.objects.filter(created_at__lt=before).values_list("id", flat=True).iterator()


def _devices(before: datetime) -> Iterator[UUID]:
    return Device.objects.filter(added_at__lt=before).values_list("id", flat=True).iterator()


reconcile.register("session", actions={"session.begun"}, ids=_sessions)
reconcile.register("device", actions={"device.added"}, ids=_devices)
