"""Conversations: finding or making one, and its state.

`begin` and `commit` live in `messaging.handshakes` and are offered here too.
"""

from typing import Final
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Person
from audit import intake
from audit.events import Actor, ConversationOpened
from beep import clock
from beep.errors import BeepError
from messaging import protocol, rates
from messaging.access import current_group, state_for, state_of
from messaging.handshakes import Accepted, begin, commit
from messaging.models import Conversation, ConversationKind, Participant

__all__ = ["Accepted", "begin", "commit", "conversation_state", "open_direct"]

OPENED_PER_MINUTE: Final = 60
"""New direct conversations of one person."""


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
        intake.record(
            ConversationOpened(
                actor=Actor(person=person), target=conversation.id, kind="direct", persons=[low, high]
            )
        )
    return _state(conversation)


def conversation_state(*, person: UUID, conversation: UUID) -> protocol.ConversationState:
    """The state of a conversation, for one who is or was in it. Raises BeepError `not_a_member`."""
    return state_for(conversation=conversation, person=person)


def _state(conversation: Conversation) -> protocol.ConversationState:
    return state_of(conversation, group=current_group(conversation))
