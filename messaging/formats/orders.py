"""Orders of the directory authority and the requests of devices that some of them carry.

Three layers: what the device signs (`OrderRequest`), what the authority signs (`UnsignedOrder`), and what
travels (`SignedOrder`), with the certificate by which the offline root vouches for the authority's key.
"""

# read and write are documented once, in Struct.
# ruff: noqa: D102

import hashlib
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, Self
from uuid import UUID

from accounts import certificates, signing
from accounts.certificates import (
    CertificateMalformedError,
    CertificateRefusedError,
    Purpose,
    SignedCertificate,
)
from accounts.signing import Label
from beep.tls import Reader, Struct, TlsError, Writer

from .common import FORMAT, HASH_LENGTH, SIGNATURE_LENGTH, read_format, read_uint, read_uuid, refusal


class OrderAction(IntEnum):
    """What executes an order. LEAVE: a commit removes every leaf of the person and ends the membership."""

    REMOVE = 1
    ADD = 2
    LEAVE = 3


REQUEST_LABELS: Final = {OrderAction.ADD: Label.ADD_REQUEST, OrderAction.LEAVE: Label.LEAVE_REQUEST}
"""Under which label the device signs its request; a Remove needs none."""


@dataclass(frozen=True, slots=True)
class OrderRequest(Struct):
    """What a device signs to be let in (label "AddRequest") or to leave (label "LeaveRequest")::

        u16 format = 1; opaque group_id[32]; opaque person[16]; opaque device[16]; opaque statement_hash[32]

    `statement_hash` is the newest statement of the person at that time.
    """

    group_id: bytes
    person: UUID
    device: UUID
    statement_hash: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        read_format(reader)
        return cls(
            group_id=reader.fixed(HASH_LENGTH),
            person=read_uuid(reader),
            device=read_uuid(reader),
            statement_hash=reader.fixed(HASH_LENGTH),
        )

    def write(self, writer: Writer) -> None:
        writer.u16(FORMAT)
        writer.fixed(self.group_id)
        writer.fixed(self.person.bytes)
        writer.fixed(self.device.bytes)
        writer.fixed(self.statement_hash)


@dataclass(frozen=True, slots=True)
class UnsignedOrder(Struct):
    """What the directory authority signs under the label "Order"::

        u16 format = 1; opaque group_id[32]; u8 action; opaque person[16]; opaque device[16];
        opaque statement_hash[32]; u64 expires_at; opaque request<V>

    `statement_hash` is the newest identity statement of the person when the order was made; `expires_at` is
    in milliseconds since 1970. `request` is the device's 64-byte signature over `OrderRequest`, with the
    order's own `statement_hash`; empty for a Remove. An order's hash is SHA-256 of these bytes.
    """

    group_id: bytes
    action: OrderAction
    person: UUID
    device: UUID
    statement_hash: bytes
    expires_at: int
    request: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        read_format(reader)
        order = cls(
            group_id=reader.fixed(HASH_LENGTH),
            action=reader.enum8(OrderAction),
            person=read_uuid(reader),
            device=read_uuid(reader),
            statement_hash=reader.fixed(HASH_LENGTH),
            expires_at=read_uint(reader),
            request=reader.opaque(),
        )
        if len(order.request) != (SIGNATURE_LENGTH if order.action in REQUEST_LABELS else 0):
            raise refusal(f"a request of {len(order.request)} bytes")
        return order

    def write(self, writer: Writer) -> None:
        writer.u16(FORMAT)
        writer.fixed(self.group_id)
        writer.u8(self.action)
        writer.fixed(self.person.bytes)
        writer.fixed(self.device.bytes)
        writer.fixed(self.statement_hash)
        writer.u64(self.expires_at)
        writer.opaque(self.request)

    @property
    def hash(self) -> bytes:
        """SHA-256 of the unsigned bytes, 32 bytes: what a commit names the order by."""
        return hashlib.sha256(self.encode()).digest()

    @property
    def asked(self) -> OrderRequest:
        """What the device must have signed for an Add or a Leave."""
        return OrderRequest(self.group_id, self.person, self.device, self.statement_hash)


@dataclass(frozen=True, slots=True)
class SignedOrder(Struct):
    """An order as it is stored and sent::

    opaque order<V>; opaque certificate<V>; opaque signature[64]

    `certificate` is a SignedCertificate of purpose 1; its key made `signature` over `order`, label "Order".
    """

    order: UnsignedOrder
    certificate: SignedCertificate
    signature: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        order = UnsignedOrder.decode(reader.opaque())
        try:
            certificate = SignedCertificate.parse(reader.opaque())
        except CertificateMalformedError as error:
            raise refusal(str(error)) from error
        return cls(order, certificate, reader.fixed(SIGNATURE_LENGTH))

    def write(self, writer: Writer) -> None:
        writer.opaque(self.order.encode())
        writer.opaque(self.certificate.encode())
        writer.fixed(self.signature)


class OrderRule(StrEnum):
    """Why an order is not believed; the values are stable and the same in the web client."""

    MALFORMED = "malformed"
    CERTIFICATE = "certificate"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    GROUP = "group"
    PERSON = "person"
    STATEMENT = "statement"
    DEVICE = "device"
    REQUEST = "request"


class OrderRefusedError(Exception):
    """An order breaks `rule`."""

    def __init__(self, rule: OrderRule) -> None:
        super().__init__(rule.value)
        self.rule: Final = rule


@dataclass(frozen=True, slots=True)
class OrderPerson:
    """What the verified chain of a person says, as far as an order asks.

    `statements` are the hashes of all statements; `keys` maps every device that was ever listed to its key.
    """

    person: UUID
    statements: frozenset[bytes]
    keys: dict[UUID, bytes]


def verify_order(
    body: bytes, *, root: bytes | None, group_id: bytes, at: int, person: OrderPerson
) -> UnsignedOrder:
    """The order that `body` (SignedOrder) is, believed at `at` (milliseconds UTC) for the group `group_id`.

    An Add or a Leave carries the device's own signature, so that the authority alone lets nobody in and ends
    nobody's membership. Whether the order fits the commit that names it is `messaging.membership`'s business.

    `root` is the pinned one; without a root no order is believed. Raises OrderRefusedError.
    """
    try:
        signed = SignedOrder.decode(body)
    except TlsError as error:
        raise OrderRefusedError(OrderRule.MALFORMED) from error
    order = signed.order
    try:
        key = certificates.verify_certificate(
            signed.certificate, root=root, purpose=Purpose.AUTHORITY, at=at
        ).key
    except CertificateRefusedError as error:
        raise OrderRefusedError(OrderRule.CERTIFICATE) from error
    _require(
        signing.verify(public_key=key, label=Label.ORDER, content=order.encode(), signature=signed.signature),
        OrderRule.SIGNATURE,
    )
    _require(at < order.expires_at, OrderRule.EXPIRED)
    _require(order.group_id == group_id, OrderRule.GROUP)
    _require(order.person == person.person, OrderRule.PERSON)
    _require(order.statement_hash in person.statements, OrderRule.STATEMENT)
    if (label := REQUEST_LABELS.get(order.action)) is None:
        return order
    _require(order.device in person.keys, OrderRule.DEVICE)
    _require(
        signing.verify(
            public_key=person.keys[order.device],
            label=label,
            content=order.asked.encode(),
            signature=order.request,
        ),
        OrderRule.REQUEST,
    )
    return order


def _require(holds: bool, rule: OrderRule) -> None:
    if not holds:
        raise OrderRefusedError(rule)
