"""Devices, the identity chain that lists them, and the append-only list of revocations."""

from uuid import uuid4

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from accounts.models.bytes import exactly


class Device(models.Model):
    """An index over the newest identity statements, for joins.

    A row here is no proof: whoever can write this table could add one. What matters asks the signed chain
    (`accounts.devices.living`).
    """

    class Kind(models.IntegerChoices):
        """As in the identity statement."""

        REGULAR = 1
        TEMPORARY = 2

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    """Made by the device itself."""
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="devices")
    name = models.CharField(max_length=128)
    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    signature_key = models.BinaryField(unique=True)
    """Ed25519 public key, 32 bytes."""
    listed_in = models.PositiveIntegerField()
    """Version of the statement that added it."""
    added_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, default=None)
    last_seen_at = models.DateTimeField(null=True, default=None)
    revoked_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            exactly("signature_key", 32, name="device_key_32_bytes"),
            CheckConstraint(condition=Q(kind__in=[1, 2]), name="device_kind_known"),
            CheckConstraint(
                condition=Q(kind=1) | Q(kind=2, expires_at__isnull=False), name="device_temporary_expires"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class IdentityStatement(models.Model):
    """One signed statement of a person, the bytes exactly as they came. Rows are never changed or deleted.

    No fork can be stored: a hash has at most one successor, and every statement but the first names an
    existing one (a foreign key on (person, prev_hash), in migration 0002).
    """

    pk = models.CompositePrimaryKey("person_id", "version")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="statements")
    version = models.PositiveIntegerField()
    body = models.BinaryField()
    """Signed statement: unsigned bytes, then the signatures."""
    hash = models.BinaryField()
    """SHA-256 of the unsigned bytes."""
    prev_hash = models.BinaryField(null=True)
    """Null in statement 1, where the bytes say zeros."""
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [
            exactly("hash", 32, name="statement_hash_32_bytes"),
            exactly("prev_hash", 32, name="statement_prev_32_bytes"),
            CheckConstraint(
                condition=Q(version=1, prev_hash__isnull=True) | Q(version__gt=1, prev_hash__isnull=False),
                name="statement_first_has_no_prev",
            ),
            UniqueConstraint(fields=["person", "hash"], name="statement_hash_once"),
            UniqueConstraint(fields=["person", "prev_hash"], name="statement_one_successor"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} version {self.version}"


class Revocation(models.Model):
    """A device or session that ended early. Append-only; every server process polls it to close sockets.

    With `session` null the whole device is revoked. Rows commit out of id order: a poller needs an
    overlapping window.
    """

    class Reason(models.TextChoices):
        """Why it ended."""

        SIGNED_OUT = "signed_out"
        REVOKED = "revoked"
        """By the person, in the list of devices."""
        REPLACED = "replaced"
        LEFT = "left"
        SUSPENDED = "suspended"

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey("accounts.Session", null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=16, choices=Reason.choices)

    class Meta:
        indexes = [models.Index(F("at").desc(), name="revocation_by_time")]
        constraints = [
            CheckConstraint(
                condition=Q(reason__in=["signed_out", "revoked", "replaced", "left", "suspended"]),
                name="revocation_reason_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.device_id}"
