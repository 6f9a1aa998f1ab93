"""Envelopes that clients hand back to a server that was restored to an older point."""

from django.db import models
from django.db.models import Q

from .fields import BytesField, exact_length, not_empty, not_longer


class Reupload(models.Model):
    """One person's copy of a lost envelope: what it says, and so what that person's devices have seen.

    Rows wait until enough persons agree, and are deleted when the seq is in the log again or the restore
    ends.
    """

    conversation_id = models.UUIDField()
    seq = models.BigIntegerField()
    person_id = models.UUIDField()
    hash = BytesField()
    """envelope_hash (`messaging.formats`): two copies are the same when it is."""
    envelope = BytesField()
    """`protocol.Envelope` in MessagePack, exactly as it came."""
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="reupload_once", fields=["conversation_id", "seq", "person_id"]),
            models.CheckConstraint(name="reupload_seq", condition=Q(seq__gte=1)),
            models.CheckConstraint(name="reupload_hash_length", condition=exact_length("hash")),
            models.CheckConstraint(
                name="reupload_envelope_length",
                condition=not_empty("envelope") & not_longer("envelope", 1_048_576),
            ),
        ]
