"""`authenticated_data` of every MLS message: readable by the server, covered by the sender's signature."""

# read and write are documented once, in Struct.
# ruff: noqa: D102

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Final, Self
from uuid import UUID

from beep.tls import Reader, Struct, Writer, write_struct

from .common import FORMAT, HASH_LENGTH, read_uint, read_uuid, refusal

FORMAT_WITH_ROLES: Final = 2


class Role(IntEnum):
    """What a role change makes of a person. NONE ends a membership or an invitation."""

    NONE = 0
    MEMBER = 1
    ADMIN = 2
    INVITED = 3


@dataclass(frozen=True, slots=True)
class RoleChange(Struct):
    """`opaque person[16]; u8 role`: one person's role from this commit on."""

    person: UUID
    role: Role

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(read_uuid(reader), reader.enum8(Role))

    def write(self, writer: Writer) -> None:
        writer.fixed(self.person.bytes)
        writer.u8(self.role)


@dataclass(frozen=True, slots=True)
class SeenCheckpoint(Struct):
    """`u64 size; opaque root[32]`: the key log as the sender has pinned it; the size is not 0."""

    size: int
    root: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        size = read_uint(reader)
        if size == 0:
            raise refusal("a checkpoint of an empty log")
        return cls(size, reader.fixed(HASH_LENGTH))

    def write(self, writer: Writer) -> None:
        writer.u64(self.size)
        writer.fixed(self.root)


@dataclass(frozen=True, slots=True)
class AuthenticatedData(Struct):
    """`authenticated_data` of every MLS message (RFC 9420 §6)::

        u16 format; u64 seen_seq; opaque transcript[32]; opaque franking_tag<V>; opaque order_hashes<V>;
        opaque checkpoint<V>; RoleChange roles<V> (format 2 only)

    The last seq that the sender had seen and T there; the franking tag of an application message (32 bytes;
    a commit has none); the hashes of the orders that a commit executes; in a commit the sender's pinned
    checkpoint of the key log, or nothing: members compare what they are shown.

    `roles`: ascending by person, each person once. Format 2 is the one with roles, so it has at least one,
    and no franking tag, for only commits change roles; everything else is format 1.
    """

    seen_seq: int
    transcript: bytes
    franking_tag: bytes
    order_hashes: tuple[bytes, ...]
    roles: tuple[RoleChange, ...] = ()
    checkpoint: SeenCheckpoint | None = None

    @classmethod
    def read(cls, reader: Reader) -> Self:
        if (format_ := reader.u16()) not in (FORMAT, FORMAT_WITH_ROLES):
            raise refusal(f"format {format_}")
        seen_seq = read_uint(reader)
        transcript = reader.fixed(HASH_LENGTH)
        franking_tag = reader.opaque()
        if len(franking_tag) not in (0, HASH_LENGTH):
            raise refusal(f"a franking tag of {len(franking_tag)} bytes")
        order_hashes = reader.vector(lambda inner: inner.fixed(HASH_LENGTH))
        raw = reader.opaque()
        checkpoint = SeenCheckpoint.decode(raw) if raw else None
        if checkpoint and franking_tag:
            raise refusal("an application message carries no checkpoint")
        if format_ == FORMAT:
            return cls(seen_seq, transcript, franking_tag, order_hashes, checkpoint=checkpoint)
        roles = reader.vector(RoleChange.read)
        if not roles:
            raise refusal("format 2 without a role")
        if franking_tag:
            raise refusal("an application message changes no roles")
        if any(former.person.bytes >= latter.person.bytes for former, latter in pairwise(roles)):
            raise refusal("roles out of order")
        return cls(seen_seq, transcript, franking_tag, order_hashes, roles, checkpoint)

    def write(self, writer: Writer) -> None:
        writer.u16(FORMAT_WITH_ROLES if self.roles else FORMAT)
        writer.u64(self.seen_seq)
        writer.fixed(self.transcript)
        writer.opaque(self.franking_tag)
        writer.opaque(b"".join(self.order_hashes))
        writer.opaque(self.checkpoint.encode() if self.checkpoint else b"")
        if self.roles:
            writer.vector(self.roles, write_struct)
