"""Builders of identity statements with fixed keys and ids, for the vectors and for tests."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from nacl.signing import SigningKey

from accounts.identity import sign_statement
from accounts.statements import (
    NO_HASH,
    DeviceEntry,
    DeviceKind,
    Flags,
    RevokedEntry,
    SignedStatement,
    Signer,
    Statement,
)

PERSON = UUID("5e5e5e5e-0000-4000-8000-000000000001").bytes
STRANGER = UUID("5e5e5e5e-0000-4000-8000-000000000002").bytes
AT = 1_750_000_000_000


def key(number: int) -> SigningKey:
    """The signing key with seed number ‖ zeros."""
    return SigningKey(bytes([number]) + bytes(31))


RECOVERY, NEW_RECOVERY = key(200), key(201)
PHONE, LAPTOP, THIRD = key(1), key(2), key(3)


def device(number: int, **changes: Any) -> DeviceEntry:
    """Device `number`, whose key is `key(number)`."""
    fields: dict[str, Any] = {
        "id": bytes([number]) + UUID("00dededede004000800000000000dede").bytes[1:],
        "name": f"Device {number}",
        "kind": DeviceKind.REGULAR,
        "signature_key": bytes(key(number).verify_key),
        "added_at": AT,
        "expires_at": 0,
    }
    return DeviceEntry(**{**fields, **changes})


def revoked(number: int, **changes: Any) -> RevokedEntry:
    """The entry that revokes device `number`."""
    entry = device(number)
    fields: dict[str, Any] = {"id": entry.id, "signature_key": entry.signature_key, "revoked_at": AT + 5}
    return RevokedEntry(**{**fields, **changes})


def first(**changes: Any) -> Statement:
    """Statement 1 with one device."""
    fields: dict[str, Any] = {
        "person": PERSON,
        "version": 1,
        "prev_hash": NO_HASH,
        "recovery_key": bytes(RECOVERY.verify_key),
        "flags": Flags.NONE,
        "devices": (device(1),),
        "revoked": (),
        "at": AT,
    }
    return Statement(**{**fields, **changes})


def after(previous: Statement, **changes: Any) -> Statement:
    """The next statement, the same but for `changes`."""
    step: dict[str, Any] = {
        "version": previous.version + 1,
        "prev_hash": previous.hash,
        "flags": Flags.NONE,
        "at": previous.at + 10,
    }
    return replace(previous, **{**step, **changes})


def by(signer: Signer, signing_key: SigningKey, statement: Statement) -> SignedStatement:
    """`statement` signed once."""
    return sign_statement(statement=statement, signers=[(signer, signing_key)])


def start(statement: Statement) -> SignedStatement:
    """Statement 1 signed as it must be."""
    return sign_statement(statement=statement, signers=[(Signer.DEVICE, PHONE), (Signer.RECOVERY, RECOVERY)])


S1 = first()
ONE = start(S1)
S2 = after(S1, devices=(device(1), device(2)))
TWO = by(Signer.DEVICE, PHONE, S2)
REPLACED = after(S1, devices=(device(2),), revoked=(revoked(1),))
REPLACE = by(Signer.RECOVERY, RECOVERY, REPLACED)


def described(statement: Statement) -> dict[str, Any]:
    """What a statement says, for the reader's test."""
    return {
        "person": statement.person.hex(),
        "version": statement.version,
        "prev_hash": statement.prev_hash.hex(),
        "recovery_key": statement.recovery_key.hex(),
        "flags": int(statement.flags),
        "devices": [
            {
                "id": entry.id.hex(),
                "name": entry.name,
                "kind": int(entry.kind),
                "signature_key": entry.signature_key.hex(),
                "added_at": entry.added_at,
                "expires_at": entry.expires_at,
            }
            for entry in statement.devices
        ],
        "revoked": [
            {
                "id": entry.id.hex(),
                "signature_key": entry.signature_key.hex(),
                "revoked_at": entry.revoked_at,
            }
            for entry in statement.revoked
        ],
        "at": statement.at,
        "hash": statement.hash.hex(),
    }
