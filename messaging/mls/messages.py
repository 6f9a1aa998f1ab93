"""MLSMessage and everything it can carry (RFC 9420 §6, §11.2, §12.4.3, §8.1)."""

# read and write are documented once, in Struct.
# ruff: noqa: D102

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from .errors import MlsDecodeError, MlsErrorCode
from .proposals import Commit, PreSharedKeyId, Proposal
from .tls import Reader, Struct, Writer, write_struct
from .tree import MLS10, Extension, HpkeCiphertext, KeyPackage, read_version


class WireFormat(IntEnum):
    """RFC 9420 §17.2."""

    PUBLIC_MESSAGE = 1
    PRIVATE_MESSAGE = 2
    WELCOME = 3
    GROUP_INFO = 4
    KEY_PACKAGE = 5


class ContentType(IntEnum):
    """RFC 9420 §6."""

    APPLICATION = 1
    PROPOSAL = 2
    COMMIT = 3


class SenderType(IntEnum):
    """RFC 9420 §6."""

    MEMBER = 1
    EXTERNAL = 2
    NEW_MEMBER_PROPOSAL = 3
    NEW_MEMBER_COMMIT = 4


@dataclass(frozen=True, slots=True)
class Sender(Struct):
    """``uint8 sender_type``, then ``uint32 index`` for member (its leaf) and external (its place in the list
    of external senders); nothing for the other two (RFC 9420 §6)."""

    sender_type: SenderType
    index: int | None

    def __post_init__(self) -> None:
        has_index = self.sender_type in (SenderType.MEMBER, SenderType.EXTERNAL)
        assert (self.index is not None) == has_index

    @classmethod
    def read(cls, reader: Reader) -> Self:
        sender_type = reader.enum8(SenderType)
        has_index = sender_type in (SenderType.MEMBER, SenderType.EXTERNAL)
        return cls(sender_type, reader.u32() if has_index else None)

    def write(self, writer: Writer) -> None:
        writer.u8(self.sender_type)
        if self.index is not None:
            writer.u32(self.index)


@dataclass(frozen=True, slots=True)
class ApplicationData(Struct):
    """``opaque application_data<V>`` (RFC 9420 §6)."""

    data: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque())

    def write(self, writer: Writer) -> None:
        writer.opaque(self.data)


Content = ApplicationData | Proposal | Commit

_CONTENTS: dict[ContentType, type[Content]] = {
    ContentType.APPLICATION: ApplicationData,
    ContentType.PROPOSAL: Proposal,
    ContentType.COMMIT: Commit,
}
_CONTENT_TYPES = {content: content_type for content_type, content in _CONTENTS.items()}


@dataclass(frozen=True, slots=True)
class FramedContent(Struct):
    """``opaque group_id<V>; uint64 epoch; Sender sender; opaque authenticated_data<V>; uint8 content_type;``
    and the content of that type (RFC 9420 §6)."""

    group_id: bytes
    epoch: int
    sender: Sender
    authenticated_data: bytes
    content: Content

    @property
    def content_type(self) -> ContentType:
        """Which of the three contents this is."""
        return _CONTENT_TYPES[type(self.content)]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.opaque(),
            reader.u64(),
            Sender.read(reader),
            reader.opaque(),
            _CONTENTS[reader.enum8(ContentType)].read(reader),
        )

    def write(self, writer: Writer) -> None:
        writer.opaque(self.group_id)
        writer.u64(self.epoch)
        self.sender.write(writer)
        writer.opaque(self.authenticated_data)
        writer.u8(self.content_type)
        self.content.write(writer)


@dataclass(frozen=True, slots=True)
class PublicMessage(Struct):
    """``FramedContent content; opaque signature<V>;`` for a commit ``opaque confirmation_tag<V>;`` for a
    member ``opaque membership_tag<V>`` (RFC 9420 §6.1, §6.2). A tag that does not apply is None."""

    content: FramedContent
    signature: bytes
    confirmation_tag: bytes | None
    membership_tag: bytes | None

    @classmethod
    def read(cls, reader: Reader) -> Self:
        content = FramedContent.read(reader)
        signature = reader.opaque()
        confirmation_tag = reader.opaque() if content.content_type is ContentType.COMMIT else None
        membership_tag = None
        if content.sender.sender_type is SenderType.MEMBER:
            if reader.at_end:
                raise MlsDecodeError(
                    MlsErrorCode.MEMBERSHIP_TAG_MISSING, "a member's message ends before its membership tag"
                )
            membership_tag = reader.opaque()
        return cls(content, signature, confirmation_tag, membership_tag)

    def write(self, writer: Writer) -> None:
        self.content.write(writer)
        writer.opaque(self.signature)
        if self.confirmation_tag is not None:
            writer.opaque(self.confirmation_tag)
        if self.membership_tag is not None:
            writer.opaque(self.membership_tag)


@dataclass(frozen=True, slots=True)
class PrivateMessage(Struct):
    """``opaque group_id<V>; uint64 epoch; uint8 content_type; opaque authenticated_data<V>;
    opaque encrypted_sender_data<V>; opaque ciphertext<V>`` (RFC 9420 §6.3)."""

    group_id: bytes
    epoch: int
    content_type: ContentType
    authenticated_data: bytes
    encrypted_sender_data: bytes
    ciphertext: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.opaque(),
            reader.u64(),
            reader.enum8(ContentType),
            reader.opaque(),
            reader.opaque(),
            reader.opaque(),
        )

    def write(self, writer: Writer) -> None:
        writer.opaque(self.group_id)
        writer.u64(self.epoch)
        writer.u8(self.content_type)
        writer.opaque(self.authenticated_data)
        writer.opaque(self.encrypted_sender_data)
        writer.opaque(self.ciphertext)


@dataclass(frozen=True, slots=True)
class GroupContext(Struct):
    """``uint16 version; uint16 cipher_suite; opaque group_id<V>; uint64 epoch; opaque tree_hash<V>;
    opaque confirmed_transcript_hash<V>; Extension extensions<V>`` (RFC 9420 §8.1)."""

    cipher_suite: int
    group_id: bytes
    epoch: int
    tree_hash: bytes
    confirmed_transcript_hash: bytes
    extensions: tuple[Extension, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        read_version(reader)
        return cls(
            reader.u16(),
            reader.opaque(),
            reader.u64(),
            reader.opaque(),
            reader.opaque(),
            reader.vector(Extension.read),
        )

    def write(self, writer: Writer) -> None:
        writer.u16(MLS10)
        writer.u16(self.cipher_suite)
        writer.opaque(self.group_id)
        writer.u64(self.epoch)
        writer.opaque(self.tree_hash)
        writer.opaque(self.confirmed_transcript_hash)
        writer.vector(self.extensions, write_struct)


@dataclass(frozen=True, slots=True)
class GroupInfo(Struct):
    """``GroupContext group_context; Extension extensions<V>; opaque confirmation_tag<V>; uint32 signer;
    opaque signature<V>`` (RFC 9420 §12.4.3)."""

    group_context: GroupContext
    extensions: tuple[Extension, ...]
    confirmation_tag: bytes
    signer: int
    signature: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            GroupContext.read(reader),
            reader.vector(Extension.read),
            reader.opaque(),
            reader.u32(),
            reader.opaque(),
        )

    def write(self, writer: Writer) -> None:
        self.group_context.write(writer)
        writer.vector(self.extensions, write_struct)
        writer.opaque(self.confirmation_tag)
        writer.u32(self.signer)
        writer.opaque(self.signature)


@dataclass(frozen=True, slots=True)
class GroupSecrets(Struct):
    """``opaque joiner_secret<V>; optional<PathSecret> path_secret; PreSharedKeyID psks<V>`` (§12.4.3.1).

    The server only ever meets these encrypted; they are here to hold the decoder to the public vectors.
    """

    joiner_secret: bytes
    path_secret: bytes | None
    psks: tuple[PreSharedKeyId, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque(), reader.optional(Reader.opaque), reader.vector(PreSharedKeyId.read))

    def write(self, writer: Writer) -> None:
        writer.opaque(self.joiner_secret)
        writer.optional(self.path_secret, Writer.opaque)
        writer.vector(self.psks, write_struct)


@dataclass(frozen=True, slots=True)
class EncryptedGroupSecrets(Struct):
    """``opaque new_member<V>; HPKECiphertext encrypted_group_secrets`` (RFC 9420 §12.4.3.1): one newcomer's
    part of a Welcome, ``new_member`` being the reference of the key package it was made for."""

    new_member: bytes
    encrypted_group_secrets: HpkeCiphertext

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque(), HpkeCiphertext.read(reader))

    def write(self, writer: Writer) -> None:
        writer.opaque(self.new_member)
        self.encrypted_group_secrets.write(writer)


@dataclass(frozen=True, slots=True)
class Welcome(Struct):
    """``uint16 cipher_suite; EncryptedGroupSecrets secrets<V>; opaque encrypted_group_info<V>``
    (RFC 9420 §12.4.3.1)."""

    cipher_suite: int
    secrets: tuple[EncryptedGroupSecrets, ...]
    encrypted_group_info: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.u16(), reader.vector(EncryptedGroupSecrets.read), reader.opaque())

    def write(self, writer: Writer) -> None:
        writer.u16(self.cipher_suite)
        writer.vector(self.secrets, write_struct)
        writer.opaque(self.encrypted_group_info)


MessageBody = PublicMessage | PrivateMessage | Welcome | GroupInfo | KeyPackage

_BODIES: dict[WireFormat, type[MessageBody]] = {
    WireFormat.PUBLIC_MESSAGE: PublicMessage,
    WireFormat.PRIVATE_MESSAGE: PrivateMessage,
    WireFormat.WELCOME: Welcome,
    WireFormat.GROUP_INFO: GroupInfo,
    WireFormat.KEY_PACKAGE: KeyPackage,
}
_WIRE_FORMATS = {body: wire_format for wire_format, body in _BODIES.items()}


@dataclass(frozen=True, slots=True)
class MlsMessage(Struct):
    """``uint16 version; uint16 wire_format;`` and the body of that format (RFC 9420 §6)."""

    body: MessageBody

    @property
    def wire_format(self) -> WireFormat:
        """Which of the five formats this is."""
        return _WIRE_FORMATS[type(self.body)]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        read_version(reader)
        return cls(_BODIES[reader.enum16(WireFormat)].read(reader))

    def write(self, writer: Writer) -> None:
        writer.u16(MLS10)
        writer.u16(self.wire_format)
        self.body.write(writer)
