"""Proposals and the commits that carry them (RFC 9420 §8.4, §12.1, §12.4).

All seven kinds of RFC 9420 are read, so that a forbidden one is refused by name and not as noise. An unknown
kind cannot be read at all: nothing says where it ends.
"""

# read and write are documented once, in Struct.
# ruff: noqa: D102

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from .tls import Reader, Struct, Writer, write_struct
from .tree import Extension, KeyPackage, LeafNode, UpdatePath


class ProposalType(IntEnum):
    """RFC 9420 §17.4."""

    ADD = 1
    UPDATE = 2
    REMOVE = 3
    PSK = 4
    REINIT = 5
    EXTERNAL_INIT = 6
    GROUP_CONTEXT_EXTENSIONS = 7


class PskType(IntEnum):
    """RFC 9420 §8.4."""

    EXTERNAL = 1
    RESUMPTION = 2


class ResumptionPskUsage(IntEnum):
    """RFC 9420 §8.4."""

    APPLICATION = 1
    REINIT = 2
    BRANCH = 3


@dataclass(frozen=True, slots=True)
class ExternalPsk(Struct):
    """The part of a PreSharedKeyID that names a key made outside MLS: ``opaque psk_id<V>`` (§8.4)."""

    psk_id: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque())

    def write(self, writer: Writer) -> None:
        writer.opaque(self.psk_id)


@dataclass(frozen=True, slots=True)
class ResumptionPsk(Struct):
    """The part that names an epoch: ``uint8 usage; opaque psk_group_id<V>; uint64 psk_epoch`` (§8.4)."""

    usage: ResumptionPskUsage
    psk_group_id: bytes
    psk_epoch: int

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.enum8(ResumptionPskUsage), reader.opaque(), reader.u64())

    def write(self, writer: Writer) -> None:
        writer.u8(self.usage)
        writer.opaque(self.psk_group_id)
        writer.u64(self.psk_epoch)


@dataclass(frozen=True, slots=True)
class PreSharedKeyId(Struct):
    """``uint8 psktype; ExternalPsk | ResumptionPsk; opaque psk_nonce<V>`` (RFC 9420 §8.4)."""

    psk: ExternalPsk | ResumptionPsk
    psk_nonce: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        psk_type = reader.enum8(PskType)
        psk = ExternalPsk.read(reader) if psk_type is PskType.EXTERNAL else ResumptionPsk.read(reader)
        return cls(psk, reader.opaque())

    def write(self, writer: Writer) -> None:
        writer.u8(PskType.EXTERNAL if isinstance(self.psk, ExternalPsk) else PskType.RESUMPTION)
        self.psk.write(writer)
        writer.opaque(self.psk_nonce)


@dataclass(frozen=True, slots=True)
class Add(Struct):
    """A device joins (RFC 9420 §12.1.1)."""

    key_package: KeyPackage

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(KeyPackage.read(reader))

    def write(self, writer: Writer) -> None:
        self.key_package.write(writer)


@dataclass(frozen=True, slots=True)
class Update(Struct):
    """A member replaces its own leaf (RFC 9420 §12.1.2)."""

    leaf_node: LeafNode

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(LeafNode.read(reader))

    def write(self, writer: Writer) -> None:
        self.leaf_node.write(writer)


@dataclass(frozen=True, slots=True)
class Remove(Struct):
    """The member at leaf index ``removed`` goes: ``uint32 removed`` (RFC 9420 §12.1.3)."""

    removed: int

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.u32())

    def write(self, writer: Writer) -> None:
        writer.u32(self.removed)


@dataclass(frozen=True, slots=True)
class PreSharedKey(Struct):
    """A pre-shared key is mixed in (RFC 9420 §12.1.4)."""

    psk: PreSharedKeyId

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(PreSharedKeyId.read(reader))

    def write(self, writer: Writer) -> None:
        self.psk.write(writer)


@dataclass(frozen=True, slots=True)
class ReInit(Struct):
    """The group ends in favour of another: ``opaque group_id<V>; uint16 version; uint16 cipher_suite;
    Extension extensions<V>`` (RFC 9420 §12.1.5)."""

    group_id: bytes
    version: int
    cipher_suite: int
    extensions: tuple[Extension, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque(), reader.u16(), reader.u16(), reader.vector(Extension.read))

    def write(self, writer: Writer) -> None:
        writer.opaque(self.group_id)
        writer.u16(self.version)
        writer.u16(self.cipher_suite)
        writer.vector(self.extensions, write_struct)


@dataclass(frozen=True, slots=True)
class ExternalInit(Struct):
    """Somebody joins by an external commit: ``opaque kem_output<V>`` (RFC 9420 §12.1.6)."""

    kem_output: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque())

    def write(self, writer: Writer) -> None:
        writer.opaque(self.kem_output)


@dataclass(frozen=True, slots=True)
class GroupContextExtensions(Struct):
    """The group's extensions are replaced (RFC 9420 §12.1.7)."""

    extensions: tuple[Extension, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.vector(Extension.read))

    def write(self, writer: Writer) -> None:
        writer.vector(self.extensions, write_struct)


ProposalBody = Add | Update | Remove | PreSharedKey | ReInit | ExternalInit | GroupContextExtensions

_BODIES: dict[ProposalType, type[ProposalBody]] = {
    ProposalType.ADD: Add,
    ProposalType.UPDATE: Update,
    ProposalType.REMOVE: Remove,
    ProposalType.PSK: PreSharedKey,
    ProposalType.REINIT: ReInit,
    ProposalType.EXTERNAL_INIT: ExternalInit,
    ProposalType.GROUP_CONTEXT_EXTENSIONS: GroupContextExtensions,
}
_TYPES = {body: proposal_type for proposal_type, body in _BODIES.items()}


@dataclass(frozen=True, slots=True)
class Proposal(Struct):
    """``uint16 proposal_type``, then the body of that type (RFC 9420 §12.1)."""

    body: ProposalBody

    @property
    def proposal_type(self) -> ProposalType:
        """Which of the seven kinds this is."""
        return _TYPES[type(self.body)]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(_BODIES[reader.enum16(ProposalType)].read(reader))

    def write(self, writer: Writer) -> None:
        writer.u16(self.proposal_type)
        self.body.write(writer)


class ProposalOrRefType(IntEnum):
    """RFC 9420 §12.4."""

    PROPOSAL = 1
    REFERENCE = 2


@dataclass(frozen=True, slots=True)
class ProposalReference:
    """The hash of a proposal that was sent before (RFC 9420 §5.2)."""

    reference: bytes


def _read_proposal_or_ref(reader: Reader) -> Proposal | ProposalReference:
    if reader.enum8(ProposalOrRefType) is ProposalOrRefType.PROPOSAL:
        return Proposal.read(reader)
    return ProposalReference(reader.opaque())


def _write_proposal_or_ref(writer: Writer, value: Proposal | ProposalReference) -> None:
    if isinstance(value, Proposal):
        writer.u8(ProposalOrRefType.PROPOSAL)
        value.write(writer)
    else:
        writer.u8(ProposalOrRefType.REFERENCE)
        writer.opaque(value.reference)


@dataclass(frozen=True, slots=True)
class Commit(Struct):
    """``ProposalOrRef proposals<V>; optional<UpdatePath> path`` (RFC 9420 §12.4)."""

    proposals: tuple[Proposal | ProposalReference, ...]
    path: UpdatePath | None

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.vector(_read_proposal_or_ref), reader.optional(UpdatePath.read))

    def write(self, writer: Writer) -> None:
        writer.vector(self.proposals, _write_proposal_or_ref)
        writer.optional(self.path, write_struct)
