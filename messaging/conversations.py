"""Conversations: finding or making one, and its state.

`begin` and `commit` have modules of their own and are offered here too.
"""

from typing import Final
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Person
from audit import intake
from audit.events import Actor, ConversationOpened
from beep import clock, rates
from beep.errors import BeepError
from messaging import protocol
from messaging.access import current_group, state_for, state_of
from messaging.begins import begin
from messaging.commits import commit
from messaging.handshakes import Accepted
from messaging.models import Conversation, ConversationKind, Participant, ParticipantRole
from messaging.roster import chains

__all__ = [
    "Accepted",
    "begin",
    "commit",
    "conversation_state",
    "open_direct",
    "open_group",
    "open_self",
]

OPENED_PER_MINUTE: Final = 60
"""New direct conversations of one person."""
GROUPS_PER_HOUR: Final = 100
"""New group conversations of one person, begun or not."""


@transaction.atomic
def open_direct(*, person: UUID, partner: UUID) -> protocol.ConversationState:
    """The one direct conversation of two persons, made when there is none.

    Nobody is told: the partner hears of it when a group begins. Two who open it at once get the same one, for
    the unique pair makes the second insert wait for the first and then do nothing.
    Raises BeepError `person_inactive`, `no_partner`, or `rate_limited` when `person` makes too many new ones.
    """
    active = set(
        Person.objects.filter(id__in=[person, partner], state=Person.State.ACTIVE).values_list(
            "id", flat=True
        )
    )
    if person not in active:
        raise BeepError("person_inactive")
    if partner == person or partner not in active:
        raise BeepError("no_partner")
    # As bytes, which is how PostgreSQL compares uuids.
    low, high = sorted((person, partner), key=lambda id_: id_.bytes)
    pair = Conversation.objects.filter(kind=ConversationKind.DIRECT, person_a=low, person_b=high)
    if (existing := pair.first()) is not None:
        return _state(existing)
    # Each new one leaves rows with the partner and in the audit log, so one client must not make them for a
    # whole directory.
    rates.spend(key=f"open:{person}", limit=OPENED_PER_MINUTE, seconds=60, now_ms=clock.now_ms())
    fresh = Conversation(
        id=uuid4(),
        kind=ConversationKind.DIRECT,
        person_a_id=low,
        person_b_id=high,
        created_at=clock.now(),
    )
    Conversation.objects.bulk_create([fresh], ignore_conflicts=True)
    conversation = pair.get()
    if conversation.id == fresh.id:
        Participant.objects.bulk_create(
            Participant(conversation=conversation, person_id=id_, joined_at=fresh.created_at)
            for id_ in (low, high)
        )
        _record(conversation, kind="direct", persons=[low, high], by=person)
    return _state(conversation)


@transaction.atomic
def open_group(*, person: UUID) -> protocol.ConversationState:
    """A new group conversation, with nobody in it but its opener, who is its admin and begins its group.

    Raises BeepError `person_inactive` or `rate_limited`.
    """
    _check_active(person)
    rates.spend(key=f"group:{person}", limit=GROUPS_PER_HOUR, seconds=3600, now_ms=clock.now_ms())
    chain = chains([person]).get(person)
    if chain is None:
        # Without devices there is nothing to begin it with.
        raise BeepError("device_unknown")
    conversation = Conversation.objects.create(kind=ConversationKind.GROUP, created_at=clock.now())
    Participant.objects.create(
        conversation=conversation,
        person_id=person,
        role=ParticipantRole.ADMIN,
        base=chain.bases[-1],
        joined_at=conversation.created_at,
    )
    _record(conversation, kind="group", persons=[person], by=person)
    return _state(conversation)


@transaction.atomic
def open_self(*, person: UUID) -> protocol.ConversationState:
    """The one conversation of a person's own devices, made when there is none.

    Raises BeepError `person_inactive`.
    """
    _check_active(person)
    own = Conversation.objects.filter(kind=ConversationKind.SELF, person_a=person)
    if (existing := own.first()) is not None:
        return _state(existing)
    fresh = Conversation(kind=ConversationKind.SELF, person_a_id=person, created_at=clock.now())
    # Of two devices that open it at once the second waits for the first, and does nothing.
    Conversation.objects.bulk_create([fresh], ignore_conflicts=True)
    conversation = own.get()
    if conversation.id == fresh.id:
        Participant.objects.create(conversation=conversation, person_id=person, joined_at=fresh.created_at)
        _record(conversation, kind="self", persons=[person], by=person)
    return _state(conversation)


def _check_active(person: UUID) -> None:
    if not Person.objects.filter(id=person, state=Person.State.ACTIVE).exists():
        raise BeepError("person_inactive")


def _record(conversation: Conversation, *, kind: str, persons: list[UUID], by: UUID) -> None:
    intake.record(
        ConversationOpened(actor=Actor(person=by), target=conversation.id, kind=kind, persons=persons)
    )


def conversation_state(*, person: UUID, conversation: UUID) -> protocol.ConversationState:
    """The state of a conversation, for one who is or was in it. Raises BeepError `not_a_member`."""
    return state_for(conversation=conversation, person=person)


def _state(conversation: Conversation) -> protocol.ConversationState:
    return state_of(conversation, group=current_group(conversation))
