"""The notes of the shared vectors: the web client reads the same ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from audit.note import NoteError
from audit.policy import Policy

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "transparency.json").read_text())["note"]
POLICY = Policy.parse(VECTORS["policy"])


@pytest.mark.parametrize("case", VECTORS["good"], ids=lambda case: case["name"])
def test_good_vectors(case: dict[str, Any]) -> None:
    witnessed = POLICY.witnessed(bytes.fromhex(case["bytes"]), origin=VECTORS["origin"])
    assert witnessed.checkpoint.size == VECTORS["size"]
    assert witnessed.checkpoint.root.hex() == VECTORS["root"]
    assert set(witnessed.times.values()) == {VECTORS["time"]}
    assert len(witnessed.times) == case["witnesses"]


@pytest.mark.parametrize("case", VECTORS["bad"], ids=lambda case: case["name"])
def test_bad_vectors(case: dict[str, Any]) -> None:
    with pytest.raises(NoteError):
        POLICY.witnessed(bytes.fromhex(case["bytes"]), origin=VECTORS["origin"])
