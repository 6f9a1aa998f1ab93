"""Search for secrets in places that must not hold them, in every spelling in which they could hide.

A needle is a sentence, a passphrase or a recovery code. It is looked for as UTF-8, as UTF-16 (both byte
orders), as hexadecimal digits (how PostgreSQL dumps binary columns), as base64 and base64url in each of the
three alignments it can have inside a longer run, and as JSON escapes. Hexadecimal and JSON spellings of the
haystack are searched without regard to case.
"""

import base64
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHUNK = 1 << 22
"""Bytes read at a time; pieces overlap by the longest spelling."""
EMPTY: Final = bytes(64)
"""Most of a database's files is room for later, all zeros; no needle has any."""


@dataclass(frozen=True, slots=True)
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


def search_bytes(needles: Iterable[str], haystack: bytes, place: str) -> list[Finding]:
    """Findings of all needles in one piece of bytes."""
    folded = haystack.lower()
    return [
        Finding(needle, spelling, place)
        for needle in needles
        for spelling, wanted in spellings(needle).items()
        if wanted in (folded if spelling.startswith(("hex", "json")) else haystack)
    ]


def search_tree(needles: Iterable[str], root: Path) -> list[Finding]:
    """Findings in every regular file below `root`, read in overlapping pieces."""
    wanted = list(needles)
    overlap = max(len(spelled) for needle in wanted for spelled in spellings(needle).values())
    return [
        finding
        for path in _files(root)
        for piece in _pieces(path, overlap)
        for finding in search_bytes(wanted, piece, str(path))
    ]


def _files(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            if path.is_file() and not path.is_symlink():
                yield path


def _pieces(path: Path, overlap: int) -> Iterator[bytes]:
    tail = b""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            window = tail + piece.replace(EMPTY, b"")
            yield window
            tail = window[-overlap:]
