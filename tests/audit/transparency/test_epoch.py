"""Entries of the key log: one spelling, and a hash over the changes."""

import json
from pathlib import Path
from typing import Any

import pytest

from audit.merkle import ProofError
from audit.transparency.epoch import Change, EpochLeaf, changes_hash, in_order

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "transparency.json").read_text())


@pytest.mark.parametrize("case", VECTORS["epoch"]["good"], ids=lambda case: case["name"])
def test_good_vectors(case: dict[str, Any]) -> None:
    leaf = EpochLeaf.parse(bytes.fromhex(case["bytes"]))
    assert leaf.encode().hex() == case["bytes"]
    assert (leaf.epoch, leaf.time, leaf.map_root.hex()) == (case["epoch"], case["time"], case["map_root"])


@pytest.mark.parametrize("case", VECTORS["epoch"]["bad"], ids=lambda case: case["name"])
def test_bad_vectors(case: dict[str, str]) -> None:
    with pytest.raises(ProofError):
        EpochLeaf.parse(bytes.fromhex(case["bytes"]))


def test_changes_have_one_order() -> None:
    first, second = Change(b"a" * 16, 1, bytes(32), b"1" * 32), Change(b"a" * 16, 2, b"1" * 32, b"2" * 32)
    assert in_order([second, first]) == [first, second]
    assert changes_hash([first, second]) != changes_hash([first])
    for wrong in ([second, first], [first, first]):
        with pytest.raises(ValueError, match="order"):
            changes_hash(wrong)
