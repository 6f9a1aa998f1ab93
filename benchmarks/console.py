"""`python -m benchmarks.console [--rows 5000000]`: pages of the auditors' console over millions of entries.

Fills the search table (its rows follow from leaves; here they are made up, skewed as a ministry's are) and
asks for first pages with each filter and some together, and for a page deep inside. Prints milliseconds, best
and worst of five, the first one cold, as a JSON line each.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from benchmarks import beep, measure

YEAR: Final = 365 * 86_400_000
TRIES: Final = 5
FILL: Final = """
INSERT INTO audit_row (leaf, at, action, actor, actor_system, address, target_kind, target, subject, ministry,
                       outcome)
SELECT n, %(begin)s + n * %(step)s, (%(actions)s::text[])[1 + floor(power(random(), 3) * %(kinds)s)::int],
       p, CASE WHEN random() < 0.1 THEN 'worker' END, sha256((n %% 50000)::text::bytea), 'person', p::text, p,
       'ministry-' || floor(power(random(), 2) * 40)::int, CASE WHEN random() < 0.01 THEN 2 ELSE 1 END
FROM (SELECT n, md5((power(random(), 2) * 200000)::int::text)::uuid AS p
      FROM generate_series(%(first)s::bigint, %(last)s::bigint) n) i
"""


def main() -> int:
    """Fill and ask."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    options = parser.parse_args()
    measure.say({"conditions": measure.conditions()})
    with tempfile.TemporaryDirectory(prefix="beep-bench-") as name, beep.databases(Path(name)) as urls:
        fill(urls, options.rows)
        ask(options.rows)
    return 0


def fill(urls: Any, rows: int) -> None:
    """The search table with `rows` rows over a year."""
    import psycopg

    from audit.events import CATALOGUE

    begin = time.time_ns() // 1_000_000 - YEAR
    actions = sorted(CATALOGUE)
    with psycopg.connect(urls.migrator, autocommit=True) as owner:
        owner.execute("SET ROLE beep_owner")
        for first in range(0, rows, 500_000):
            owner.execute(
                FILL,
                {
                    "begin": begin,
                    "step": YEAR // rows,
                    "actions": actions,
                    "kinds": len(actions),
                    "first": first,
                    "last": min(first + 500_000, rows) - 1,
                },
            )
        owner.execute("VACUUM ANALYZE audit_row")
        (size,) = owner.execute("SELECT pg_total_relation_size('audit_row')").fetchone() or (0,)
    measure.say({"search_table": {"rows": rows, "bytes_a_row": round(size / rows)}})


def ask(rows: int) -> None:
    """Time first pages by filter, and one from the middle."""
    from django.db import connections

    from audit.search import Filters, Place, page

    with connections["auditor"].cursor() as cursor:
        cursor.execute("SELECT at, actor, target, action FROM audit_row WHERE leaf = %s", [rows // 2])
        at, actor, target, action = cursor.fetchone()
    month = YEAR // 12
    asked: dict[str, tuple[Filters, Place | None]] = {
        "everything": (Filters(), None),
        "from the middle": (Filters(), Place(at, rows // 2)),
        "a month": (Filters(begin=at, end=at + month), None),
        "an event": (Filters(actions=(action,)), None),
        "a rare event": (Filters(actions=("sign_in",)), None),
        "a class": (Filters(actions=("device.",)), None),
        "by a person": (Filters(actor=actor), None),
        "about a person": (Filters(subject=actor), None),
        "a target": (Filters(target=target), None),
        "a ministry": (Filters(ministry="ministry-39"), None),
        "refused": (Filters(outcome=2), None),
        "a command": (Filters(system="worker"), None),
        "an address without entries": (Filters(address="192.0.2.1"), None),
        "a ministry's refused logins in a month": (
            Filters(ministry="ministry-39", actions=("sign_in",), outcome=2, begin=at, end=at + month),
            None,
        ),
        "a ministry's refusals": (Filters(ministry="ministry-39", outcome=2), None),
        "a person's refusals of a class": (Filters(actor=actor, actions=("device.",), outcome=2), None),
        "nothing fits": (Filters(ministry="nowhere", actions=("role.",)), None),
    }
    for name, (filters, before) in asked.items():
        times = []
        for _ in range(TRIES):
            began = time.perf_counter()
            found = page(filters, before=before)
            times.append((time.perf_counter() - began) * 1000)
        measure.say(
            {
                "page": {
                    "of": name,
                    "rows": len(found),
                    "best_ms": _ms(min(times)),
                    "worst_ms": _ms(max(times)),
                }
            }
        )


def _ms(value: float) -> float:
    return round(value, 1)


if __name__ == "__main__":
    raise SystemExit(main())
