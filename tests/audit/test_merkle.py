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
from audit.merkle import ProofError

PUBLIC = Path(__file__).parents[3] / "shared" / "vectors" / "rfc6962"
ENTRIES = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def naive(entries: list[bytes]) -> bytes:
    """RFC 6962 §2.1 word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return sha256(b"\x01" + naive(entries[:k]) + naive(entries[k:])).digest()


def naive_inclusion(index: int, entries: list[bytes]) -> list[bytes]:
    """RFC 6962 §2.1.1 word for word."""
    if len(entries) <= 1:
        return []
    k = split(len(entries))
    if index < k:
        return [*naive_inclusion(index, entries[:k]), naive(entries[k:])]
    return [*naive_inclusion(index - k, entries[k:]), naive(entries[:k])]


def naive_consistency(size: int, entries: list[bytes], known: bool = True) -> list[bytes]:
    """RFC 6962 §2.1.2 word for word."""
    if size == len(entries):
        return [] if known else [naive(entries)]
    k = split(len(entries))
    if size <= k:
        return [*naive_consistency(size, entries[:k], known), naive(entries[k:])]
    return [*naive_consistency(size - k, entries[k:], False), naive(entries[:k])]


def spoiled(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    """The proof with one thing wrong."""
    kind = data.draw(st.sampled_from(["longer", "shorter", "bit", "swapped"]))
    at = data.draw(st.integers(min_value=0, max_value=max(0, len(proof) - 1)))
    if kind == "bit" and proof:
        flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        return [*proof[:at], flipped, *proof[at + 1 :]]
    if kind == "shorter" and proof:
        return [*proof[:at], *proof[at + 1 :]]
    if kind == "swapped" and len(proof) > 1 and proof[0] != proof[-1]:
        return [proof[-1], *proof[1:-1], proof[0]]
    return [*proof[:at], bytes(32), *proof[at:]]


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_the_root_is_the_rfcs(entries: list[bytes]) -> None:
    assert merkle.root_of(entries) == naive(entries)


@given(ENTRIES, st.data())
def test_inclusion_is_proved_for_its_place_and_no_other(entries: list[bytes], data: st.DataObject) -> None:
    size = data.draw(st.integers(min_value=1, max_value=len(entries)))
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    hashes = [merkle.leaf_hash(entry) for entry in entries]
    proof = merkle.inclusion_proof(leaf_hashes=hashes, index=index, size=size)
    assert proof == naive_inclusion(index, entries[:size])
    root = naive(entries[:size])
    leaf = hashes[index]
    merkle.verify_inclusion(leaf_hash=leaf, index=index, size=size, proof=proof, root=root)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(leaf, index, size, spoiled(proof, data), root)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(leaf, index, size, proof, bytes(32))
    with pytest.raises(ProofError):
        merkle.verify_inclusion(merkle.leaf_hash(b"something else"), index, size, proof, root)
    for outside in (-1, size):
        with pytest.raises(ProofError, match="outside"):
            merkle.verify_inclusion(leaf, outside, size, proof, root)


@given(ENTRIES, st.data())
def test_consistency_is_proved_between_the_right_trees(entries: list[bytes], data: st.DataObject) -> None:
    size2 = data.draw(st.integers(min_value=1, max_value=len(entries)))
    size1 = data.draw(st.integers(min_value=1, max_value=size2))
    hashes = [merkle.leaf_hash(entry) for entry in entries]
    proof = merkle.consistency_proof(leaf_hashes=hashes, size1=size1, size2=size2)
    assert proof == naive_consistency(size1, entries[:size2])
    root1, root2 = naive(entries[:size1]), naive(entries[:size2])
    merkle.verify_consistency(size1=size1, size2=size2, root1=root1, root2=root2, proof=proof)
    with pytest.raises(ProofError):
        merkle.verify_consistency(size1, size2, root1, root2, spoiled(proof, data))
    with pytest.raises(ProofError):
        merkle.verify_consistency(size1, size2, bytes(32), root2, proof)
    with pytest.raises(ProofError):
        merkle.verify_consistency(size1, size2, root1, bytes(32), proof)
    if size1 != size2 and root1 != root2:
        with pytest.raises(ProofError):
            merkle.verify_consistency(size1, size2, root2, root1, proof)
        with pytest.raises(ProofError):
            merkle.verify_consistency(size2, size1, root2, root1, proof)


@given(st.integers(min_value=0, max_value=300))
def test_a_tree_grows_from_its_frontier_alone(size: int) -> None:
    leaves = [merkle.leaf_hash(bytes([number % 251])) for number in range(size)]
    first = merkle.Frontier()
    for leaf in leaves[: size // 2]:
        first.append(leaf)
    second = merkle.Frontier(first.size, first.subtrees)
    for leaf in leaves[size // 2 :]:
        second.append(leaf)
    assert second.root() == merkle.root(leaves)
    assert first.size == size // 2


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
    leaf = merkle.leaf_hash(b"")
    with pytest.raises(ValueError, match="32-byte"):
        merkle.root([bytes(31)])
    with pytest.raises(ValueError, match="32-byte"):
        merkle.node_hash(bytes(32), bytes(33))
    with pytest.raises(ProofError, match="32-byte"):
        merkle.verify_inclusion(leaf, 0, 2, [bytes(31)], leaf)
    with pytest.raises(ProofError, match="32-byte"):
        merkle.verify_consistency(1, 2, leaf, leaf, [bytes(33)])


def test_trees_that_are_not_there_have_no_proofs() -> None:
    leaves = [merkle.leaf_hash(b"one")]
    for call in (
        lambda: merkle.inclusion_proof(leaves, 1),
        lambda: merkle.inclusion_proof(leaves, -1),
        lambda: merkle.inclusion_proof(leaves, 0, 2),
        lambda: merkle.consistency_proof(leaves, 0),
        lambda: merkle.consistency_proof(leaves, 2),
        lambda: merkle.consistency_proof(leaves, 1, 2),
        lambda: merkle.Frontier(3, [bytes(32)]),
    ):
        with pytest.raises(ValueError, match=r"outside|many|leads|frontier"):
            call()


def test_the_empty_tree_stays_the_empty_tree() -> None:
    merkle.verify_consistency(0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [])


@pytest.mark.parametrize("proof", [[bytes(32)] * 100_000, [bytes(32)] * 65])
def test_oversized_proofs_end_at_once(proof: list[bytes]) -> None:
    leaf = merkle.leaf_hash(b"")
    with pytest.raises(ProofError, match="too long"):
        merkle.verify_inclusion(leaf, 5, 9, proof, leaf)
    with pytest.raises(ProofError, match="too long"):
        merkle.verify_consistency(5, 9, leaf, leaf, proof)


def public_cases(kind: str) -> list[Any]:
    folder = PUBLIC / kind
    if not folder.is_dir():
        reason = f"{folder} is not present"
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason))]
    return [
        pytest.param(json.loads(path.read_text()), id=f"{path.parent.name}/{path.stem}")
        for path in sorted(folder.rglob("*.json"))
    ]


def proves(verify: Any, *arguments: Any) -> bool:
    try:
        verify(*arguments)
    except ProofError:
        return False
    return True


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


@pytest.mark.parametrize("case", public_cases("inclusion"))
def test_public_inclusion_vectors(case: dict[str, Any]) -> None:
    proof = [decoded(text) for text in case["proof"] or []]
    place = decoded(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, decoded(case["root"])
    assert proves(merkle.verify_inclusion, *place) is not case["wantErr"]


@pytest.mark.parametrize("case", public_cases("consistency"))
def test_public_consistency_vectors(case: dict[str, Any]) -> None:
    proof = [decoded(text) for text in case["proof"] or []]
    trees = case["size1"], case["size2"], decoded(case["root1"]), decoded(case["root2"]), proof
    assert proves(merkle.verify_consistency, *trees) is not case["wantErr"]


@pytest.mark.parametrize("number", [True, 1.0, "1", None])
def test_what_is_no_whole_number_is_refused(number: Any) -> None:
    """JSON's true and 1.0 would compare like numbers."""
    leaf = merkle.leaf_hash(b"entry")
    with pytest.raises(ProofError):
        merkle.verify_inclusion(leaf, 0, number, [], leaf)
    with pytest.raises(ProofError):
        merkle.verify_consistency(number, number, leaf, leaf, [])


@pytest.mark.parametrize("value", ["a" * 32, None, b"short", bytearray(32)])
def test_what_is_no_hash_is_refused_everywhere(value: Any) -> None:
    leaf = merkle.leaf_hash(b"entry")
    if not isinstance(value, bytes):
        with pytest.raises(ProofError):
            merkle.verify_consistency(3, 3, value, value, [])
    with pytest.raises(ProofError):
        merkle.verify_consistency(3, 4, value, leaf, [leaf])
    with pytest.raises(ProofError):
        merkle.verify_inclusion(value, 0, 1, [], value)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(leaf, 0, 2, [value], leaf)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(leaf, 0, 2, None, leaf)  # type: ignore[arg-type]
