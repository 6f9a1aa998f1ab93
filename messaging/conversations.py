"""Conversations: finding or making one, its state, and what a device is behind in.

`begin` and `commit` live in `messaging.handshakes` and are offered here too.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import OuterRef, Subquery

from accounts.models import Person
from audit import intake
from audit.events import Actor, ConversationOpened
from beep import clock
from beep.errors import BeepError
from messaging import protocol, rates
from messaging.access import conversation_of, current_group, state_of
from messaging.handshakes import Accepted, begin, commit
from messaging.models import Conversation, ConversationKind, Group, Participant

__all__ = ["Accepted", "begin", "commit", "conversation_state", "open_direct", "states_behind"]

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
    """The state of a conversation, for one of its persons. Raises BeepError `not_a_member`."""
    return _state(conversation_of(conversation=conversation, person=person))


def states_behind(*, person: UUID, cursors: Iterable[protocol.Cursor]) -> list[protocol.ConversationState]:
    """The conversations of `person` that a device with these cursors must look at, by id; one query.

    These are the ones whose log ends elsewhere than the cursor says (further on, or, after a restored backup,
    earlier), and the blocked ones, because blocking leaves no envelope. A conversation without a single
    envelope is not mentioned: to have been looked up is nobody's news.
    """
    known = {cursor.conversation: cursor.seq for cursor in cursors}
    group_id = Group.objects.filter(conversation=OuterRef("id"), generation=OuterRef("generation"))
    rows = (
        Conversation.objects.filter(
            participants__person_id=person, participants__left_at__isnull=True, last_seq__gt=0
        )
        .annotate(current_group_id=Subquery(group_id.values("group_id")[:1]))
        .order_by("id")
    )
    return [
        state_of(row, group_id=row.current_group_id)
        for row in rows
        if row.blocked or known.get(row.id.bytes) != row.last_seq
    ]


def _state(conversation: Conversation) -> protocol.ConversationState:
    group = current_group(conversation)
    return state_of(conversation, group_id=group.group_id if group else None)
