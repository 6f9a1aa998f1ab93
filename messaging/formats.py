"""Beep's own bytes around MLS: policy, authenticated data, begin, envelope hash, transcript, slots, orders.

Everything is written in the TLS presentation language of RFC 9420 §2.1 (`beep.tls`): `u16` and so on are
big-endian integers, `opaque x[n]` is n bytes, `opaque x<V>` has a variable-length length before it. Each
structure begins with `u16 format = 1`, has one encoding, and refuses every other; integers stay below 2^53,
because JavaScript reads them too. The TypeScript twin is held to the same vectors (tests/vectors).

Pure: no Django, no clock, no secrets.
"""

# read and write are documented once, in Struct.
# ruff: noqa: D102

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self
from uuid import UUID

from beep.tls import Reader, Struct, TlsError, TlsErrorCode, Writer

FORMAT: Final = 1
HASH_LENGTH: Final = 32
ZERO_HASH: Final = bytes(HASH_LENGTH)
ZERO_UUID: Final = UUID(int=0)
UUID_LENGTH: Final = 16
NONCE_LENGTH: Final = 32
SLOT_NONCE_LENGTH: Final = 12
SIGNATURE_LENGTH: Final = 64
KEY_LENGTH: Final = 32
PLAINTEXT_BUCKET: Final = 256
"""Application plaintexts are padded to a multiple of this many bytes."""
MAX_UINT: Final = (1 << 53) - 1


class PolicyKind(IntEnum):
    """The kind of conversation that a group serves."""

    DIRECT = 1
    GROUP = 2
    SELF = 3


class SizeClass(IntEnum):
    """NORMAL groups are hybrid; LARGE ones may be classical."""

    NORMAL = 1
    LARGE = 2


class GroupSuite(IntEnum):
    """MLS cipher suites that a policy may name; see `messaging.mls.profile.CipherSuite`."""

    CLASSICAL = 0x0001
    HYBRID = 0x0053


def _refuse(why: str) -> TlsError:
    return TlsError(TlsErrorCode.UNKNOWN_VALUE, why)


def _read_format(reader: Reader) -> None:
    if (found := reader.u16()) != FORMAT:
        raise _refuse(f"format {found}")


def _read_uint(reader: Reader) -> int:
    if (value := reader.u64()) > MAX_UINT:
        raise _refuse(f"{value} is not below 2^53")
    return value


def _read_uuid(reader: Reader) -> UUID:
    return UUID(bytes=reader.fixed(UUID_LENGTH))


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
        _read_format(reader)
        nonce = reader.fixed(NONCE_LENGTH)
        conversation = _read_uuid(reader)
        kind = reader.enum8(PolicyKind)
        persons = reader.vector(_read_uuid)
        if kind is PolicyKind.DIRECT:
            if len(persons) != 2 or not persons[0].bytes < persons[1].bytes:
                raise _refuse("a direct conversation has two persons in ascending order")
        elif persons:
            raise _refuse("only a direct conversation names its persons")
        return cls(
            nonce=nonce,
            conversation=conversation,
            kind=kind,
            persons=persons,
            suite=reader.enum16(GroupSuite),
            size_class=reader.enum8(SizeClass),
            retention_class=reader.u8(),
            ministry=_read_uuid(reader),
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


@dataclass(frozen=True, slots=True)
class AuthenticatedData(Struct):
    """`authenticated_data` of every MLS message (RFC 9420 §6)::

        u16 format = 1; u64 seen_seq; opaque transcript[32]; opaque franking_tag<V>; opaque order_hashes<V>;
        opaque checkpoint<V>

    The last seq that the sender had seen and T there; the franking tag of an application message (32 bytes;
    a commit has none); the hashes of the orders that a commit executes; `checkpoint` stays empty until there
    are witnesses.
    """

    seen_seq: int
    transcript: bytes
    franking_tag: bytes
    order_hashes: tuple[bytes, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _read_format(reader)
        seen_seq = _read_uint(reader)
        transcript = reader.fixed(HASH_LENGTH)
        franking_tag = reader.opaque()
        if len(franking_tag) not in (0, HASH_LENGTH):
            raise _refuse(f"a franking tag of {len(franking_tag)} bytes")
        order_hashes = reader.vector(lambda inner: inner.fixed(HASH_LENGTH))
        if reader.opaque():
            raise _refuse("a checkpoint, and there are no witnesses yet")
        return cls(seen_seq, transcript, franking_tag, order_hashes)

    def write(self, writer: Writer) -> None:
        writer.u16(FORMAT)
        writer.u64(self.seen_seq)
        writer.fixed(self.transcript)
        writer.opaque(self.franking_tag)
        writer.opaque(b"".join(self.order_hashes))
        writer.opaque(b"")


@dataclass(frozen=True, slots=True)
class ApplicationPlaintext(Struct):
    """What an application message encrypts: only members ever hold it, the server meets it in a report::

    u16 format = 1; opaque k[32]; opaque content<V>; zeros up to a multiple of 256 bytes
    """

    k: bytes
    content: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _read_format(reader)
        plaintext = cls(reader.fixed(KEY_LENGTH), reader.opaque())
        padding = plaintext._padding()
        if any(reader.fixed(padding)):
            raise _refuse("padding that is not zeros")
        return plaintext

    def write(self, writer: Writer) -> None:
        self._write_unpadded(writer)
        writer.fixed(bytes(self._padding()))

    def _write_unpadded(self, writer: Writer) -> None:
        writer.u16(FORMAT)
        writer.fixed(self.k)
        writer.opaque(self.content)

    def _padding(self) -> int:
        unpadded = Writer()
        self._write_unpadded(unpadded)
        return -len(unpadded.getvalue()) % PLAINTEXT_BUCKET


def franking_tag(*, k: bytes, content: bytes) -> bytes:
    """HMAC-SHA-256(k, content), 32 bytes: once k and content are shown, it proves what was said."""
    return hmac.digest(k, content, "sha256")


@dataclass(frozen=True, slots=True)
class BeginBody(Struct):
    """Body of a begin envelope: `opaque policy<V>; opaque commit<V>`; the commit is an MLSMessage."""

    policy: bytes
    commit: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque(), reader.opaque())

    def write(self, writer: Writer) -> None:
        writer.opaque(self.policy)
        writer.opaque(self.commit)


def envelope_hash(
    *,
    conversation: bytes,
    seq: int,
    generation: int,
    epoch: int,
    kind: int,
    device: bytes,
    counter: int,
    time_ms: int,
    body_hash: bytes,
) -> bytes:
    """32 bytes: what the transcript, the audit log and re-uploads know an envelope by::

        SHA-256(opaque conversation[16]; u64 seq; u32 generation; u64 epoch; u8 kind; opaque device[16];
                u64 counter; u64 server_time; opaque body_hash[32])

    `body_hash` is SHA-256(body), so that a destroyed body leaves the hash checkable.
    """
    writer = Writer()
    writer.fixed(conversation)
    writer.u64(seq)
    writer.u32(generation)
    writer.u64(epoch)
    writer.u8(kind)
    writer.fixed(device)
    writer.u64(counter)
    writer.u64(time_ms)
    writer.fixed(body_hash)
    return hashlib.sha256(writer.getvalue()).digest()


def transcript_start(conversation: bytes) -> bytes:
    """T_0 = SHA-256("beep T v1" ‖ conversation)."""
    return hashlib.sha256(b"beep T v1" + conversation).digest()


def transcript_next(before: bytes, *, seq: int, hash_: bytes) -> bytes:
    """T_n = SHA-256(T_{n-1} ‖ u64 seq ‖ envelope_hash)."""
    return hashlib.sha256(before + seq.to_bytes(8, "big") + hash_).digest()


def transcript(conversation: bytes, hashes: Sequence[bytes]) -> bytes:
    """T after the envelopes 1, 2, … whose hashes these are."""
    value = transcript_start(conversation)
    for seq, hash_ in enumerate(hashes, start=1):
        value = transcript_next(value, seq=seq, hash_=hash_)
    return value


@dataclass(frozen=True, slots=True)
class SlotBody(Struct):
    """A sealed slot or typing frame::

        u16 format = 1; opaque nonce[12]; opaque ciphertext<V>; opaque signature[64]

    AES-GCM over the plaintext with `slot_associated_data`; the device signs `slot_signed`. The ciphertext
    ends with the 16-byte tag, so it is always longer than that.
    """

    TAG_LENGTH: ClassVar[int] = 16

    nonce: bytes
    ciphertext: bytes
    signature: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _read_format(reader)
        body = cls(reader.fixed(SLOT_NONCE_LENGTH), reader.opaque(), reader.fixed(SIGNATURE_LENGTH))
        if len(body.ciphertext) <= cls.TAG_LENGTH:
            raise _refuse("a ciphertext of nothing")
        return body

    def write(self, writer: Writer) -> None:
        writer.u16(FORMAT)
        writer.fixed(self.nonce)
        writer.opaque(self.ciphertext)
        writer.fixed(self.signature)


def slot_associated_data(*, label: str, group_id: bytes, epoch: int, leaf: int, counter: int) -> bytes:
    """What a slot is bound to; `name` repeats the label::

    opaque label<V>; opaque group_id<V>; u64 epoch; u32 leaf; opaque name<V>; u64 counter
    """
    writer = Writer()
    writer.opaque(label.encode("ascii"))
    writer.opaque(group_id)
    writer.u64(epoch)
    writer.u32(leaf)
    writer.opaque(label.encode("ascii"))
    writer.u64(counter)
    return writer.getvalue()


def slot_signed(*, associated_data: bytes, nonce: bytes, ciphertext: bytes) -> bytes:
    """What the device signs under the label Slot (`accounts.signing`): the three, one after the other."""
    return associated_data + nonce + ciphertext


class OrderAction(IntEnum):
    """The proposal that executes an order."""

    REMOVE = 1
    ADD = 2


@dataclass(frozen=True, slots=True)
class UnsignedOrder(Struct):
    """What the directory authority signs under the label "Order"::

        u16 format = 1; opaque group_id[32]; u8 action; opaque device[16]; opaque statement_hash[32];
        u64 expires_at

    `statement_hash` is the newest identity statement of the device's person when the order was made;
    `expires_at` is in milliseconds since 1970. An order's hash is SHA-256 of these bytes.
    """

    group_id: bytes
    action: OrderAction
    device: UUID
    statement_hash: bytes
    expires_at: int

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _read_format(reader)
        return cls(
            group_id=reader.fixed(HASH_LENGTH),
            action=reader.enum8(OrderAction),
            device=_read_uuid(reader),
            statement_hash=reader.fixed(HASH_LENGTH),
            expires_at=_read_uint(reader),
        )

    def write(self, writer: Writer) -> None:
        writer.u16(FORMAT)
        writer.fixed(self.group_id)
        writer.u8(self.action)
        writer.fixed(self.device.bytes)
        writer.fixed(self.statement_hash)
        writer.u64(self.expires_at)
