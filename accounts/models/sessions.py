"""Sessions: who holds a cookie, from which device."""

from uuid import uuid4

from django.db import models
from django.db.models import CheckConstraint, F, Q

from accounts.models.bytes import exactly


class Session(models.Model):
    """One sign-in of one device. The token itself exists only in the cookie; here is its SHA-256.

    32 random bytes need no slow hash: nobody guesses them, and a stolen table opens no session.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    token_hash = models.BinaryField(unique=True)
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="sessions")
    device = models.ForeignKey("accounts.Device", on_delete=models.PROTECT, related_name="sessions")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    """To the minute: a write at every request would cost more than it tells."""
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        constraints = [
            exactly("token_hash", 32, name="session_token_hash_32_bytes"),
            CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="session_ends_after_it_begins"),
        ]
        indexes = [
            models.Index(
                fields=["device"], condition=Q(ended_at__isnull=True), name="session_living_of_device"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
