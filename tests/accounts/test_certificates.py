"""Certificates of the offline root: the shared vectors, and bytes that the root never saw."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import certificates
from accounts.certificates import (
    CertificateMalformedError,
    CertificateRefusedError,
    CertificateRule,
    Purpose,
    SignedCertificate,
)
from tests.vectors import make_certificates as parts
from tests.vectors.identity_parts import AT, key

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "certificates.json").read_text()
)
ROOT = bytes.fromhex(VECTORS["root"])
BODY = parts.AUTHORITY_CERTIFICATE.encode()


@pytest.mark.parametrize("case", VECTORS["good"], ids=lambda case: case["name"])
def test_good_certificates_verify(case: dict[str, Any]) -> None:
    signed = SignedCertificate.parse(bytes.fromhex(case["bytes"]))
    purpose = Purpose[case["purpose"].upper()]
    certificate = certificates.verify_certificate(signed, root=ROOT, purpose=purpose, at=case["at"])
    assert signed.encode().hex() == case["bytes"]
    assert certificate.key.hex() == case["key"]
    assert certificate.name == case["certified"]
    assert (certificate.not_before, certificate.not_after) == (case["not_before"], case["not_after"])


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_others_are_refused_by_the_rule(case: dict[str, Any]) -> None:
    signed = SignedCertificate.parse(bytes.fromhex(case["bytes"]))
    with pytest.raises(CertificateRefusedError) as caught:
        certificates.verify_certificate(signed, root=ROOT, purpose=Purpose.AUTHORITY, at=case["at"])
    assert caught.value.rule == case["rule"]


@pytest.mark.parametrize("case", VECTORS["malformed"], ids=lambda case: case["name"])
def test_malformed_bytes_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(CertificateMalformedError):
        SignedCertificate.parse(bytes.fromhex(case["bytes"]))


def test_every_rule_has_a_vector() -> None:
    assert {case["rule"] for case in VECTORS["refused"]} == set(CertificateRule)


def test_without_a_root_nothing_is_certified() -> None:
    with pytest.raises(CertificateRefusedError):
        certificates.verify_certificate(
            parts.AUTHORITY_CERTIFICATE, root=None, purpose=Purpose.AUTHORITY, at=AT
        )


def test_keys_of_one_purpose_that_are_valid_now() -> None:
    stale = parts.officer(102, not_after=AT)
    keys = certificates.valid_keys(
        [parts.AUTHORITY_CERTIFICATE, parts.officer(100), parts.officer(101), stale],
        root=ROOT,
        purpose=Purpose.OFFICER,
        at=AT,
    )
    assert keys == {bytes(key(number).verify_key) for number in (100, 101)}


def test_the_root_signs_only_in_its_own_name() -> None:
    with pytest.raises(ValueError, match="another root"):
        certificates.sign_certificate(certificate=parts.certificate(), root=parts.OTHER_ROOT)


def test_no_single_bit_can_be_turned_unnoticed() -> None:
    for position in range(len(BODY) * 8):
        turned = bytearray(BODY)
        turned[position // 8] ^= 1 << position % 8
        with pytest.raises((CertificateMalformedError, CertificateRefusedError)):
            certificates.verify_certificate(
                SignedCertificate.parse(bytes(turned)), root=ROOT, purpose=Purpose.AUTHORITY, at=AT
            )


@given(st.integers(min_value=0, max_value=len(BODY)), st.integers(0, 9), st.binary(max_size=9))
def test_splices_are_refused_or_canonical(at: int, cut: int, spliced: bytes) -> None:
    data = BODY[:at] + spliced + BODY[at + cut :]
    try:
        signed = SignedCertificate.parse(data)
    except CertificateMalformedError:
        return
    assert signed.encode() == data
