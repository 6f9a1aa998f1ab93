"""Makes identity.json: identity statements and chains (`accounts.statements`, `accounts.identity`).

`good`: chains that verify, with what they say. `refused`: chains whose last statement breaks `rule`, all
before it being good. `malformed`: bytes that no reader accepts. Every key comes from a fixed seed; bytes and
hashes are hex.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from accounts.identity import Rule, sign_statement
from accounts.statements import NO_HASH, DeviceKind, Flags, SignedStatement, Signer
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
    described,
    device,
    first,
    key,
    revoked,
    start,
)


def good() -> dict[str, list[SignedStatement]]:
    """Chains that verify."""
    all_gone = after(REPLACED, devices=(), revoked=(revoked(1), revoked(2)))
    temporary = device(3, kind=DeviceKind.TEMPORARY, expires_at=AT + 3_600_000)
    return {
        "first statement": [ONE],
        "first statement, name in Urdu with ZWNJ": [
            start(first(devices=(device(1, name="میرا نیا‌فون"),))),
        ],
        "first statement, name of 128 bytes": [start(first(devices=(device(1, name="é" * 64),)))],
        "second device approved by the first": [ONE, TWO],
        "device replaced by the recovery key": [ONE, REPLACE],
        "device revokes itself, none is left": [
            ONE,
            REPLACE,
            by(Signer.DEVICE, LAPTOP, all_gone),
        ],
        "recovery key brings a device after none was left": [
            ONE,
            REPLACE,
            by(Signer.DEVICE, LAPTOP, all_gone),
            by(Signer.RECOVERY, RECOVERY, after(all_gone, devices=(device(3),))),
        ],
        "recovery key replaces itself": [
            ONE,
            by(Signer.RECOVERY, RECOVERY, after(S1, recovery_key=bytes(NEW_RECOVERY.verify_key))),
        ],
        "device renamed": [ONE, by(Signer.DEVICE, PHONE, after(S1, devices=(device(1, name="Office"),)))],
        "temporary device": [ONE, by(Signer.DEVICE, PHONE, after(S1, devices=(device(1), temporary)))],
        "same time as before": [ONE, by(Signer.DEVICE, PHONE, after(S1, at=AT))],
        "five regular devices and a temporary one": [
            ONE,
            by(
                Signer.DEVICE,
                PHONE,
                after(
                    S1,
                    devices=(
                        device(1),
                        device(2),
                        device(3, kind=DeviceKind.TEMPORARY, expires_at=AT + 9),
                        *(device(number) for number in (4, 5, 6)),
                    ),
                ),
            ),
        ],
    }


def broken_signature(signed: SignedStatement, index: int) -> SignedStatement:
    """`signed` with one bit of one signature turned."""
    signatures = list(signed.signatures)
    turned = bytearray(signatures[index].signature)
    turned[0] ^= 1
    signatures[index] = replace(signatures[index], signature=bytes(turned))
    return replace(signed, signatures=tuple(signatures))


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
        (
            "reset by officers",
            Rule.RESET_NOT_SUPPORTED,
            [
                ONE,
                sign_statement(
                    statement=after(S1, flags=Flags.RESET, devices=(device(2),), revoked=(revoked(1),)),
                    signers=[(Signer.OFFICER, key(100)), (Signer.OFFICER, key(101))],
                ),
            ],
        ),
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
            "six regular devices",
            Rule.TOO_MANY_DEVICES,
            [
                ONE,
                by(Signer.DEVICE, PHONE, after(S1, devices=tuple(device(number) for number in range(1, 7)))),
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
        (name, rule, PERSON, chain) for name, rule, chain in cases
    ]


def malformed() -> dict[str, bytes]:
    """Bytes that no reader accepts."""
    body = ONE.encode()
    recovery_at = 2 + 16 + 4 + 32
    flags_at = recovery_at + 32
    name_at = flags_at + 1 + 2 + 16 + 1  # flags, length of the list (two bytes), id, length of the name
    name_end = name_at + len(device(1).name)

    def changed(at: int, *values: int) -> bytes:
        return body[:at] + bytes(values) + body[at + len(values) :]

    def renamed(name: bytes) -> bytes:
        entry = device(1, name="X" * len(name))
        spelt = start(first(devices=(entry,))).encode()
        return spelt.replace(b"X" * len(name), name, 1)

    no_end = device(3, kind=DeviceKind.TEMPORARY)
    return {
        "empty": b"",
        "cut off": body[:-1],
        "cut off in the middle": body[: len(body) // 2],
        "a byte too many": body + b"\0",
        "format 2": changed(0, 0, 2),
        "version 0": changed(18, 0, 0, 0, 0),
        "flags 2": changed(flags_at, 2),
        "flags 128": changed(flags_at, 128),
        "list length not minimal": body[: flags_at + 1]
        + bytes([0x80, 0, body[flags_at + 1] & 0x3F, body[flags_at + 2]])
        + body[flags_at + 3 :],
        "list length reserved": changed(flags_at + 1, 0xC0),
        "device kind 0": changed(name_end, 0),
        "device kind 3": changed(name_end, 3),
        "name with NUL": renamed(b"Device\x00"),
        "name with line break": renamed(b"Device\n"),
        "name with a C1 control": renamed("Device\u0085".encode()),
        "name with a line separator": renamed("Device\u2028".encode()),
        "name not UTF-8": renamed(b"Devic\xff\xfe"),
        "name with a surrogate": renamed(b"De\xed\xa0\x80"),
        "name not NFC": renamed("Re\u0301sume".encode()),
        "name of 129 bytes": renamed(b"n" * 129),
        "name empty": start(first(devices=(device(1, name=""),))).encode(),
        "time of 2^53": start(first(at=1 << 53)).encode(),
        "added at 2^53": start(first(devices=(device(1, added_at=1 << 53),))).encode(),
        "revoked at 2^53": start(first(revoked=(revoked(2, revoked_at=1 << 53),))).encode(),
        "temporary device without an end": start(first(devices=(no_end,))).encode(),
        "devices out of order": start(first(devices=(device(2), device(1)))).encode(),
        "device twice": start(first(devices=(device(1), device(1)))).encode(),
        "one key, two devices": start(
            first(devices=(device(1), device(2, signature_key=device(1).signature_key)))
        ).encode(),
        "revoked out of order": start(first(revoked=(revoked(3), revoked(2)))).encode(),
        "listed and revoked": start(first(revoked=(revoked(1),))).encode(),
        "listed key revoked under another id": start(
            first(revoked=(revoked(2, signature_key=device(1).signature_key),))
        ).encode(),
        "signer 0": changed(len(body) - 97, 0),
        "signer 4": changed(len(body) - 97, 4),
        "65,537 bytes": body + bytes(65_537 - len(body)),
    }


def main() -> None:
    """Write identity.json beside this script."""
    vectors = {
        "good": [
            {
                "name": name,
                "person": PERSON.hex(),
                "statements": [signed.encode().hex() for signed in chain],
                "newest": described(chain[-1].statement),
            }
            for name, chain in good().items()
        ],
        "refused": [
            {
                "name": name,
                "rule": rule.value,
                "person": person.hex(),
                "statements": [signed.encode().hex() for signed in chain],
            }
            for name, rule, person, chain in refused()
        ],
        "malformed": [{"name": name, "bytes": data.hex()} for name, data in malformed().items()],
    }
    Path(__file__).with_name("identity.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
