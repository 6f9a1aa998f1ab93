"""Codes that people type: the shared vectors, and what typing mistakes do."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from accounts import codes
from accounts.codes import CodeError

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "codes.json").read_text())


@pytest.mark.parametrize("case", VECTORS["activation"], ids=lambda case: case["symbols"])
def test_every_spelling_of_an_activation_code_is_read(case: dict[str, Any]) -> None:
    assert {codes.read_activation_code(text) for text in case["typed"]} == {case["symbols"]}


@pytest.mark.parametrize("text", VECTORS["activation_refused"], ids=ascii)
def test_other_texts_are_no_activation_code(text: str) -> None:
    with pytest.raises(CodeError):
        codes.read_activation_code(text)


@pytest.mark.parametrize("case", VECTORS["recovery"], ids=lambda case: case["symbols"])
def test_every_spelling_of_a_recovery_code_is_read(case: dict[str, Any]) -> None:
    value = bytes.fromhex(case["bytes"])
    assert {codes.read_recovery_code(text) for text in case["typed"]} == {value}
    assert codes.write_recovery_code(value) == case["grouped"]
    seed = codes.recovery_seed(value=value, person=bytes.fromhex(case["person"]))
    assert seed.hex() == case["seed"]
    assert bytes(SigningKey(seed).verify_key).hex() == case["public_key"]


@pytest.mark.parametrize("text", VECTORS["recovery_refused"], ids=ascii)
def test_other_texts_are_no_recovery_code(text: str) -> None:
    with pytest.raises(CodeError):
        codes.read_recovery_code(text)


def test_fresh_activation_codes_are_well_formed_and_differ() -> None:
    made = {codes.new_activation_code() for _ in range(200)}
    assert len(made) == 200
    assert all(codes.read_activation_code(code) == code for code in made)


@given(st.binary(min_size=16, max_size=16))
def test_recovery_codes_round_trip(value: bytes) -> None:
    assert codes.read_recovery_code(codes.write_recovery_code(value)) == value


def test_a_misread_symbol_is_noticed_but_for_one_in_a_thousand() -> None:
    code = VECTORS["activation"][2]["symbols"]
    passed = 0
    for at in range(20):
        for symbol in set(codes.ALPHABET) - {code[at]}:
            with suppress(CodeError):
                codes.read_activation_code(code[:at] + symbol + code[at + 1 :])
                passed += 1
    assert passed <= 3  # of 620


@given(st.text(max_size=60))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    for read in (codes.read_activation_code, codes.read_recovery_code):
        try:
            read(text)
        except CodeError:
            continue


def test_a_code_is_stored_under_a_key() -> None:
    symbols = VECTORS["activation"][0]["symbols"]
    one = codes.activation_mac(key=bytes(32), symbols=symbols)
    assert len(one) == 32
    assert one != codes.activation_mac(key=bytes([1]) * 32, symbols=symbols)
