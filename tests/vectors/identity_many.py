"""Chains of several devices, temporary ones and resets: builders, and those that break a rule."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from nacl.signing import SigningKey

from accounts.certificates import SignedCertificate
from accounts.identity import TEMPORARY_LIFETIME, Rule, sign_statement
from accounts.statements import NO_HASH, DeviceEntry, DeviceKind, Flags, SignedStatement, Signer, Statement
from tests.vectors.identity_parts import (
    AT,
    NEW_RECOVERY,
    ONE,
    PHONE,
    RECOVERY,
    REPLACE,
    REPLACED,
    S1,
    STRANGER,
    THIRD,
    after,
    by,
    device,
    key,
    revoked,
)
from tests.vectors.make_certificates import AUTHORITY_CERTIFICATE, officer

# Ascending by public key, as a reset wants them.
OFFICERS: Final = sorted((key(100), key(101)), key=lambda one: bytes(one.verify_key))
RETIRED: Final = key(102)
"""An officer whose certificate ended when the chain began."""
CERTIFICATES: Final[tuple[SignedCertificate, ...]] = (
    officer(100),
    officer(101),
    officer(102, not_after=AT),
    AUTHORITY_CERTIFICATE,
)


def temporary(number: int, **changes: Any) -> DeviceEntry:
    """Temporary device `number`: for an hour."""
    fields = {"kind": DeviceKind.TEMPORARY, "expires_at": AT + 3_600_000}
    return device(number, **{**fields, **changes})


def reset_statement(previous: Statement, number: int, **changes: Any) -> Statement:
    """A reset of `previous` to device `number` alone."""
    gone = {entry.id: entry for entry in previous.revoked}
    for entry in previous.devices:
        gone[entry.id] = revoked(entry.id[0])
    fields: dict[str, Any] = {
        "flags": Flags.RESET,
        "devices": (device(number),),
        "revoked": tuple(gone[one] for one in sorted(gone)),
    }
    return after(previous, **{**fields, **changes})


def reset(
    previous: Statement,
    number: int = 5,
    officers: Sequence[SigningKey] = OFFICERS,
    recovery: SigningKey = NEW_RECOVERY,
    **changes: Any,
) -> SignedStatement:
    """A reset, signed by the new device, the new recovery key and `officers`."""
    changes = {"recovery_key": bytes(recovery.verify_key), **changes}
    statement = reset_statement(previous, number, **changes)
    signers = [(Signer.DEVICE, key(number)), (Signer.RECOVERY, recovery)]
    return sign_statement(
        statement=statement, signers=[*signers, *((Signer.OFFICER, one) for one in officers)]
    )


def broken_signature(signed: SignedStatement, index: int) -> SignedStatement:
    """`signed` with one bit of one signature turned."""
    signatures = list(signed.signatures)
    turned = bytearray(signatures[index].signature)
    turned[0] ^= 1
    signatures[index] = replace(signatures[index], signature=bytes(turned))
    return replace(signed, signatures=tuple(signatures))


def many_devices() -> list[tuple[str, Rule, Sequence[SignedStatement]]]:
    """Additions, temporary devices and their number."""
    with_temporary = after(S1, devices=(device(1), temporary(3)))
    added = by(Signer.DEVICE, PHONE, with_temporary)
    alone = {"devices": (device(1),), "revoked": (revoked(3),)}
    three = after(S1, devices=(device(1), temporary(3), temporary(4), temporary(5)))
    filled = after(S1, devices=tuple(device(number) for number in range(1, 6)))

    def by_temporary(**changes: Any) -> list[SignedStatement]:
        return [ONE, added, by(Signer.DEVICE, THIRD, after(with_temporary, **changes))]

    def of(entry: DeviceEntry, **changes: Any) -> list[SignedStatement]:
        return [ONE, by(Signer.DEVICE, PHONE, after(S1, devices=(device(1), entry), **changes))]

    day = TEMPORARY_LIFETIME
    return [
        (
            "device adds two",
            Rule.ONE_ADDITION,
            [ONE, by(Signer.DEVICE, PHONE, after(S1, devices=(device(1), device(2), device(3))))],
        ),
        (
            "device adds one of each kind",
            Rule.ONE_ADDITION,
            [ONE, by(Signer.DEVICE, PHONE, after(S1, devices=(device(1), device(2), temporary(3))))],
        ),
        (
            "temporary device adds one",
            Rule.TEMPORARY_SIGNER,
            by_temporary(devices=(device(1), device(2), temporary(3))),
        ),
        (
            "temporary device revokes another",
            Rule.TEMPORARY_SIGNER,
            by_temporary(devices=(temporary(3),), revoked=(revoked(1),)),
        ),
        (
            "temporary device revokes itself and another",
            Rule.TEMPORARY_SIGNER,
            by_temporary(devices=(), revoked=(revoked(1), revoked(3))),
        ),
        (
            "temporary device renames another as it goes",
            Rule.TEMPORARY_SIGNER,
            by_temporary(**{**alone, "devices": (device(1, name="Mine"),)}),
        ),
        (
            "temporary device renames itself",
            Rule.TEMPORARY_SIGNER,
            by_temporary(devices=(device(1), temporary(3, name="Kiosk"))),
        ),
        ("temporary device changes nothing", Rule.TEMPORARY_SIGNER, by_temporary()),
        (
            "temporary device replaces itself",
            Rule.TEMPORARY_SIGNER,
            by_temporary(devices=(device(1), temporary(4)), revoked=(revoked(3),)),
        ),
        (
            "temporary device makes the recovery key its own",
            Rule.RECOVERY_KEY,
            by_temporary(**alone, recovery_key=bytes(THIRD.verify_key)),
        ),
        (
            "temporary device signs after its end",
            Rule.SIGNER,
            by_temporary(**alone, at=AT + 3_600_000),
        ),
        (
            "temporary device for a millisecond more than a day",
            Rule.TEMPORARY_TOO_LONG,
            of(temporary(3, expires_at=AT + day + 1)),
        ),
        (
            "temporary device added in the future",
            Rule.TEMPORARY_TOO_LONG,
            of(temporary(3, added_at=AT + day, expires_at=AT + 2 * day)),
        ),
        (
            "temporary device added long ago",
            Rule.TEMPORARY_TOO_LONG,
            of(temporary(3, expires_at=AT + day + 1), at=AT + day),
        ),
        (
            "recovery key adds a temporary device for too long",
            Rule.TEMPORARY_TOO_LONG,
            [
                ONE,
                by(
                    Signer.RECOVERY,
                    RECOVERY,
                    after(S1, devices=(device(1), temporary(3, expires_at=AT + 2 * day))),
                ),
            ],
        ),
        (
            "fourth temporary device",
            Rule.TOO_MANY_DEVICES,
            [
                ONE,
                by(Signer.RECOVERY, RECOVERY, three),
                by(Signer.DEVICE, PHONE, after(three, devices=(*three.devices, temporary(6)))),
            ],
        ),
        (
            "sixth regular device",
            Rule.TOO_MANY_DEVICES,
            [
                ONE,
                by(Signer.RECOVERY, RECOVERY, filled),
                by(Signer.DEVICE, PHONE, after(filled, devices=(*filled.devices, device(6)))),
            ],
        ),
    ]


def resets() -> list[tuple[str, Rule, Sequence[SignedStatement]]]:
    """Resets that two officers did not sign, or should not have."""
    one, two = OFFICERS
    good = reset(S1)
    bare = good.statement
    own = [(Signer.DEVICE, key(5)), (Signer.RECOVERY, NEW_RECOVERY)]
    both = [(Signer.OFFICER, officer_key) for officer_key in OFFICERS]

    def signed_by(*signers: tuple[Signer, Any]) -> SignedStatement:
        return sign_statement(statement=bare, signers=signers)

    cases: list[tuple[str, Rule, SignedStatement]] = [
        ("with one officer", Rule.RESET_OFFICERS, reset(S1, officers=[one])),
        ("without officers", Rule.RESET_OFFICERS, reset(S1, officers=[])),
        ("with one officer twice", Rule.RESET_OFFICERS, reset(S1, officers=[one, one])),
        ("with officers out of order", Rule.RESET_OFFICERS, reset(S1, officers=[two, one])),
        ("with a third officer", Rule.RESET_OFFICERS, reset(S1, officers=[*OFFICERS, RETIRED])),
        (
            "with an officer whose certificate has ended",
            Rule.RESET_OFFICERS,
            reset(S1, officers=sorted([one, RETIRED], key=lambda who: bytes(who.verify_key))),
        ),
        (
            "with an officer whom nobody certified",
            Rule.RESET_OFFICERS,
            reset(S1, officers=sorted([one, key(103)], key=lambda who: bytes(who.verify_key))),
        ),
        (
            "with the directory authority as officer",
            Rule.RESET_OFFICERS,
            reset(S1, officers=sorted([one, key(242)], key=lambda who: bytes(who.verify_key))),
        ),
        ("before the certificates", Rule.AT, reset(S1, at=AT - 1)),
        ("after the certificates", Rule.RESET_OFFICERS, reset(S1, at=AT + 1_000_000_000)),
        ("by officers alone", Rule.SIGNER, signed_by(*both)),
        ("without the new device", Rule.SIGNER, signed_by(own[1], *both)),
        ("without the new recovery key", Rule.SIGNER, signed_by(own[0], *both)),
        ("officers first", Rule.SIGNER, signed_by(*both, *own)),
        ("by the old device", Rule.SIGNER, signed_by((Signer.DEVICE, PHONE), own[1], *both)),
        ("by the old recovery key", Rule.SIGNER, signed_by(own[0], (Signer.RECOVERY, RECOVERY), *both)),
        ("device signature forged", Rule.SIGNATURE, broken_signature(good, 0)),
        ("recovery signature forged", Rule.SIGNATURE, broken_signature(good, 1)),
        ("first officer's signature forged", Rule.SIGNATURE, broken_signature(good, 2)),
        ("second officer's signature forged", Rule.SIGNATURE, broken_signature(good, 3)),
        ("keeps the recovery key", Rule.RESET_SHAPE, reset(S1, recovery_key=S1.recovery_key)),
        ("to two devices", Rule.RESET_SHAPE, reset(S1, devices=(device(5), device(6)))),
        ("to a temporary device", Rule.RESET_SHAPE, reset(S1, devices=(temporary(5),))),
        ("to no device", Rule.RESET_SHAPE, reset(S1, devices=())),
        ("keeps a device", Rule.RESET_SHAPE, reset(S1, devices=(device(1), device(5)), revoked=())),
        ("drops a device", Rule.RESET_SHAPE, reset(S1, revoked=())),
        (
            "revokes a device under another key",
            Rule.REVOKED_CHANGED,
            reset(S1, revoked=(revoked(1, signature_key=bytes(THIRD.verify_key)),)),
        ),
        ("for another person", Rule.PERSON, reset(S1, person=STRANGER)),
        ("skips a version", Rule.VERSION, reset(S1, version=3)),
        ("names another predecessor", Rule.PREV_HASH, reset(S1, prev_hash=NO_HASH)),
    ]
    return [
        *((f"reset: {name}", rule, [ONE, signed]) for name, rule, signed in cases),
        (
            "reset: forgets a revocation",
            Rule.REVOKED_CHANGED,
            [ONE, REPLACE, reset(REPLACED, revoked=(revoked(2),))],
        ),
        (
            "reset: brings a revoked key back",
            Rule.DEVICE_RETURNED,
            [
                ONE,
                REPLACE,
                reset(
                    REPLACED,
                    1,
                    devices=(device(5, signature_key=device(1).signature_key),),
                    revoked=(revoked(2),),
                ),
            ],
        ),
        (
            "after a reset: signed by the device before it",
            Rule.SIGNER,
            [ONE, good, by(Signer.DEVICE, PHONE, after(bare, devices=(device(5), device(6))))],
        ),
        (
            "after a reset: signed by the recovery key before it",
            Rule.SIGNER,
            [ONE, good, by(Signer.RECOVERY, RECOVERY, after(bare, devices=(device(5), device(6))))],
        ),
        (
            "signed by two officers, not marked reset",
            Rule.SIGNER,
            [
                ONE,
                sign_statement(
                    statement=reset_statement(S1, 5, flags=Flags.NONE),
                    signers=[*own, *both],
                ),
            ],
        ),
    ]
