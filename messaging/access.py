"""Fetch and authorise in one call: nobody holds a conversation whose membership was not asked for.

A stranger gets `not_a_member`, whether the conversation exists or not.
"""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
from django.db.models import QuerySet

from accounts.models import Device, Person
from beep import clock
from beep.clock import from_ms
from beep.errors import BeepError
from messaging import protocol
from messaging.engine import limits
from messaging.models import (
    Conversation,
    ConversationKind,
    Envelope,
    Group,
    Order,
    Participant,
    ParticipantRole,
)

PRESENT: Final = (ParticipantRole.MEMBER, ParticipantRole.ADMIN)
"""The roles whose persons are sent what is said; the invited wait outside."""

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
    """The conversation as it is, for one of its members. Raises BeepError `not_a_member`."""
    row = Conversation.objects.filter(
        id=conversation,
        participants__person_id=person,
        participants__left_at__isnull=True,
        participants__role__in=PRESENT,
    ).first()
    if row is None:
        raise BeepError("not_a_member")
    return row


def lock_conversation(*, conversation: UUID, person: UUID) -> Conversation:
    """The same, locked until the transaction ends: its log, group, epoch and members stand still.

    The lock is the one that an append takes (FOR NO KEY UPDATE), so the delivery engine waits for it too.
    """
    locked = Conversation.objects.select_for_update(no_key=True).filter(id=conversation).first()
    # Asked under the lock, by a statement that began after the wait for it: who was removed meanwhile is out.
    if locked is None:
        raise BeepError("not_a_member")
    present = Participant.objects.filter(
        conversation=locked, person_id=person, left_at__isnull=True, role__in=PRESENT
    )
    if not present.exists():
        raise BeepError("not_a_member")
    return locked


def persons_of(conversation: Conversation) -> list[UUID]:
    """Its members now, ascending; whoever is only invited is none."""
    if conversation.person_a_id is not None and conversation.person_b_id is not None:
        return [conversation.person_a_id, conversation.person_b_id]
    present = Participant.objects.filter(
        conversation=conversation, left_at__isnull=True, role__in=PRESENT
    ).order_by("person_id")
    return list(present.values_list("person_id", flat=True))


def is_large(conversation: Conversation) -> bool:
    """Whether it has too many members for what is only nice to know (`protocol.MAX_NAMED`)."""
    present = Participant.objects.filter(
        conversation=conversation, left_at__isnull=True, role__in=PRESENT
    ).values("id")
    # The members one by one, and no further than it takes to know.
    return len(present[: limits.LIVE_MEMBERS + 1]) > limits.LIVE_MEMBERS


def state_of(conversation: Conversation, *, group: Group | None) -> protocol.ConversationState:
    """The conversation on the wire, as its members see it; `group` is the current one."""
    return protocol.ConversationState(
        conversation=conversation.id.bytes,
        kind=KIND_NAMES[conversation.kind],
        persons=[person.bytes for person in persons_of(conversation)],
        last_seq=conversation.last_seq,
        generation=conversation.generation,
        epoch=conversation.epoch,
        group_id=group.group_id if group else None,
        blocked=conversation.blocked,
        orders=open_orders(group).count() if group else 0,
        frozen_seq=conversation.frozen_seq,
        left=False,
    )


def left_state(state: protocol.ConversationState, *, last_seq: int) -> protocol.ConversationState:
    """The state that somebody gets whom the envelope at `last_seq` has removed: where their log ends.

    `state` is the one after that envelope. Who talks there is none of their business any more.
    """
    return msgspec.structs.replace(
        state, persons=[], last_seq=last_seq, blocked=False, orders=0, frozen_seq=None, left=True
    )


def state_for(*, conversation: UUID, person: UUID) -> protocol.ConversationState:
    """The state of a conversation for one who is or was a member. Raises BeepError `not_a_member`."""
    own = Participant.objects.filter(conversation_id=conversation, person_id=person, role__in=PRESENT)
    participant = own.select_related("conversation").first()
    if participant is None:
        raise BeepError("not_a_member")
    row = participant.conversation
    if participant.left_seq is None:
        return state_of(row, group=current_group(row))
    last = Envelope.objects.get(conversation_id=row.id, seq=participant.left_seq)
    row.generation, row.epoch = last.generation, last.epoch + 1
    return left_state(state_of(row, group=current_group(row)), last_seq=last.seq)


def current_group(conversation: Conversation) -> Group | None:
    """The group of the current generation; None before the first."""
    return Group.objects.filter(conversation=conversation, generation=conversation.generation).first()


def open_orders(group: Group) -> "QuerySet[Order]":
    """What the authority asks of the group and no commit has done yet; expired orders ask nothing."""
    return Order.objects.filter(group=group, executed_seq__isnull=True, expires_at__gt=clock.now())
