"""The log as auditors search it: one short row a leaf, and counts by the hour.

All of it is derived from the leaves, in the transaction that appends them, and can be made anew from them
(`rebuild`). Nothing is proved by it: whoever opens a row sees the leaf's own bytes, and `check` compares the
rows with the leaves, so that nobody can hide an event by changing or taking away its row.

The subject is whom the event is about: the target when that is a person, else the person that the event's
own facts name (whose device was revoked, whose entry was looked at), else the actor. The ministry is the
subject's, as the directory says it at this moment.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, LiteralString, NamedTuple, Protocol
from uuid import UUID

import msgspec

from audit import canonical
from audit.intake import PREFIX

HOUR: Final = 3_600_000
"""Milliseconds."""
COMMITMENT_BYTES: Final = 32
MAX_TEXT: Final = 512
"""Letters of what is indexed: PostgreSQL refuses keys above 2,704 bytes, and with one the whole step."""
DONE: Final = 1
REFUSED: Final = 2
OUTCOMES: Final = {"done": DONE, "refused": REFUSED}

MINISTRIES: Final[LiteralString] = """
SELECT person, ministry FROM audit_ministry_of WHERE person = ANY(%s)
"""
"""A view that the directory provides (migration accounts 0006)."""
INSERT_ROWS: Final[LiteralString] = """
INSERT INTO audit_row (leaf, at, action, actor, actor_system, address, target_kind, target, subject, outcome,
                       error, ministry)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::uuid[], %s::text[], %s::bytea[], %s::text[],
                     %s::text[], %s::uuid[], %s::smallint[], %s::text[], %s::text[])
"""
COUNT_HOURS: Final[LiteralString] = """
INSERT INTO audit_hour AS h (hour, action, outcome, count)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::smallint[], %s::bigint[])
ON CONFLICT (hour, action, outcome) DO UPDATE SET count = h.count + excluded.count
"""
COUNT_ACTORS: Final[LiteralString] = """
INSERT INTO audit_actor_hour AS h (hour, actor, action, count)
SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::bigint[])
ON CONFLICT (hour, actor, action) DO UPDATE SET count = h.count + excluded.count
"""
STORED: Final[LiteralString] = """
SELECT leaf, at, action, actor, actor_system, address, target_kind, target, subject, outcome, error
FROM audit_row WHERE leaf BETWEEN %s AND %s ORDER BY leaf
"""


class Cursor(Protocol):
    """What is needed of a psycopg cursor."""

    def execute(self, query: LiteralString, params: Sequence[Any] = ...) -> Any:
        """Run one statement."""

    def fetchall(self) -> list[Any]:
        """Its rows."""


class Row(NamedTuple):
    """What is searched of one leaf; None where the leaf has nothing."""

    leaf: int
    at: int
    """Milliseconds UTC."""
    action: str
    actor: UUID | None
    actor_system: str | None
    address: bytes | None
    """The commitment, 32 bytes."""
    target_kind: str | None
    target: str | None
    subject: UUID | None
    outcome: int
    error: str | None


class _Address(msgspec.Struct):
    commitment: str


class _Actor(msgspec.Struct):
    person: UUID | None = None
    system: str | None = None
    address: _Address | None = None


class _Target(msgspec.Struct):
    kind: str
    id: str


class _Parameters(msgspec.Struct):
    person: UUID | None = None


class _Leaf(msgspec.Struct):
    action: str
    at: int
    outcome: str
    actor: _Actor | None = None
    target: _Target | None = None
    parameters: _Parameters | None = None
    error: str | None = None


_decoder: Final = msgspec.json.Decoder(_Leaf)


def row_of(leaf: int, body: bytes) -> Row:
    """What is searched of the leaf with these bytes; raises ValueError when they are no leaf of this log."""
    if not body.startswith(PREFIX):
        raise ValueError(f"leaf {leaf} does not begin as the log's leaves do")
    try:
        found = _decoder.decode(memoryview(body)[len(PREFIX) :])
        outcome = OUTCOMES[found.outcome]
        actor = found.actor or _Actor()
        address = commitment_bytes(actor.address.commitment) if actor.address else None
        subject = _subject(found) or actor.person
    except (msgspec.DecodeError, KeyError, ValueError, RecursionError) as error:
        raise ValueError(f"leaf {leaf} is no event: {error}") from error
    row = Row(
        leaf=leaf,
        at=found.at,
        action=found.action,
        actor=actor.person,
        actor_system=actor.system,
        address=address,
        target_kind=found.target.kind if found.target else None,
        target=found.target.id if found.target else None,
        subject=subject,
        outcome=outcome,
        error=found.error,
    )
    if not _fits(row):
        raise ValueError(f"leaf {leaf} is no event: it has what no event of the catalogue has")
    return row


def _fits(row: Row) -> bool:
    """Whether the search table and its indexes can hold the row: its times, texts and commitment."""
    texts = (row.action, row.actor_system, row.target_kind, row.target, row.error)
    return (
        0 <= row.at <= canonical.MAX_INTEGER
        and (row.address is None or len(row.address) == COMMITMENT_BYTES)
        and not any(text and (len(text) > MAX_TEXT or "\0" in text) for text in texts)
    )


def project(cursor: Cursor, leaves: Sequence[tuple[int, bytes]]) -> None:
    """Write the rows and counts of new leaves (index, bytes), in the caller's transaction.

    Raises ValueError for a leaf that is no event.
    """
    if not leaves:
        return
    rows = [row_of(index, body) for index, body in leaves]
    ministries = _ministries(cursor, {row.subject for row in rows if row.subject})
    columns = [list(column) for column in zip(*rows, strict=True)]
    cursor.execute(INSERT_ROWS, [*columns, [ministries.get(row.subject) for row in rows]])
    hours = Counter((row.at // HOUR, row.action, row.outcome) for row in rows)
    # In key order: two who counted at once would otherwise wait for each other in a ring.
    cursor.execute(COUNT_HOURS, _columns(sorted(hours.items())))
    actors = Counter((row.at // HOUR, row.actor, row.action) for row in rows if row.actor)
    if actors:
        cursor.execute(COUNT_ACTORS, _columns(sorted(actors.items())))


def check(cursor: Cursor, leaves: Iterable[tuple[int, bytes]], *, batch: int = 5_000) -> Iterator[str]:
    """Compare rows with leaves (index, bytes; ascending and dense): yields what is wrong, by leaf."""
    for part in _batches(leaves, batch):
        cursor.execute(STORED, [part[0][0], part[-1][0]])
        stored = {found[0]: _as_row(found) for found in cursor.fetchall()}
        for index, body in part:
            row = stored.pop(index, None)
            if row is None:
                yield f"leaf {index} has no row in the search table"
            elif row != row_of(index, body):
                yield f"leaf {index} and its row in the search table differ"
        for index in sorted(stored):
            yield f"the search table has a row for leaf {index}, which does not exist"


def commitment_bytes(text: str) -> bytes:
    """The bytes of a commitment as a leaf writes it; raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _subject(leaf: _Leaf) -> UUID | None:
    if leaf.target and leaf.target.kind == "person":
        return UUID(leaf.target.id)
    return leaf.parameters.person if leaf.parameters else None


def _ministries(cursor: Cursor, persons: set[UUID]) -> dict[UUID | None, str]:
    if not persons:
        return {}
    cursor.execute(MINISTRIES, [sorted(persons)])
    return dict(cursor.fetchall())


def _columns(counted: Sequence[tuple[tuple[Any, ...], int]]) -> list[list[Any]]:
    return [list(column) for column in zip(*((*key, count) for key, count in counted), strict=True)]


def _as_row(found: Sequence[Any]) -> Row:
    values = list(found)
    values[5] = bytes(values[5]) if values[5] is not None else None
    return Row(*values)


def _batches(leaves: Iterable[tuple[int, bytes]], size: int) -> Iterator[list[tuple[int, bytes]]]:
    part: list[tuple[int, bytes]] = []
    for leaf in leaves:
        part.append(leaf)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
