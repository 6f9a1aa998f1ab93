"""What messaging does when a device is revoked or a person's identity chain grows.

Both run inside the transaction that caused them: a device is out everywhere at once, or not at all.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.dispatch import receiver

from accounts import identity_chain
from accounts.signals import device_revoked, statement_appended
from audit import intake
from audit.events import Actor, ConversationBlocked
from messaging import key_packages, mailbox, notices, orders
from messaging.access import state_of
from messaging.models import Conversation, Group, Leaf, Participant


@receiver(device_revoked, dispatch_uid="messaging.device_revoked")
def on_device_revoked(*, device: UUID, person: UUID, at: datetime, **_: Any) -> None:
    """Block every conversation where the device has a leaf, order its removal, take back its KeyPackages.

    The sender has locked the person's row; then come the conversations, ascending, and then packages and
    mailbox, in the same order in which a begin or commit takes its locks.
    """
    rows = list(
        Conversation.objects.select_for_update(no_key=True, of=("self",))
        .filter(
            id__in=Leaf.objects.filter(
                device_id=device, group__generation=F("group__conversation__generation")
            ).values("group__conversation_id")
        )
        .order_by("id")
    )
    # Asked again under the locks: a successor may have begun while this waited for one.
    groups = {
        group.conversation_id: group
        for group in Group.objects.filter(
            conversation__in=rows, generation=F("conversation__generation"), leaves__device_id=device
        )
    }
    blocked = [row for row in rows if row.id in groups]
    Conversation.objects.filter(id__in=groups).update(blocked=True)
    statement = identity_chain.newest(person=person)
    if statement is not None:
        orders.issue_removals(
            person=person, device=device, groups=list(groups.values()), statement_hash=statement.hash, at=at
        )
    key_packages.withdraw(device=device)
    mailbox.empty(device=device)
    notices.device_ended(device.bytes)
    for row in blocked:
        row.blocked = True
        intake.record(
            ConversationBlocked(
                actor=Actor(system="messaging"), target=row.id, generation=row.generation, device=device
            )
        )
        state = state_of(row, group=groups[row.id])
        notices.conversation_changed(state, state.persons)


@receiver(statement_appended, dispatch_uid="messaging.statement_appended")
def on_statement_appended(*, person: UUID, version: int, **_: Any) -> None:
    """Tell everybody who shares a conversation, so that their clients fetch and check the chain."""
    shared = Participant.objects.filter(person_id=person, left_at__isnull=True).values("conversation_id")
    persons = Participant.objects.filter(conversation_id__in=shared, left_at__isnull=True)
    told = set(persons.values_list("person_id", flat=True)) | {person}
    notices.identity_changed(person.bytes, version, [id_.bytes for id_ in told])
