"""The sums behind the plots are held against the rows that they count."""

import psycopg
import pytest

from audit import sums
from tests.audit import support
from tests.audit.support import Crew
from tests.support.databases import TestDatabase


def wrong(database: TestDatabase) -> list[str]:
    with psycopg.connect(database.urls.auditor) as auditor:
        return list(sums.check(auditor))


CHANGES = [
    ("UPDATE audit_hour SET count = count - 1 WHERE action = 'person.changed'", "299 times, and stands"),
    ("DELETE FROM audit_hour", "person.changed is counted 0 times, and stands there 300 times"),
    ("INSERT INTO audit_hour VALUES (1, 'x.y', 1, 5)", "hour 1: x.y is counted 5 times, and stands there 0"),
    (
        "INSERT INTO audit_actor_hour VALUES (9999999, gen_random_uuid(), 'x.y', 5)",
        "is counted 5 times, and stands there 0 times",
    ),
]


@pytest.mark.parametrize(("statement", "says"), CHANGES)
def test_a_sum_that_was_changed_is_named(
    database: TestDatabase, crew: Crew, statement: str, says: str
) -> None:
    assert wrong(database) == []
    with support.superuser(database) as admin:
        admin.execute(statement)
    assert says in wrong(database)[0]
    assert support.alarms(database, crew) == ["projection_differs"]
