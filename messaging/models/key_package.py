"""The pool from which others take a device's KeyPackages (RFC 9420 §10)."""

import uuid

from django.db import models
from django.db.models import F, Q

from .fields import BytesField, not_empty


class KeyPackage(models.Model):
    """One uploaded KeyPackage, as its MLSMessage bytes.

    An ordinary one is claimed once: `claimed_at` and `claimed_by` stay until it is used in a Welcome or runs
    out, so that the server can tell that an added device's package was really handed to the committer. A last
    resort is never used up; its two columns name the latest claim.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey("accounts.Device", models.CASCADE, related_name="+", db_index=False)
    suite = models.IntegerField()
    ref = BytesField(unique=True)
    """KeyPackageRef (RFC 9420 §5.2): 32 bytes in the classical suite, 64 in the hybrid one."""
    body = BytesField()
    last_resort = models.BooleanField(default=False)
    not_after = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    claimed_by = models.ForeignKey(
        "accounts.Device", models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="key_package_one_last_resort", fields=["device", "suite"], condition=Q(last_resort=True)
            ),
            models.CheckConstraint(name="key_package_suite", condition=Q(suite__in=[0x0001, 0x0053])),
            models.CheckConstraint(
                name="key_package_body_present", condition=not_empty("body") & not_empty("ref")
            ),
            models.CheckConstraint(
                name="key_package_not_claimed_by_itself",
                condition=Q(claimed_by__isnull=True) | ~Q(claimed_by=F("device")),
            ),
        ]
        indexes = [
            models.Index(
                name="key_package_pool",
                fields=["device", "suite", "not_after"],
                condition=Q(claimed_at__isnull=True, last_resort=False),
            ),
            # What one device has in hand: the claims that are dropped once they run out.
            models.Index(name="key_package_of_device", fields=["device", "suite"]),
        ]
