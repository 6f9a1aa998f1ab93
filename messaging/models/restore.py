"""Whether the server takes only re-uploads, because it was restored to an older point."""

from django.db import models
from django.db.models import Q


class Restore(models.Model):
    """One row at most, with primary key 1: while `read_only`, no log grows except by re-uploads.

    In the database and not in a setting, because every process must obey from the same moment on.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    read_only = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="restore_is_one", condition=Q(id=1))]
