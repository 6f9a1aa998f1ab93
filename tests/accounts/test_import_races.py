"""An import that puts several people out, while others hold their conversations in another order."""

import threading
import time
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import OperationalError, connections, transaction

from accounts import import_plan, retries
from accounts.models import Person, SyncRun
from messaging.models import Conversation
from tests.accounts.support import OPERATOR, row
from tests.messaging.engine.waiting import BLOCKED, PATIENCE
from tests.messaging.world import begun
from tests.support.databases import TestDatabase

LOCK = "SELECT FROM messaging_conversation WHERE id = %s FOR NO KEY UPDATE"


def waits_for_a_lock(watcher: "psycopg.Connection[Any]") -> None:
    """Until somebody in this database waits for somebody else's lock."""
    end = time.monotonic() + PATIENCE
    while watcher.execute(BLOCKED).fetchone() == (0,):
        assert time.monotonic() < end, "nobody waits for anybody"
        time.sleep(0.02)


def leaver(person: UUID, line: int) -> Any:
    """The file's row that puts somebody out who is in the directory."""
    known = Person.objects.get(id=person)
    names = {"login": known.login, "personnel_number": known.personnel_number}
    return row(line, state="left", name_latin=known.name_latin, name_local=known.name_local, **names)


def test_an_import_survives_being_the_victim(fresh_database: TestDatabase) -> None:
    """Nothing is left of the attempt that was broken off; the next one does everything, once."""
    talks = sorted((begun(), begun()), key=lambda talk: talk.id)
    lower, higher = talks
    # The file names the person in the higher conversation first: the import comes back for the lower one.
    rows = [leaver(higher.alice.id, 1), leaver(lower.alice.id, 2)]
    outcomes: list[object] = []

    def run() -> None:
        try:
            outcomes.append(import_plan.apply(rows=rows, actor=OPERATOR))
        except OperationalError as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    url = fresh_database.urls.superuser
    with psycopg.connect(url) as other, psycopg.connect(url, autocommit=True) as watcher:
        # It waits as long as it takes: the import finds the deadlock and is its victim.
        other.execute("SET deadlock_timeout = '10min'")
        other.execute(LOCK, [lower.id])
        importing = threading.Thread(target=run)
        importing.start()
        waits_for_a_lock(watcher)
        other.execute(LOCK, [higher.id])
        # The first attempt is gone; the second waits for us, until we commit.
        assert SyncRun.objects.count() == 0
        other.commit()
        importing.join(PATIENCE)
    (plan,) = outcomes
    assert isinstance(plan, import_plan.Plan), plan
    assert SyncRun.objects.count() == 1
    gone = Person.objects.filter(id__in=[talk.alice.id for talk in talks], state="left")
    assert gone.count() == 2
    assert set(Conversation.objects.values_list("blocked", flat=True)) == {True}


class _BrokenOff(psycopg.errors.DeadlockDetected):
    """As PostgreSQL says it."""

    sqlstate = "40P01"


def failing(times: int, cause: BaseException) -> tuple[list[int], Any]:
    """An act that fails so often, and counts its runs."""
    runs: list[int] = []

    def act() -> str:
        runs.append(1)
        if len(runs) <= times:
            raise OperationalError("broken off") from cause
        return "done"

    return runs, act


def test_the_attempts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "PAUSE", 0.0)
    runs, act = failing(retries.ATTEMPTS - 1, _BrokenOff())
    assert retries.whole(act) == "done"
    assert len(runs) == retries.ATTEMPTS
    runs, act = failing(retries.ATTEMPTS, _BrokenOff())
    with pytest.raises(OperationalError):
        retries.whole(act)
    assert len(runs) == retries.ATTEMPTS


def test_a_lost_connection_is_not_tried_again() -> None:
    """The answer of a commit may have been lost with it."""
    runs, act = failing(1, psycopg.errors.AdminShutdown())
    with pytest.raises(OperationalError):
        retries.whole(act)
    assert len(runs) == 1


def test_inside_another_transaction_it_runs_once(db: None) -> None:
    runs, act = failing(1, _BrokenOff())
    with transaction.atomic(), pytest.raises(OperationalError):
        retries.whole(act)
    assert len(runs) == 1, "the transaction around it is broken off as well"
