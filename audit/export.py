"""Writes an export of the log that anybody can verify offline (`audit.verify`), in constant memory.

A folder: `checkpoint` with its cosignatures, `policy`, `checkpoints` (earlier witnessed ones, for the times),
`tile/…` (the whole tree), `tile/entries/…` (the entries asked for; others in the same bundle are left empty),
`first.tlog-proof` and `last.tlog-proof` (C2SP tlog-proof of both ends), and `manifest.json` with the SHA-256
of every file, written last: an export without it is not finished. No opening of a commitment is in it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, Final, LiteralString

from audit import canonical, log, tiles
from audit.integrator import Connection
from audit.note import Checkpoint, encode_base64, split_note
from audit.policy import Policy
from audit.tiles import WIDTH, Tile

RANGE: Final[LiteralString] = """
SELECT min(leaf_index), max(leaf_index) FROM audit_leaf WHERE at >= %s AND at < %s AND leaf_index < %s
"""
TILES: Final[LiteralString] = "SELECT level, tile, hashes FROM audit_tile ORDER BY level, tile"
ENTRIES: Final[LiteralString] = """
SELECT leaf_index, body FROM audit_leaf WHERE leaf_index BETWEEN %s AND %s ORDER BY leaf_index
"""
SIGHTINGS: Final[LiteralString] = """
SELECT DISTINCT ON (min(time) / 60) size, array_agg(DISTINCT witness) FROM audit_cosignature
WHERE size < %s GROUP BY size ORDER BY min(time) / 60, size
"""
"""One checkpoint a minute is enough to hold the times of entries against."""
FETCH: Final = 2_000


class ExportError(Exception):
    """There is nothing that could be exported, or not to there; the message says why."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    size: int
    first: int
    last: int
    files: int


Progress = Callable[[int, int], None]


def write(
    connection: Connection,
    folder: Path,
    *,
    policy: Policy,
    origin: str,
    begin: int,
    end: int,
    progress: Progress = lambda done, all_: None,
) -> Exported:
    """Export the entries of times from `begin` up to `end` (milliseconds UTC) into `folder`, made here.

    Raises ExportError when the folder is not empty or no quorum has seen the log yet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ExportError(f"{folder} is not empty")
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    with connection.cursor() as cursor:
        note = log.witnessed_note(cursor, policy, origin=origin)
        if note is None:
            raise ExportError("no quorum of witnesses has seen the log yet")
        size = Checkpoint.parse(split_note(note)[0]).size
        found = cursor.execute(RANGE, (begin, end, size)).fetchone()
        first, last = (0, -1) if found is None or found[0] is None else found
        out = _Writer(folder)
        out.add("checkpoint", note)
        out.add("policy", policy.format().encode())
        out.add("checkpoints", b"\n".join(_sightings(cursor, policy, origin, size)))
        for name, index in (("first", first), ("last", last)):
            if last >= first:
                out.add(f"{name}.tlog-proof", _proof(cursor, index, size, note))
        _write_tiles(connection, out, size)
        for index in _write_entries(connection, out, first, last, size):
            progress(index - first + 1, last - first + 1)
        manifest: dict[str, Any] = {
            "version": 1,
            "kind": "log",
            "origin": origin,
            "size": size,
            "first": first,
            "last": last,
        }
        (folder / "manifest.json").write_bytes(canonical.encode({**manifest, "files": out.files}))
    return Exported(size, first, last, len(out.files))


class _Writer:
    """Writes files and remembers their hashes."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder
        self.files: Final[dict[str, str]] = {}

    def add(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.files[name] = sha256(data).hexdigest()


def _sightings(cursor: log.Cursor, policy: Policy, origin: str, size: int) -> Iterator[bytes]:
    cursor.execute(SIGHTINGS, (size,))
    for earlier, names in cursor.fetchall():
        note = log.checkpoint_note(cursor, earlier)
        if policy.satisfied(names) and Checkpoint.parse(split_note(note)[0]).origin == origin:
            yield note


def _proof(cursor: log.Cursor, index: int, size: int, note: bytes) -> bytes:
    path = log.tree(cursor, size).inclusion(index)
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *map(encode_base64, path)]
    return "\n".join(lines).encode() + b"\n\n" + note


def _write_tiles(connection: Connection, out: _Writer, size: int) -> None:
    with connection.cursor("tiles") as stored:
        stored.itersize = FETCH // 10
        for level, number, hashes in stored.execute(TILES):
            # Full tiles of later checkpoints are not of this tree.
            if (number + 1) * WIDTH << tiles.HEIGHT * level <= size:
                out.add(Tile(level, number).path, hashes)
    with connection.cursor() as cursor:
        for tile in tiles.edge(size):
            out.add(tile.path, log.read_tiles(cursor, [tile])[0])


def _write_entries(connection: Connection, out: _Writer, first: int, last: int, size: int) -> Iterator[int]:
    """Write the bundles; gives the last index after each."""
    with connection.cursor("entries") as stored:
        stored.itersize = FETCH
        rows = stored.execute(ENTRIES, (first, last))
        for number, group in groupby(rows, key=lambda row: row[0] // WIDTH):
            entries = [b""] * min(WIDTH, size - number * WIDTH)
            index = first
            for index, body in group:
                entries[index % WIDTH] = body
            out.add(tiles.bundle_path(number, len(entries)), tiles.write_bundle(entries))
            yield index
