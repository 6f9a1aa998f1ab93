"""Sessions of the console: apart from the messenger's, on another origin, and much shorter."""

from uuid import uuid4

from django.db import models
from django.db.models import CheckConstraint, F, Q

from accounts.models.bytes import exactly


class ConsoleSession(models.Model):
    """One sign-in to the console. It belongs to no device: a console holds no keys and reads no message.

    The token (32 random bytes, in a `__Host-` cookie of the console's own host) is stored as SHA-256.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    token_hash = models.BinaryField(unique=True)
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    """To the minute."""
    verified_at = models.DateTimeField()
    """When a one-time code was last given: what needs a fresh one looks here."""
    expires_at = models.DateTimeField()
    """The end, however much it is used."""
    ended_at = models.DateTimeField(null=True, default=None)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        constraints = [
            exactly("token_hash", 32, name="console_token_hash_32_bytes"),
            CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="console_ends_after_it_begins"),
        ]
        indexes = [
            models.Index(fields=["person"], condition=Q(ended_at__isnull=True), name="console_living"),
        ]

    def __str__(self) -> str:
        return str(self.id)
