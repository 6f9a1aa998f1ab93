"""Commits that members say they cannot use."""

from django.db import models
from django.db.models import Q

from .group import Group


class CommitReport(models.Model):
    """A person's word that the commit at `seq` of `group`, or the Welcome beside it, is of no use to them.

    One row a person, group and commit, however many devices of theirs say it. `device_id` said it first.
    `froze`: the group was stopped by this word, with others'.
    """

    group = models.ForeignKey(
        Group, models.PROTECT, related_name="reports", db_column="group_ref", db_index=False
    )
    seq = models.BigIntegerField()
    person_id = models.UUIDField()
    device_id = models.UUIDField()
    reported_at = models.DateTimeField()
    froze = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="commit_report_once", fields=["group", "seq", "person_id"]),
            models.CheckConstraint(name="commit_report_seq", condition=Q(seq__gte=1)),
        ]
