"""The console beside the log: alerts, answers, plots, integrity."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connections, transaction
from pytest_django import Settings

from accounts import roles
from accounts.models import Role
from audit import accepted, alerts, asking, events, intake, projection, search, tasks, watch
from audit.events import Actor
from audit.integrity import STALE
from audit.note import Signer
from beep import clock
from tests.accounts.support import OPERATOR
from tests.consoles.support import Office, event, leaves
from tests.support.databases import TestDatabase


def test_alerts_stand_until_somebody_has_looked(office: Office) -> None:
    roles.grant(person=office.other.person, duty=Role.Duty.RECORDS_OFFICER, granted_by=None, actor=OPERATOR)
    office.settle()
    page = office.desk.get("/alerts").content.decode()
    assert page.count('data-rule="duty"') == 2
    leaf = page.split('data-rule="duty" data-leaf="')[1].split('"')[0]
    assert office.desk.post(f"/alerts/{leaf}", note="Ordered by letter 12").status_code == 302
    assert "Ordered by letter 12" in office.desk.get("/alerts").content.decode()
    assert office.desk.post("/alerts/0", note="No alert").status_code == 404
    assert office.desk.post(f"/alerts/{leaf}", note="").status_code == 400
    office.settle()
    assert search.page(search.Filters(actions=("audit.alert_reviewed",)))


def test_failed_sign_ins_push_no_other_alert_away(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "SHOWN", 3)
    with transaction.atomic():
        intake.record(
            events.AuditExported(actor=Actor(system="test"), filters={}, case=None, form="csv", rows=1_000)
        )
        for _ in range(20):
            intake.record(events.ConsoleSignIn(actor=Actor(), outcome="refused", error="sign_in_refused"))
    office.settle()
    names = [alert.rule.name for alert in alerts.current()]
    assert names.count("refused") == 3
    assert "export" in names


def test_who_looked_at_somebody(office: Office) -> None:
    office.settle()
    office.desk.get("/log", subject=str(office.other.person), case="A-1")
    office.settle()
    (looked,) = search.page(search.Filters(actions=("audit.searched",), subject=office.other.person))
    page = office.desk.get("/reports/who-looked", subject=str(office.other.person), case="B-2")
    assert leaves(page.content) == [looked.leaf]
    assert office.desk.get("/reports/who-looked", subject=str(office.other.person)).status_code == 400
    assert office.desk.get("/reports/who-looked", case="B-2").status_code == 400


def test_integrity_says_what_is_wrong(office: Office) -> None:
    office.settle()
    assert b'data-sound="yes"' in office.desk.get("/integrity").content
    office.time.advance(timedelta(minutes=1))
    with transaction.atomic():
        intake.record(events.PersonChanged(actor=OPERATOR, changed=["name"]))
    office.time.advance(timedelta(minutes=1))
    page = office.desk.get("/integrity").content
    assert b'data-sound="no"' in page
    assert b"events wait" in page or b"is the integrator running" in page


def test_plots_count_what_happened(office: Office) -> None:
    office.settle()
    data = office.desk.get("/plots/data", days="1").json()
    every = search.page(search.Filters(), limit=500)
    assert sum(data["all"]) == len(every)
    assert len(data["times"]) == len(data["all"]) == len(data["refused"])
    assert office.desk.get("/plots").status_code == 200
    assert office.desk.get("/plots", days="400").status_code == 400


def test_the_search_table_is_held_to_the_leaves(office: Office, fresh_database: TestDatabase) -> None:
    size = office.settle()
    with connections["auditor"].cursor() as cursor:
        cursor.execute("SELECT leaf_index, body FROM audit_leaf ORDER BY leaf_index")
        stored = [(index, bytes(body)) for index, body in cursor.fetchall()]
        assert list(projection.check(cursor, stored)) == []
        with psycopg.connect(fresh_database.urls.superuser, autocommit=True) as owner:
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
                owner.execute("DELETE FROM audit_row WHERE leaf = 2")
            owner.execute("ALTER TABLE audit_row DISABLE TRIGGER ALL")
            owner.execute("DELETE FROM audit_row WHERE leaf = 2")
            owner.execute("UPDATE audit_row SET outcome = 3 - outcome WHERE leaf = 3")
        wrong = list(projection.check(cursor, stored, batch=2))
    assert size > 3
    assert wrong == ["leaf 2 has no row in the search table", "leaf 3 and its row in the search table differ"]


def test_whether_anything_was_deleted_in_a_month(office: Office) -> None:
    office.settle()
    page = office.desk.get("/reports/deleted", month="2026-06")
    assert page.status_code == 200
    assert b"verdict good" in page.content
    assert b"no clear text was erased" in page.content
    assert office.desk.get("/reports/deleted", month="2026-13").status_code == 400
    office.settle()
    (row,) = search.page(search.Filters(actions=("audit.reported",)))
    assert event(row.leaf)["parameters"]["report"] == "deleted"


@contextmanager
def slow(database: TestDatabase, table: str) -> Iterator[None]:
    """Whoever reads the table waits, as on a log that is too large for the question."""
    with psycopg.connect(database.urls.superuser) as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


SLOW = [
    ("/integrity", {}, "audit_intake"),
    ("/alerts", {}, "audit_row"),
    ("/plots", {}, "audit_actor_hour"),
    ("/plots/data", {}, "audit_hour"),
    ("/reports/deleted", {"month": "2026-06"}, "audit_row"),
    ("/reports/who-looked", {"case": "A-1"}, "audit_row"),
]


@pytest.mark.parametrize(("path", "query", "table"), SLOW)
def test_what_takes_too_long_is_refused_kindly(
    office: Office,
    fresh_database: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    query: dict[str, str],
    table: str,
) -> None:
    office.settle()
    if path.endswith("who-looked"):
        query = {**query, "subject": str(office.other.person)}
    with slow(fresh_database, table), monkeypatch.context() as patched:
        patched.setattr(asking, "TIMEOUT", "300ms")
        refused = office.desk.get(path, **query)
    assert refused.status_code == 503
    assert re.search(b"takes? too long|cannot be read in time", refused.content)
    assert refused["Retry-After"]
    # Nobody else waits, and the next question is answered.
    assert office.desk.get(path, **query).status_code == 200


def test_holding_messages_against_the_log_ends(
    office: Office, fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with slow(fresh_database, "messaging_envelope"), monkeypatch.context() as patched:
        patched.setattr(accepted, "LIMIT", 1.0)
        refused = office.desk.get("/reports/deleted", month="2026-06")
    assert refused.status_code == 503
    assert b"narrow the time range" in refused.content
    assert office.desk.get("/reports/deleted", month="2026-06-01").status_code == 200
    assert office.desk.get("/reports/deleted", month="2026-06-31").status_code == 400


def test_every_look_at_a_page_is_noted(office: Office) -> None:
    for path in ("/integrity", "/plots", "/plots/data", "/alerts"):
        assert office.desk.get(path).status_code == 200
    office.settle()
    rows = search.page(search.Filters(actions=("audit.reported",)))
    assert {event(row.leaf)["parameters"]["report"] for row in rows} == {
        "integrity",
        "plots",
        "plots.data",
        "alerts",
    }


def test_each_page_of_the_log_is_noted(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAGE", 3)
    office.settle()
    first = office.desk.get("/log").content.decode()
    following = first.split("before=")[1].split('"')[0].split("&")[0]
    assert office.desk.get("/log", before=following).status_code == 200
    office.settle()
    assert len(search.page(search.Filters(actions=("audit.searched",)))) == 2


def export(rows: int, *, actor: Actor, form: str = "csv") -> None:
    with transaction.atomic():
        intake.record(events.AuditExported(actor=actor, filters={}, form=form, rows=rows))


def raised(office: Office) -> list[str]:
    """Names of the alerts but those of what the fixtures did."""
    office.settle()
    return [alert.rule.name for alert in alerts.current() if alert.rule.name not in ("duty", "off_hours")]


def test_an_export_is_an_alert_when_it_is_bulk(office: Office, settings: Settings) -> None:
    auditor = Actor(person=office.desk.owner.person)
    assert settings.BULK_EXPORT == 1_000
    export(999, actor=auditor)
    assert raised(office) == []
    export(1_000, actor=auditor)
    assert raised(office) == ["export"]
    settings.BULK_EXPORT = 2_000
    assert raised(office) == []
    export(0, actor=Actor(system="export_audit"), form="log")
    assert raised(office) == ["export"]


def test_many_exports_within_an_hour_are_an_alert(office: Office) -> None:
    auditor, other = Actor(person=office.desk.owner.person), Actor(person=office.other.person)
    for _ in range(4):
        export(1, actor=auditor)
        export(1, actor=other)
    office.time.advance(timedelta(hours=1))
    export(1, actor=auditor)
    assert raised(office) == []
    for _ in range(4):
        export(1, actor=auditor)
    assert raised(office) == ["exports"]


def test_a_witness_that_falls_silent_is_an_alert(office: Office) -> None:
    office.settle()
    watch.look()
    assert raised(office) == ["policy"]  # Told once, when it is first seen.
    # The witnesses have clocks of their own: a day behind, whatever they cosign from now on.
    with connections["auditor"].cursor() as cursor:
        cursor.execute("SELECT max(time) FROM audit_cosignature")
        (last,) = cursor.fetchone()
    office.time.advance(timedelta(days=1, seconds=last + STALE) - timedelta(milliseconds=clock.now_ms()))
    watch.look()
    watch.look()
    assert raised(office) == ["witness"] * 3
    # A witness that cosigns again is told of as well.
    with connections["integrator"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_cosignature (size, witness, time, line) VALUES (1, 'one', %s, '')",
            [clock.now_ms() // 1000],
        )
    watch.look()
    assert raised(office) == ["witness"] * 4
    (back, *_) = search.page(search.Filters(actions=("log.witness_silent",)))
    assert event(back.leaf)["parameters"]["back"]


def test_another_policy_is_an_alert(office: Office, settings: Settings) -> None:
    office.settle()
    watch.look()
    path = Path(str(settings.WITNESSES))
    other = Signer("witness.test/four", bytes([4] * 32), 4).verifier.format()
    path.write_text(f"witness four {other}\n{path.read_text()}")
    tasks.look_after_witnesses()
    tasks.look_after_witnesses()
    assert raised(office) == ["policy", "policy"]
    newest = search.page(search.Filters(actions=("log.policy_changed",)))[0]
    assert set(event(newest.leaf)["parameters"]) == {"policy", "instead_of"}
