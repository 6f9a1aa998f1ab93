"""Makes identity.json: identity statements and chains (`accounts.statements`, `accounts.identity`).

`certificates`: what a reader of all of them knows, under `root`. `good`: chains that verify, with what they
say. `refused`: chains whose last statement breaks `rule`, all
before it being good. `malformed`: bytes that no reader accepts. Every key comes from a fixed seed; bytes and
hashes are hex.
"""

import json
from pathlib import Path

from accounts.certificates import Trust
from accounts.identity import TEMPORARY_LIFETIME, VerifiedChain, read_chain
from accounts.statements import DeviceKind, SignedStatement, Signer
from tests.vectors.identity_many import CERTIFICATES, reset, temporary
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
from tests.vectors.identity_refused import refused
from tests.vectors.make_certificates import ROOT


def good() -> dict[str, list[SignedStatement]]:
    """Chains that verify."""
    all_gone = after(REPLACED, devices=(), revoked=(revoked(1), revoked(2)))
    with_temporary = after(S1, devices=(device(1), temporary(3)))
    full = after(S1, devices=tuple(device(number) for number in range(1, 6)))
    two_temporary = after(S2, devices=(device(1), device(2), temporary(3), temporary(4)))
    again = reset(S1)
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
        "temporary device": [ONE, by(Signer.DEVICE, PHONE, with_temporary)],
        "temporary device for a whole day": [
            ONE,
            by(
                Signer.DEVICE,
                PHONE,
                after(S1, devices=(device(1), temporary(3, expires_at=AT + TEMPORARY_LIFETIME))),
            ),
        ],
        "temporary device revokes itself": [
            ONE,
            by(Signer.DEVICE, PHONE, with_temporary),
            by(Signer.DEVICE, THIRD, after(with_temporary, devices=(device(1),), revoked=(revoked(3),))),
        ],
        "one temporary device revokes itself, others stay": [
            ONE,
            TWO,
            by(Signer.RECOVERY, RECOVERY, two_temporary),
            by(
                Signer.DEVICE,
                THIRD,
                after(two_temporary, devices=(device(1), device(2), temporary(4)), revoked=(revoked(3),)),
            ),
        ],
        "device adds one and revokes another": [
            ONE,
            TWO,
            by(Signer.DEVICE, LAPTOP, after(S2, devices=(device(2), device(3)), revoked=(revoked(1),))),
        ],
        "device adds one and renames itself": [
            ONE,
            by(Signer.DEVICE, PHONE, after(S1, devices=(device(1, name="Office"), device(2)))),
        ],
        "expired temporary devices do not count": [
            ONE,
            by(
                Signer.RECOVERY,
                RECOVERY,
                after(S1, devices=(device(1), *(temporary(number) for number in (3, 4, 5)))),
            ),
            by(
                Signer.DEVICE,
                PHONE,
                after(
                    after(S1, devices=(device(1), *(temporary(number) for number in (3, 4, 5)))),
                    devices=(
                        device(1),
                        *(temporary(number) for number in (3, 4, 5)),
                        temporary(6, added_at=AT + 3_600_000, expires_at=AT + 7_200_000),
                    ),
                    at=AT + 3_600_000,
                ),
            ),
        ],
        "reset by two officers": [ONE, again],
        "reset after a replacement, nobody left": [
            ONE,
            REPLACE,
            by(Signer.DEVICE, LAPTOP, all_gone),
            reset(all_gone),
        ],
        "reset, then a second device": [
            ONE,
            again,
            by(Signer.DEVICE, key(5), after(again.statement, devices=(device(5), device(6)))),
        ],
        "reset twice": [
            ONE,
            again,
            reset(again.statement, 6, recovery=key(203)),
        ],
        "same time as before": [ONE, by(Signer.DEVICE, PHONE, after(S1, at=AT))],
        "five regular devices and a temporary one": [
            ONE,
            by(Signer.RECOVERY, RECOVERY, full),
            by(
                Signer.DEVICE,
                PHONE,
                after(full, devices=(*full.devices, temporary(6))),
            ),
        ],
    }


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


def read(chain: list[SignedStatement]) -> VerifiedChain:
    """What a chain says to a reader who knows the officers."""
    trust = Trust(bytes(ROOT.verify_key), CERTIFICATES)
    return read_chain(person=PERSON, statements=chain, trust=trust)


def main() -> None:
    """Write identity.json beside this script."""
    vectors = {
        "root": bytes(ROOT.verify_key).hex(),
        "certificates": [signed.encode().hex() for signed in CERTIFICATES],
        "good": [
            {
                "name": name,
                "person": PERSON.hex(),
                "statements": [signed.encode().hex() for signed in chain],
                "newest": described(chain[-1].statement),
                "bases": [base.hex() for base in read(chain).bases],
                "device_bases": sorted(
                    [id_.hex(), one.base.hex()] for id_, one in read(chain).listed.items()
                ),
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
