"""The intake: what is written, by whom it can be written, and that nothing is ever changed."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from audit import canonical, events, intake
from audit.events import Actor, Personal
from beep import clock
from tests.support.databases import TestDatabase

PERSON = UUID("5e5e5e5e-0000-4000-8000-000000000001")
EVENT = events.SignIn(
    actor=Actor(address=Personal("192.0.2.7")),
    outcome="refused",
    error="sign_in_refused",
    login=Personal("ayesha.siddiqui"),
)


def rows(database: TestDatabase) -> list[tuple[str, bytes]]:
    with psycopg.connect(database.urls.auditor) as auditor:
        return auditor.execute("SELECT kind, body FROM audit_intake ORDER BY id").fetchall()


def test_a_leaf_is_canonical_json_without_personal_data() -> None:
    encoded = intake.encode(EVENT, at=1_750_000_000_000)
    at, kind, body = encoded.row
    assert (at, kind) == (1_750_000_000_000, "sign_in")
    assert body.startswith(b"beep-audit/v1\n{")
    leaf = json.loads(body.removeprefix(intake.PREFIX))
    assert canonical.encode(leaf) == body.removeprefix(intake.PREFIX)
    assert b"ayesha" not in body
    assert b"192.0.2.7" not in body
    assert leaf["outcome"] == "refused"
    assert set(leaf["parameters"]) == {"login", "known_device", "replaces"}
    assert {text for _, _, text in encoded.openings} == {"ayesha.siddiqui", "192.0.2.7"}
    for commitment, salt, text in encoded.openings:
        assert sha256(salt + text.encode()).digest() == commitment


def test_two_events_about_one_person_do_not_show_it() -> None:
    first, second = (intake.encode(EVENT, at=0) for _ in range(2))
    assert not {opening[0] for opening in first.openings} & {opening[0] for opening in second.openings}


def test_ids_bytes_and_lists_have_one_spelling() -> None:
    event = events.GenerationBegun(
        actor=Actor(person=PERSON), target=PERSON, generation=1, group=b"\xff" * 3, devices=[PERSON]
    )
    leaf = json.loads(intake.encode(event, at=0).row[2].removeprefix(intake.PREFIX))
    assert leaf["parameters"] == {"generation": 1, "group": "____", "devices": [str(PERSON)]}
    assert leaf["target"] == {"kind": "conversation", "id": str(PERSON)}
    assert leaf["actor"] == {"person": str(PERSON)}


def test_a_leaf_has_a_limit() -> None:
    event = events.PersonChanged(actor=Actor(system="test"), changed=["x" * 65_535])
    with pytest.raises(ValueError, match="leaf"):
        intake.encode(event, at=0)


def test_every_event_is_documented_and_named_like_its_class() -> None:
    for action, event in events.CATALOGUE.items():
        assert event.action == action
        assert event.__doc__
        assert not event.__doc__.startswith(f"{event.__name__}(")


def test_an_event_needs_the_acts_transaction(fresh_database: TestDatabase) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        intake.record(EVENT)
    assert rows(fresh_database) == []


def test_the_event_lives_and_dies_with_the_act(fresh_database: TestDatabase) -> None:
    with clock.stopped(datetime(2026, 1, 1, tzinfo=UTC)), transaction.atomic():
        intake.record(EVENT)
    with transaction.atomic():
        intake.record(EVENT)
        transaction.set_rollback(True)
    assert [kind for kind, _ in rows(fresh_database)] == ["sign_in"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_intake SET kind = 'other'",
        "DELETE FROM audit_intake",
        "TRUNCATE audit_intake",
        "UPDATE audit_opening SET value = 'other'",
        "TRUNCATE audit_opening",
    ],
)
@pytest.mark.parametrize("login", ["superuser", "superuser as replica"])
def test_nobody_changes_a_row(fresh_database: TestDatabase, login: str, statement: str) -> None:
    """Not even who may do everything, and not with the triggers of ordinary tables silenced."""
    with transaction.atomic():
        intake.record(EVENT)
    url = fresh_database.urls.superuser.rsplit("/", 1)[0] + f"/{fresh_database.name}"
    with psycopg.connect(url) as superuser:
        if login.endswith("replica"):
            superuser.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="only grows"):
            superuser.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM audit_intake",
        "SELECT * FROM audit_opening",
        "UPDATE audit_intake SET kind = 'other'",
        "DELETE FROM audit_opening",
        "TRUNCATE audit_intake",
        "INSERT INTO audit_intake (at, kind, body, transaction) VALUES (0, 'x', '', '1')",
        "ALTER TABLE audit_intake DISABLE TRIGGER ALL",
    ],
)
@pytest.mark.django_db
def test_the_application_may_only_add(statement: str) -> None:
    with connection.cursor() as cursor, pytest.raises(ProgrammingError) as caught, transaction.atomic():
        cursor.execute(statement)
    assert isinstance(caught.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_the_auditor_and_the_integrator_write_nothing(fresh_database: TestDatabase) -> None:
    for url in (fresh_database.urls.auditor, fresh_database.urls.integrator):
        with psycopg.connect(url) as login, pytest.raises(psycopg.errors.InsufficientPrivilege):
            login.execute(intake.INSERT, intake.encode(EVENT, at=0).row)


def test_the_auditor_sees_no_person(fresh_database: TestDatabase) -> None:
    with (
        psycopg.connect(fresh_database.urls.auditor) as auditor,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        auditor.execute("SELECT * FROM accounts_person")


async def test_the_engines_connection_writes_the_same_row(fresh_database: TestDatabase) -> None:
    hashes = [bytes([number]) * 32 for number in range(3)]
    async with await psycopg.AsyncConnection.connect(fresh_database.urls.database) as application:
        await application.execute(intake.INSERT, intake.encode_batch(hashes, at=7))
    ((kind, body),) = rows(fresh_database)
    assert kind == intake.BATCH
    assert intake.hashes_of(body) == hashes
