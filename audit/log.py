"""Reading the log: its head, its tiles, and the evidence that an entry stands in it.

The functions take a cursor, psycopg's or Django's, of a role that may read the log: the integrator's or the
auditor's. Nothing here is believed by a verifier; it finds out for itself (`audit.verify`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString, Protocol

from audit import tiles
from audit.merkle import HASH_BYTES
from audit.note import Checkpoint, encode_base64, split_note
from audit.policy import Policy
from audit.tiles import Tile, Tree

HEAD: Final[LiteralString] = "SELECT size, root FROM audit_head"
FULL_TILES: Final[LiteralString] = """
SELECT t.level, t.tile, t.hashes FROM audit_tile t
JOIN unnest(%s::integer[], %s::bigint[]) AS w(level, tile) ON t.level = w.level AND t.tile = w.tile
"""
LEAVES_OF: Final[LiteralString] = """
SELECT leaf_index, hash FROM audit_leaf WHERE leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index
"""
ROOTS_OF: Final[LiteralString] = """
SELECT tile, root FROM audit_tile WHERE level = %s AND tile >= %s AND tile < %s ORDER BY tile
"""
NOTE: Final[LiteralString] = "SELECT note FROM audit_checkpoint WHERE size = %s"
LATEST: Final[LiteralString] = "SELECT max(size) FROM audit_checkpoint"
COSIGNED: Final[LiteralString] = """
SELECT DISTINCT ON (witness) line FROM audit_cosignature WHERE size = %s ORDER BY witness, time DESC
"""
COSIGNED_SIZES: Final[LiteralString] = """
SELECT size, array_agg(DISTINCT witness) FROM audit_cosignature
WHERE size >= %s GROUP BY size ORDER BY size DESC LIMIT 1000
"""
COSIGNED_LAST: Final[LiteralString] = """
SELECT w.name, (SELECT max(c.time) FROM audit_cosignature c WHERE c.witness = w.name)
FROM unnest(%s::text[]) w(name)
"""
ENTRY: Final[LiteralString] = "SELECT body FROM audit_leaf WHERE leaf_index = %s"


class Cursor(Protocol):
    """What is needed of a cursor."""

    def execute(self, query: LiteralString, params: Sequence[Any] = ..., /) -> Any:
        """Run one statement."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows."""


class LogError(Exception):
    """The stored log lacks what it must hold."""


class NoEntryError(LookupError):
    """The log, as far as it is witnessed, has no such entry."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """That an entry stands in the log: a C2SP tlog-proof and the entry's bytes."""

    index: int
    body: bytes
    proof: tuple[bytes, ...]
    note: bytes
    """The checkpoint with its cosignatures."""

    def format(self) -> bytes:
        """The proof as a `.tlog-proof` file; the entry goes beside it."""
        lines = ["c2sp.org/tlog-proof@v1", f"index {self.index}", *map(encode_base64, self.proof)]
        return "\n".join(lines).encode() + b"\n\n" + self.note


def head(cursor: Cursor) -> tuple[int, bytes]:
    """Size and root of the log."""
    cursor.execute(HEAD)
    row = cursor.fetchone()
    if row is None:
        raise LogError("the log has no head")
    return row[0], bytes(row[1])


def tree(cursor: Cursor, size: int) -> Tree:
    """The stored tree of the first `size` leaves."""
    return Tree(size, lambda wanted: read_tiles(cursor, wanted))


def read_tiles(cursor: Cursor, wanted: Sequence[Tile]) -> list[bytes]:
    """The tiles' hashes as they are stored; raises LogError when one is missing."""
    full = [tile for tile in wanted if tile.width == tiles.WIDTH]
    found: dict[Tile, bytes] = {}
    if full:
        cursor.execute(FULL_TILES, ([tile.level for tile in full], [tile.number for tile in full]))
        found = {Tile(level, number): bytes(hashes) for level, number, hashes in cursor.fetchall()}
    for tile in wanted:
        if tile.width < tiles.WIDTH:
            first = tile.number * tiles.WIDTH
            if tile.level == 0:
                cursor.execute(LEAVES_OF, (first, first + tile.width))
            else:
                cursor.execute(ROOTS_OF, (tile.level - 1, first, first + tile.width))
            found[tile] = b"".join(bytes(value) for _, value in cursor.fetchall())
    for tile in wanted:
        if len(found.get(tile, b"")) != tile.width * HASH_BYTES:
            raise LogError(f"{tile.path} is not whole")
    return [found[tile] for tile in wanted]


def checkpoint_note(cursor: Cursor, size: int) -> bytes:
    """The checkpoint of that size with the newest cosignature of each witness; else LogError."""
    cursor.execute(NOTE, (size,))
    row = cursor.fetchone()
    if row is None:
        raise LogError(f"there is no checkpoint of size {size}")
    cursor.execute(COSIGNED, (size,))
    return bytes(row[0]) + "".join(line for (line,) in cursor.fetchall()).encode()


def latest_note(cursor: Cursor) -> bytes | None:
    """The newest checkpoint, whoever has cosigned it; None while the log is empty."""
    cursor.execute(LATEST)
    (size,) = cursor.fetchone()
    return None if size is None else checkpoint_note(cursor, size)


def witnessed_note(cursor: Cursor, policy: Policy, *, origin: str, least: int = 1) -> bytes | None:
    """The newest checkpoint of at least `least` entries that fills the policy's quorum; None without one.

    Of the log `origin` alone: one that was begun anew (`BEEP_LOG_NAME`) stands on the entries of the old,
    whose checkpoints prove nothing any more.
    """
    cursor.execute(COSIGNED_SIZES, (least,))
    for size, names in cursor.fetchall():
        if policy.satisfied(names):
            note = checkpoint_note(cursor, size)
            if Checkpoint.parse(split_note(note)[0]).origin == origin:
                return note
    return None


def proof(cursor: Cursor, leaf_index: int, *, policy: Policy, origin: str) -> Evidence:
    """Evidence for one entry under the newest witnessed checkpoint of the log `origin`.

    Raises NoEntryError when the log has no such entry or no quorum has seen it yet.
    """
    note = witnessed_note(cursor, policy, origin=origin, least=leaf_index + 1)
    cursor.execute(ENTRY, (leaf_index,))
    row = cursor.fetchone()
    if note is None or row is None:
        raise NoEntryError(f"entry {leaf_index} is not in a witnessed checkpoint")
    size = Checkpoint.parse(split_note(note)[0]).size
    path = tree(cursor, size).inclusion(leaf_index)
    return Evidence(leaf_index, bytes(row[0]), tuple(path), note)


def cosignature_times(cursor: Cursor, names: Sequence[str]) -> Mapping[str, int]:
    """When each of these witnesses has last cosigned anything, seconds UTC; who never has is missing."""
    cursor.execute(COSIGNED_LAST, (list(names),))
    return {name: time for name, time in cursor.fetchall() if time is not None}
