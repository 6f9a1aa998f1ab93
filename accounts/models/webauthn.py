"""Passkeys (WebAuthn) as django-otp devices, in tables of our own; enrolling and using them comes later.

The tables stand from the beginning because both models are swappable: changing them later means rewriting
every row that points at them.
"""

from django.db import models
from django_otp_webauthn.models import AbstractWebAuthnAttestation, AbstractWebAuthnCredential

from accounts.models.person import Person


class Passkey(AbstractWebAuthnCredential):  # type: ignore[misc] # django-otp-webauthn has no types
    """One authenticator of a person; the private key never leaves it."""

    # django-otp's own field, named here so that its type is known.
    user = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")

    class Meta(AbstractWebAuthnCredential.Meta):  # type: ignore[misc] # as above
        abstract = False


class PasskeyAttestation(AbstractWebAuthnAttestation):  # type: ignore[misc] # as above
    """What the authenticator said of itself when it was enrolled."""

    credential = models.OneToOneField(
        Passkey, on_delete=models.CASCADE, related_name="attestation", editable=False
    )

    class Meta(AbstractWebAuthnAttestation.Meta):  # type: ignore[misc] # as above
        abstract = False
