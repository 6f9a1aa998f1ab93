"""Conversations and who is in them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class ConversationKind(models.IntegerChoices):
    """As in the group policy; the wire has the lower-case names."""

    DIRECT = 1
    GROUP = 2
    SELF = 3


class Conversation(models.Model):
    """A log and the group that may write to it now.

    `last_seq` is the log's end: whoever appends adds to it under this row's lock, so seq is dense and its
    order is the order of commits. `generation` and `epoch` are those of the current group (0 and 0: none has
    begun). `blocked` says that a leaf of the current group belongs to a revoked device: application messages
    are refused until a successor begins. Lock this row before any other row of the conversation.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.SmallIntegerField(choices=ConversationKind.choices)
    person_a = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    """The lower of a direct conversation's two persons, by the bytes of the id; null in other kinds."""
    person_b = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    retention_class = models.SmallIntegerField(default=0)
    last_seq = models.BigIntegerField(default=0)
    generation = models.IntegerField(default=0)
    epoch = models.BigIntegerField(default=0)
    blocked = models.BooleanField(default=False)
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
                | (~Q(kind=ConversationKind.DIRECT) & Q(person_a__isnull=True) & Q(person_b__isnull=True)),
            ),
            models.UniqueConstraint(
                name="conversation_one_per_pair",
                fields=["person_a", "person_b"],
                condition=Q(kind=ConversationKind.DIRECT),
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
    """What a person may do in a conversation; direct conversations know only members."""

    MEMBER = 1
    MODERATOR = 2


class Participant(models.Model):
    """A person in a conversation. Whoever has left keeps the row with `left_at`; coming back clears it."""

    conversation = models.ForeignKey(
        Conversation, models.PROTECT, related_name="participants", db_index=False
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    role = models.SmallIntegerField(choices=ParticipantRole.choices, default=ParticipantRole.MEMBER)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="participant_once", fields=["conversation", "person"]),
            models.CheckConstraint(name="participant_role", condition=Q(role__in=ParticipantRole.values)),
            models.CheckConstraint(
                name="participant_left_after_joining",
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("joined_at")),
            ),
        ]
        indexes = [
            # "Which conversations is this person in?", asked by every resume and by every revocation.
            models.Index(
                name="participant_present",
                fields=["person", "conversation"],
                condition=Q(left_at__isnull=True),
            ),
        ]
