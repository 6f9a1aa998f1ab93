"""Identity statements and chains: the shared vectors, and bytes that nobody signed."""

import json
import unicodedata
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import identity
from accounts.certificates import NO_TRUST, SignedCertificate, Trust
from accounts.identity import Rule, StatementRefusedError
from accounts.statements import (
    DeviceEntry,
    DeviceKind,
    SignedStatement,
    StatementMalformedError,
)
from tests.vectors import identity_many as many
from tests.vectors import identity_parts as parts
from tests.vectors import make_certificates

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "identity.json").read_text())
TRUST = Trust(
    root=bytes.fromhex(VECTORS["root"]),
    certificates=tuple(SignedCertificate.parse(bytes.fromhex(text)) for text in VECTORS["certificates"]),
)


def parsed(case: dict[str, Any]) -> list[SignedStatement]:
    return [SignedStatement.parse(bytes.fromhex(text)) for text in case["statements"]]


@pytest.mark.parametrize("case", VECTORS["good"], ids=lambda case: case["name"])
def test_good_chains_verify(case: dict[str, Any]) -> None:
    chain = parsed(case)
    read = identity.read_chain(person=bytes.fromhex(case["person"]), statements=chain, trust=TRUST)
    assert parts.described(read.newest) == case["newest"]
    assert [base.hex() for base in read.bases] == case["bases"]
    assert sorted([id_.hex(), one.base.hex()] for id_, one in read.listed.items()) == case["device_bases"]
    assert read.hashes == tuple(signed.statement.hash for signed in chain)
    assert read.base == read.bases[-1]
    assert [signed.encode().hex() for signed in chain] == case["statements"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_chains_that_break_a_rule_are_refused_by_its_name(case: dict[str, Any]) -> None:
    person = bytes.fromhex(case["person"])
    chain = parsed(case)
    with pytest.raises(StatementRefusedError) as caught:
        identity.verify_chain(person=person, statements=chain, trust=TRUST)
    assert caught.value.rule == case["rule"]
    if len(chain) > 1:
        identity.verify_chain(person=person, statements=chain[:-1], trust=TRUST)


@pytest.mark.parametrize("case", VECTORS["malformed"], ids=lambda case: case["name"])
def test_malformed_bytes_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformedError):
        SignedStatement.parse(bytes.fromhex(case["bytes"]))


def test_every_rule_has_a_vector() -> None:
    assert {case["rule"] for case in VECTORS["refused"]} == set(Rule)


RESETS = [case for case in VECTORS["good"] if len(case["bases"]) > 1]


@pytest.mark.parametrize("case", RESETS, ids=lambda case: case["name"])
@pytest.mark.parametrize(
    "trust",
    [
        NO_TRUST,
        replace(TRUST, certificates=()),
        replace(TRUST, root=None),
        replace(TRUST, root=bytes(make_certificates.OTHER_ROOT.verify_key)),
        replace(TRUST, certificates=TRUST.certificates[1:]),
    ],
    ids=["nothing", "no certificates", "no root", "another root", "one officer"],
)
def test_no_reset_is_believed_without_both_officers(case: dict[str, Any], trust: Trust) -> None:
    with pytest.raises(StatementRefusedError) as caught:
        identity.verify_chain(person=parts.PERSON, statements=parsed(case), trust=trust)
    assert caught.value.rule is Rule.RESET_OFFICERS


def test_a_reset_is_asked_for_before_the_officers_sign() -> None:
    whole = many.reset(parts.S1)
    asked = replace(whole, signatures=whole.signatures[:2])
    identity.check_reset_request(previous=parts.S1, signed=asked)
    for spoilt, rule in (
        (whole, Rule.RESET_OFFICERS),
        (replace(asked, signatures=asked.signatures[:1]), Rule.SIGNER),
        (replace(asked, signatures=whole.signatures[:3]), Rule.RESET_OFFICERS),
        (many.broken_signature(asked, 0), Rule.SIGNATURE),
        (parts.REPLACE, Rule.RESET_SHAPE),
    ):
        with pytest.raises(StatementRefusedError) as caught:
            identity.check_reset_request(previous=parts.S1, signed=spoilt)
        assert caught.value.rule is rule


def test_an_empty_chain_is_no_chain() -> None:
    with pytest.raises(ValueError, match="empty"):
        identity.verify_chain(person=parts.PERSON, statements=[])


def test_cutting_statement_one_anywhere_is_refused() -> None:
    body = parts.ONE.encode()
    for length in range(len(body)):
        with pytest.raises(StatementMalformedError):
            SignedStatement.parse(body[:length])


def test_no_single_bit_can_be_turned_unnoticed() -> None:
    """Every bit of a statement is under a signature, is in the signature, or names the signer."""
    body = parts.TWO.encode()
    for position in range(len(body) * 8):
        turned = bytearray(body)
        turned[position // 8] ^= 1 << position % 8
        with pytest.raises((StatementMalformedError, StatementRefusedError)):
            identity.verify_chain(
                person=parts.PERSON, statements=[parts.ONE, SignedStatement.parse(bytes(turned))]
            )


def test_the_order_of_a_chain_counts() -> None:
    with pytest.raises(StatementRefusedError):
        identity.verify_chain(person=parts.PERSON, statements=[parts.REPLACE, parts.ONE])


@given(st.binary(max_size=600))
def test_random_bytes_are_refused_or_read_back_the_same(data: bytes) -> None:
    try:
        signed = SignedStatement.parse(data)
    except StatementMalformedError:
        return
    assert signed.encode() == data


@given(
    st.integers(min_value=0, max_value=len(parts.TWO.encode()) - 1),
    st.binary(min_size=1, max_size=5),
)
def test_splices_are_refused_or_canonical(at: int, spliced: bytes) -> None:
    body = parts.TWO.encode()
    data = body[:at] + spliced + body[at + len(spliced) :]
    with suppress(StatementMalformedError):
        assert SignedStatement.parse(data).encode() == data


NAMES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs", "Cf"]), min_size=1, max_size=30).filter(
    lambda name: len(name.encode()) <= 128
)


@given(
    NAMES,
    st.sampled_from(DeviceKind),
    st.integers(min_value=0, max_value=(1 << 53) - 1),
    st.integers(min_value=1, max_value=(1 << 53) - 1),
)
def test_what_is_written_is_read(name: str, kind: DeviceKind, added_at: int, expires_at: int) -> None:
    entry = DeviceEntry(
        id=bytes(16),
        name=unicodedata.normalize("NFC", name),
        kind=kind,
        signature_key=bytes(32),
        added_at=added_at,
        expires_at=expires_at,
    )
    if len(entry.name.encode()) <= 128:
        statement = parts.first(devices=(entry,))
        assert SignedStatement.parse(SignedStatement(statement, ()).encode()).statement == statement
