"""The TLS presentation language (`beep.tls`), with errors in the terms of this package."""

from __future__ import annotations

from typing import Self

from beep import tls
from beep.tls import MAX_MESSAGE_BYTES, Reader, TlsError, Writer, vector_length, write_struct

from .errors import MlsDecodeError, MlsErrorCode

__all__ = ["MAX_MESSAGE_BYTES", "Reader", "Struct", "Writer", "vector_length", "write_struct"]


class Struct(tls.Struct):
    """An MLS structure with one canonical encoding. ``read`` and ``write`` follow the RFC's field order."""

    __slots__ = ()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The value whose whole encoding is ``data``; raises ``MlsDecodeError``."""
        try:
            return super().decode(data)
        except TlsError as error:
            raise MlsDecodeError(MlsErrorCode(f"mls_{error.code}"), error.message) from error
