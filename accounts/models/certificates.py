"""Certificates that something stored rests on: they must be found as long as it is."""

from django.db import models

from accounts.models.bytes import exactly


class KeptCertificate(models.Model):
    """A certificate of an officer who signed a reset. Rows are never changed or deleted.

    A row proves nothing by itself: it is believed only as far as the offline root's signature goes.
    """

    digest = models.BinaryField(primary_key=True)
    """SHA-256 of `body`."""
    body = models.BinaryField()
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [exactly("digest", 32, name="kept_certificate_digest_32_bytes")]

    def __str__(self) -> str:
        return "certificate"
