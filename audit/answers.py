"""Ready answers to what auditors are asked: who looked at somebody's records; what was taken away."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from audit.asking import asking
from audit.search import COLUMNS, Filters, Found

LOOKS = (
    "audit.exported",
    "audit.reported",
    "audit.searched",
    "audit.viewed",
    "moderation.envelope_looked_up",
)
"""Events of somebody looking at records."""
DESTRUCTIONS = ("opening.erased", "server.restore_mode")
"""Events by which the server itself gave something up, or may have."""
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Looks:
    """Who looked at a person's records, newest first; `cut` when there are more than a thousand."""

    rows: list[Found]
    cut: bool


def who_looked(*, person: UUID, begin: int, end: int) -> Looks:
    """Every look at entries about the person, by others and in the person's own name; times in ms."""
    rows = _rows(
        "(subject = %s OR target = %s) AND action = ANY(%s)", [person, str(person), list(LOOKS)], begin, end
    )
    return Looks(rows[:MOST], len(rows) > MOST)


def destructions(*, begin: int, end: int) -> list[Found]:
    """The server's own acts of taking something away, newest first; times in ms."""
    return _rows("action = ANY(%s)", [list(DESTRUCTIONS)], begin, end)[:MOST]


def _rows(condition: str, values: list[Any], begin: int, end: int) -> list[Found]:
    query = (
        f"SELECT {COLUMNS} FROM audit_row WHERE {condition} AND at >= %s AND at < %s "  # noqa: S608
        "ORDER BY at DESC, leaf DESC LIMIT %s"
    )
    with asking("This answer takes too long to find; narrow the time range.") as cursor:
        cursor.execute(query, [*values, begin, end, MOST + 1])
        return [Found.of(row) for row in cursor.fetchall()]


def whole_month(year: int, month: int, day: int | None = None) -> Filters:
    """The filters of one month, or of one day of it, UTC; raises ValueError for one that does not exist."""
    begin = datetime(year, month, day or 1, tzinfo=UTC)
    if day is not None:
        end = begin + timedelta(days=1)
    else:
        end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return Filters(begin=int(begin.timestamp()) * 1000, end=int(end.timestamp()) * 1000)
