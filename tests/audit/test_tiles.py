"""Tiles: the standard's examples, and proofs from tiles against proofs from leaves."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import merkle, tiles
from audit.tiles import Tile, Tree

LEAVES = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(66_000)]


class Stored:
    """All tiles of the first leaves, made level by level from nothing but the definition."""

    def __init__(self, size: int) -> None:
        self.reads = 0
        self.levels = [LEAVES[:size]]
        while len(self.levels[-1]) >= tiles.WIDTH:
            below = self.levels[-1]
            self.levels.append(
                [merkle.root(below[at : at + 256]) for at in range(0, len(below) // 256 * 256, 256)]
            )

    def read(self, wanted: Sequence[Tile]) -> list[bytes]:
        self.reads += 1
        return [
            b"".join(self.levels[tile.level][tile.number * 256 : tile.number * 256 + tile.width])
            for tile in wanted
        ]


def test_the_standards_examples() -> None:
    assert tiles.number_path(1_234_067) == "x001/x234/067"
    assert tiles.bundle_path(0, 255) == "tile/entries/000.p/255"
    found = list(tiles.all_tiles(70_000))
    assert sum(tile.level == 0 and tile.width == 256 for tile in found) == 273
    partial = [tile for tile in found if tile.width < 256]
    assert partial == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert partial[1].path == "tile/1/001.p/17"
    assert list(tiles.all_tiles(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles.all_tiles(0)) == []


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512, 65_535, 65_536, 66_000])
def test_roots_and_proofs_from_tiles(size: int) -> None:
    stored = Stored(size)
    tree = Tree(size, stored.read)
    root = merkle.root(LEAVES[:size])
    assert tree.root() == root
    for index in {0, size // 3, size - 1}:
        proof = tree.inclusion(index)
        merkle.verify_inclusion(LEAVES[index], index, size, proof, root)
    for before in {1, (size + 1) // 2, size}:
        proof = tree.consistency(before)
        merkle.verify_consistency(before, size, merkle.root(LEAVES[:before]), root, proof)
        assert tree.root(before) == merkle.root(LEAVES[:before])
    with pytest.raises(ValueError, match="many"):
        tree.consistency(1, size + 1)


@settings(max_examples=25)
@given(st.integers(min_value=1, max_value=800), st.data())
def test_proofs_from_tiles_are_those_from_leaves(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    earlier = data.draw(st.integers(min_value=1, max_value=size))
    tree = Tree(size, Stored(size).read)
    assert tree.inclusion(index) == merkle.inclusion_proof(LEAVES, index, size)
    assert tree.consistency(earlier) == merkle.consistency_proof(LEAVES, earlier, size)


def test_a_proof_reads_once() -> None:
    stored = Stored(66_000)
    tree = Tree(66_000, stored.read)
    tree.inclusion(12_345)
    assert stored.reads == 1
    tree.inclusion(12_345)
    assert stored.reads == 1


def test_a_tile_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        Tree(3, lambda wanted: [b"x" * 32 for _ in wanted]).root()


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_are_read_back(entries: list[bytes]) -> None:
    assert tiles.read_bundle(tiles.write_bundle(entries)) == entries


def test_a_bundle_is_exact() -> None:
    entry = bytes(tiles.MAX_ENTRY_BYTES)
    assert tiles.read_bundle(tiles.write_bundle([entry, b""])) == [entry, b""]
    with pytest.raises(ValueError, match="65536"):
        tiles.write_bundle([entry + b"x"])
    for bad in (b"\x00", b"\x00\x02a", tiles.write_bundle([b"abc"]) + b"\x00"):
        with pytest.raises(ValueError, match="middle"):
            tiles.read_bundle(bad)
