"""Was a message taken away? The envelopes of a time against the leaves of its seconds.

For each second there is a leaf with the root over the hashes of all envelopes accepted in it (a second one
where something was committed late). Whoever deletes or changes an envelope afterwards, or its hash, cannot
make that root again. What authors delete for others is a message like any other: a new envelope, of which
nobody here can tell what it says. A body that the server destroyed leaves its row and its hash.
"""

import base64
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, LiteralString

import psycopg

from audit import intake, merkle
from audit.database import connect
from audit.integrator import GRACE, Connection
from beep.errors import BeepError

WRONG: Final = 100
"""So many findings are listed."""
LIMIT: Final = 20.0
"""Seconds that an auditor at a page waits at most."""
SETTLED: Final = 30_000
"""Milliseconds until a second may be asked about: what came last may still be on its way into the log."""

LEAVES: Final[LiteralString] = """
SELECT leaf_index, body FROM audit_leaf
WHERE kind = 'messages.accepted' AND at >= %s AND at < %s ORDER BY leaf_index
"""
ENVELOPES: Final[LiteralString] = """
SELECT time_ms / 1000, hash FROM audit_accepted_envelope WHERE time_ms >= %s AND time_ms < %s
ORDER BY time_ms / 1000
"""
"""A view that the messages' own application provides (migration messaging 0006)."""
BATCHES: Final[LiteralString] = """
SELECT i.body FROM audit_taken t JOIN audit_intake i ON i.id = t.intake WHERE t.leaf_index = %s
"""


class OverdueError(Exception):
    """Whoever asked does not want to wait any longer."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How many seconds with messages and how many envelopes were held against the log, and what was wrong."""

    seconds: int
    envelopes: int
    wrong: list[str]


@dataclass(frozen=True, slots=True)
class Second:
    """What a leaf says: its place, root and count."""

    index: int
    root: bytes
    count: int


def check(*, begin: int, end: int) -> Checked:
    """Hold the envelopes from `begin` up to `end` (milliseconds UTC) against the log, as `beep_auditor`.

    Both are rounded down to whole seconds. Raises BeepError `busy` when it takes longer than `LIMIT`: ask for
    less time, or let `manage.py verify_audit` look at everything.
    """
    begin, end = begin // 1000 * 1000, end // 1000 * 1000
    deadline = time.monotonic() + LIMIT
    try:
        with connect("auditor") as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.execute("SELECT set_config('statement_timeout', %s, true)", (f"{LIMIT:.0f}s",))
            return check_on(connection, begin=begin, end=end, deadline=deadline)
    except (OverdueError, psycopg.errors.QueryCanceled) as error:
        raise BeepError(
            "busy", "Holding so many messages against the log takes too long; narrow the time range."
        ) from error


def check_on(connection: Connection, *, begin: int, end: int, deadline: float | None = None) -> Checked:
    """`check` on a connection in a transaction of its own.

    Raises OverdueError past `deadline` (of `time.monotonic`).
    """
    told, wrong = _told(connection, begin, end)
    seconds, envelopes = len(told), 0
    with connection.cursor("accepted") as stored:
        stored.itersize = 10_000
        rows = stored.execute(ENVELOPES, (begin, end))
        for second, group in groupby(rows, key=lambda row: row[0]):
            hashes = sorted(row[1] for row in group)
            envelopes += len(hashes)
            if deadline is not None and time.monotonic() > deadline:
                raise OverdueError
            wrong += _compare(connection, second, hashes, told.pop(second, []))
    for second, leaves in sorted(told.items()):
        wrong += _compare(connection, second, [], leaves)
    return Checked(seconds, envelopes, wrong[:WRONG])


def _told(connection: Connection, begin: int, end: int) -> tuple[dict[int, list[Second]], list[str]]:
    """The leaves by second, and which leaves are none. A leaf's own time lies in its second, wherever in the
    log it stands.
    """
    told: dict[int, list[Second]] = {}
    wrong: list[str] = []
    for index, body in connection.execute(LEAVES, (begin, end)):
        try:
            second, leaf = _second(index, body)
        except (ValueError, TypeError, KeyError, RecursionError):
            wrong.append(f"entry {index}: it is no entry of a second of messages")
            continue
        if begin <= second * 1000 < end:
            told.setdefault(second, []).append(leaf)
    return told, wrong


def _second(index: int, body: bytes) -> tuple[int, Second]:
    """What the leaf says of which second; raises ValueError, TypeError, KeyError or RecursionError."""
    said: dict[str, Any] = json.loads(body.removeprefix(intake.PREFIX))["parameters"]
    second, count, root = said["second"], said["count"], _bytes(said["root"])
    if type(second) is not int or type(count) is not int or len(root) != merkle.HASH_BYTES:
        raise ValueError("these are no second, count and root")
    return second, Second(index, root, count)


def _compare(
    connection: Connection, second: int, hashes: Sequence[bytes], leaves: Sequence[Second]
) -> Iterator[str]:
    """What is wrong with one second, in words."""
    when = f"second {second}"
    if not leaves:
        yield f"{when}: {len(hashes)} envelopes of which the log does not tell"
        return
    if len(leaves) == 1 and merkle.root_of(hashes) == leaves[0].root:
        return
    came = [_came_in(connection, leaf) for leaf in leaves]
    expected = {value for part in came if part is not None for value in part}
    if None in came:
        count = sum(leaf.count for leaf in leaves)
        yield f"{when}: entry {leaves[0].index} tells of {count} envelopes, {len(hashes)} others are there"
        return
    gone, new = expected - set(hashes), set(hashes) - expected
    for value in sorted(gone):
        yield f"{when}: envelope {value.hex()} is gone or changed"
    for value in sorted(new):
        yield f"{when}: envelope {value.hex()} was not accepted then"


def _came_in(connection: Connection, leaf: Second) -> list[bytes] | None:
    """The hashes under a leaf as they came in; None when those rows are not what the leaf was made of."""
    rows = connection.execute(BATCHES, (leaf.index,)).fetchall()
    hashes = sorted(value for (body,) in rows for value in intake.hashes_of(body))
    return hashes if merkle.root_of(hashes) == leaf.root else None


def settled_until(now_ms: int) -> int:
    """Up to where a check may ask (milliseconds UTC) without meeting what is still on its way."""
    return (now_ms - SETTLED - GRACE) // 1000 * 1000


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
