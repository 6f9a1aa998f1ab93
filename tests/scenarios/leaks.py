"""Search for secrets in places that must not hold them, in every spelling in which they could hide.

A needle is a sentence, a passphrase or a recovery code. It is looked for as UTF-8, as UTF-16 (both byte
orders), as hexadecimal digits (how PostgreSQL dumps binary columns), as base64 and base64url in each of the
three alignments it can have inside a longer run, and as JSON escapes. Hexadecimal and JSON spellings of the
haystack are searched without regard to case.
"""

import base64
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHUNK = 1 << 22
"""Bytes read at a time; pieces overlap by the longest spelling."""
EMPTY: Final = bytes(64)
"""Most of a database's files is room for later, all zeros; no needle has any."""


BLOCK: Final = 8
"""Bytes of the blocks by which a piece is sieved: the largest that a memoryview reads as one number."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """`needle` stands in `place`, spelled as `spelling` says."""

    needle: str
    spelling: str
    place: str


def spellings(needle: str) -> dict[str, bytes]:
    """Every spelling of `needle`, by name. Raises ValueError for a needle too short to mean anything."""
    raw = needle.encode()
    if len(raw) < 6:
        raise ValueError("a needle of under 6 bytes finds chance")
    escaped = json.dumps(needle)[1:-1].encode()
    found = {
        "utf-8": raw,
        "utf-16-le": needle.encode("utf-16-le"),
        "utf-16-be": needle.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "json": escaped.lower(),
        "json twice": json.dumps(escaped.decode())[1:-1].encode().lower(),
    }
    for shift in range(3):
        found[f"base64+{shift}"] = base64_core(raw, shift)
        found[f"base64url+{shift}"] = base64_core(raw, shift).translate(bytes.maketrans(b"+/", b"-_"))
    return found


def base64_core(raw: bytes, shift: int) -> bytes:
    """The base64 characters that depend on `raw` alone when it starts `shift` bytes into a group of three."""
    encoded = base64.b64encode(bytes(shift) + raw)
    first = -(-shift * 8 // 6)
    whole = (shift + len(raw)) * 8 // 6
    return encoded[first:whole]


class Sieve:
    """All spellings of many needles, made once and looked for together.

    Looking for each of thousands of spellings in a piece reads the piece thousands of times. Instead each
    piece is cut once into blocks of 8 bytes. Whatever is at least 15 bytes long covers one whole block,
    wherever it stands: its first eight windows of 8 bytes name all blocks that can give it away, and only
    what is given away is looked for. The few shorter spellings are looked for one by one.
    """

    def __init__(self, needles: Iterable[str]) -> None:
        self._exact = _Kind()
        self._folded = _Kind()
        self.longest = 0
        for needle in needles:
            for spelling, wanted in spellings(needle).items():
                kind = self._folded if spelling.startswith(("hex", "json")) else self._exact
                kind.add(Wanted(needle, spelling, wanted))
                self.longest = max(self.longest, len(wanted))

    def search(self, haystack: bytes, place: str) -> list[Finding]:
        """Findings of all needles in one piece of bytes, each spelling once."""
        found = {*self._exact.search(haystack), *self._folded.search(haystack.lower())}
        return sorted(Finding(one.needle, one.spelling, place) for one in found)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One spelling of a needle, as bytes."""

    needle: str
    spelling: str
    raw: bytes


class _Kind:
    """Spellings that are looked for in the same form of the haystack."""

    def __init__(self) -> None:
        self._short: list[Wanted] = []
        self._by_block: dict[int, set[Wanted]] = {}

    def add(self, wanted: Wanted) -> None:
        raw = wanted.raw
        if len(raw) < 2 * BLOCK - 1:
            self._short.append(wanted)
            return
        for start in range(BLOCK):
            block = int.from_bytes(raw[start : start + BLOCK], sys.byteorder)
            self._by_block.setdefault(block, set()).add(wanted)

    def search(self, haystack: bytes) -> Iterator[Wanted]:
        whole = len(haystack) - len(haystack) % BLOCK
        blocks = memoryview(haystack)[:whole].cast("Q")
        known = set(filter(self._by_block.__contains__, blocks))
        betrayed = {one for block in known for one in self._by_block[block]}
        return (one for one in (*betrayed, *self._short) if one.raw in haystack)


def search_bytes(needles: Iterable[str], haystack: bytes, place: str) -> list[Finding]:
    """Findings of all needles in one piece of bytes."""
    return Sieve(needles).search(haystack, place)


def search_tree(sieve: Sieve, root: Path) -> list[Finding]:
    """Findings in every regular file below `root`, read in overlapping pieces."""
    return [
        finding
        for path in _files(root)
        for piece in _pieces(path, sieve.longest)
        for finding in sieve.search(piece, str(path))
    ]


def _files(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            if path.is_file() and not path.is_symlink():
                yield path


def _pieces(path: Path, overlap: int) -> Iterator[bytes]:
    tail = b""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return  # PostgreSQL has taken it away since its folder was listed
    with file:
        while piece := file.read(CHUNK):
            window = tail + piece.replace(EMPTY, b"")
            yield window
            tail = window[-overlap:]
