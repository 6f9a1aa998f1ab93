"""Conversations and who is in them."""

import uuid
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from .fields import BytesField, exact_length

NO_BASE: Final = bytes(32)
"""`Participant.base` of somebody who is invited."""


class ConversationKind(models.IntegerChoices):
    """As in the group policy; the wire has the lower-case names."""

    DIRECT = 1
    GROUP = 2
    SELF = 3


class Conversation(models.Model):
    """A log and the group that may write to it now.

    `last_seq` is the log's end: whoever appends adds to it under this row's lock, so seq is dense and its
    order is the order of commits. `generation` and `epoch` are those of the current group (0 and 0: none has
    begun). `blocked` says that a leaf of the current group must go, or that the group is frozen: application
    messages are refused until a commit or a successor mends it. `frozen_seq` is the commit that members
    cannot use: only a successor helps. Lock this row before any other row of the conversation.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.SmallIntegerField(choices=ConversationKind.choices)
    person_a = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    """The lower of a direct conversation's two persons, by the bytes of the id; the one person of a self
    conversation; null in groups.
    """
    person_b = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    retention_class = models.SmallIntegerField(default=0)
    last_seq = models.BigIntegerField(default=0)
    generation = models.IntegerField(default=0)
    epoch = models.BigIntegerField(default=0)
    blocked = models.BooleanField(default=False)
    frozen_seq = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="conversation_kind", condition=Q(kind__in=ConversationKind.values)),
            models.CheckConstraint(
                name="conversation_pair",
                condition=(
                    Q(kind=ConversationKind.DIRECT)
                    & Q(person_a__isnull=False)
                    & Q(person_b__isnull=False)
                    & Q(person_a__lt=F("person_b"))
                )
                | Q(kind=ConversationKind.GROUP, person_a__isnull=True, person_b__isnull=True)
                | Q(kind=ConversationKind.SELF, person_a__isnull=False, person_b__isnull=True),
            ),
            models.UniqueConstraint(
                name="conversation_one_per_pair",
                fields=["person_a", "person_b"],
                condition=Q(kind=ConversationKind.DIRECT),
            ),
            models.UniqueConstraint(
                name="conversation_one_self",
                fields=["person_a"],
                condition=Q(kind=ConversationKind.SELF),
            ),
            models.CheckConstraint(
                name="conversation_frozen_is_blocked",
                condition=Q(frozen_seq__isnull=True) | Q(blocked=True, frozen_seq__gte=1),
            ),
            models.CheckConstraint(
                name="conversation_counts",
                condition=Q(last_seq__gte=0)
                & Q(generation__gte=0)
                & Q(epoch__gte=0)
                & Q(retention_class__gte=0),
            ),
            models.CheckConstraint(
                name="conversation_begun",
                condition=Q(generation=0, epoch=0, blocked=False)
                | Q(generation__gte=1, epoch__gte=1, last_seq__gte=1),
            ),
        ]


class ParticipantRole(models.IntegerChoices):
    """What a person may do in a conversation; direct and self conversations know only members.

    The values are those of `messaging.formats.RoleChange`. Somebody invited has no device yet: they are sent
    nothing, and become a member when a member adds their first device.
    """

    MEMBER = 1
    ADMIN = 2
    INVITED = 3


class Participant(models.Model):
    """A person in a conversation: the server's copy of the membership map, changed by accepted frames only.

    `base` is the hash of the person's statement 1 or latest reset when they were admitted (zeros while
    invited): a reset person is not let in by an order. `joined_seq` is the envelope that admitted them (0:
    the conversation's opening). Whoever is out keeps the row with `left_at` and `left_seq`, the envelope that
    removed them and the last one that they may read; coming back clears both.
    """

    conversation = models.ForeignKey(
        Conversation, models.PROTECT, related_name="participants", db_index=False
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    role = models.SmallIntegerField(choices=ParticipantRole.choices, default=ParticipantRole.MEMBER)
    base = BytesField(default=NO_BASE)
    joined_at = models.DateTimeField()
    joined_seq = models.BigIntegerField(default=0)
    left_at = models.DateTimeField(null=True)
    left_seq = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="participant_once", fields=["conversation", "person"]),
            models.CheckConstraint(name="participant_role", condition=Q(role__in=ParticipantRole.values)),
            models.CheckConstraint(name="participant_base_length", condition=exact_length("base")),
            models.CheckConstraint(
                name="participant_left_after_joining",
                condition=Q(left_at__isnull=True, left_seq__isnull=True)
                | Q(left_at__gte=F("joined_at"), left_seq__gte=F("joined_seq")),
            ),
            models.CheckConstraint(
                name="participant_invited_has_no_base",
                condition=~Q(role=ParticipantRole.INVITED) | Q(base=NO_BASE, left_at__isnull=True),
            ),
        ]
        indexes = [
            # "Which conversations is this person in?", asked by every resume and by every revocation; the
            # ones that somebody has left are asked for by a resume too.
            models.Index(name="participant_of_person", fields=["person", "conversation"]),
        ]
