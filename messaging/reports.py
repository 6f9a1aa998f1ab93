"""Commits that members cannot use: when two persons say so, the group is frozen and a successor may begin.

The server cannot tell whether a commit's secrets open or its tags are right (`messaging.mls.check_commit`),
so it must take the members' word. One person's is not enough to stop a group: it may be that device that is
broken, and it can rejoin by an order. Nor is the word of two who lie, again and again (docs/adr/0026): those
who can use the commit show it by going on from it, and outvote them; and whoever has stopped a group waits a
day until their word counts for that again, unless they are an admin, who may begin a successor anyway.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Device
from audit import intake
from audit.events import Actor, CommitReported, GroupFrozen
from beep import clock, rates
from beep.errors import BeepError
from messaging import notices, protocol
from messaging.access import acting_device, conversation_of, current_group, lock_conversation, state_of
from messaging.handshakes import conflict
from messaging.models import (
    CommitReport,
    Conversation,
    ConversationKind,
    Envelope,
    Group,
    Leaf,
    Participant,
    ParticipantRole,
)

PER_MINUTE: Final = 20
"""Reports of one device."""
PERSONS: Final = 2
"""How many persons freeze a group; fewer where there are not as many beside the committer."""
AGAIN: Final = timedelta(days=1)
"""How long the word of somebody who has stopped a conversation stops it no more."""


@transaction.atomic
def report_commit(*, device: UUID, frame: protocol.ReportCommit, now_ms: int) -> None:
    """Write down that a device cannot use the commit or begin at `frame.seq`; twice is as good as once.

    Only who was to use it may say so: a member since then, other than the committer's person, in a self
    conversation another device than the committer; and no device that has gone on from it.
    Raises BeepError `device_unknown`, `device_revoked`, `person_inactive`, `not_a_member`, `rate_limited`,
    `generation_conflict`, `range_refused` (no commit of this generation is there) or `forbidden`.
    """
    acting = acting_device(device=device, now_ms=now_ms)
    id_, person = UUID(bytes=frame.conversation), acting.person_id
    conversation_of(conversation=id_, person=person)
    rates.spend(key=f"report:{device}", limit=PER_MINUTE, seconds=60, now_ms=now_ms)
    conversation = lock_conversation(conversation=id_, person=person)
    group = current_group(conversation)
    if group is None or frame.generation != conversation.generation:
        raise conflict("generation_conflict", conversation)
    reported = Envelope.objects.filter(
        conversation_id=id_, seq=frame.seq, generation=group.generation, kind__gte=protocol.COMMIT
    ).first()
    if reported is None:
        raise BeepError("range_refused")
    committer = Device.objects.values_list("person_id", flat=True).get(id=reported.device_id)
    own = conversation.kind == ConversationKind.SELF
    if device == reported.device_id or (person == committer and not own):
        raise BeepError("forbidden", "Nobody reports a commit of their own.")
    if _has_used_it(conversation, reported, device=device, person=person):
        raise BeepError("forbidden", "This device has used the commit, or came after it.")
    report, new = CommitReport.objects.get_or_create(
        group=group,
        seq=reported.seq,
        person_id=person,
        defaults={"device_id": device, "reported_at": clock.from_ms(now_ms)},
    )
    if not new:
        return
    intake.record(
        CommitReported(
            actor=Actor(person=person, device=device),
            target=conversation.id,
            generation=group.generation,
            seq=report.seq,
            committer=reported.device_id,
        )
    )
    if conversation.frozen_seq is None and _enough(conversation, group, reported, committer=committer):
        _freeze(conversation, group, seq=report.seq, committer=reported.device_id)


def _has_used_it(conversation: Conversation, reported: Envelope, *, device: UUID, person: UUID) -> bool:
    """Whether the person came in later, or the device has spoken in an epoch after it."""
    late = Participant.objects.filter(
        conversation=conversation, person_id=person, joined_seq__gt=reported.seq
    )
    return late.exists() or spoken_after(reported).filter(device_id=device).exists()


def spoken_after(commit: Envelope) -> "QuerySet[Envelope]":
    """What was said and done in later epochs of the group, by whoever could use `commit`."""
    return Envelope.objects.filter(
        conversation_id=commit.conversation_id,
        seq__gt=commit.seq,
        generation=commit.generation,
        epoch__gt=commit.epoch,
    )


def _enough(conversation: Conversation, group: Group, reported: Envelope, *, committer: UUID) -> bool:
    said = set(CommitReport.objects.filter(group=group, seq=reported.seq).values_list("person_id", flat=True))
    if conversation.kind != ConversationKind.GROUP:
        return len(said) >= 1
    used = _persons_beyond(reported) - {committer}
    counting = _unspent(conversation, said - used)
    others = Leaf.objects.filter(group=group).exclude(person_id=committer)
    needed = min(PERSONS, max(1, others.values("person_id").distinct().count()))
    return len(counting) >= needed and len(counting) > len(used)


def _persons_beyond(commit: Envelope) -> set[UUID]:
    """Whose devices have gone on from it; a second device that cannot does not change that it can be used."""
    devices = spoken_after(commit).values("device_id")
    return set(Device.objects.filter(id__in=devices).values_list("person_id", flat=True))


def _unspent(conversation: Conversation, persons: Collection[UUID]) -> set[UUID]:
    """Those whose word still counts: who has stopped the conversation of late has had it counted."""
    spent = CommitReport.objects.filter(
        group__conversation=conversation,
        person_id__in=persons,
        froze=True,
        reported_at__gt=clock.now() - AGAIN,
    )
    admins = conversation.participants.filter(role=ParticipantRole.ADMIN, left_at__isnull=True)
    return set(persons) - (
        set(spent.values_list("person_id", flat=True)) - set(admins.values_list("person_id", flat=True))
    )


def _freeze(conversation: Conversation, group: Group, *, seq: int, committer: UUID) -> None:
    conversation.frozen_seq = seq
    conversation.blocked = True
    conversation.save(update_fields=["frozen_seq", "blocked"])
    CommitReport.objects.filter(group=group, seq=seq).update(froze=True)
    intake.record(
        GroupFrozen(
            actor=Actor(system="messaging"),
            target=conversation.id,
            generation=group.generation,
            seq=seq,
            committer=committer,
        )
    )
    state = state_of(conversation, group=group)
    notices.conversation_changed(state, state.persons)
