"""Whether a message was taken away, asked of real envelopes and the leaves of their seconds."""

import psycopg
import pytest

from audit import accepted
from beep import clock
from messaging.models import Envelope
from tests.audit import support
from tests.messaging.world import begun
from tests.support.databases import TestDatabase


@pytest.fixture
def times(fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """A conversation with some envelopes in two seconds, integrated."""
    talk = begun()
    first = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: first + 5_000)
    talk.commit(talk.bob)
    monkeypatch.setattr(clock, "now_ms", lambda: first + 60_000)
    integrator = support.integrator(fresh_database)
    support.drain(integrator)
    integrator.close()
    return first - 60_000, first + 60_000


def tamper(database: TestDatabase, statement: str) -> None:
    with support.superuser(database) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(statement)


def test_all_is_there(times: tuple[int, int]) -> None:
    found = accepted.check(begin=times[0], end=times[1])
    assert found.wrong == []
    assert found.envelopes == Envelope.objects.count() >= 2
    assert found.seconds >= 2
    assert accepted.check(begin=0, end=1_000) == accepted.Checked(0, 0, [])


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "DELETE FROM messaging_envelope WHERE time_ms = (SELECT max(time_ms) FROM messaging_envelope)",
            "gone",
        ),
        ("UPDATE messaging_envelope SET hash = sha256('') WHERE seq = 1", "gone"),
        ("UPDATE messaging_envelope SET time_ms = time_ms - 30000 WHERE seq = 1", "does not tell"),
    ],
)
def test_what_was_taken_away_or_changed_is_named(
    times: tuple[int, int], fresh_database: TestDatabase, statement: str, says: str
) -> None:
    tamper(fresh_database, statement)
    found = accepted.check(begin=times[0], end=times[1])
    assert any(says in line for line in found.wrong)


def test_the_auditor_sees_no_more_of_envelopes(fresh_database: TestDatabase) -> None:
    with psycopg.connect(fresh_database.urls.auditor) as auditor:
        cursor = auditor.execute("SELECT * FROM audit_accepted_envelope")
        assert [column.name for column in cursor.description or ()] == ["time_ms", "hash"]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            auditor.execute("SELECT body FROM messaging_envelope")


@pytest.mark.parametrize(
    "body",
    [b"nonsense", b'{"parameters":{"second":"x","count":1,"root":""}}', b'{"parameters":{}}', b"[]"],
)
def test_a_leaf_that_tells_of_no_second_is_a_finding(
    times: tuple[int, int], fresh_database: TestDatabase, body: bytes
) -> None:
    (index,) = support.superuser(fresh_database).execute(
        "SELECT max(leaf_index) FROM audit_leaf WHERE kind = 'messages.accepted'"
    ).fetchone() or (0,)
    tamper(fresh_database, "ALTER TABLE audit_leaf DISABLE TRIGGER audit_leaf_rows")
    text = (b"beep-audit/v1\n" + body).hex()
    tamper(fresh_database, f"UPDATE audit_leaf SET body = '\\x{text}' WHERE leaf_index = {index}")
    found = accepted.check(begin=times[0], end=times[1])
    assert found.wrong[0] == f"entry {index}: it is no entry of a second of messages"
