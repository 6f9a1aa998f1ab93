"""Lengths and readers that all of Beep's structures share. Pure."""

from enum import IntEnum
from typing import Final
from uuid import UUID

from beep.tls import Reader, TlsError, TlsErrorCode

FORMAT: Final = 1
HASH_LENGTH: Final = 32
ZERO_HASH: Final = bytes(HASH_LENGTH)
ZERO_UUID: Final = UUID(int=0)
UUID_LENGTH: Final = 16
NONCE_LENGTH: Final = 32
SLOT_NONCE_LENGTH: Final = 12
SIGNATURE_LENGTH: Final = 64
KEY_LENGTH: Final = 32
MAX_UINT: Final = (1 << 53) - 1
"""The largest integer that JavaScript holds exactly."""


class GroupSuite(IntEnum):
    """MLS cipher suites that a policy may name; see `messaging.mls.profile.CipherSuite`."""

    CLASSICAL = 0x0001
    HYBRID = 0x0053


def refusal(why: str) -> TlsError:
    """A value outside its choices."""
    return TlsError(TlsErrorCode.UNKNOWN_VALUE, why)


def read_format(reader: Reader) -> None:
    """`u16 format = 1`, or TlsError."""
    if (found := reader.u16()) != FORMAT:
        raise refusal(f"format {found}")


def read_uint(reader: Reader) -> int:
    """A u64 below 2^53, or TlsError."""
    if (value := reader.u64()) > MAX_UINT:
        raise refusal(f"{value} is not below 2^53")
    return value


def read_uuid(reader: Reader) -> UUID:
    """`opaque id[16]`."""
    return UUID(bytes=reader.fixed(UUID_LENGTH))
