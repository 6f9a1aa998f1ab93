"""Runs of directory sources, and changes that two people must agree on."""

from uuid import uuid4

from django.db import models
from django.db.models import CheckConstraint, F, Q

from accounts.models.bytes import exactly


class SyncRun(models.Model):
    """One run of a source, complete or not: what it saw, what it meant to do, how it ended."""

    class Outcome(models.TextChoices):
        """How the run ended."""

        RUNNING = "running"
        APPLIED = "applied"
        HELD = "held"
        """The guard wants a second administrator's approval of the plan."""
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    source = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, default=None)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, default=Outcome.RUNNING)
    counts = models.JSONField(default=dict)
    """Numbers by action; no personal data."""
    plan_hash = models.BinaryField(null=True, default=None)

    class Meta:
        constraints = [
            exactly("plan_hash", 32, name="sync_run_plan_hash_32_bytes"),
            CheckConstraint(
                condition=Q(outcome="running", finished_at__isnull=True)
                | (~Q(outcome="running") & Q(finished_at__isnull=False)),
                name="sync_run_finished_has_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.outcome}"


class Change(models.Model):
    """A change under dual control: one person asks, another approves exactly these bytes, then it is done."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    kind = models.CharField(max_length=64)
    payload = models.BinaryField()
    payload_hash = models.BinaryField()
    """SHA-256 of `payload`: what the approver saw and approved."""
    requested_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    approved_by = models.ForeignKey("accounts.Person", null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, default=None)
    done_at = models.DateTimeField(null=True, default=None)
    dropped_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            exactly("payload_hash", 32, name="change_hash_32_bytes"),
            CheckConstraint(condition=~Q(approved_by=F("requested_by")), name="change_not_self_approved"),
            CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="change_approval_whole",
            ),
            CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(approved_by__isnull=False),
                name="change_done_needs_approver",
            ),
            CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(dropped_at__isnull=True), name="change_done_or_dropped"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
