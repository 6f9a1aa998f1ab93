"""What the audit log is made from.

The tables are made by SQL (migration 0001) and Django only reads their shape.
"""

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
