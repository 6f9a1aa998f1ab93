"""Folds the intake into the log: one transaction a step takes what has been committed and signs the new head.

A step, on a connection of the role `beep_integrator`:

1. lock `audit_head`, the one row that says how long the log is;
2. take intake rows that no leaf tells of yet, **of transactions below the snapshot's horizon** (xid8), in the
   order (transaction, id). An id is given out when a row is written, not when it is committed: whoever reads
   by `id > last` misses what commits late. Below the horizon nothing is running any more;
3. write leaves, which intake row each tells of, tiles that became full, the signed checkpoint and, by
   compare-and-swap on the size, the head;
4. COMMIT. Only then does anybody hear of the checkpoint.

So two integrators at once take turns, and one that is killed at any moment leaves nothing or all of a step.
Intake rows stay: what was taken stands in `audit_taken`, and a verifier compares both sides.

Batches of messages (`intake.BATCH`) are folded: one leaf a second with the Merkle root over all envelope
hashes accepted in it, in the order of their bytes, so that it can be made again from the envelopes alone. A
second is folded when it is surely over; what commits later still gets a leaf of its own for the same second.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

import msgspec
import psycopg
import structlog

from audit import canonical, intake, log, merkle
from audit.events import Actor, MessagesAccepted
from audit.note import Checkpoint, Signer, sign_note
from audit.projection import row_of
from audit.tiles import Growth, Tile
from beep import clock

logger = structlog.get_logger(__name__)

LIMIT: Final = 4_000
"""Intake rows a step."""
GRACE: Final = 500
"""Milliseconds after its end until a second of messages is folded."""
FUTURE: Final = 60_000
"""Milliseconds that a writer's clock may be ahead before its seconds are not waited for."""

LOCK_HEAD: Final[LiteralString] = "SELECT size, root FROM audit_head FOR UPDATE"
HORIZON: Final[LiteralString] = """
SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() s
"""
_UNTAKEN: Final[LiteralString] = """
FROM audit_intake i
WHERE {} AND NOT EXISTS (SELECT FROM audit_taken t WHERE t.intake = i.id)
"""
_OPEN: Final[LiteralString] = f"i.kind = '{intake.BATCH}' AND i.at >= %s AND i.at < %s"
_TAKE: Final[LiteralString] = (
    "SELECT i.id, i.transaction::text::bigint, i.at, i.kind, i.body"
    + _UNTAKEN
    + f" AND NOT ({_OPEN}) ORDER BY i.transaction, i.id LIMIT {LIMIT}"
)
_BETWEEN: Final[LiteralString] = "i.transaction >= %s::text::xid8 AND i.transaction < %s::text::xid8"
TAKE: Final[LiteralString] = _TAKE.format(_BETWEEN)
SWEEP: Final[LiteralString] = _TAKE.format(
    "(i.transaction < %s::text::xid8 OR i.transaction >= %s::text::xid8)"
    " AND (i.transaction, i.id) > (%s::text::xid8, %s)"
)
"""The first steps on a connection look at every row that was ever written: after a dump was restored into
another cluster its transaction numbers begin anew, and those beyond this cluster's own are of the old one."""
WAITING: Final[LiteralString] = "SELECT min(i.transaction)::text::bigint" + _UNTAKEN.format(
    f"{_BETWEEN} AND {_OPEN}"
)
COPY_LEAVES: Final[LiteralString] = (
    "COPY audit_leaf (leaf_index, at, kind, hash, body) FROM STDIN (FORMAT BINARY)"
)
COPY_TAKEN: Final[LiteralString] = "COPY audit_taken (intake, leaf_index) FROM STDIN (FORMAT BINARY)"
INSERT_TILE: Final[LiteralString] = (
    "INSERT INTO audit_tile (level, tile, root, hashes) VALUES (%s, %s, %s, %s)"
)
INSERT_CHECKPOINT: Final[LiteralString] = (
    "INSERT INTO audit_checkpoint (size, root, at, note) VALUES (%s, %s, %s, %s)"
)
MOVE_HEAD: Final[LiteralString] = "UPDATE audit_head SET size = %s, root = %s WHERE size = %s"

Connection = psycopg.Connection[Any]


class LogContradictionError(Exception):
    """The stored tree does not have the root that was signed: somebody has changed it. Nothing is signed."""


@dataclass(slots=True)
class Entry:
    """A leaf to be, and the intake rows that it tells of."""

    at: int
    kind: str
    body: bytes
    rows: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Step:
    """What a step has done: the log's size after it, leaves added, whether more rows waited."""

    size: int
    added: int
    more: bool


Project = Callable[[Any, Sequence[tuple[int, bytes]]], None]


class Integrator:
    """Makes the steps. `connect` gives a connection of the integrator's role.

    `check`, when given, is called with each new connection before anything is signed, and raises when nothing
    may be; `project` with a cursor and (leaf_index, body) of the new leaves in their transaction.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], Connection],
        signer: Signer,
        check: Callable[[Connection], None] | None = None,
        project: Project | None = None,
    ) -> None:
        self._connect: Final = connect
        self._signer: Final = signer
        self._check: Final = check
        self._project: Final = project
        self._connection: Connection | None = None
        self._growth: Growth | None = None
        self._from: int | None = None
        """Everything of transactions below this number is taken; None until a sweep has found out."""
        self._sweep: tuple[int, int, int] | None = None
        """How far the sweep has come (transaction, id), and the horizon when it began."""
        self.horizon = 0
        """Below this number no transaction was running at the last step."""
        self.newest = 0
        """The number that the next transaction would have got."""
        self.oldest = 0
        """When the oldest event of the last step had happened, milliseconds UTC."""

    @property
    def origin(self) -> str:
        """The log's name: that of its key."""
        return self._signer.verifier.name

    def step(self) -> Step:
        """Take what is there, up to `LIMIT` rows.

        Raises psycopg.Error when the database is away or refuses, LogContradictionError when the stored tree
        is not the signed one; after either nothing was changed, and another call begins anew.
        """
        try:
            connection = self._open()
            with connection.transaction(), connection.cursor() as cursor:
                return self._step(cursor)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back; the next step opens another and looks at everything again."""
        connection, self._connection = self._connection, None
        self._growth = self._from = self._sweep = None
        if connection is not None:
            connection.close()

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._growth = self._from = self._sweep = None
            self._connection = self._connect()
            if self._check is not None:
                self._check(self._connection)
                self._connection.rollback()
        return self._connection

    def _step(self, cursor: "psycopg.Cursor[Any]") -> Step:
        size, root = cursor.execute(LOCK_HEAD).fetchone() or (0, b"")
        growth = self._growth_at(cursor, size, root)
        horizon, newest = cursor.execute(HORIZON).fetchone() or (0, 0)
        self.horizon, self.newest = horizon, newest
        if self._from is None and self._sweep is None:
            self._sweep = (0, 0, horizon)
        now = clock.now_ms()
        unfolded = ((now - GRACE) // 1000 * 1000, now + FUTURE)
        rows, waiting = self._rows(cursor, unfolded)
        entries = fold(rows)
        if entries:
            # From here on memory is ahead of the disk; `step` throws it away when anything fails.
            self._append(cursor, growth, entries, now)
        more = len(rows) == LIMIT
        self.oldest = min((row[2] for row in rows), default=now)
        if self._from is not None:
            self._from = min(waiting, rows[-1][1] if more else self.horizon)
        elif self._sweep is not None:
            began = self._sweep[2]
            if more:
                self._sweep = (rows[-1][1], rows[-1][0], began)
            else:
                self._from, self._sweep = min(waiting, began), None
        return Step(growth.frontier.size, len(entries), more)

    def _rows(self, cursor: "psycopg.Cursor[Any]", unfolded: tuple[int, int]) -> tuple[list[Any], int]:
        """Rows to take now, and the oldest transaction with a batch whose second is not over."""
        if self._sweep is not None:
            transaction, id_, _ = self._sweep
            cursor.execute(SWEEP, (self.horizon, self.newest, transaction, id_, *unfolded))
            rows, since = cursor.fetchall(), 0
        else:
            since = self._from or 0
            rows = cursor.execute(TAKE, (since, self.horizon, *unfolded)).fetchall()
        (waiting,) = cursor.execute(WAITING, (since, self.horizon, *unfolded)).fetchone() or (None,)
        return rows, self.horizon if waiting is None else waiting

    def _growth_at(self, cursor: "psycopg.Cursor[Any]", size: int, root: bytes) -> Growth:
        if self._growth is None or self._growth.frontier.size != size:
            tree = log.tree(cursor, size)
            self._growth = Growth.of(tree, lambda wanted: log.read_tiles(cursor, wanted))
            signed = root
            if size:
                (signed,) = cursor.execute(
                    "SELECT root FROM audit_checkpoint WHERE size = %s", (size,)
                ).fetchone() or (b"",)
            if not self._growth.frontier.root() == root == signed:
                raise LogContradictionError(f"the stored tree of {size} entries is not the signed one")
        return self._growth

    def _append(
        self, cursor: "psycopg.Cursor[Any]", growth: Growth, entries: Sequence[Entry], now: int
    ) -> None:
        before = growth.frontier.size
        hashes = [merkle.leaf_hash(entry.body) for entry in entries]
        full: list[tuple[Tile, bytes, bytes]] = []
        for value in hashes:
            full += growth.append(value)
        with cursor.copy(COPY_LEAVES) as copy:
            copy.set_types(["int8", "int8", "text", "bytea", "bytea"])
            for index, (entry, value) in enumerate(zip(entries, hashes, strict=True), start=before):
                copy.write_row((index, entry.at, entry.kind, value, entry.body))
        with cursor.copy(COPY_TAKEN) as copy:
            copy.set_types(["int8", "int8"])
            for index, entry in enumerate(entries, start=before):
                for row in entry.rows:
                    copy.write_row((row, index))
        for tile, root, content in full:
            cursor.execute(INSERT_TILE, (tile.level, tile.number, root, content))
        size, root = growth.frontier.size, growth.frontier.root()
        note = sign_note(Checkpoint(self.origin, size, root).format(), [self._signer])
        cursor.execute(INSERT_CHECKPOINT, (size, root, now, note))
        if self._project is not None:
            self._project(cursor, list(_readable(before, entries)))
        moved = cursor.execute(MOVE_HEAD, (size, root, before))
        if moved.rowcount != 1:
            raise LogContradictionError("the head moved while it was locked")


def _readable(first: int, entries: Iterable[Entry]) -> Iterator[tuple[int, bytes]]:
    """The new leaves without those that are no leaf: they stay in the log, and the verifier names them.

    Whoever may write to the intake must not be able to stop the log by a row that nobody can read.
    """
    for index, entry in enumerate(entries, start=first):
        try:
            row_of(index, entry.body)
        except (ValueError, msgspec.MsgspecError):
            logger.error("audit_entry_malformed", entry=index)
        else:
            yield index, entry.body


def fold(rows: Iterable[tuple[int, int, int, str, bytes]]) -> list[Entry]:
    """The entries for intake rows (id, transaction, at, kind, body): one each, and one for each second of
    messages, in the place of its first batch. A batch that is none is an entry as it stands, which the
    verifier names.
    """
    entries: list[Entry] = []
    seconds: dict[int, tuple[Entry, list[bytes]]] = {}
    for id_, _, at, kind, body in rows:
        accepted = _accepted(at, body) if kind == intake.BATCH else None
        if accepted is None:
            entries.append(Entry(at, kind, body, [id_]))
            continue
        second = at // 1000
        if second not in seconds:
            entry = Entry(at, MessagesAccepted.action, b"")
            entries.append(entry)
            seconds[second] = (entry, [])
        entry, hashes = seconds[second]
        entry.rows.append(id_)
        entry.at = max(entry.at, at)
        hashes += accepted
    for second, (entry, hashes) in seconds.items():
        entry.body = leaf_of_second(second, hashes, at=entry.at)
    return entries


def _accepted(at: int, body: bytes) -> list[bytes] | None:
    """The hashes of a batch; None for one that nothing can be folded from."""
    try:
        return intake.hashes_of(body) if at <= canonical.MAX_INTEGER else None
    except ValueError:
        return None


def leaf_of_second(second: int, hashes: Iterable[bytes], *, at: int) -> bytes:
    """The leaf over the envelope hashes accepted in one second UTC, whatever order they come in."""
    ordered = sorted(hashes)
    event = MessagesAccepted(
        actor=Actor(system="audit.integrator"),
        second=second,
        root=merkle.root_of(ordered),
        count=len(ordered),
    )
    return intake.encode(event, at=at).row[2]
