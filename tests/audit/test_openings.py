"""Openings can be erased with a logged reason, in no other way, and the tree stays verifiable."""

import json
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from audit import intake, openings, reconcile
from audit.events import Actor, OpeningErased, Personal, SignIn
from tests.audit import support
from tests.support.databases import TestDatabase

LOGIN = "ayesha.siddiqui"


def refused() -> None:
    with transaction.atomic():
        intake.record(
            SignIn(actor=Actor(address=Personal("192.0.2.7")), outcome="refused", login=Personal(LOGIN))
        )


def test_a_name_is_forgotten_and_the_log_stays_whole(
    fresh_database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "_REGISTERED", {})
    refused()
    refused()
    with support.crew(tmp_path) as crew:
        integrator = support.integrator(fresh_database)
        support.drain(integrator)
        with pytest.raises(CommandError, match="repeat"):
            call_command("erase_openings", text=LOGIN, reason=f"of {LOGIN}", basis="Art. 17")
        call_command("erase_openings", text=LOGIN, reason="left long ago", basis="Art. 17")
        assert openings.of_text(LOGIN) == []
        assert len(openings.of_text("192.0.2.7")) == 2
        assert support.drain(integrator) == 4
        integrator.close()
        support.publish(fresh_database, crew)
        assert support.alarms(fresh_database, crew) == []
    with psycopg.connect(fresh_database.urls.auditor) as auditor:
        bodies = [body for (body,) in auditor.execute("SELECT body FROM audit_leaf ORDER BY leaf_index")]
    told = [json.loads(body.removeprefix(intake.PREFIX)) for body in bodies]
    commitments = {leaf["parameters"]["login"]["commitment"] for leaf in told[:2]}
    assert {leaf["parameters"]["opening"] for leaf in told[2:]} == commitments
    assert {(leaf["action"], leaf["basis"]) for leaf in told[2:]} == {("opening.erased", "Art. 17")}
    assert all(LOGIN.encode() not in body for body in bodies)


def test_nothing_is_said_of_what_was_not_erased(fresh_database: TestDatabase) -> None:
    assert not openings.erase(bytes(32), actor=Actor(system="test"), reason="none", basis="none")
    with psycopg.connect(fresh_database.urls.auditor) as auditor:
        assert auditor.execute("SELECT count(*) FROM audit_intake").fetchone() == (0,)
    for reason, basis in (("", "x"), ("x", " "), ("x" * 501, "x")):
        with pytest.raises(ValueError, match="reason"):
            openings.erase(bytes(32), actor=Actor(system="test"), reason=reason, basis=basis)


def test_the_database_erases_nothing_that_is_not_told(fresh_database: TestDatabase) -> None:
    refused()
    commitment = openings.of_text(LOGIN)[0]
    other = intake.encode(OpeningErased(actor=Actor(), opening=bytes(32), reason="x", basis="x"), at=0).row[2]
    for body in (b"beep-audit/v1\n{}", other):
        with (
            psycopg.connect(fresh_database.urls.database) as application,
            pytest.raises(psycopg.errors.CheckViolation, match="does not name"),
        ):
            application.execute("SELECT audit_erase_opening(%s, 0, %s)", (commitment, body))
    assert openings.of_text(LOGIN) == [commitment]
