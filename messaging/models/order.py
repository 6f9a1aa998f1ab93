"""Orders: what the directory authority asks the members of a group to do with a device."""

from django.db import models
from django.db.models import Q

from .fields import BytesField, exact_length, not_empty
from .group import Group


class OrderKind(models.IntegerChoices):
    """What an order asks for, with the values of `messaging.formats.OrderAction`.

    Remove and Add are about one device; Leave is about a person, whose every leaf goes.
    """

    REMOVE = 1
    ADD = 2
    LEAVE = 3


class Order(models.Model):
    """A signed order; open while `executed_seq` is null, then the seq of the commit that executed it.

    One that has expired is open no longer, though it stays until another about the same device is issued.
    `statement_hash` is the hash of the identity statement that the order rests on; `hash` is SHA-256 of the
    unsigned bytes, which a commit's `authenticated_data` names; `body` is the signed order.
    """

    group = models.ForeignKey(
        Group, models.PROTECT, related_name="orders", db_column="group_ref", db_index=False
    )
    kind = models.SmallIntegerField(choices=OrderKind.choices)
    person_id = models.UUIDField()
    """Whose device it is."""
    device_id = models.UUIDField()
    statement_hash = BytesField()
    expires_at = models.DateTimeField()
    body = BytesField()
    hash = BytesField(unique=True)
    executed_seq = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="order_kind", condition=Q(kind__in=OrderKind.values)),
            models.CheckConstraint(
                name="order_hash_lengths", condition=exact_length("hash") & exact_length("statement_hash")
            ),
            models.CheckConstraint(name="order_body_present", condition=not_empty("body")),
            models.UniqueConstraint(
                name="order_open_once",
                fields=["group", "kind", "device_id"],
                condition=Q(executed_seq__isnull=True),
            ),
            models.UniqueConstraint(
                name="order_leave_open_once",
                fields=["group", "person_id"],
                condition=Q(executed_seq__isnull=True, kind=OrderKind.LEAVE),
            ),
        ]
        indexes = [
            # A device that is revoked takes its own Add orders back.
            models.Index(
                name="order_open_of_device", fields=["device_id"], condition=Q(executed_seq__isnull=True)
            ),
        ]
