"""The bytes of an identity statement: who a person's devices are. Pure: no Django.

::

    enum { device(1), recovery(2), officer(3) } Signer;      // u8
    struct {
      opaque id[16];
      opaque name<V>;            // UTF-8, NFC, 1..128 bytes, no control characters or unassigned code points
      u8 kind;                   // 1 regular, 2 temporary
      opaque signature_key[32];  // Ed25519
      u64 added_at;              // milliseconds UTC, below 2^53, as every time here
      u64 expires_at;            // 0: none; a temporary device has one
    } DeviceEntry;
    struct { opaque id[16]; opaque signature_key[32]; u64 revoked_at; } RevokedEntry;
    struct {
      u16 format = 1;
      opaque person[16];
      u32 version;               // from 1
      opaque prev_hash[32];      // zeros in statement 1
      opaque recovery_key[32];   // Ed25519
      u8 flags;                  // 0, or 1: reset
      DeviceEntry devices<V>;    // ascending by id
      RevokedEntry revoked<V>;   // ascending by id; no id and no key stands twice in the statement
      u64 at;
    } Statement;
    struct { u8 signer; opaque key[32]; opaque signature[64]; } Signature;
    struct { Statement statement; Signature signatures<V>; } SignedStatement;

The hash of a statement is SHA-256 over `Statement`, and each signature covers the same bytes under the label
IdentityStatement: signatures are outside both. What may follow what is `accounts.identity`'s business.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Final

from accounts.signing import KEY_BYTES, SIGNATURE_BYTES
from beep.tls import Reader, Struct, TlsError, Writer, write_struct

FORMAT: Final = 1
HASH_BYTES: Final = 32
ID_BYTES: Final = 16
MAX_NAME_BYTES: Final = 128
MAX_STATEMENT_BYTES: Final = 65_536
MAX_TIME: Final = (1 << 53) - 1
"""Milliseconds; the largest integer that every JSON and JavaScript reader holds exactly."""
NO_HASH: Final = bytes(HASH_BYTES)


class StatementMalformedError(Exception):
    """The bytes are not the canonical encoding of a statement (BeepError `statement_malformed`)."""


class DeviceKind(IntEnum):
    """How long a device is meant to stay."""

    REGULAR = 1
    TEMPORARY = 2


class Flags(IntEnum):
    """Whether the statement goes on or begins anew."""

    NONE = 0
    RESET = 1


class Signer(IntEnum):
    """Whose key made a signature."""

    DEVICE = 1
    RECOVERY = 2
    OFFICER = 3


@dataclass(frozen=True, slots=True)
class DeviceEntry(Struct):
    """A device that may speak for the person."""

    id: bytes
    name: str
    kind: DeviceKind
    signature_key: bytes
    added_at: int
    expires_at: int = 0

    @classmethod
    def read(cls, reader: Reader) -> DeviceEntry:
        """Reads one; raises StatementMalformedError or TlsError."""
        entry = cls(
            id=reader.fixed(ID_BYTES),
            name=read_name(reader.opaque()),
            kind=reader.enum8(DeviceKind),
            signature_key=reader.fixed(KEY_BYTES),
            added_at=_read_time(reader),
            expires_at=_read_time(reader),
        )
        if entry.kind is DeviceKind.TEMPORARY and entry.expires_at == 0:
            raise StatementMalformedError("a temporary device without an end")
        return entry

    def write(self, writer: Writer) -> None:
        """Appends the encoding."""
        writer.fixed(self.id)
        writer.opaque(self.name.encode())
        writer.u8(self.kind)
        writer.fixed(self.signature_key)
        writer.u64(self.added_at)
        writer.u64(self.expires_at)

    def expired(self, at: int) -> bool:
        """Whether the device has run out at `at` (milliseconds UTC)."""
        return self.expires_at != 0 and self.expires_at <= at


@dataclass(frozen=True, slots=True)
class RevokedEntry(Struct):
    """A device that never speaks for the person again."""

    id: bytes
    signature_key: bytes
    revoked_at: int

    @classmethod
    def read(cls, reader: Reader) -> RevokedEntry:
        """Reads one; raises StatementMalformedError or TlsError."""
        return cls(
            id=reader.fixed(ID_BYTES), signature_key=reader.fixed(KEY_BYTES), revoked_at=_read_time(reader)
        )

    def write(self, writer: Writer) -> None:
        """Appends the encoding."""
        writer.fixed(self.id)
        writer.fixed(self.signature_key)
        writer.u64(self.revoked_at)


@dataclass(frozen=True, slots=True)
class Statement(Struct):
    """The unsigned statement."""

    person: bytes
    version: int
    prev_hash: bytes
    recovery_key: bytes
    flags: Flags
    devices: tuple[DeviceEntry, ...]
    revoked: tuple[RevokedEntry, ...]
    at: int

    @classmethod
    def read(cls, reader: Reader) -> Statement:
        """Reads one; raises StatementMalformedError or TlsError."""
        if (number := reader.u16()) != FORMAT:
            raise StatementMalformedError(f"format {number}")
        statement = cls(
            person=reader.fixed(ID_BYTES),
            version=reader.u32(),
            prev_hash=reader.fixed(HASH_BYTES),
            recovery_key=reader.fixed(KEY_BYTES),
            flags=reader.enum8(Flags),
            devices=reader.vector(DeviceEntry.read),
            revoked=reader.vector(RevokedEntry.read),
            at=_read_time(reader),
        )
        if statement.version == 0:
            raise StatementMalformedError("version 0")
        _check_order(statement.devices)
        _check_order(statement.revoked)
        entries: tuple[DeviceEntry | RevokedEntry, ...] = (*statement.devices, *statement.revoked)
        if len({entry.id for entry in entries}) != len(entries):
            raise StatementMalformedError("a device is listed and revoked")
        if len({entry.signature_key for entry in entries}) != len(entries):
            raise StatementMalformedError("two devices share a key")
        return statement

    def write(self, writer: Writer) -> None:
        """Appends the encoding."""
        writer.u16(FORMAT)
        writer.fixed(self.person)
        writer.u32(self.version)
        writer.fixed(self.prev_hash)
        writer.fixed(self.recovery_key)
        writer.u8(self.flags)
        writer.vector(self.devices, write_struct)
        writer.vector(self.revoked, write_struct)
        writer.u64(self.at)

    @property
    def hash(self) -> bytes:
        """SHA-256 of the unsigned bytes."""
        return hashlib.sha256(self.encode()).digest()

    def device(self, device: bytes) -> DeviceEntry | None:
        """The listed device with this id, expired or not."""
        return next((entry for entry in self.devices if entry.id == device), None)


@dataclass(frozen=True, slots=True)
class Signature(Struct):
    """One signature with the key that made it."""

    signer: Signer
    key: bytes
    signature: bytes

    @classmethod
    def read(cls, reader: Reader) -> Signature:
        """Reads one; raises TlsError."""
        return cls(
            signer=reader.enum8(Signer),
            key=reader.fixed(KEY_BYTES),
            signature=reader.fixed(SIGNATURE_BYTES),
        )

    def write(self, writer: Writer) -> None:
        """Appends the encoding."""
        writer.u8(self.signer)
        writer.fixed(self.key)
        writer.fixed(self.signature)


@dataclass(frozen=True, slots=True)
class SignedStatement(Struct):
    """A statement with its signatures: what is stored and sent."""

    statement: Statement
    signatures: tuple[Signature, ...]

    @classmethod
    def read(cls, reader: Reader) -> SignedStatement:
        """Reads one; raises StatementMalformedError or TlsError."""
        return cls(statement=Statement.read(reader), signatures=reader.vector(Signature.read))

    def write(self, writer: Writer) -> None:
        """Appends the encoding."""
        self.statement.write(writer)
        writer.vector(self.signatures, write_struct)

    @classmethod
    def parse(cls, body: bytes) -> SignedStatement:
        """The signed statement whose canonical encoding is `body`; raises StatementMalformedError for
        anything else.
        """
        if len(body) > MAX_STATEMENT_BYTES:
            raise StatementMalformedError(f"{len(body)} bytes")
        try:
            return cls.decode(body)
        except TlsError as error:
            raise StatementMalformedError(str(error)) from error


def _read_time(reader: Reader) -> int:
    value = reader.u64()
    if value > MAX_TIME:
        raise StatementMalformedError("a time beyond 2^53")
    return value


def read_name(raw: bytes) -> str:
    """A name that people are shown: UTF-8 in NFC, 1 to 128 bytes, nothing that breaks or hides a line.

    Raises StatementMalformedError.
    """
    if not 1 <= len(raw) <= MAX_NAME_BYTES:
        raise StatementMalformedError(f"a name of {len(raw)} bytes")
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise StatementMalformedError("a name that is not UTF-8") from None
    # Unassigned code points: another Unicode version might give them another NFC form.
    if any(unicodedata.category(symbol) in {"Cc", "Zl", "Zp", "Cn"} for symbol in name):
        raise StatementMalformedError("a control character in a name")
    if not unicodedata.is_normalized("NFC", name):
        raise StatementMalformedError("a name that is not NFC")
    return name


def _check_order(entries: Sequence[DeviceEntry] | Sequence[RevokedEntry]) -> None:
    ids = [entry.id for entry in entries]
    if any(former >= latter for former, latter in pairwise(ids)):
        raise StatementMalformedError("entries out of order")
