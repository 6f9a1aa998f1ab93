"""The time-based one-time code (RFC 6238) as a django-otp device."""

from typing import ClassVar

from django.db import models
from django.db.models import Manager, UniqueConstraint
from django_otp.models import Device as OtpDevice

from accounts.models.person import Person


class TotpFactor(OtpDevice):  # type: ignore[misc] # django-otp has no types
    """A person's authenticator. `accounts.totp` makes, checks and replaces it.

    The seed is 20 random bytes made by the server, shown once as a QR, kept sealed with AES-GCM under
    BEEP_FIELD_KEY with the person's id as associated data (a seed moved to another row does not open), erased
    when it is replaced.
    """

    # django-otp's own field, named here so that its type is known.
    user = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    sealed_seed = models.BinaryField()
    last_step = models.BigIntegerField(default=-1)
    """The newest 30-second step whose code was accepted: it and older ones never count again."""
    created_at = models.DateTimeField()

    objects: ClassVar[Manager["TotpFactor"]]

    class Meta:
        constraints = [UniqueConstraint(fields=["user"], name="totp_one_a_person")]

    def verify_token(self, token: str) -> bool:
        """Check and consume `token`; django-otp's own entrance to `accounts.totp.consume`."""
        from accounts.totp import consume  # The service imports this model.

        return consume(factor=self, token=token)
