"""The hourly sums behind the plots, held against the search table that they were counted from.

A day at a time, through the index of times, so that it costs the same memory however long the log is; what
the search table itself says is compared with the leaves before (`projection.check`).
"""

from collections.abc import Iterator
from typing import Final, LiteralString

from audit.integrator import Connection
from audit.projection import HOUR

HOURS_A_DAY: Final = 24
NEXT: Final[LiteralString] = """
SELECT least((SELECT min(at) / %(hour)s FROM audit_row WHERE at >= %(from)s::bigint * %(hour)s),
             (SELECT min(hour) FROM audit_hour WHERE hour >= %(from)s),
             (SELECT min(hour) FROM audit_actor_hour WHERE hour >= %(from)s))
"""
HOURS: Final[LiteralString] = """
WITH counted AS (
    SELECT at / %(hour)s AS hour, action, outcome, count(*) AS count FROM audit_row
    WHERE at >= %(from)s::bigint * %(hour)s AND at < %(to)s::bigint * %(hour)s
    GROUP BY 1, 2, 3
), stored AS (
    SELECT hour, action, outcome, count FROM audit_hour WHERE hour >= %(from)s AND hour < %(to)s
)
SELECT hour, action, coalesce(s.count, 0), coalesce(c.count, 0)
FROM counted c FULL JOIN stored s USING (hour, action, outcome)
WHERE s.count IS DISTINCT FROM c.count ORDER BY hour, action LIMIT 1
"""
ACTORS: Final[LiteralString] = """
WITH counted AS (
    SELECT at / %(hour)s AS hour, actor, action, count(*) AS count FROM audit_row
    WHERE at >= %(from)s::bigint * %(hour)s AND at < %(to)s::bigint * %(hour)s AND actor IS NOT NULL
    GROUP BY 1, 2, 3
), stored AS (
    SELECT hour, actor, action, count FROM audit_actor_hour WHERE hour >= %(from)s AND hour < %(to)s
)
SELECT hour, action || ' by ' || actor, coalesce(s.count, 0), coalesce(c.count, 0)
FROM counted c FULL JOIN stored s USING (hour, actor, action)
WHERE s.count IS DISTINCT FROM c.count ORDER BY hour, action, actor LIMIT 1
"""


def check(connection: Connection) -> Iterator[str]:
    """What is wrong, day by day: the first hour of each table that differs, in words."""
    begin = 0
    while (row := connection.execute(NEXT, {"hour": HOUR, "from": begin}).fetchone()) and row[0] is not None:
        # Days in which nothing is stand in no table, and are not looked at.
        begin = row[0] // HOURS_A_DAY * HOURS_A_DAY
        asked = {"hour": HOUR, "from": begin, "to": begin + HOURS_A_DAY}
        for query in (HOURS, ACTORS):
            found = connection.execute(query, asked).fetchone()
            if found is not None:
                hour, what, stored, counted = found
                yield f"hour {hour}: {what} is counted {stored} times, and stands there {counted} times"
        begin += HOURS_A_DAY
