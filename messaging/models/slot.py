"""Slots: the latest sealed value of a name that one member's device has put (read positions)."""

from django.db import models
from django.db.models import Q

from messaging import protocol

from .fields import BytesField, not_empty, not_longer


class SlotRow(models.Model):
    """The newest slot of a device; replaced when `counter` rises. Opaque to the server."""

    pk = models.CompositePrimaryKey("conversation_id", "device_id", "name")
    conversation_id = models.UUIDField()
    device_id = models.UUIDField()
    name = models.CharField(max_length=16)
    generation = models.IntegerField()
    epoch = models.BigIntegerField()
    leaf = models.BigIntegerField()
    counter = models.BigIntegerField()
    body = BytesField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="slot_name", condition=Q(name__in=["read"])),
            models.CheckConstraint(
                name="slot_counts",
                condition=Q(generation__gte=1) & Q(epoch__gte=1) & Q(leaf__gte=0) & Q(counter__gte=0),
            ),
            models.CheckConstraint(
                name="slot_body_length", condition=not_empty("body") & not_longer("body", protocol.MAX_SLOT)
            ),
        ]
