"""What the audit log is made from.

The tables are made by SQL (migrations 0001 and 0003) and Django only reads their shape.
"""

from uuid import uuid4

from django.db import models


class Intake(models.Model):
    """An event on its way into the log, written in the transaction of the act it tells of.

    `transaction` is the writing transaction's id (xid8): the integrator takes only rows below its snapshot's
    horizon, for ids alone commit out of order. The application may insert and nothing else.
    """

    id = models.BigAutoField(primary_key=True)
    transaction = models.BigIntegerField(editable=False)
    at = models.BigIntegerField()
    """Milliseconds UTC."""
    kind = models.CharField(max_length=64)
    body = models.BinaryField()
    """The leaf's exact bytes, at most 65,535."""

    class Meta:
        managed = False
        db_table = "audit_intake"

    def __str__(self) -> str:
        return f"{self.id} {self.kind}"


class Opening(models.Model):
    """What a commitment in a leaf hides.

    Stored apart, so that personal data can be erased and the log stays whole.
    """

    commitment = models.BinaryField(primary_key=True)
    """SHA-256 of salt and value, as it stands in the leaf."""
    salt = models.BinaryField()
    value = models.TextField()

    class Meta:
        managed = False
        db_table = "audit_opening"

    def __str__(self) -> str:
        return "opening"


class Leaf(models.Model):
    """An entry of the log. Written by the integrator alone; nothing is ever changed."""

    leaf_index = models.BigIntegerField(primary_key=True)
    at = models.BigIntegerField()
    """Milliseconds UTC, from the entry."""
    kind = models.CharField(max_length=64)
    hash = models.BinaryField()
    """RFC 6962 leaf hash of `body`."""
    body = models.BinaryField()
    """The entry's exact bytes, at most 65,535."""

    class Meta:
        managed = False
        db_table = "audit_leaf"

    def __str__(self) -> str:
        return f"{self.leaf_index} {self.kind}"


class Checkpoint(models.Model):
    """A head of the log as it was signed; who has cosigned it stands in `audit_cosignature`."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    at = models.BigIntegerField()
    """Milliseconds UTC."""
    note = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_checkpoint"

    def __str__(self) -> str:
        return f"checkpoint {self.size}"


class SavedSearch(models.Model):
    """A search that an auditor keeps under a name. Derived from nothing, proved by nothing: a convenience."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    person = models.UUIDField()
    name = models.CharField(max_length=80)
    filters = models.JSONField()
    """As `audit.search.Filters.plain` writes them."""
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="saved_search_once")]

    def __str__(self) -> str:
        return self.name


class AlertReview(models.Model):
    """An alert that an auditor has looked at; the review is a leaf of its own as well."""

    leaf = models.BigIntegerField(primary_key=True)
    person = models.UUIDField()
    note = models.CharField(max_length=500)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"review of {self.leaf}"


class Watched(models.Model):
    """What the watch (`audit.watch`) has told last, so that it tells of a change once."""

    name = models.CharField(max_length=200, primary_key=True)
    """`policy`, or `witness ` and its name."""
    value = models.CharField(max_length=100)

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"
