"""Fetch and authorise in one call: nobody holds a conversation whose membership was not asked for.

A stranger gets `not_a_member`, whether the conversation exists or not.
"""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from accounts.models import Device, Person
from beep.clock import from_ms
from beep.errors import BeepError
from messaging import protocol
from messaging.models import Conversation, ConversationKind, Group, Participant

KIND_NAMES: Final[dict[int, Literal["direct", "group", "self"]]] = {
    ConversationKind.DIRECT: "direct",
    ConversationKind.GROUP: "group",
    ConversationKind.SELF: "self",
}


def acting_device(*, device: UUID, now_ms: int) -> Device:
    """The device, with its person, when it may act now.

    Raises BeepError `device_unknown`, `device_revoked` or `person_inactive`.
    """
    row = Device.objects.select_related("person").filter(id=device).first()
    if row is None:
        raise BeepError("device_unknown")
    if row.revoked_at is not None or _expired(row.expires_at, now_ms):
        raise BeepError("device_revoked")
    if row.person.state != Person.State.ACTIVE:
        raise BeepError("person_inactive")
    return row


def _expired(expires_at: datetime | None, now_ms: int) -> bool:
    return expires_at is not None and expires_at <= from_ms(now_ms)


def conversation_of(*, conversation: UUID, person: UUID) -> Conversation:
    """The conversation as it is, for one of its persons. Raises BeepError `not_a_member`."""
    row = Conversation.objects.filter(
        id=conversation, participants__person_id=person, participants__left_at__isnull=True
    ).first()
    if row is None:
        raise BeepError("not_a_member")
    return row


def lock_conversation(*, conversation: UUID, person: UUID) -> Conversation:
    """The same, locked until the transaction ends: its log, group and epoch stand still.

    The lock is the one that an append takes (FOR NO KEY UPDATE), so the delivery engine waits for it too.
    """
    row = (
        Conversation.objects.select_for_update(of=("self",), no_key=True)
        .filter(id=conversation, participants__person_id=person, participants__left_at__isnull=True)
        .first()
    )
    if row is None:
        raise BeepError("not_a_member")
    return row


def persons_of(conversation: Conversation) -> list[UUID]:
    """Who is in it now, ascending."""
    if conversation.person_a_id is not None and conversation.person_b_id is not None:
        return [conversation.person_a_id, conversation.person_b_id]
    present = Participant.objects.filter(conversation=conversation, left_at__isnull=True)
    return list(present.order_by("person_id").values_list("person_id", flat=True))


def state_of(conversation: Conversation, *, group_id: bytes | None) -> protocol.ConversationState:
    """The conversation on the wire; `group_id` is the current group's, None before the first."""
    return protocol.ConversationState(
        conversation=conversation.id.bytes,
        kind=KIND_NAMES[conversation.kind],
        persons=[person.bytes for person in persons_of(conversation)],
        last_seq=conversation.last_seq,
        generation=conversation.generation,
        epoch=conversation.epoch,
        group_id=group_id,
        blocked=conversation.blocked,
    )


def current_group(conversation: Conversation) -> Group | None:
    """The group of the current generation; None before the first."""
    return Group.objects.filter(conversation=conversation, generation=conversation.generation).first()
