"""The tree cut into tiles (C2SP tlog-tiles, height 8): which ones a proof needs, and the proof. Pure.

The hash with number i at level l is the root of the leaves from i·256^l up to (i + 1)·256^l. Tile n of level
l holds the hashes 256·n … 256·n + 255 of that level, 8,192 bytes; the last of a level may be partial, with
fewer hashes. A path is `tile/<l>/<n>[.p/<width>]`, the number in groups of three digits, all but the last
with an `x` before them; bundles of entries have `entries` in place of the level and hold u16 length ‖ entry.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from audit import merkle
from audit.merkle import HASH_BYTES, Range

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
TILE_BYTES: Final = WIDTH * HASH_BYTES
MAX_ENTRY_BYTES: Final = 65_535


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One tile of a tree: `level`, number in the level, and how many hashes it has (1 to 256)."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it stands below the log's prefix."""
        return f"tile/{self.level}/{number_path(self.number, self.width)}"


def number_path(number: int, width: int = WIDTH) -> str:
    """`x001/x234/067`, with `.p/<width>` for a partial tile."""
    parts = [f"{number % 1000:03}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03}")
    return "/".join(parts) + ("" if width == WIDTH else f".p/{width}")


def bundle_path(number: int, width: int = WIDTH) -> str:
    """Where the bundle of the entries under tile `number` of level 0 stands."""
    return f"tile/entries/{number_path(number, width)}"


def all_tiles(size: int) -> Iterator[Tile]:
    """Every tile of a tree of `size` leaves, level by level."""
    level, hashes = 0, size
    while hashes:
        for number in range(-(-hashes // WIDTH)):
            yield Tile(level, number, min(WIDTH, hashes - number * WIDTH))
        level, hashes = level + 1, hashes >> HEIGHT


def edge(size: int) -> list[Tile]:
    """The partial tiles of a tree of `size` leaves, from level 0 up."""
    found: list[Tile] = []
    level, hashes = 0, size
    while hashes:
        if hashes % WIDTH:
            found.append(Tile(level, hashes >> HEIGHT, hashes % WIDTH))
        level, hashes = level + 1, hashes >> HEIGHT
    return found


def subtrees(ranges: Iterable[Range]) -> list[tuple[int, int]]:
    """The complete subtrees, (first leaf, bits of the size), that the ranges consist of, from the left.

    Each range begins where a subtree of its size may begin, as the ranges of proofs do.
    """
    found = []
    for start, end in ranges:
        while start < end:
            bits = (end - start).bit_length() - 1
            found.append((start, bits))
            start += 1 << bits
    return found


def _tile_of(start: int, bits: int, size: int) -> Tile:
    level = bits // HEIGHT
    number = start >> HEIGHT * (level + 1)
    return Tile(level, number, min(WIDTH, (size >> HEIGHT * level) - number * WIDTH))


Read = Callable[[Sequence[Tile]], Sequence[bytes]]
"""Gives the hashes of the tiles asked for, 32 bytes each in one string a tile, in that order."""


class Tree:
    """A tree of `size` leaves whose tiles `read` fetches; each is fetched once."""

    def __init__(self, size: int, read: Read) -> None:
        self.size: Final = size
        self._read: Final = read
        self._known: dict[Tile, bytes] = {}

    def root(self, size: int | None = None) -> bytes:
        """Root of the first `size` leaves, all unless given."""
        return self.frontier(size).root()

    def frontier(self, size: int | None = None) -> merkle.Frontier:
        """The right edge of the first `size` leaves, to append to."""
        size = self.size if size is None else size
        needed = subtrees([(0, size)])
        self._fetch(needed)
        return merkle.Frontier(size, [self._subtree(*each) for each in needed])

    def inclusion(self, index: int) -> list[bytes]:
        """RFC 6962 §2.1.1; raises ValueError when there is no such leaf."""
        return self._roots(merkle.inclusion_ranges(index, self.size))

    def consistency(self, size: int, later: int | None = None) -> list[bytes]:
        """RFC 6962 §2.1.2 from `size` leaves to `later` (all); ValueError for other sizes."""
        later = self.size if later is None else later
        if later > self.size:
            raise ValueError("there are not that many leaves")
        return self._roots(merkle.consistency_ranges(size, later))

    def _roots(self, ranges: Sequence[Range]) -> list[bytes]:
        parts = [subtrees([each]) for each in ranges]
        self._fetch(subtree for part in parts for subtree in part)
        return [
            merkle.Frontier(end - start, [self._subtree(*each) for each in part]).root()
            for (start, end), part in zip(ranges, parts, strict=True)
        ]

    def _fetch(self, needed: Iterable[tuple[int, int]]) -> None:
        wanted = sorted({_tile_of(*each, self.size) for each in needed} - set(self._known))
        if not wanted:
            return
        for tile, hashes in zip(wanted, self._read(wanted), strict=True):
            if len(hashes) != tile.width * HASH_BYTES:
                raise ValueError(f"{tile.path} has {len(hashes)} bytes")
            self._known[tile] = hashes

    def _subtree(self, start: int, bits: int) -> bytes:
        tile = _tile_of(start, bits, self.size)
        first = (start >> HEIGHT * tile.level) % WIDTH
        start = first * HASH_BYTES
        return perfect_root(self._known[tile][start : start + (HASH_BYTES << bits % HEIGHT)])


def perfect_root(hashes: bytes) -> bytes:
    """Root over a power of two of hashes in one string: `merkle.root` for the hot path of proofs."""
    while len(hashes) > HASH_BYTES:
        hashes = b"".join(
            [sha256(b"\x01" + hashes[at : at + 64]).digest() for at in range(0, len(hashes), 64)]
        )
    return hashes


def split(hashes: bytes, first: int = 0, count: int | None = None) -> list[bytes]:
    """The hashes of a tile one by one: `count` (all) from number `first` on."""
    end = len(hashes) if count is None else (first + count) * HASH_BYTES
    return [hashes[at : at + HASH_BYTES] for at in range(first * HASH_BYTES, end, HASH_BYTES)]


def write_bundle(entries: Iterable[bytes]) -> bytes:
    """A bundle of entries: u16 length ‖ entry each. Raises ValueError for an entry above 65,535 bytes."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError(f"an entry has {len(entry)} bytes")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def read_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle; raises ValueError when the lengths do not fill it exactly."""
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise ValueError("the bundle ends in the middle of an entry")
        entries.append(data[at + 2 : end])
        at = end
    return entries


class Growth:
    """The right edge of a tree that grows: its frontier, and the hashes of the partial tile of each level."""

    def __init__(self, frontier: merkle.Frontier, partial: Iterable[Sequence[bytes]] = ()) -> None:
        self.frontier: Final = frontier
        self._partial: Final = [list(hashes) for hashes in partial]

    @classmethod
    def of(cls, tree: Tree, read: Read) -> "Growth":
        """The edge of a stored tree."""
        wanted = edge(tree.size)
        partial: list[list[bytes]] = [[] for _ in range((tree.size.bit_length() + HEIGHT - 1) // HEIGHT)]
        for tile, found in zip(wanted, read(wanted), strict=True):
            partial[tile.level] = split(found)
        return cls(tree.frontier(), partial)

    def append(self, leaf: bytes) -> list[tuple[Tile, bytes, bytes]]:
        """Add a leaf; gives the tiles that it has filled: which, their root, their hashes."""
        self.frontier.append(leaf)
        full: list[tuple[Tile, bytes, bytes]] = []
        level, value = 0, leaf
        while True:
            if level == len(self._partial):
                self._partial.append([])
            hashes = self._partial[level]
            hashes.append(value)
            if len(hashes) < WIDTH:
                return full
            value = merkle.root(hashes)
            number = (self.frontier.size >> HEIGHT * (level + 1)) - 1
            full.append((Tile(level, number), value, b"".join(hashes)))
            hashes.clear()
            level += 1
