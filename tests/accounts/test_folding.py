"""Folding: the shared vectors, and that folding twice changes nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import folding

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "folding.json").read_text()
)


@pytest.mark.parametrize("case", VECTORS["names"], ids=lambda case: ascii(case["text"]))
def test_names(case: dict[str, Any]) -> None:
    assert folding.fold(case["text"]) == case["folded"]
    assert folding.words(case["text"]) == case["words"]


@pytest.mark.parametrize("case", VECTORS["digits"], ids=lambda case: ascii(case["text"]))
def test_digits(case: dict[str, Any]) -> None:
    assert folding.fold_digits(case["text"]) == case["folded"]


@pytest.mark.parametrize("case", VECTORS["passphrases"], ids=lambda case: ascii(case["text"]))
def test_passphrases(case: dict[str, Any]) -> None:
    assert folding.fold_passphrase(case["text"]) == case["folded"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("علي كريم", "علی کریم"),
        ("أحمد إبراهيم", "احمد ابراهیم"),
        ("فاطمة", "فاطمہ"),
        ("شاہ", "شاه"),
        ("مُحَمَّد", "محمد"),
        ("گریڈ ۱۷", "گریڈ 17"),
        ("می‌خواهم", "میخواهم"),
        ("JOSÉ", "jose"),
    ],
)
def test_two_keyboards_write_one_name(one: str, other: str) -> None:
    assert folding.fold(one) == folding.fold(other)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = folding.fold(text)
    assert folding.fold(once) == once


@given(st.text())
def test_folding_a_passphrase_twice_changes_nothing(text: str) -> None:
    once = folding.fold_passphrase(text)
    assert folding.fold_passphrase(once) == once
