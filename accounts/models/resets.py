"""Requests to begin somebody's identity anew after everything was lost."""

from uuid import uuid4

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from accounts.models.bytes import exactly


class ResetRequest(models.Model):
    """What somebody with a person's reset letter wants to become, until officers and time allow it.

    `statement` is the reset statement with the new device's and the new recovery key's signatures. The
    credentials beside it count for nothing before the end, and are erased then. The ticket (32 random bytes)
    is in the browser that asked; here is its SHA-256.
    """

    class State(models.TextChoices):
        """How it stands; signed and ready are told by the signatures and the clock."""

        OPEN = "open"
        FINISHED = "finished"
        DROPPED = "dropped"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    letter = models.OneToOneField("accounts.Activation", on_delete=models.PROTECT, related_name="+")
    statement = models.BinaryField()
    ticket_hash = models.BinaryField(unique=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN)
    signin_salt = models.BinaryField(null=True)
    signin_hash = models.BinaryField(null=True)
    sealed_totp_seed = models.BinaryField(null=True)
    totp_step = models.BigIntegerField()
    """The step of the code that proved the new authenticator: it and older ones never count again."""
    requested_at = models.DateTimeField()
    earliest_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            exactly("ticket_hash", 32, name="reset_ticket_hash_32_bytes"),
            exactly("signin_salt", 16, name="reset_salt_16_bytes"),
            exactly("signin_hash", 32, name="reset_signin_hash_32_bytes"),
            CheckConstraint(
                condition=Q(
                    state="open",
                    ended_at__isnull=True,
                    signin_salt__isnull=False,
                    signin_hash__isnull=False,
                    sealed_totp_seed__isnull=False,
                )
                | Q(
                    state__in=["finished", "dropped"],
                    ended_at__isnull=False,
                    signin_salt__isnull=True,
                    signin_hash__isnull=True,
                    sealed_totp_seed__isnull=True,
                ),
                name="reset_secrets_erased_at_the_end",
            ),
            CheckConstraint(condition=Q(earliest_at__gte=F("requested_at")), name="reset_not_before_asked"),
            UniqueConstraint(fields=["person"], condition=Q(state="open"), name="reset_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class ResetSignature(models.Model):
    """An officer's signature of a request's statement, with the certificate it was made under."""

    request = models.ForeignKey(ResetRequest, on_delete=models.PROTECT, related_name="signatures")
    officer_key = models.BinaryField()
    signature = models.BinaryField()
    certificate = models.BinaryField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            exactly("officer_key", 32, name="reset_officer_key_32_bytes"),
            exactly("signature", 64, name="reset_signature_64_bytes"),
            UniqueConstraint(fields=["request", "officer_key"], name="reset_officer_once"),
        ]

    def __str__(self) -> str:
        return f"signature of {self.request_id}"
