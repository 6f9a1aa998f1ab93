"""Tokens for sockets that only say that something waits."""

from django.db import models
from django.db.models import F, Q

from .fields import BytesField, exact_length


class WakeToken(models.Model):
    """A session's wake token, as SHA-256. It ends with the session, however long it might last itself."""

    session_id = models.UUIDField(primary_key=True)
    token_hash = BytesField(unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="wake_token_hash_length", condition=exact_length("token_hash")),
            models.CheckConstraint(
                name="wake_token_ends_after_it_begins", condition=Q(expires_at__gt=F("created_at"))
            ),
        ]
