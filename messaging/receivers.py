"""What messaging does when accounts says that a device, an identity chain, a person or a pairing has changed.

Everything runs inside the transaction that caused it: a device is out everywhere at once, or not at all.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from accounts.signals import (
    device_revoked,
    pairing_waiting,
    person_changed,
    reset_requested,
    statement_appended,
)
from messaging import key_packages, mailbox, notices, orders, removals
from messaging.access import PRESENT
from messaging.models import Participant


@receiver(device_revoked, dispatch_uid="messaging.device_revoked")
def on_device_revoked(*, device: UUID, person: UUID, at: datetime, **_: Any) -> None:
    """Put it out of its groups, take back its KeyPackages and orders, empty its mailbox.

    The sender has locked the person's row; then come the conversations, ascending, and then packages and
    mailbox, in the same order in which a begin or commit takes its locks.
    """
    notices.device_ended(device.bytes)
    removals.put_out(device=device, person=person, at=at)
    orders.withdraw_adds(device=device)
    key_packages.withdraw(device=device)
    mailbox.empty(device=device)


@receiver(statement_appended, dispatch_uid="messaging.statement_appended")
def on_statement_appended(*, person: UUID, version: int, **_: Any) -> None:
    """Tell everybody who shares a conversation, so that their clients fetch and check the chain."""
    notices.identity_changed(person.bytes, version, _sharing(person))


@receiver(person_changed, dispatch_uid="messaging.person_changed")
def on_person_changed(*, person: UUID, **_: Any) -> None:
    """Tell everybody who shares a conversation: a verified mark holds for the name that it was given to."""
    notices.person_changed(person.bytes, _sharing(person))


@receiver(reset_requested, dispatch_uid="messaging.reset_requested")
def on_reset_requested(*, person: UUID, earliest: int, **_: Any) -> None:
    """Tell the person's own devices and everybody who shares a conversation, while it can be stopped."""
    notices.reset_requested(person.bytes, earliest, _sharing(person))


@receiver(pairing_waiting, dispatch_uid="messaging.pairing_waiting")
def on_pairing_waiting(*, person: UUID, pairing: UUID, **_: Any) -> None:
    """Tell the person's devices."""
    notices.pairing_waiting(person.bytes, pairing.bytes)


def _sharing(person: UUID) -> list[bytes]:
    """The person, and who shares a conversation with them."""
    own = Participant.objects.filter(person_id=person, left_at__isnull=True, role__in=PRESENT)
    others = Participant.objects.filter(
        conversation_id__in=own.values("conversation_id"), left_at__isnull=True, role__in=PRESENT
    )
    told = set(others.values_list("person_id", flat=True)) | {person}
    return [id_.bytes for id_ in told]
