"""Duties beyond being an employee, and who granted them."""

from uuid import uuid4

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint


class Role(models.Model):
    """One duty of one person, until it expires or is ended.

    The database refuses that people grant themselves a role, and (by a trigger of migration 0002) that an
    auditor is also an administrator: who provisions must not review, who reviews must not provision.
    """

    class Duty(models.TextChoices):
        """What the role allows."""

        MINISTRY_ADMINISTRATOR = "ministry_administrator"
        """Provisions inside the subtree of `scope` only."""
        DIRECTORY_ADMINISTRATOR = "directory_administrator"
        AUDITOR = "auditor"
        RECORDS_OFFICER = "records_officer"
        CUSTODIAN = "custodian"
        MODERATOR = "moderator"
        """Receives reports about messages from the people of `scope`, and checks them."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="roles")
    duty = models.CharField(max_length=32, choices=Duty.choices)
    scope = models.ForeignKey("accounts.OrgUnit", null=True, on_delete=models.PROTECT, related_name="+")
    granted_by = models.ForeignKey("accounts.Person", null=True, on_delete=models.PROTECT, related_name="+")
    """Null only for the first administrator, whom the operator's command line appoints."""
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, default=None)
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            CheckConstraint(condition=~Q(granted_by=F("person")), name="role_not_self_granted"),
            CheckConstraint(
                condition=Q(
                    duty__in=[
                        "ministry_administrator",
                        "directory_administrator",
                        "auditor",
                        "records_officer",
                        "custodian",
                        "moderator",
                    ]
                ),
                name="role_duty_known",
            ),
            CheckConstraint(
                condition=Q(duty__in=["ministry_administrator", "moderator"], scope__isnull=False)
                | (~Q(duty__in=["ministry_administrator", "moderator"]) & Q(scope__isnull=True)),
                name="role_scope_where_needed",
            ),
            UniqueConstraint(
                fields=["person", "duty", "scope"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="role_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.duty} of {self.person_id}"
