"""The membership map of a conversation as the database keeps it, and what accepted frames make of it.

`messaging.membership` judges; here its answer becomes rows. A conversation's participants change under the
conversation's row lock only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from accounts.models import Person
from beep.clock import from_ms
from messaging.access import persons_of
from messaging.formats import ZERO_HASH, Role
from messaging.groups import frame_refused
from messaging.membership import Standing, fixed
from messaging.models import Conversation, ConversationKind, FormerStanding, Group, Participant

MAX_PERSONS: Final = 2_000
"""Members and invited persons of one group."""


@dataclass(frozen=True, slots=True)
class Change:
    """From which membership to which an accepted frame leads."""

    before: Mapping[UUID, Standing]
    after: Mapping[UUID, Standing]

    @property
    def ended(self) -> list[UUID]:
        """Who was a member and is none any more, ascending."""
        return sorted(
            person
            for person, standing in self.before.items()
            if standing.role is not Role.INVITED and person not in self.after
        )


def membership(conversation: Conversation) -> dict[UUID, Standing]:
    """Who is in it now, as what. Before the first group of a group conversation: nobody, not even its opener.

    In direct and self conversations it never changes.
    """
    if conversation.kind != ConversationKind.GROUP:
        return fixed(persons_of(conversation))
    if conversation.generation == 0:
        return {}
    rows = Participant.objects.filter(conversation=conversation, left_at__isnull=True)
    return {row.person_id: Standing(Role(row.role), row.base) for row in rows}


def standing_of(conversation: Conversation, person: UUID) -> Standing | None:
    """One person's place, without reading everybody's."""
    row = Participant.objects.filter(
        conversation=conversation, person_id=person, left_at__isnull=True
    ).first()
    return Standing(Role(row.role), row.base) if row else None


def follow(conversation: Conversation, *, group: Group, change: Change, seq: int, now_ms: int) -> None:
    """Make the participants what the envelope at `seq`, which belongs to `group`, has made them."""
    if conversation.kind != ConversationKind.GROUP:
        return
    before, after = change.before, change.after
    now = from_ms(now_ms)
    rows = Participant.objects.filter(conversation=conversation)
    gone = before.keys() - after.keys()
    rows.filter(person_id__in=[p for p in gone if before[p].role is Role.INVITED]).delete()
    rows.filter(person_id__in=change.ended).update(left_at=now, left_seq=seq)
    admitted = [
        Participant(
            conversation=conversation,
            person_id=person,
            role=int(standing.role),
            base=standing.base,
            joined_at=now,
            joined_seq=seq,
        )
        for person, standing in sorted(after.items())
        if person not in before or _comes_in(before[person], standing)
    ]
    Participant.objects.bulk_create(
        admitted,
        update_conflicts=True,
        unique_fields=["conversation", "person"],
        update_fields=["role", "base", "joined_at", "joined_seq", "left_at", "left_seq"],
    )
    for person, standing in after.items():
        former = before.get(person)
        if former is not None and former != standing and not _comes_in(former, standing):
            rows.filter(person_id=person).update(role=int(standing.role), base=standing.base)
    if seq == group.begun_seq:
        # A begin that nobody can use is followed by another one, on the same membership.
        return
    FormerStanding.objects.bulk_create(
        FormerStanding(
            group=group,
            seq=seq,
            person_id=person,
            role=int(before[person].role) if person in before else int(Role.NONE),
            base=before[person].base if person in before else ZERO_HASH,
        )
        for person in sorted(before.keys() | after.keys())
        if before.get(person) != after.get(person)
    )


def _comes_in(former: Standing, latter: Standing) -> bool:
    return former.role is Role.INVITED and latter.role is not Role.INVITED


def membership_before(conversation: Conversation, *, group: Group, seq: int) -> dict[UUID, Standing]:
    """The membership as it was before the envelope at `seq` of the current group.

    Asked when that envelope is a commit which members cannot use: what it and later ones changed has not
    happened for them. The changes are undone from the newest to that one.
    """
    found = membership(conversation)
    later = FormerStanding.objects.filter(group=group, seq__gte=seq).order_by("-seq")
    for row in later:
        if row.role == Role.NONE:
            found.pop(row.person_id, None)
        else:
            found[row.person_id] = Standing(Role(row.role), row.base)
    return found


def forget_former(group: Group) -> None:
    """The group is over: nothing of it is ever undone again."""
    FormerStanding.objects.filter(group=group).delete()


def check_known(after: Mapping[UUID, Standing], *, known: Mapping[UUID, Standing]) -> None:
    """Nobody is named who is no one, or who has left the directory, and nobody names a whole government.

    Raises BeepError `frame_refused` (person, too_many).
    """
    if len(after) > MAX_PERSONS:
        raise frame_refused("too_many")
    new = after.keys() - known.keys()
    if new:
        here = Person.objects.filter(id__in=new).exclude(state=Person.State.LEFT)
        if here.count() != len(new):
            raise frame_refused("person")
