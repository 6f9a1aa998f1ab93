"""The tree of ministries and their units, and who holds which post in it."""

from uuid import uuid4

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint


class OrgUnit(models.Model):
    """A ministry (depth 1) or a unit below one.

    `path` begins and ends with a slash and repeats every code from the ministry down, `/fin/budget/`: the
    subtree of a unit is a prefix search, and `/fin/` never matches `/finance/`.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    code = models.CharField(max_length=32)
    path = models.CharField(max_length=400, unique=True)
    depth = models.PositiveSmallIntegerField()
    name_latin = models.CharField(max_length=200)
    name_local = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(code__regex=r"^[a-z0-9][a-z0-9-]*$"), name="unit_code_plain"),
            CheckConstraint(condition=Q(path__regex=r"^(/[a-z0-9][a-z0-9-]*)+/$"), name="unit_path_slashes"),
            CheckConstraint(
                condition=Q(depth=1, parent__isnull=True) | Q(depth__gt=1, parent__isnull=False),
                name="unit_ministry_is_depth_1",
            ),
            CheckConstraint(condition=Q(depth__lte=8), name="unit_depth_limit"),
            CheckConstraint(condition=~Q(parent=F("id")), name="unit_not_its_own_parent"),
        ]
        indexes = [models.Index(fields=["path"], opclasses=["varchar_pattern_ops"], name="unit_path_prefix")]

    def __str__(self) -> str:
        return self.path

    @property
    def ministry_path(self) -> str:
        """Path of the ministry that this unit belongs to, itself at depth 1."""
        return "/" + self.path.split("/", 2)[1] + "/"


class Membership(models.Model):
    """A person's post in a unit. One of them is the primary one, which the directory shows."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="memberships")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="memberships")
    post_latin = models.CharField(max_length=200, blank=True, default="")
    post_local = models.CharField(max_length=200, blank=True, default="")
    primary = models.BooleanField(default=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["person", "unit"], name="membership_once_a_unit"),
            UniqueConstraint(fields=["person"], condition=Q(primary=True), name="membership_one_primary"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.unit_id}"
