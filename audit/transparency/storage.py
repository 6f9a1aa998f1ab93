"""The key log's tables (migration `transparency` here), by SQL on a cursor that the caller gives.

Everything only grows, but for the queue, which the publisher empties. Nodes of the map are kept by hash, so
each epoch's map stays readable; of the log's own tree the complete subtrees are kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from audit import merkle
from audit.transparency import map as keymap
from audit.transparency.epoch import Change
from audit.transparency.map import EMPTY, Leaf, MapProof, Node, Parent

ENQUEUE: Final = "INSERT INTO keys_queue (person, version, prev_hash, hash) VALUES (%s, %s, %s, %s)"

# The path of each key from the root to where it ends. get_bit counts from the lowest bit of each byte.
_PATHS: Final = """
WITH RECURSIVE walk AS (
    SELECT k.key, 0 AS depth, n.hash, n.leaf, n.a, n.b
      FROM unnest(%s::bytea[]) AS k(key), keys_node n WHERE n.hash = %s
    UNION ALL
    SELECT w.key, w.depth + 1, n.hash, n.leaf, n.a, n.b
      FROM walk w JOIN keys_node n
        ON n.hash = CASE get_bit(w.key, (w.depth / 8) * 8 + 7 - w.depth %% 8) WHEN 1 THEN w.b ELSE w.a END
     WHERE NOT w.leaf
)
SELECT DISTINCT hash, leaf, a, b FROM walk
"""


class Cursor(Protocol):
    """What is used of a database cursor."""

    def execute(self, query: str, params: Sequence[Any] = ..., /) -> Any:
        """Run one statement."""

    def fetchall(self) -> list[Any]:
        """Its rows."""

    def fetchone(self) -> Any:
        """Its next row, or None."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest epoch. Without any, `epoch` is -1, the map empty and the time 0."""

    epoch: int
    time: int
    map_root: bytes

    @property
    def size(self) -> int:
        """Of the log."""
        return self.epoch + 1


@dataclass(frozen=True, slots=True)
class Epoch:
    """One row: the leaf and the checkpoint that the log signed when it was the last."""

    epoch: int
    map_root: bytes
    leaf: bytes
    note: bytes


def enqueue(cursor: Cursor, change: Change) -> None:
    """Ask for `change` to be in the next epoch; in the transaction that makes it true."""
    cursor.execute(ENQUEUE, [UUID(bytes=change.person), change.version, change.prev_hash, change.hash])


def waiting(cursor: Cursor, *, limit: int, but: Sequence[int]) -> list[tuple[int, Change]]:
    """The oldest queued changes with their ids, without those in `but`."""
    cursor.execute(
        "SELECT id, person, version, prev_hash, hash FROM keys_queue"
        " WHERE id <> ALL(%s) ORDER BY id LIMIT %s",
        [list(but), limit],
    )
    return [(row[0], _change(row[1:])) for row in cursor.fetchall()]


def dequeue(cursor: Cursor, ids: Sequence[int]) -> None:
    """Take them out: they are in an epoch now."""
    cursor.execute("DELETE FROM keys_queue WHERE id = ANY(%s)", [list(ids)])


def head(cursor: Cursor) -> Head:
    """The newest epoch."""
    cursor.execute("SELECT epoch, time, map_root FROM keys_epoch ORDER BY epoch DESC LIMIT 1")
    row = cursor.fetchone()
    return Head(row[0], row[1], bytes(row[2])) if row else Head(-1, 0, EMPTY)


def epoch(cursor: Cursor, number: int) -> Epoch | None:
    """One epoch, when there is such."""
    cursor.execute("SELECT epoch, map_root, leaf, note FROM keys_epoch WHERE epoch = %s", [number])
    row = cursor.fetchone()
    return Epoch(row[0], *map(bytes, row[1:])) if row else None


def newest_versions(cursor: Cursor, persons: Iterable[bytes]) -> dict[bytes, tuple[int, bytes]]:
    """Version and hash of the newest statement that is in the log, of each person who has one."""
    cursor.execute(
        "SELECT DISTINCT ON (person) person, version, hash FROM keys_change WHERE person = ANY(%s)"
        " ORDER BY person, version DESC",
        [[UUID(bytes=person) for person in persons]],
    )
    return {row[0].bytes: (row[1], bytes(row[2])) for row in cursor.fetchall()}


def changes_of(cursor: Cursor, number: int) -> list[Change]:
    """The changes of one epoch, in their order."""
    cursor.execute(
        "SELECT person, version, prev_hash, hash FROM keys_change WHERE epoch = %s ORDER BY person, version",
        [number],
    )
    return [_change(row) for row in cursor.fetchall()]


def add_epoch(cursor: Cursor, row: Epoch, *, time: int, changes: Sequence[Change]) -> None:
    """Append an epoch and its changes. An IntegrityError means that somebody else was first."""
    cursor.execute(
        "INSERT INTO keys_epoch (epoch, time, map_root, leaf, note) VALUES (%s, %s, %s, %s, %s)",
        [row.epoch, time, row.map_root, row.leaf, row.note],
    )
    if changes:
        cursor.execute(
            "INSERT INTO keys_change (epoch, person, version, prev_hash, hash)"
            " SELECT %s, * FROM unnest(%s::uuid[], %s::bigint[], %s::bytea[], %s::bytea[])",
            [
                row.epoch,
                [UUID(bytes=change.person) for change in changes],
                [change.version for change in changes],
                [change.prev_hash for change in changes],
                [change.hash for change in changes],
            ],
        )


# --- The map


def paths(cursor: Cursor, *, root: bytes, indices: Sequence[bytes]) -> dict[bytes, Node]:
    """Every node on the way from `root` to the indices, by hash: what `map.update` and `map.prove` load."""
    cursor.execute(_PATHS, [list(indices), root])
    return {
        bytes(hash_): Leaf(bytes(a), bytes(b)) if leaf else Parent(bytes(a), bytes(b))
        for hash_, leaf, a, b in cursor.fetchall()
    }


def add_nodes(cursor: Cursor, nodes: Mapping[bytes, Node]) -> None:
    """Keep new nodes. One that is there already is the same one."""
    rows = [
        (digest, True, node.index, node.value)
        if isinstance(node, Leaf)
        else (digest, False, node.left, node.right)
        for digest, node in nodes.items()
    ]
    cursor.execute(
        "INSERT INTO keys_node (hash, leaf, a, b)"
        " SELECT * FROM unnest(%s::bytea[], %s::boolean[], %s::bytea[], %s::bytea[]) ON CONFLICT DO NOTHING",
        [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []],
    )


def prove(cursor: Cursor, *, root: bytes, indices: Sequence[bytes]) -> list[MapProof]:
    """The proof of each index under `root`."""
    nodes = paths(cursor, root=root, indices=indices)
    return [keymap.prove(root=root, index=index, load=nodes.__getitem__) for index in indices]


# --- The log's tree


def append_leaf(cursor: Cursor, *, index: int, leaf_hash: bytes) -> bytes:
    """Add the leaf at `index`, which is the log's size until now; the new root."""
    level, at, digest = 0, index, leaf_hash
    rows = [(level, at, digest)]
    while at & 1:
        digest = merkle.node_hash(_subtrees(cursor, [(level, at - 1)])[level, at - 1], digest)
        level, at = level + 1, at >> 1
        rows.append((level, at, digest))
    for row in rows:
        cursor.execute("INSERT INTO keys_tree (level, position, hash) VALUES (%s, %s, %s)", row)
    return log_root(cursor, index + 1)


def log_root(cursor: Cursor, size: int) -> bytes:
    """Root of the first `size` leaves."""
    return _roots(cursor, [(0, size)])[0] if size else merkle.EMPTY_ROOT


def inclusion(cursor: Cursor, *, index: int, size: int) -> list[bytes]:
    """RFC 6962 §2.1.1."""
    return _roots(cursor, merkle.inclusion_ranges(index, size))


def consistency(cursor: Cursor, *, size1: int, size2: int) -> list[bytes]:
    """RFC 6962 §2.1.2; empty from an empty log."""
    return _roots(cursor, merkle.consistency_ranges(size1, size2)) if size1 else []


def _roots(cursor: Cursor, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
    """Roots over ranges of leaves that each begin where a subtree of their size does."""
    parts = [list(_complete(start, end)) for start, end in ranges]
    known = _subtrees(cursor, [part for each in parts for part in each])
    roots = []
    for each in parts:
        whole = known[each[-1]]
        for part in reversed(each[:-1]):
            whole = merkle.node_hash(known[part], whole)
        roots.append(whole)
    return roots


def _complete(start: int, end: int) -> Iterable[tuple[int, int]]:
    """The complete subtrees, as (level, position), that a range consists of, the largest first."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _subtrees(cursor: Cursor, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    cursor.execute(
        "SELECT t.level, t.position, t.hash FROM keys_tree t"
        " JOIN unnest(%s::bigint[], %s::bigint[]) AS w(level, position)"
        " ON t.level = w.level AND t.position = w.position",
        [[level for level, _ in wanted], [position for _, position in wanted]],
    )
    return {(row[0], row[1]): bytes(row[2]) for row in cursor.fetchall()}


# --- Cosigned checkpoints


def add_cosigned(cursor: Cursor, *, size: int, note: bytes, at: int) -> None:
    """Keep a checkpoint that the quorum has cosigned; `at` is milliseconds UTC."""
    cursor.execute("INSERT INTO keys_cosigned (size, note, at) VALUES (%s, %s, %s)", [size, note, at])


def cosigned(cursor: Cursor) -> tuple[int, bytes, int] | None:
    """Size, note and time of the newest cosigned checkpoint."""
    cursor.execute("SELECT size, note, at FROM keys_cosigned ORDER BY id DESC LIMIT 1")
    row = cursor.fetchone()
    return (row[0], bytes(row[1]), row[2]) if row else None


def _change(row: Sequence[Any]) -> Change:
    return Change(row[0].bytes, row[1], bytes(row[2]), bytes(row[3]))
