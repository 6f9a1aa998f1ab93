"""Whole columns as parameters: PostgreSQL's binary array format, made in one go.

psycopg's own list dumper asks an adapter for every element; for the hot path that costs more than the insert.
Layout (PostgreSQL `array_send`): int32 dimensions = 1, int32 has_null = 0, int32 element oid, int32 length,
int32 lower bound = 1, then for each element int32 length in bytes and the bytes. All big-endian.
"""

import struct
from collections.abc import Sequence
from typing import Any, Final

from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format

UUID: Final = 2950
BYTEA: Final = 17
INT8: Final = 20
TEXT: Final = 25
ARRAY_OF: Final = {UUID: 2951, BYTEA: 1001, INT8: 1016}
"""Element oid → array oid, from `pg_type.dat`."""

_HEADER: Final = struct.Struct(">iiiii")
_LENGTH: Final = struct.Struct(">i")
_INT8: Final = struct.Struct(">q")
_SIXTEEN: Final = _LENGTH.pack(16)


class Column(bytes):
    """An encoded array; the subclass says of what."""

    element: int


class Uuids(Column):
    """`uuid[]`."""

    element = UUID


class Bytes(Column):
    """`bytea[]`."""

    element = BYTEA


class Ints(Column):
    """`bigint[]`; an insert casts to the column's own integer."""

    element = INT8


def uuids(values: Sequence[bytes]) -> Uuids:
    """Ids of 16 bytes each."""
    return Uuids(_HEADER.pack(1, 0, UUID, len(values), 1) + b"".join([_SIXTEEN + value for value in values]))


def byteas(values: Sequence[bytes]) -> Bytes:
    """Byte strings of any length."""
    pack = _LENGTH.pack
    parts = [pack(len(value)) + value for value in values]
    return Bytes(_HEADER.pack(1, 0, BYTEA, len(values), 1) + b"".join(parts))


def ints(values: Sequence[int]) -> Ints:
    """Integers that fit in 64 bits, signed; raises struct.error otherwise."""
    flat: list[int] = [8] * (2 * len(values))
    flat[1::2] = values
    return Ints(_HEADER.pack(1, 0, INT8, len(values), 1) + struct.pack(">" + "iq" * len(values), *flat))


def int8(value: int) -> bytes:
    """One `bigint`; raises struct.error when it is none."""
    return _INT8.pack(value)


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def __init__(self, cls: type[Any], context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self.oid = ARRAY_OF[cls.element]

    def dump(self, obj: Column) -> bytes:
        return obj


class _UuidLoader(Loader):
    """Ids stay 16 bytes, as the wire has them; a `uuid.UUID` for each row would cost more than the row."""

    format = Format.BINARY

    def load(self, data: Any) -> bytes:
        return bytes(data)


class _Uuid(bytes):
    """One id as a parameter."""


class _UuidDumper(Dumper):
    format = Format.BINARY
    oid = UUID

    def dump(self, obj: bytes) -> bytes:
        return obj


def uuid(value: bytes) -> _Uuid:
    """One id of 16 bytes as a `uuid` parameter."""
    return _Uuid(value)


def register(context: AdaptContext) -> None:
    """Teach a connection these columns, and to give ids back as 16 bytes."""
    adapters = context.adapters
    for column in (Uuids, Bytes, Ints):
        adapters.register_dumper(column, _ColumnDumper)
    adapters.register_dumper(_Uuid, _UuidDumper)
    adapters.register_loader(UUID, _UuidLoader)
