"""A new device on its way into a person's list: what both sides said, and the history that follows it."""

from uuid import uuid4

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from accounts.models.bytes import at_most, exactly
from accounts.models.devices import Device


class Pairing(models.Model):
    """One attempt of a new device to be approved by a device that its person has.

    The server relays what the two say and understands none of it: whether they mean the same keys is for
    people to compare. The new side proves itself by the ticket of its sign-in; of that, here is SHA-256.
    """

    class State(models.TextChoices):
        """How far it came."""

        OPEN = "open"
        APPROVED = "approved"
        """The statement that lists the device is in the chain; its session is not open yet."""
        FINISHED = "finished"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    person = models.ForeignKey("accounts.Person", on_delete=models.CASCADE, related_name="+")
    ticket_hash = models.BinaryField()
    kind = models.PositiveSmallIntegerField(choices=Device.Kind.choices)
    address = models.GenericIPAddressField(null=True)
    """Where the new side asked from, for the person who approves."""
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN)
    approver = models.ForeignKey(Device, null=True, on_delete=models.PROTECT, related_name="+")
    """The device that answered first; no other one may take part."""
    device = models.ForeignKey(Device, null=True, on_delete=models.PROTECT, related_name="+")
    """The device that the approved statement added."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, default=None)
    history_ended_at = models.DateTimeField(null=True, default=None)
    """Set when the transfer of history was ended: its chunks are deleted and none is taken any more."""

    class Meta:
        constraints = [
            exactly("ticket_hash", 32, name="pairing_ticket_hash_32_bytes"),
            CheckConstraint(condition=Q(kind__in=[1, 2]), name="pairing_kind_known"),
            CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="pairing_expires_later"),
            CheckConstraint(
                condition=Q(state__in=["open", "dead"], device__isnull=True, approved_at__isnull=True)
                | Q(
                    state__in=["approved", "finished"],
                    approver__isnull=False,
                    device__isnull=False,
                    approved_at__isnull=False,
                ),
                name="pairing_approved_by_and_whom",
            ),
            CheckConstraint(condition=~Q(device=F("approver")), name="pairing_not_self_approved"),
            UniqueConstraint(fields=["device"], name="pairing_device_once"),
            UniqueConstraint(fields=["ticket_hash"], condition=Q(state="open"), name="pairing_open_once"),
        ]
        indexes = [
            models.Index(fields=["person", "created_at"], name="pairing_of_person"),
            models.Index(fields=["ticket_hash"], name="pairing_of_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class PairingMessage(models.Model):
    """What one side said, opaque. Deleted with its pairing."""

    class Side(models.TextChoices):
        """Who said it."""

        NEW = "new"
        OLD = "old"

    pairing = models.ForeignKey(Pairing, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveSmallIntegerField()
    """From 1, without gaps."""
    side = models.CharField(max_length=8, choices=Side.choices)
    body = models.BinaryField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["pairing", "seq"], name="pairing_message_seq_once"),
            CheckConstraint(condition=Q(seq__gte=1, seq__lte=16), name="pairing_message_count"),
            CheckConstraint(condition=Q(side__in=["new", "old"]), name="pairing_message_side_known"),
            at_most("body", 8192, name="pairing_message_size"),
        ]

    def __str__(self) -> str:
        return f"{self.pairing_id} {self.seq}"


class HistoryChunk(models.Model):
    """A part of the past, sealed by the approving device to the new one; opaque here.

    Deleted as soon as the new device has taken everything, and after 14 days in any case.
    """

    pairing = models.ForeignKey(Pairing, on_delete=models.CASCADE, related_name="history")
    index = models.PositiveSmallIntegerField()
    last = models.BooleanField()
    body = models.BinaryField()
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["pairing", "index"], name="history_index_once"),
            UniqueConstraint(fields=["pairing"], condition=Q(last=True), name="history_one_last"),
            CheckConstraint(condition=Q(index__lt=1000), name="history_index_limit"),
            at_most("body", 400_000, name="history_chunk_size"),
        ]

    def __str__(self) -> str:
        return f"{self.pairing_id} {self.index}"
