"""Letters: they let a person in for the first time, or begin anew after everything was lost."""

from uuid import uuid4

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from accounts.models.bytes import exactly


class Activation(models.Model):
    """A single-use code on a printed letter, bound to a person. The code itself is printed, never stored.

    `kind` says what it opens: a first activation, or a reset, which officers must sign as well. A trigger of
    migration 0002 refuses to change a used or withdrawn letter: used once is used for
    ever.
    """

    class Kind(models.TextChoices):
        """What it opens."""

        ACTIVATION = "activation"
        RESET = "reset"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="activations")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.ACTIVATION)
    code_mac = models.BinaryField(unique=True)
    """HMAC-SHA-256(BEEP_CODE_KEY, the code's 20 symbols)."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, default=None)
    sealed_totp_seed = models.BinaryField(null=True, default=None)
    """Offered at begin; moved to the TOTP factor at finish and erased here."""
    used_at = models.DateTimeField(null=True, default=None)
    withdrawn_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            exactly("code_mac", 32, name="activation_mac_32_bytes"),
            CheckConstraint(condition=Q(kind__in=["activation", "reset"]), name="activation_kind_known"),
            CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="activation_expires_later"),
            CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="activation_used_or_withdrawn",
            ),
            CheckConstraint(
                condition=Q(sealed_totp_seed__isnull=True)
                | Q(used_at__isnull=True, withdrawn_at__isnull=True),
                name="activation_seed_erased_after_use",
            ),
            UniqueConstraint(
                fields=["person"],
                condition=Q(used_at__isnull=True, withdrawn_at__isnull=True),
                name="activation_one_open",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
