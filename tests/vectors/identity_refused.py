"""Identity chains that break a rule, each by its last statement: every rule, and every way round it."""

from collections.abc import Sequence

from accounts.identity import Rule, sign_statement
from accounts.statements import NO_HASH, DeviceKind, Flags, SignedStatement, Signer
from tests.vectors.identity_many import broken_signature, many_devices, resets
from tests.vectors.identity_parts import (
    AT,
    LAPTOP,
    NEW_RECOVERY,
    ONE,
    PERSON,
    PHONE,
    RECOVERY,
    REPLACE,
    REPLACED,
    S1,
    S2,
    STRANGER,
    THIRD,
    TWO,
    after,
    by,
    device,
    first,
    revoked,
    start,
)


def refused() -> list[tuple[str, Rule, bytes, Sequence[SignedStatement]]]:
    """Chains whose last statement breaks a rule: (name, rule, expected person, chain)."""
    both = [(Signer.DEVICE, PHONE), (Signer.RECOVERY, RECOVERY)]
    cases: list[tuple[str, Rule, Sequence[SignedStatement]]] = [
        ("first: version 2", Rule.VERSION, [start(first(version=2))]),
        ("first: names a predecessor", Rule.PREV_HASH, [start(first(prev_hash=bytes([1] * 32)))]),
        ("first: two devices", Rule.FIRST_SHAPE, [start(first(devices=(device(1), device(2))))]),
        ("first: no device", Rule.FIRST_SHAPE, [start(first(devices=()))]),
        ("first: something revoked", Rule.FIRST_SHAPE, [start(first(revoked=(revoked(2),)))]),
        ("first: marked reset", Rule.FIRST_SHAPE, [start(first(flags=Flags.RESET))]),
        (
            "first: temporary device",
            Rule.FIRST_SHAPE,
            [start(first(devices=(device(1, kind=DeviceKind.TEMPORARY, expires_at=AT + 9),)))],
        ),
        ("first: device alone signs", Rule.SIGNER, [by(Signer.DEVICE, PHONE, S1)]),
        ("first: recovery key alone signs", Rule.SIGNER, [by(Signer.RECOVERY, RECOVERY, S1)]),
        ("first: signatures swapped", Rule.SIGNER, [sign_statement(statement=S1, signers=both[::-1])]),
        ("first: no signature", Rule.SIGNER, [SignedStatement(statement=S1, signatures=())]),
        ("first: device signature forged", Rule.SIGNATURE, [broken_signature(ONE, 0)]),
        ("first: recovery signature forged", Rule.SIGNATURE, [broken_signature(ONE, 1)]),
        ("person changes", Rule.PERSON, [ONE, by(Signer.DEVICE, PHONE, after(S1, person=STRANGER))]),
        ("version skipped", Rule.VERSION, [ONE, by(Signer.DEVICE, PHONE, after(S1, version=3))]),
        ("version repeated", Rule.VERSION, [ONE, ONE]),
        ("statement left out", Rule.VERSION, [ONE, by(Signer.DEVICE, PHONE, after(S2))]),
        (
            "order changed",
            Rule.PREV_HASH,
            [ONE, REPLACE, by(Signer.DEVICE, LAPTOP, after(S2, devices=(device(1), device(2))))],
        ),
        ("predecessor zero", Rule.PREV_HASH, [ONE, by(Signer.DEVICE, PHONE, after(S1, prev_hash=NO_HASH))]),
        ("time goes back", Rule.AT, [ONE, by(Signer.DEVICE, PHONE, after(S1, at=AT - 1))]),
        ("no signature", Rule.SIGNER, [ONE, SignedStatement(statement=S2, signatures=())]),
        ("two signatures", Rule.SIGNER, [ONE, sign_statement(statement=S2, signers=both)]),
        ("signed by a stranger's device", Rule.SIGNER, [ONE, by(Signer.DEVICE, THIRD, S2)]),
        ("signed by the device that it adds", Rule.SIGNER, [ONE, by(Signer.DEVICE, LAPTOP, S2)]),
        ("signed by an officer", Rule.SIGNER, [ONE, by(Signer.OFFICER, PHONE, S2)]),
        ("signed by another recovery key", Rule.SIGNER, [ONE, by(Signer.RECOVERY, NEW_RECOVERY, S2)]),
        ("device key called a recovery key", Rule.SIGNER, [ONE, by(Signer.RECOVERY, PHONE, S2)]),
        (
            "signed by a revoked device",
            Rule.SIGNER,
            [ONE, REPLACE, by(Signer.DEVICE, PHONE, after(REPLACED, devices=(device(2), device(3))))],
        ),
        (
            "signed by the former recovery key",
            Rule.SIGNER,
            [
                ONE,
                by(Signer.RECOVERY, RECOVERY, after(S1, recovery_key=bytes(NEW_RECOVERY.verify_key))),
                by(
                    Signer.RECOVERY,
                    RECOVERY,
                    after(
                        after(S1, recovery_key=bytes(NEW_RECOVERY.verify_key)), devices=(device(1), device(2))
                    ),
                ),
            ],
        ),
        ("signature forged", Rule.SIGNATURE, [ONE, broken_signature(TWO, 0)]),
        (
            "signature of another statement",
            Rule.SIGNATURE,
            [ONE, SignedStatement(statement=REPLACED, signatures=TWO.signatures)],
        ),
        (
            "device replaces the recovery key",
            Rule.RECOVERY_KEY,
            [ONE, by(Signer.DEVICE, PHONE, after(S1, recovery_key=bytes(NEW_RECOVERY.verify_key)))],
        ),
        (
            "revoked device returns",
            Rule.DEVICE_RETURNED,
            [
                ONE,
                REPLACE,
                by(Signer.RECOVERY, RECOVERY, after(REPLACED, devices=(device(1), device(2)), revoked=())),
            ],
        ),
        (
            "revoked key returns under another id",
            Rule.DEVICE_RETURNED,
            [
                ONE,
                REPLACE,
                by(
                    Signer.RECOVERY,
                    RECOVERY,
                    after(
                        REPLACED,
                        devices=(device(2), device(9, signature_key=device(1).signature_key)),
                        revoked=(),
                    ),
                ),
            ],
        ),
        (
            "revocation forgotten",
            Rule.REVOKED_CHANGED,
            [ONE, REPLACE, by(Signer.RECOVERY, RECOVERY, after(REPLACED, revoked=()))],
        ),
        (
            "revocation back-dated",
            Rule.REVOKED_CHANGED,
            [
                ONE,
                REPLACE,
                by(Signer.RECOVERY, RECOVERY, after(REPLACED, revoked=(revoked(1, revoked_at=AT + 4),))),
            ],
        ),
        (
            "revokes what was never listed",
            Rule.REVOKED_CHANGED,
            [ONE, by(Signer.DEVICE, PHONE, after(S1, revoked=(revoked(7),)))],
        ),
        (
            "revokes a device under another key",
            Rule.REVOKED_CHANGED,
            [
                ONE,
                by(
                    Signer.RECOVERY,
                    RECOVERY,
                    after(S1, devices=(), revoked=(revoked(1, signature_key=bytes(THIRD.verify_key)),)),
                ),
            ],
        ),
        ("device dropped", Rule.DEVICE_DROPPED, [ONE, by(Signer.RECOVERY, RECOVERY, after(S1, devices=()))]),
        (
            "device gets another key",
            Rule.DEVICE_CHANGED,
            [
                ONE,
                by(
                    Signer.DEVICE,
                    PHONE,
                    after(S1, devices=(device(1, signature_key=bytes(THIRD.verify_key)),)),
                ),
            ],
        ),
        (
            "device added at another time",
            Rule.DEVICE_CHANGED,
            [ONE, by(Signer.DEVICE, PHONE, after(S1, devices=(device(1, added_at=AT + 1),)))],
        ),
        (
            "device gets an end",
            Rule.DEVICE_CHANGED,
            [ONE, by(Signer.DEVICE, PHONE, after(S1, devices=(device(1, expires_at=AT + 99),)))],
        ),
        (
            "device becomes temporary",
            Rule.DEVICE_CHANGED,
            [
                ONE,
                by(
                    Signer.DEVICE,
                    PHONE,
                    after(S1, devices=(device(1, kind=DeviceKind.TEMPORARY, expires_at=AT + 99),)),
                ),
            ],
        ),
        (
            "recovery key lists six regular devices",
            Rule.TOO_MANY_DEVICES,
            [
                ONE,
                by(
                    Signer.RECOVERY,
                    RECOVERY,
                    after(S1, devices=tuple(device(number) for number in range(1, 7))),
                ),
            ],
        ),
    ]
    expiring = first(devices=(device(1, expires_at=AT + 10),))
    cases.append(
        (
            "signed by an expired device",
            Rule.SIGNER,
            [
                start(expiring),
                by(Signer.DEVICE, PHONE, after(expiring, devices=(*expiring.devices, device(2)))),
            ],
        )
    )
    return [("first: another person", Rule.PERSON, STRANGER, [ONE])] + [
        (name, rule, PERSON, chain) for name, rule, chain in [*cases, *many_devices(), *resets()]
    ]
