"""What a begin or commit has changed in a membership, so that a commit which nobody can use can be undone."""

from django.db import models
from django.db.models import Q

from .fields import BytesField, exact_length
from .group import Group


class FormerStanding(models.Model):
    """A person's place before the envelope at `seq` of `group` changed it; `role` 0: they were not in it.

    Two members' word freezes a group at a commit. Its successor may then be judged by the membership before
    that commit, which is the newest one that those know who could not use it.
    """

    group = models.ForeignKey(
        Group, models.PROTECT, related_name="former_standings", db_column="group_ref", db_index=False
    )
    seq = models.BigIntegerField()
    person_id = models.UUIDField()
    role = models.SmallIntegerField()
    base = BytesField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="former_standing_once", fields=["group", "seq", "person_id"]),
            models.CheckConstraint(name="former_standing_role", condition=Q(role__gte=0, role__lte=3)),
            models.CheckConstraint(name="former_standing_base_length", condition=exact_length("base")),
            models.CheckConstraint(name="former_standing_seq", condition=Q(seq__gte=1)),
        ]
