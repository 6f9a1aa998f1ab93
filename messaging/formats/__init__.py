"""Beep's own bytes around MLS: policy, authenticated data, begin, envelope hash, transcript, slots, orders.

Everything is written in the TLS presentation language of RFC 9420 §2.1 (`beep.tls`): `u16` and so on are
big-endian integers, `opaque x[n]` is n bytes, `opaque x<V>` has a variable-length length before it. Each
structure begins with its `u16 format`, has one encoding, and refuses every other; integers stay below 2^53,
because JavaScript reads them too. The TypeScript twin is held to the same vectors (tests/vectors).

Pure: no Django, no clock, no secrets.
"""

from .authenticated_data import FORMAT_WITH_ROLES, AuthenticatedData, Role, RoleChange
from .common import (
    FORMAT,
    HASH_LENGTH,
    KEY_LENGTH,
    MAX_UINT,
    NONCE_LENGTH,
    SIGNATURE_LENGTH,
    SLOT_NONCE_LENGTH,
    UUID_LENGTH,
    ZERO_HASH,
    ZERO_UUID,
    GroupSuite,
)
from .envelope import envelope_hash, transcript, transcript_next, transcript_start
from .frames import PLAINTEXT_BUCKET, ApplicationPlaintext, BeginBody, franking_tag
from .orders import (
    REQUEST_LABELS,
    OrderAction,
    OrderPerson,
    OrderRefusedError,
    OrderRequest,
    OrderRule,
    SignedOrder,
    UnsignedOrder,
    verify_order,
)
from .policy import GroupPolicy, PolicyKind, SizeClass, group_id
from .slots import SlotBody, slot_associated_data, slot_signed

__all__ = [
    "FORMAT",
    "FORMAT_WITH_ROLES",
    "HASH_LENGTH",
    "KEY_LENGTH",
    "MAX_UINT",
    "NONCE_LENGTH",
    "PLAINTEXT_BUCKET",
    "REQUEST_LABELS",
    "SIGNATURE_LENGTH",
    "SLOT_NONCE_LENGTH",
    "UUID_LENGTH",
    "ZERO_HASH",
    "ZERO_UUID",
    "ApplicationPlaintext",
    "AuthenticatedData",
    "BeginBody",
    "GroupPolicy",
    "GroupSuite",
    "OrderAction",
    "OrderPerson",
    "OrderRefusedError",
    "OrderRequest",
    "OrderRule",
    "PolicyKind",
    "Role",
    "RoleChange",
    "SignedOrder",
    "SizeClass",
    "SlotBody",
    "UnsignedOrder",
    "envelope_hash",
    "franking_tag",
    "group_id",
    "slot_associated_data",
    "slot_signed",
    "transcript",
    "transcript_next",
    "transcript_start",
    "verify_order",
]
