"""Signatures: the shared vectors, among them what lax libraries accept."""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts import signing
from accounts.signing import Label

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "signatures.json").read_text()
)


def verified(case: dict[str, Any]) -> bool:
    return signing.verify(
        public_key=bytes.fromhex(case["public_key"]),
        label=Label(case["label"]),
        content=bytes.fromhex(case["content"]),
        signature=bytes.fromhex(case["signature"]),
    )


@pytest.mark.parametrize(
    "case", VECTORS["good"], ids=lambda case: f"{case['label']} {len(case['content']) // 2}"
)
def test_good_signatures(case: dict[str, Any]) -> None:
    assert verified(case)
    content = bytes.fromhex(case["content"])
    assert signing.sign_content(label=Label(case["label"]), content=content).hex() == case["sign_content"]


@pytest.mark.parametrize("case", VECTORS["bad"], ids=lambda case: case["name"])
def test_bad_signatures(case: dict[str, Any]) -> None:
    assert not verified(case)
