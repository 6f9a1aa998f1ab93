"""Device mailboxes: Welcomes on their way to the one device that each is for."""

from django.db import models
from django.db.models import Q

from .fields import BytesField, not_empty
from .group import GroupInfo


class Mailbox(models.Model):
    """The end of a device's mailbox. Its row lock orders deliveries, so that seq is dense."""

    device_id = models.UUIDField(primary_key=True)
    last_seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="mailbox_last_seq", condition=Q(last_seq__gte=0))]


class Mail(models.Model):
    """One Welcome for one device: its own secrets, and where the shared group info lies.

    Deleted when the device says that it has stored it, or when the device is revoked.
    """

    pk = models.CompositePrimaryKey("device_id", "seq")
    device_id = models.UUIDField()
    seq = models.BigIntegerField()
    conversation_id = models.UUIDField()
    generation = models.IntegerField()
    log_seq = models.BigIntegerField()
    """The envelope of the commit that added the device."""
    key_package_ref = BytesField()
    suite = models.IntegerField()
    secrets = BytesField()
    """EncryptedGroupSecrets (RFC 9420 §12.4.3.1): sealed to the device's init key."""
    group_info = models.ForeignKey(GroupInfo, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="mail_counts", condition=Q(seq__gte=1) & Q(generation__gte=1) & Q(log_seq__gte=1)
            ),
            models.CheckConstraint(name="mail_secrets_present", condition=not_empty("secrets")),
        ]
