"""Makes certificates.json: certificates of the offline root (`accounts.certificates`), good and bad.

`good`: what they say. `refused`: well-formed, but not for this root, purpose or time, or not signed; with the
rule. `malformed`: bytes that no reader accepts. Keys come from fixed seeds.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from accounts.certificates import (
    Certificate,
    CertificateRule,
    Purpose,
    SignedCertificate,
    sign_certificate,
)
from accounts.signing import Label, sign
from tests.vectors.identity_parts import AT, key

ROOT, OTHER_ROOT, AUTHORITY, OFFICER = key(240), key(241), key(242), key(243)
START: Final = AT - 1_000_000
END: Final = AT + 1_000_000_000


def certificate(**changes: Any) -> Certificate:
    """The directory authority's."""
    fields: dict[str, Any] = {
        "root": bytes(ROOT.verify_key),
        "key": bytes(AUTHORITY.verify_key),
        "purpose": Purpose.AUTHORITY,
        "name": "Directory authority",
        "not_before": START,
        "not_after": END,
    }
    return Certificate(**{**fields, **changes})


def signed(**changes: Any) -> SignedCertificate:
    """Signed by the root."""
    return sign_certificate(certificate=certificate(**changes), root=ROOT)


def officer(number: int, **changes: Any) -> SignedCertificate:
    """Of the reset officer whose key is `key(number)`."""
    fields = {"key": bytes(key(number).verify_key), "purpose": Purpose.OFFICER, "name": f"Officer {number}"}
    return signed(**{**fields, **changes})


AUTHORITY_CERTIFICATE: Final = signed()


def good() -> dict[str, tuple[SignedCertificate, int]]:
    """Certificates with a time at which they are valid."""
    return {
        "directory authority": (AUTHORITY_CERTIFICATE, AT),
        "reset officer": (officer(100), AT),
        "name in Urdu": (signed(name="ناظم دفتر"), AT),
        "at its first millisecond": (AUTHORITY_CERTIFICATE, START),
        "at its last millisecond": (AUTHORITY_CERTIFICATE, END - 1),
        "until the highest time": (signed(not_after=(1 << 53) - 1), AT),
    }


def refused() -> list[tuple[str, CertificateRule, SignedCertificate, int]]:
    """Each is judged for `ROOT`, the directory authority and this time."""
    body = AUTHORITY_CERTIFICATE.certificate
    foreign = certificate(root=bytes(OTHER_ROOT.verify_key))
    turned = bytes([AUTHORITY_CERTIFICATE.signature[0] ^ 1]) + AUTHORITY_CERTIFICATE.signature[1:]
    return [
        ("another root", CertificateRule.ROOT, sign_certificate(certificate=foreign, root=OTHER_ROOT), AT),
        ("an officer's", CertificateRule.PURPOSE, officer(100), AT),
        ("before its time", CertificateRule.TIME, AUTHORITY_CERTIFICATE, START - 1),
        ("at its end", CertificateRule.TIME, AUTHORITY_CERTIFICATE, END),
        ("after its end", CertificateRule.TIME, AUTHORITY_CERTIFICATE, END + 1),
        ("signature forged", CertificateRule.SIGNATURE, SignedCertificate(body, turned), AT),
        (
            "signed by another root under this root's name",
            CertificateRule.SIGNATURE,
            SignedCertificate(body, sign(key=OTHER_ROOT, label=Label.CERTIFICATE, content=body.encode())),
            AT,
        ),
        (
            "signed by itself",
            CertificateRule.SIGNATURE,
            SignedCertificate(body, sign(key=AUTHORITY, label=Label.CERTIFICATE, content=body.encode())),
            AT,
        ),
        (
            "signed as an order",
            CertificateRule.SIGNATURE,
            SignedCertificate(body, sign(key=ROOT, label=Label.ORDER, content=body.encode())),
            AT,
        ),
        (
            "officer's signature over another purpose",
            CertificateRule.SIGNATURE,
            replace(officer(100), certificate=replace(officer(100).certificate, purpose=Purpose.AUTHORITY)),
            AT,
        ),
    ]


def malformed() -> dict[str, bytes]:
    """Bytes that no reader accepts."""
    body = AUTHORITY_CERTIFICATE.encode()
    purpose_at = 2 + 32 + 32
    name_at = purpose_at + 2
    name = body[name_at : name_at + body[name_at - 1]]

    def renamed(new: bytes) -> bytes:
        return body[: name_at - 1] + bytes([len(new)]) + new + body[name_at + len(name) :]

    return {
        "empty": b"",
        "cut off": body[:-1],
        "a byte too many": body + b"\0",
        "format 2": b"\0\2" + body[2:],
        "purpose 0": body[:purpose_at] + b"\0" + body[purpose_at + 1 :],
        "purpose 3": body[:purpose_at] + b"\3" + body[purpose_at + 1 :],
        "no name": renamed(b""),
        "name with a line break": renamed(b"Directory\nauthority"),
        "name not UTF-8": renamed(b"Directory\xff"),
        "name not NFC": renamed("Re\u0301gistre".encode()),
        "length of the name not minimal": body[: name_at - 1] + bytes([0x40, len(name)]) + body[name_at:],
        "never valid": signed(not_before=AT, not_after=AT).encode(),
        "ends before it begins": signed(not_before=AT, not_after=AT - 1).encode(),
        "time of 2^53": signed(not_after=1 << 53).encode(),
    }


def main() -> None:
    """Write certificates.json beside this script."""
    vectors = {
        "root": bytes(ROOT.verify_key).hex(),
        "good": [
            {
                "name": name,
                "bytes": value.encode().hex(),
                "at": at,
                "key": value.certificate.key.hex(),
                "purpose": value.certificate.purpose.name.lower(),
                "certified": value.certificate.name,
                "not_before": value.certificate.not_before,
                "not_after": value.certificate.not_after,
            }
            for name, (value, at) in good().items()
        ],
        "refused": [
            {"name": name, "rule": rule.value, "bytes": value.encode().hex(), "at": at}
            for name, rule, value, at in refused()
        ],
        "malformed": [{"name": name, "bytes": data.hex()} for name, data in malformed().items()],
    }
    Path(__file__).with_name("certificates.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
