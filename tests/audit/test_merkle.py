"""The Merkle tree against a second, naive implementation, and public vectors where they are present."""

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle

PUBLIC = Path(__file__).parents[3] / "shared" / "vectors" / "rfc6962" / "inclusion"


def naive(entries: list[bytes]) -> bytes:
    """RFC 6962 §2.1 word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + naive(entries[:k]) + naive(entries[k:])).digest()


def naive_proof(index: int, entries: list[bytes]) -> list[bytes]:
    """RFC 6962 §2.1.1 word for word."""
    if len(entries) <= 1:
        return []
    k = 1
    while k * 2 < len(entries):
        k *= 2
    if index < k:
        return [*naive_proof(index, entries[:k]), naive(entries[k:])]
    return [*naive_proof(index - k, entries[k:]), naive(entries[:k])]


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_the_root_is_the_rfcs(entries: list[bytes]) -> None:
    assert merkle.root_of(entries) == naive(entries)


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40), st.data())
def test_inclusion_proofs_lead_to_the_root_and_no_other_place(
    entries: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(min_value=0, max_value=len(entries) - 1))
    proof = naive_proof(index, entries)
    leaf = merkle.leaf_hash(entries[index])
    size = len(entries)
    assert merkle.root_from_inclusion(index=index, size=size, leaf=leaf, proof=proof) == naive(entries)
    with pytest.raises(ValueError, match="proof"):
        merkle.root_from_inclusion(index=index, size=size, leaf=leaf, proof=[*proof, bytes(32)])
    with pytest.raises(ValueError, match="outside"):
        merkle.root_from_inclusion(index=size, size=size, leaf=leaf, proof=proof)


def test_known_roots() -> None:
    """The tree of the RFC's reference implementation."""
    entries = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031")]
    expected = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    ]
    assert [merkle.root_of(entries[:size]).hex() for size in range(6)] == expected


def test_hashes_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="32-byte"):
        merkle.root([bytes(31)])
    with pytest.raises(ValueError, match="32-byte"):
        merkle.node_hash(bytes(32), bytes(33))


def public_cases() -> list[Any]:
    if not PUBLIC.is_dir():
        reason = f"{PUBLIC} is not present"
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason))]
    return [
        pytest.param(json.loads(path.read_text()), id=f"{path.parent.name}/{path.stem}")
        for path in sorted(PUBLIC.rglob("*.json"))
    ]


@pytest.mark.parametrize("case", public_cases())
def test_public_inclusion_vectors(case: dict[str, Any]) -> None:
    def proves() -> bool:
        proof = [base64.b64decode(text) for text in case["proof"] or []]
        leaf = base64.b64decode(case["leafHash"] or "")
        if len(leaf) != merkle.HASH_BYTES:
            return False
        try:
            found = merkle.root_from_inclusion(
                index=case["leafIdx"], size=case["treeSize"], leaf=leaf, proof=proof
            )
        except ValueError:
            return False
        return found == base64.b64decode(case["root"] or "")

    assert proves() is not case["wantErr"]
