"""The clock's distance from PostgreSQL's: measured, shown, complained about."""

import time

import psycopg
import pytest
from structlog.testing import capture_logs

from beep import metrics, skew
from beep.environment import DatabaseUrl
from tests.support.databases import TestDatabase


@pytest.fixture
def database(fresh_database: TestDatabase) -> skew.Line:
    return DatabaseUrl.parse("DATABASE_URL", fresh_database.urls.database).line()


def shown() -> float:
    found = metrics.REGISTRY.get_sample_value("beep_clock_skew_seconds")
    assert found is not None
    return found


def test_one_machine_has_one_clock(database: skew.Line) -> None:
    distance, uncertain = skew.measure(database)
    assert abs(distance) <= uncertain + 0.05
    with capture_logs() as logs:
        skew.look(database)
    assert logs == []
    assert abs(shown()) < skew.TOO_MUCH


@pytest.mark.parametrize("ahead", [-7200.0, -5.0, 5.0, 86400.0])
def test_a_clock_that_is_off_is_told(
    database: skew.Line, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    real = time.time
    monkeypatch.setattr("beep.skew.time.time", lambda: real() + ahead)
    with capture_logs() as logs:
        skew.look(database)
    (complaint,) = logs
    assert complaint["event"] == "clock_skew"
    assert complaint["seconds"] == pytest.approx(ahead, abs=1)
    assert shown() == pytest.approx(ahead, abs=1)


def test_without_postgresql_nothing_is_said() -> None:
    nowhere = DatabaseUrl.parse("DATABASE_URL", "postgresql://x@127.0.0.1:1/x").line()
    with pytest.raises(psycopg.Error):
        skew.measure(nowhere)
    with capture_logs() as logs:
        skew.look(nowhere)
    assert logs == []
