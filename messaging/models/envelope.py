"""The log and its senders: the tables of the hot path.

Here devices and conversations are plain ids without foreign keys. A foreign key costs a row lock and an index
probe for every envelope, and would tie the log to the directory's tables when it is distributed by
conversation. What it would guarantee is already so: a row is written only while the conversation's row is
locked and after the device was found to be a living member; neither devices nor conversations are deleted.
"""

from django.db import models
from django.db.models import Q

from messaging import protocol

from .fields import BytesField, exact_length, not_longer


class Envelope(models.Model):
    """One row of a conversation's log: primary key (conversation, seq), dense from 1.

    `epoch` is the MLS epoch in which the frame was made (a begin: 0). `time_ms` is the server's time in
    milliseconds since 1970. `hash` is the envelope hash of `messaging.formats`. `body` may later be replaced
    by nothing when a record is disposed of; `body_hash`, the row and its seq stay.
    """

    pk = models.CompositePrimaryKey("conversation_id", "seq")
    conversation_id = models.UUIDField()
    seq = models.BigIntegerField()
    generation = models.IntegerField()
    epoch = models.BigIntegerField()
    kind = models.SmallIntegerField()
    device_id = models.UUIDField()
    counter = models.BigIntegerField()
    time_ms = models.BigIntegerField()
    body = BytesField()
    body_hash = BytesField()
    hash = BytesField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="envelope_counter_once", fields=["conversation_id", "device_id", "counter"]
            ),
            # The compare-and-swap of commits, kept by the database as well: one begin or commit an epoch.
            models.UniqueConstraint(
                name="envelope_one_commit_per_epoch",
                fields=["conversation_id", "generation", "epoch"],
                condition=Q(kind__in=[protocol.COMMIT, protocol.BEGIN]),
            ),
            models.CheckConstraint(
                name="envelope_kind", condition=Q(kind__gte=protocol.APPLICATION, kind__lte=protocol.BEGIN)
            ),
            models.CheckConstraint(
                name="envelope_counts",
                condition=Q(seq__gte=1)
                & Q(generation__gte=1)
                & Q(epoch__gte=0)
                & Q(counter__gte=1)
                & Q(time_ms__gte=0),
            ),
            models.CheckConstraint(
                name="envelope_begin_epoch", condition=~Q(kind=protocol.BEGIN) | Q(epoch=0)
            ),
            models.CheckConstraint(
                name="envelope_hash_lengths", condition=exact_length("hash") & exact_length("body_hash")
            ),
            models.CheckConstraint(
                name="envelope_body_length", condition=not_longer("body", protocol.MAX_FRAME)
            ),
        ]


class Stay(models.Model):
    """From which envelope to which a device has had a leaf in a conversation's groups without a break.

    `from_seq` is the begin or commit that gave it the leaf; `until_seq` is the one that took it, null while
    it has one. A device is handed what was said during its stays and nothing else (`messaging.engine.reads`):
    to whom nothing was encrypted nothing is served, so that keys which are stolen later open no ciphertext of
    before. What members do with their leaves in a successor group goes on the same stay.
    """

    id = models.BigAutoField(primary_key=True)
    conversation_id = models.UUIDField()
    device_id = models.UUIDField()
    from_seq = models.BigIntegerField()
    until_seq = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="stay_once", fields=["conversation_id", "device_id", "from_seq"]),
            models.UniqueConstraint(
                name="stay_one_open",
                fields=["conversation_id", "device_id"],
                condition=Q(until_seq__isnull=True),
            ),
            models.CheckConstraint(
                name="stay_ends_after_it_begins",
                condition=Q(from_seq__gte=0)
                & (Q(until_seq__isnull=True) | Q(until_seq__gte=models.F("from_seq"))),
            ),
        ]


class Sender(models.Model):
    """A device in a conversation: how far it has written and read.

    `last_counter` is the counter of its last accepted envelope (0: none). `delivered_seq` is what it has
    acknowledged. `generation` is the one in which the device has a leaf; 0 while it has none.
    """

    pk = models.CompositePrimaryKey("conversation_id", "device_id")
    conversation_id = models.UUIDField()
    device_id = models.UUIDField()
    last_counter = models.BigIntegerField(default=0, db_default=0)
    delivered_seq = models.BigIntegerField(default=0, db_default=0)
    generation = models.IntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="sender_counts",
                condition=Q(last_counter__gte=0) & Q(delivered_seq__gte=0) & Q(generation__gte=0),
            ),
        ]
