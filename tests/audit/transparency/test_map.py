"""The prefix tree against a second, naive implementation, its proofs, and what a liar could try with them."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import ProofError
from audit.transparency import map as keymap
from audit.transparency.map import EMPTY, Leaf, MapProof, Node

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "transparency.json").read_text())

INDICES = st.one_of(
    st.binary(min_size=32, max_size=32),
    # Close neighbours: long common paths with empty sides.
    st.integers(min_value=0, max_value=9).map(lambda n: bytes(31) + bytes([n])),
)
MAPS = st.dictionaries(INDICES, st.binary(min_size=32, max_size=32), max_size=24)


def bits(index: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in index)


def naive(entries: dict[str, bytes], depth: int = 0) -> bytes:
    """The layout word for word: by bit strings, from the set alone."""
    if not entries:
        return bytes(32)
    if len(entries) == 1:
        ((index, value),) = entries.items()
        return sha256(b"\x02" + int(index, 2).to_bytes(32, "big") + value).digest()
    sides = [{i: v for i, v in entries.items() if i[depth] == bit} for bit in "01"]
    return sha256(b"\x03" + naive(sides[0], depth + 1) + naive(sides[1], depth + 1)).digest()


def built(entries: dict[bytes, bytes], *, at_once: int = 5) -> tuple[bytes, dict[bytes, Node]]:
    """Grown a few entries at a time."""
    nodes: dict[bytes, Node] = {}
    root, items = EMPTY, list(entries.items())
    for start in range(0, len(items), at_once):
        root, made = keymap.update(
            root=root, changes=dict(items[start : start + at_once]), load=nodes.__getitem__
        )
        nodes |= made
    return root, nodes


@given(MAPS, st.integers(min_value=1, max_value=7))
def test_the_root_is_the_sets_own_however_it_grew(entries: dict[bytes, bytes], at_once: int) -> None:
    root, nodes = built(entries, at_once=at_once)
    assert root == naive({bits(index): value for index, value in entries.items()})
    assert all(node.hash == digest for digest, node in nodes.items())


@given(MAPS, MAPS)
def test_values_are_replaced(first: dict[bytes, bytes], second: dict[bytes, bytes]) -> None:
    root, nodes = built(first)
    root, made = keymap.update(root=root, changes=second, load=nodes.__getitem__)
    assert root == built(first | second)[0]
    # And what was stays readable.
    old_root, _ = built(first)
    nodes |= made
    for index, value in first.items():
        proof = keymap.prove(root=old_root, index=index, load=nodes.__getitem__)
        assert keymap.verify(root=old_root, index=index, proof=proof) == value


@given(MAPS, INDICES)
def test_every_index_has_a_proof(entries: dict[bytes, bytes], stranger: bytes) -> None:
    root, nodes = built(entries)
    for index in [*entries, stranger]:
        proof = MapProof.parse(keymap.prove(root=root, index=index, load=nodes.__getitem__).encode())
        assert keymap.verify(root=root, index=index, proof=proof) == entries.get(index)


@given(st.dictionaries(INDICES, st.binary(min_size=32, max_size=32), min_size=2, max_size=12), st.data())
def test_a_changed_proof_proves_nothing_else(entries: dict[bytes, bytes], data: st.DataObject) -> None:
    root, nodes = built(entries)
    index = data.draw(st.sampled_from(sorted(entries)))
    whole = keymap.prove(root=root, index=index, load=nodes.__getitem__).encode()
    position = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    bit = data.draw(st.integers(min_value=0, max_value=7))
    changed = bytearray(whole)
    changed[position] ^= 1 << bit
    with pytest.raises(ProofError):
        keymap.verify(root=root, index=index, proof=MapProof.parse(bytes(changed)))


def test_a_leaf_is_believed_only_where_it_can_stand() -> None:
    """Otherwise absence could be shown with any leaf and a path of one's choice."""
    low, high = bytes(32), b"\xff" * 32
    root, nodes = built({low: bytes(32), high: bytes(32)})
    node = nodes[root]
    assert not isinstance(node, Leaf)
    forged = MapProof((node.right,), other=Leaf(low, bytes(32)))
    with pytest.raises(ProofError):
        keymap.verify(root=root, index=high, proof=forged)
    with pytest.raises(ProofError, match="index itself"):
        keymap.verify(root=root, index=low, proof=forged)


def test_a_step_costs_the_logarithm() -> None:
    entries = {sha256(n.to_bytes(4, "big")).digest(): bytes(32) for n in range(2000)}
    root, nodes = built(entries, at_once=2000)
    _, made = keymap.update(
        root=root, changes={sha256(b"one more").digest(): bytes(32)}, load=nodes.__getitem__
    )
    assert len(made) < 40


@pytest.mark.parametrize("case", VECTORS["map"]["good"], ids=lambda case: case["name"])
def test_good_vectors(case: dict[str, str]) -> None:
    value = keymap.verify(
        root=bytes.fromhex(case["root"]),
        index=keymap.index_of(bytes.fromhex(case["person"])),
        proof=MapProof.parse(bytes.fromhex(case["proof"])),
    )
    assert (value.hex() if value else None) == case["value"]


@pytest.mark.parametrize("case", VECTORS["map"]["bad"], ids=lambda case: case["name"])
def test_bad_vectors(case: dict[str, str]) -> None:
    with pytest.raises(ProofError):
        keymap.verify(
            root=bytes.fromhex(case["root"]),
            index=keymap.index_of(bytes.fromhex(case["person"])),
            proof=MapProof.parse(bytes.fromhex(case["proof"])),
        )
