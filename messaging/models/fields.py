"""Bytes as Python knows them, and constraints on their length that PostgreSQL itself keeps."""

from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models import Expression, F, Func, IntegerField
from django.db.models.lookups import Exact, GreaterThan, LessThanOrEqual

HASH_LENGTH: Final = 32
"""Bytes of SHA-256, of a group id and of an Ed25519 public key."""


if TYPE_CHECKING:
    _BinaryField = models.BinaryField[bytes, bytes]
else:
    _BinaryField = models.BinaryField


class BytesField(_BinaryField):
    """`bytea` that is always read as `bytes`, which a memoryview would not be equal to in every place."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> bytes | None:
        """`bytes` or None, whatever the driver hands over."""
        return None if value is None else bytes(value)


def octet_length(name: str) -> Expression:
    """`octet_length(name)` in bytes."""
    return Func(F(name), function="octet_length", output_field=IntegerField())


def exact_length(name: str, length: int = HASH_LENGTH) -> Expression:
    """Condition: the column has exactly `length` bytes."""
    return Exact(octet_length(name), length)


def not_longer(name: str, length: int) -> Expression:
    """Condition: the column has at most `length` bytes."""
    return LessThanOrEqual(octet_length(name), length)


def not_empty(name: str) -> Expression:
    """Condition: the column has at least one byte."""
    return GreaterThan(octet_length(name), 0)
