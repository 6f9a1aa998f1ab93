"""What stands in the ratchet tree, what is added to it and the path that changes it
(RFC 9420 §5.3, §7.1 to §7.6, §10, §12.4.3.3)."""

# read and write are documented once, in Struct.
# ruff: noqa: D102

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from .errors import MlsDecodeError, MlsErrorCode
from .tls import Reader, Struct, Writer, write_struct

#: The only protocol version there is (RFC 9420 §6).
MLS10 = 1


def read_version(reader: Reader) -> None:
    """A ProtocolVersion, which must be mls10: what follows another version cannot be known."""
    version = reader.u16()
    if version != MLS10:
        raise MlsDecodeError(MlsErrorCode.VERSION_UNSUPPORTED, f"protocol version {version}")


class CredentialType(IntEnum):
    """RFC 9420 §17.5. Other types have contents that nobody here could delimit."""

    BASIC = 1
    X509 = 2


class LeafNodeSource(IntEnum):
    """RFC 9420 §7.2: what a leaf node was made for."""

    KEY_PACKAGE = 1
    UPDATE = 2
    COMMIT = 3


class NodeType(IntEnum):
    """RFC 9420 §7.8."""

    LEAF = 1
    PARENT = 2


@dataclass(frozen=True, slots=True)
class Extension(Struct):
    """``struct { uint16 extension_type; opaque extension_data<V>; }`` (RFC 9420 §7.2). Any type may occur."""

    extension_type: int
    extension_data: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.u16(), reader.opaque())

    def write(self, writer: Writer) -> None:
        writer.u16(self.extension_type)
        writer.opaque(self.extension_data)


@dataclass(frozen=True, slots=True)
class HpkeCiphertext(Struct):
    """``struct { opaque kem_output<V>; opaque ciphertext<V>; }`` (RFC 9420 §7.6)."""

    kem_output: bytes
    ciphertext: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque(), reader.opaque())

    def write(self, writer: Writer) -> None:
        writer.opaque(self.kem_output)
        writer.opaque(self.ciphertext)


@dataclass(frozen=True, slots=True)
class Credential(Struct):
    """``uint16 credential_type``, then ``opaque identity<V>`` or ``Certificate certificates<V>`` (§5.3).

    ``identity`` is set for a basic credential, ``certificates`` (DER, leaf first) for X.509; never both.
    """

    credential_type: CredentialType
    identity: bytes = b""
    certificates: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        credential_type = reader.enum16(CredentialType)
        if credential_type is CredentialType.BASIC:
            return cls(credential_type, identity=reader.opaque())
        return cls(credential_type, certificates=reader.vector(Reader.opaque))

    def write(self, writer: Writer) -> None:
        writer.u16(self.credential_type)
        if self.credential_type is CredentialType.BASIC:
            writer.opaque(self.identity)
        else:
            writer.vector(self.certificates, Writer.opaque)


@dataclass(frozen=True, slots=True)
class Capabilities(Struct):
    """Five vectors of uint16: versions, cipher suites, extensions, proposals, credentials (RFC 9420 §7.2).

    Values nobody knows are legal here (GREASE, §13.5), so they stay plain integers.
    """

    versions: tuple[int, ...]
    cipher_suites: tuple[int, ...]
    extensions: tuple[int, ...]
    proposals: tuple[int, ...]
    credentials: tuple[int, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        u16 = Reader.u16
        return cls(
            reader.vector(u16), reader.vector(u16), reader.vector(u16), reader.vector(u16), reader.vector(u16)
        )

    def write(self, writer: Writer) -> None:
        for values in (self.versions, self.cipher_suites, self.extensions, self.proposals, self.credentials):
            writer.vector(values, Writer.u16)


@dataclass(frozen=True, slots=True)
class Lifetime(Struct):
    """``struct { uint64 not_before; uint64 not_after; }``, seconds since 1970 (RFC 9420 §7.2)."""

    not_before: int
    not_after: int

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.u64(), reader.u64())

    def write(self, writer: Writer) -> None:
        writer.u64(self.not_before)
        writer.u64(self.not_after)


@dataclass(frozen=True, slots=True)
class LeafNode(Struct):
    """One device's leaf (RFC 9420 §7.2)::

        opaque encryption_key<V>; opaque signature_key<V>; Credential credential; Capabilities capabilities;
        uint8 leaf_node_source;
            key_package: Lifetime lifetime;    update: nothing;    commit: opaque parent_hash<V>;
        Extension extensions<V>; opaque signature<V>;

    ``lifetime`` is set exactly when the source is key_package, ``parent_hash`` exactly when it is commit.
    """

    encryption_key: bytes
    signature_key: bytes
    credential: Credential
    capabilities: Capabilities
    source: LeafNodeSource
    lifetime: Lifetime | None
    parent_hash: bytes | None
    extensions: tuple[Extension, ...]
    signature: bytes

    def __post_init__(self) -> None:
        assert (self.lifetime is not None) == (self.source is LeafNodeSource.KEY_PACKAGE)
        assert (self.parent_hash is not None) == (self.source is LeafNodeSource.COMMIT)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        encryption_key, signature_key = reader.opaque(), reader.opaque()
        credential, capabilities = Credential.read(reader), Capabilities.read(reader)
        source = reader.enum8(LeafNodeSource)
        return cls(
            encryption_key,
            signature_key,
            credential,
            capabilities,
            source,
            Lifetime.read(reader) if source is LeafNodeSource.KEY_PACKAGE else None,
            reader.opaque() if source is LeafNodeSource.COMMIT else None,
            reader.vector(Extension.read),
            reader.opaque(),
        )

    def _write_unsigned(self, writer: Writer) -> None:
        writer.opaque(self.encryption_key)
        writer.opaque(self.signature_key)
        self.credential.write(writer)
        self.capabilities.write(writer)
        writer.u8(self.source)
        if self.lifetime is not None:
            self.lifetime.write(writer)
        if self.parent_hash is not None:
            writer.opaque(self.parent_hash)
        writer.vector(self.extensions, write_struct)

    def write(self, writer: Writer) -> None:
        self._write_unsigned(writer)
        writer.opaque(self.signature)

    def tbs(self, *, group_id: bytes, leaf_index: int) -> bytes:
        """LeafNodeTBS (RFC 9420 §7.2): the leaf without its signature.

        ``group_id`` and ``leaf_index`` are signed too, unless the leaf is still in a key package: there it
        belongs to no group yet, and both arguments are ignored.
        """
        writer = Writer()
        self._write_unsigned(writer)
        if self.source is not LeafNodeSource.KEY_PACKAGE:
            writer.opaque(group_id)
            writer.u32(leaf_index)
        return writer.getvalue()


@dataclass(frozen=True, slots=True)
class KeyPackage(Struct):
    """``uint16 version; uint16 cipher_suite; opaque init_key<V>; LeafNode leaf_node; Extension extensions<V>;
    opaque signature<V>`` (RFC 9420 §10). The version is always mls10."""

    cipher_suite: int
    init_key: bytes
    leaf_node: LeafNode
    extensions: tuple[Extension, ...]
    signature: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        read_version(reader)
        return cls(
            reader.u16(),
            reader.opaque(),
            LeafNode.read(reader),
            reader.vector(Extension.read),
            reader.opaque(),
        )

    def tbs(self) -> bytes:
        """KeyPackageTBS (RFC 9420 §10): everything but the signature."""
        writer = Writer()
        self._write_unsigned(writer)
        return writer.getvalue()

    def _write_unsigned(self, writer: Writer) -> None:
        writer.u16(MLS10)
        writer.u16(self.cipher_suite)
        writer.opaque(self.init_key)
        self.leaf_node.write(writer)
        writer.vector(self.extensions, write_struct)

    def write(self, writer: Writer) -> None:
        self._write_unsigned(writer)
        writer.opaque(self.signature)


@dataclass(frozen=True, slots=True)
class ParentNode(Struct):
    """``opaque encryption_key<V>; opaque parent_hash<V>; uint32 unmerged_leaves<V>`` (RFC 9420 §7.1)."""

    encryption_key: bytes
    parent_hash: bytes
    unmerged_leaves: tuple[int, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque(), reader.opaque(), reader.vector(Reader.u32))

    def write(self, writer: Writer) -> None:
        writer.opaque(self.encryption_key)
        writer.opaque(self.parent_hash)
        writer.vector(self.unmerged_leaves, Writer.u32)


def _read_node(reader: Reader) -> LeafNode | ParentNode:
    return LeafNode.read(reader) if reader.enum8(NodeType) is NodeType.LEAF else ParentNode.read(reader)


def _read_optional_node(reader: Reader) -> LeafNode | ParentNode | None:
    return reader.optional(_read_node)


def _write_optional_node(writer: Writer, node: LeafNode | ParentNode | None) -> None:
    writer.u8(0 if node is None else 1)
    if node is not None:
        writer.u8(NodeType.LEAF if isinstance(node, LeafNode) else NodeType.PARENT)
        node.write(writer)


@dataclass(frozen=True, slots=True)
class RatchetTree(Struct):
    """``optional<Node> ratchet_tree<V>``: nodes in array order, None for a blank one (RFC 9420 §12.4.3.3).

    Only the encoding is judged; whether nodes and blanks form a sound tree is for the members to check.
    """

    nodes: tuple[LeafNode | ParentNode | None, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.vector(_read_optional_node))

    def write(self, writer: Writer) -> None:
        writer.vector(self.nodes, _write_optional_node)


@dataclass(frozen=True, slots=True)
class UpdatePathNode(Struct):
    """``opaque encryption_key<V>; HPKECiphertext encrypted_path_secret<V>`` (RFC 9420 §7.6)."""

    encryption_key: bytes
    encrypted_path_secret: tuple[HpkeCiphertext, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque(), reader.vector(HpkeCiphertext.read))

    def write(self, writer: Writer) -> None:
        writer.opaque(self.encryption_key)
        writer.vector(self.encrypted_path_secret, write_struct)


@dataclass(frozen=True, slots=True)
class UpdatePath(Struct):
    """``LeafNode leaf_node; UpdatePathNode nodes<V>``, leaf first, root last (RFC 9420 §7.6)."""

    leaf_node: LeafNode
    nodes: tuple[UpdatePathNode, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(LeafNode.read(reader), reader.vector(UpdatePathNode.read))

    def write(self, writer: Writer) -> None:
        self.leaf_node.write(writer)
        writer.vector(self.nodes, write_struct)
