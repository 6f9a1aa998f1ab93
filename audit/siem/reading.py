"""Reading the log for the feed, in order and distrustfully: what was altered, cut or left out is a `Gap`.

Each batch is one short read-only transaction as `beep_auditor`; nothing is held while something is sent. The
feed keeps the frontier of the tree over everything that it has read, so it also notices when the tree holds
other leaves in their place later.

All leaves are read, witnessed or not. A SIEM is there to hear at once, and most of all when the witnesses are
silent; and a leaf that disappears again with a restored backup has a copy then, under its number and hash.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from audit import log, merkle
from audit.integrator import Connection
from audit.merkle import Frontier
from audit.projection import commitment_bytes
from audit.siem.ocsf import Leaf, commitments, content_of

BATCH: Final = 256
"""Leaves in one read: at most 16 MiB."""

BEGIN: Final[LiteralString] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
LEAVES: Final[LiteralString] = """
SELECT leaf_index, at, kind, hash, body FROM audit_leaf
WHERE leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index
"""
ANY: Final[LiteralString] = "SELECT 1 FROM audit_leaf WHERE leaf_index >= %s LIMIT 1"
OPENINGS: Final[LiteralString] = "SELECT commitment, value FROM audit_opening WHERE commitment = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Gap:
    """Something is wrong with the log; `name` is stable, `leaf` the first one concerned."""

    name: str
    leaf: int
    detail: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read: leaves in order, what is wrong, and where to go on."""

    leaves: Sequence[Leaf]
    openings: dict[str, str]
    gaps: Sequence[Gap]
    frontier: Frontier
    """The tree over all leaves up to the batch's end, as it is stored when a gap was found."""
    size: int
    """Leaves in the whole log."""


class Reader:
    """Reads with a connection that `connect` opens when there is none. Raises psycopg.Error, LogError."""

    def __init__(self, connect: Callable[[], Connection], *, openings: bool) -> None:
        self._connect: Final = connect
        self._openings: Final = openings
        self._connection: Connection | None = None

    def read(self, known: Frontier) -> Batch:
        """The leaves that follow on `known`, which is left as it is."""
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        try:
            with self._connection.transaction():
                return self._read(self._connection, known)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next read opens another one."""
        if self._connection is not None:
            self._connection.close()

    def _read(self, connection: Connection, known: Frontier) -> Batch:
        cursor = connection.execute(BEGIN)
        size, _ = log.head(cursor)
        if size < known.size:
            gap = Gap("tail_cut", size, f"the log has {size} entries, {known.size} were there before")
            return Batch((), {}, (gap,), _stored(cursor, size), size)
        end = min(size, known.size + BATCH)
        rows = cursor.execute(LEAVES, (known.size, end)).fetchall()
        last = rows[-1][0] + 1 if rows else known.size
        cut: list[Gap] = []
        if last < end and cursor.execute(ANY, (end,)).fetchone() is None:
            # Nothing at all follows: wait for it, however long the log claims to be.
            cut.append(Gap("leaf_missing", last, f"entries {last} to {size - 1} are missing"))
            if not rows:
                return Batch((), {}, cut, known, size)
            end = last
        leaves, gaps, frontier = _leaves(rows, known, end)
        gaps += cut
        try:
            tree = log.tree(cursor, size)
            before, whole = tree.root(known.size), tree.frontier(end)
        except log.LogError as error:
            # The feed goes on with what is there; what it cannot compare it will complain of again.
            gaps.append(Gap("tile_missing", known.size, str(error)))
        else:
            if before != known.root():
                gaps.append(
                    Gap("past_rewritten", 0, f"the first {known.size} entries are not what they were")
                )
            if whole.root() != frontier.root():
                if not gaps:
                    detail = f"entries {known.size} to {end - 1} are not those of the tree"
                    gaps.append(Gap("tree_differs", known.size, detail))
                frontier = whole
        opened = self._open(connection, leaves) if self._openings else {}
        return Batch(leaves, opened, gaps, frontier, size)

    def _open(self, connection: Connection, leaves: Sequence[Leaf]) -> dict[str, str]:
        wanted = {each: None for leaf in leaves for each in commitments(content_of(leaf.body))}
        names: dict[bytes, str] = {}
        for each in wanted:
            try:
                names[commitment_bytes(each)] = each
            except ValueError:
                continue
        if not names:
            return {}
        rows = connection.execute(OPENINGS, (list(names),)).fetchall()
        return {names[bytes(commitment)]: value for commitment, value in rows}


def _stored(cursor: log.Cursor, size: int) -> Frontier:
    """The frontier of the stored tree; one that fits nothing where that is not whole."""
    try:
        return log.tree(cursor, size).frontier()
    except log.LogError:
        return Frontier(size, [bytes(merkle.HASH_BYTES)] * size.bit_count())


def _leaves(
    rows: Sequence[tuple[int, int, str, bytes, bytes]], known: Frontier, end: int
) -> tuple[list[Leaf], list[Gap], Frontier]:
    """The rows as leaves, what is wrong with them, and the frontier with them (zeros for what is missing)."""
    leaves: list[Leaf] = []
    gaps: list[Gap] = []
    frontier = Frontier(known.size, known.subtrees)

    def skip(to: int) -> None:
        if to == (first := frontier.size):
            return
        gaps.append(Gap("leaf_missing", first, f"entries {first} to {to - 1} are missing"))
        while frontier.size < to:
            frontier.append(bytes(merkle.HASH_BYTES))

    for index, at, kind, stored, body in rows:
        skip(index)
        found = merkle.leaf_hash(body)
        content = content_of(body)
        if found != stored:
            gaps.append(Gap("leaf_altered", index, f"entry {index} does not have the hash that is stored"))
        elif (content.get("at"), content.get("action")) != (at, kind):
            detail = f"time or action stored beside entry {index} are not the entry's own"
            gaps.append(Gap("leaf_altered", index, detail))
            # The hash is over the bytes: what stands in them counts, where it is anything at all.
            at = told if isinstance(told := content.get("at"), int) else at
            kind = named if isinstance(named := content.get("action"), str) else kind
        frontier.append(stored)
        leaves.append(Leaf(index, at, kind, found, body))
    skip(end)
    return leaves, gaps, frontier
