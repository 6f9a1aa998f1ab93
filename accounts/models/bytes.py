"""Check constraints on the length of byte columns: PostgreSQL's bytea has no length of its own."""

from django.db.models import CheckConstraint, F, IntegerField, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact, LessThanOrEqual


class OctetLength(Length):
    """`octet_length(column)`: bytes, never characters."""

    function = "OCTET_LENGTH"
    output_field = IntegerField()


def exactly(field: str, length: int, *, name: str) -> CheckConstraint:
    """`field` holds exactly `length` bytes, or NULL where the column allows it."""
    return CheckConstraint(condition=Q(Exact(OctetLength(F(field)), length)), name=name)


def at_most(field: str, length: int, *, name: str) -> CheckConstraint:
    """`field` holds at most `length` bytes, or NULL where the column allows it."""
    return CheckConstraint(condition=Q(LessThanOrEqual(OctetLength(F(field)), length)), name=name)
