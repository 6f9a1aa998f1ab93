"""What signing in leaves behind between two requests."""

from uuid import uuid4

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from accounts.models.bytes import exactly


class UsedChallenge(models.Model):
    """A challenge that was answered rightly, kept until it would expire anyway: it is never answered twice.

    Challenges themselves are not stored: they carry their own MAC (`accounts.challenges`).
    """

    digest = models.BinaryField(primary_key=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [exactly("digest", 32, name="used_challenge_32_bytes")]
        indexes = [models.Index(fields=["expires_at"], name="used_challenge_expiry")]

    def __str__(self) -> str:
        return "used challenge"


class Ticket(models.Model):
    """What a person has proved so far, when one more request must follow with a new identity statement.

    The token (32 random bytes) is in that person's browser alone; here is its SHA-256. Single use, ten
    minutes.
    """

    class Purpose(models.TextChoices):
        """Which request may spend it."""

        REPLACE = "replace"
        RECOVER = "recover"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    token_hash = models.BinaryField(unique=True)
    person = models.ForeignKey("accounts.Person", on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    sealed_totp_seed = models.BinaryField(null=True, default=None)
    """The new authenticator's seed, for recovery only."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            exactly("token_hash", 32, name="ticket_token_hash_32_bytes"),
            CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="ticket_expires_later"),
            CheckConstraint(
                condition=Q(purpose="replace", sealed_totp_seed__isnull=True) | Q(purpose="recover"),
                name="ticket_purpose_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Throttle(models.Model):
    """Recent failures of one account, address or known device.

    `key` is an HMAC, so that the table lists no addresses.
    """

    class Scope(models.TextChoices):
        """What is counted."""

        ACCOUNT = "account"
        ADDRESS = "address"
        DEVICE = "device"

    scope = models.CharField(max_length=16, choices=Scope.choices)
    key = models.BinaryField()
    failures = models.PositiveIntegerField(default=0)
    last_failure_at = models.DateTimeField()
    blocked_until = models.DateTimeField()

    class Meta:
        constraints = [
            exactly("key", 32, name="throttle_key_32_bytes"),
            UniqueConstraint(fields=["scope", "key"], name="throttle_once"),
        ]

    def __str__(self) -> str:
        return self.scope
