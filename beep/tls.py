"""The TLS presentation language of MLS (RFC 9420 §2.1), read strictly: Beep's byte formats are written in it.

Integers are big-endian. A variable-length vector ``<V>`` is a length in bytes, then that many bytes; the two
highest bits of the length's first byte say how many bytes the length takes (RFC 9420 §2.1.2)::

    00  1 byte    0 ..         63
    01  2 bytes   0 ..     16,383
    10  4 bytes   0 .. 2^30 -   1
    11  invalid

A length must take the fewest bytes that can hold it. An optional value is a byte 0, or 1 and the value.

Every structure has exactly one encoding, so a value that was read encodes to the very bytes it came from;
``Struct.decode`` checks that once more before it lets the value go. No MLS structure contains itself, so the
depth of the calls is fixed by the code, and each byte is looked at a bounded number of times.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from enum import IntEnum, StrEnum
from typing import Self, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)


class TlsErrorCode(StrEnum):
    """Why bytes were not read. Values are stable."""

    TRUNCATED = "truncated"
    TRAILING_BYTES = "trailing_bytes"
    LENGTH_INVALID = "length_invalid"
    LENGTH_NOT_MINIMAL = "length_not_minimal"
    UNKNOWN_VALUE = "unknown_value"
    NOT_CANONICAL = "not_canonical"
    TOO_LARGE = "too_large"


class TlsError(Exception):
    """The bytes are not a canonical encoding of the wanted structure."""

    def __init__(self, code: TlsErrorCode, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


#: The largest message decoded at all: four times a Welcome for 250 hybrid devices with the ratchet tree in
#: it. The protocol's own frame limits are tighter; this one holds whoever the caller is.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024

MAX_VECTOR_BYTES = (1 << 30) - 1


class Reader:
    """A cursor over immutable bytes. Any failure raises ``TlsError`` and leaves the reader unusable."""

    __slots__ = ("_data", "_end", "_pos")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pos = 0
        self._end = len(data)

    @property
    def at_end(self) -> bool:
        """True when nothing is left in the innermost vector (or the message)."""
        return self._pos == self._end

    def fixed(self, count: int) -> bytes:
        """Exactly ``count`` bytes."""
        start = self._pos
        stop = start + count
        if stop > self._end:
            raise TlsError(
                TlsErrorCode.TRUNCATED, f"{count} bytes wanted at {start}, {self._end - start} left"
            )
        self._pos = stop
        return self._data[start:stop]

    def _uint(self, size: int) -> int:
        return int.from_bytes(self.fixed(size), "big")

    def u8(self) -> int:
        """uint8."""
        return self._uint(1)

    def u16(self) -> int:
        """uint16."""
        return self._uint(2)

    def u32(self) -> int:
        """uint32."""
        return self._uint(4)

    def u64(self) -> int:
        """uint64."""
        return self._uint(8)

    def enum8(self, kind: type[E]) -> E:
        """A one-byte enumeration; a value that ``kind`` does not list is an error."""
        return _member(kind, self.u8())

    def enum16(self, kind: type[E]) -> E:
        """A two-byte enumeration; a value that ``kind`` does not list is an error."""
        return _member(kind, self.u16())

    def _length(self) -> int:
        first = self.u8()
        prefix = first >> 6
        if prefix == 0:
            return first
        if prefix == 1:
            length = (first & 0x3F) << 8 | self.u8()
            smallest = 1 << 6
        elif prefix == 2:
            length = (first & 0x3F) << 24 | self._uint(3)
            smallest = 1 << 14
        else:
            raise TlsError(TlsErrorCode.LENGTH_INVALID, f"length prefix 0b11 at {self._pos - 1}")
        if length < smallest:
            raise TlsError(
                TlsErrorCode.LENGTH_NOT_MINIMAL, f"length {length} in {1 << prefix} bytes before {self._pos}"
            )
        return length

    def opaque(self) -> bytes:
        """``opaque value<V>``."""
        return self.fixed(self._length())

    def vector(self, read: Callable[[Reader], T]) -> tuple[T, ...]:
        """``T values<V>``: values read by ``read`` until the vector's bytes are used up exactly."""
        length = self._length()
        outer_end = self._end
        stop = self._pos + length
        if stop > outer_end:
            raise TlsError(
                TlsErrorCode.TRUNCATED,
                f"vector of {length} bytes at {self._pos}, {outer_end - self._pos} left",
            )
        self._end = stop
        values: list[T] = []
        while self._pos < stop:  # every MLS element takes at least one byte, so this ends
            values.append(read(self))
        self._end = outer_end
        return tuple(values)

    def optional(self, read: Callable[[Reader], T]) -> T | None:
        """``optional<T>`` (RFC 9420 §2.1.1)."""
        present = self.u8()
        if present == 0:
            return None
        if present != 1:
            raise TlsError(TlsErrorCode.UNKNOWN_VALUE, f"optional marked {present}, not 0 or 1")
        return read(self)

    def finish(self) -> None:
        """The structure has ended: anything left is an error."""
        if self._pos != self._end:
            raise TlsError(TlsErrorCode.TRAILING_BYTES, f"{self._end - self._pos} bytes after the structure")


def _member(kind: type[E], value: int) -> E:
    try:
        return kind(value)
    except ValueError:
        raise TlsError(TlsErrorCode.UNKNOWN_VALUE, f"{kind.__name__} {value} is not known") from None


class Writer:
    """Builds one encoding. A value out of range is a programming error: structures come in typed."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def getvalue(self) -> bytes:
        """What was written so far."""
        return bytes(self._buffer)

    def fixed(self, value: bytes) -> None:
        """The bytes as they are."""
        self._buffer += value

    def u8(self, value: int) -> None:
        """uint8."""
        self._buffer += value.to_bytes(1, "big")

    def u16(self, value: int) -> None:
        """uint16."""
        self._buffer += value.to_bytes(2, "big")

    def u32(self, value: int) -> None:
        """uint32."""
        self._buffer += value.to_bytes(4, "big")

    def u64(self, value: int) -> None:
        """uint64."""
        self._buffer += value.to_bytes(8, "big")

    def opaque(self, value: bytes | bytearray) -> None:
        """``opaque value<V>`` with the shortest length."""
        self._buffer += vector_length(len(value))
        self._buffer += value

    def vector(self, values: Iterable[T], write: Callable[[Writer, T], None]) -> None:
        """``T values<V>``, each written by ``write``."""
        inner = Writer()
        for value in values:
            write(inner, value)
        self.opaque(inner._buffer)

    def optional(self, value: T | None, write: Callable[[Writer, T], None]) -> None:
        """``optional<T>`` (RFC 9420 §2.1.1)."""
        if value is None:
            self.u8(0)
        else:
            self.u8(1)
            write(self, value)


def vector_length(length: int) -> bytes:
    """The shortest encoding of a vector's length in bytes (RFC 9420 §2.1.2).

    Raises ``ValueError`` above 2^30 - 1.
    """
    if length < 1 << 6:
        return length.to_bytes(1, "big")
    if length < 1 << 14:
        return (length | 0x4000).to_bytes(2, "big")
    if length <= MAX_VECTOR_BYTES:
        return (length | 0x8000_0000).to_bytes(4, "big")
    raise ValueError(f"a vector cannot hold {length} bytes")


class Struct(ABC):
    """A structure with one canonical encoding. ``read`` and ``write`` follow the RFC's field order."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    def read(cls, reader: Reader) -> Self:
        """Reads one value at the cursor."""

    @abstractmethod
    def write(self, writer: Writer) -> None:
        """Appends this value's encoding."""

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The value whose whole encoding is ``data``.

        Raises ``TlsError`` when bytes are missing, left over, not canonical or an unknown choice.
        """
        if len(data) > MAX_MESSAGE_BYTES:
            raise TlsError(TlsErrorCode.TOO_LARGE, f"{len(data)} bytes")
        reader = Reader(bytes(data))
        value = cls.read(reader)
        reader.finish()
        # The reader already refuses every second spelling; this catches the day that it does not.
        if value.encode() != data:
            raise TlsError(TlsErrorCode.NOT_CANONICAL, f"{cls.__name__} encodes to other bytes")
        return value

    def encode(self) -> bytes:
        """The canonical encoding."""
        writer = Writer()
        self.write(writer)
        return writer.getvalue()


def write_struct(writer: Writer, value: Struct) -> None:
    """``Struct.write`` in the shape that ``Writer.vector`` and ``Writer.optional`` take."""
    value.write(writer)
