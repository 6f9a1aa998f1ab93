"""The group policy: what a group is for, fixed by construction because its group id is the hash of it."""

# read and write are documented once, in Struct.
# ruff: noqa: D102

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Self
from uuid import UUID

from beep.tls import Reader, Struct, Writer

from .common import FORMAT, HASH_LENGTH, NONCE_LENGTH, GroupSuite, read_format, read_uuid, refusal


class PolicyKind(IntEnum):
    """The kind of conversation that a group serves."""

    DIRECT = 1
    GROUP = 2
    SELF = 3


class SizeClass(IntEnum):
    """NORMAL groups are hybrid; LARGE ones may be classical."""

    NORMAL = 1
    LARGE = 2


@dataclass(frozen=True, slots=True)
class GroupPolicy(Struct):
    """What a group is for; its group id commits to these bytes::

        u16 format = 1; opaque nonce[32]; opaque conversation[16]; u8 kind; opaque persons<V>; u16 suite;
        u8 size_class; u8 retention_class; opaque ministry[16]; opaque registry[32]; opaque predecessor[32]

    `persons`: the two ids of a direct conversation, ascending; otherwise empty. `retention_class` 0,
    `ministry` and `registry` of zeros mean none. `predecessor` is the group id of the generation before, or
    zeros.
    """

    nonce: bytes
    conversation: UUID
    kind: PolicyKind
    persons: tuple[UUID, ...]
    suite: GroupSuite
    size_class: SizeClass
    retention_class: int
    ministry: UUID
    registry: bytes
    predecessor: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        read_format(reader)
        nonce = reader.fixed(NONCE_LENGTH)
        conversation = read_uuid(reader)
        kind = reader.enum8(PolicyKind)
        persons = reader.vector(read_uuid)
        if kind is PolicyKind.DIRECT:
            if len(persons) != 2 or not persons[0].bytes < persons[1].bytes:
                raise refusal("a direct conversation has two persons in ascending order")
        elif persons:
            raise refusal("only a direct conversation names its persons")
        return cls(
            nonce=nonce,
            conversation=conversation,
            kind=kind,
            persons=persons,
            suite=reader.enum16(GroupSuite),
            size_class=reader.enum8(SizeClass),
            retention_class=reader.u8(),
            ministry=read_uuid(reader),
            registry=reader.fixed(HASH_LENGTH),
            predecessor=reader.fixed(HASH_LENGTH),
        )

    def write(self, writer: Writer) -> None:
        writer.u16(FORMAT)
        writer.fixed(self.nonce)
        writer.fixed(self.conversation.bytes)
        writer.u8(self.kind)
        writer.opaque(b"".join(person.bytes for person in self.persons))
        writer.u16(self.suite)
        writer.u8(self.size_class)
        writer.u8(self.retention_class)
        writer.fixed(self.ministry.bytes)
        writer.fixed(self.registry)
        writer.fixed(self.predecessor)


def group_id(policy: bytes) -> bytes:
    """MLS group id: SHA-256("beep group v1" ‖ policy), 32 bytes."""
    return hashlib.sha256(b"beep group v1" + policy).digest()
