"""Old checkpoints are thinned to one a minute, and by that rule alone, whoever asks."""

import psycopg
import pytest

from audit import log, merkle, tasks, thinning
from audit.note import Checkpoint, sign_note
from audit.verify.__main__ import main as beep_verify
from beep import clock
from beep.celery import PERIODIC, app
from tests.audit import support
from tests.audit.stage import exported, integrate
from tests.audit.support import LOG, ORIGIN, Crew
from tests.support.databases import TestDatabase

MINUTE = 60_000


def age(database: TestDatabase, sizes: dict[int, int]) -> None:
    """Make the log's history one of `sizes`: checkpoint → its time. As the superuser, roots as they are."""
    with support.superuser(database) as admin:
        admin.execute("ALTER TABLE audit_checkpoint DISABLE TRIGGER ALL")
        hashes = [row[0] for row in admin.execute("SELECT hash FROM audit_leaf ORDER BY leaf_index")]
        admin.execute("DELETE FROM audit_checkpoint WHERE size < %s", (len(hashes),))
        for size, at in sizes.items():
            root = merkle.root(hashes[:size])
            note = sign_note(Checkpoint(ORIGIN, size, root).format(), [LOG])
            admin.execute("INSERT INTO audit_checkpoint VALUES (%s, %s, %s, %s)", (size, root, at, note))
        admin.execute(
            "ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_rows,"
            " ENABLE ALWAYS TRIGGER audit_checkpoint_table"
        )


def cosign(database: TestDatabase, size: int, *names: str) -> None:
    with psycopg.connect(database.urls.integrator) as integrator:
        for name in names:
            integrator.execute("INSERT INTO audit_cosignature VALUES (%s, %s, 1, '')", (size, name))


def sizes(database: TestDatabase) -> list[int]:
    with psycopg.connect(database.urls.auditor) as auditor:
        return [row[0] for row in auditor.execute("SELECT size FROM audit_checkpoint ORDER BY size")]


def test_one_a_minute_stays_and_what_witnesses_have_seen(database: TestDatabase, crew: Crew) -> None:
    old = (clock.now_ms() - 3 * 86_400_000) // MINUTE * MINUTE
    young = (clock.now_ms() - 3_600_000) // MINUTE * MINUTE
    age(
        database,
        {
            **{size: old + size for size in (10, 20, 30)},  # One minute: the last stays.
            **{size: old + MINUTE + size for size in (40, 50, 60)},
            **{size: young + size for size in (70, 80, 90)},  # Less than a day old.
        },
    )
    cosign(database, 40, "one", "two")
    cosign(database, 50, "one", "two")
    assert thinning.thin() == 3
    # 50 is cosigned and the one after it is not: it stays, and stands for 40.
    assert sizes(database) == [30, 50, 60, 70, 80, 90, 300]
    with psycopg.connect(database.urls.auditor) as auditor:
        left = auditor.execute("SELECT DISTINCT size FROM audit_cosignature ORDER BY size").fetchall()
    assert left == [(50,), (300,)]
    assert thinning.thin() == 0
    integrate(database)
    with psycopg.connect(database.urls.auditor) as auditor:
        assert auditor.execute(
            "SELECT count(*) FROM audit_leaf WHERE kind = 'log.checkpoints_thinned'"
        ).fetchone() == (1,)
        # Consistency from a size whose checkpoint is gone, as a client asks that has pinned it.
        tree = log.tree(auditor.cursor(), 300)
        hashes = [row[0] for row in auditor.execute("SELECT hash FROM audit_leaf WHERE leaf_index < 300")]
        merkle.verify_consistency(
            20, 300, merkle.root(hashes[:20]), merkle.root(hashes), tree.consistency(20)
        )


def test_no_witness_is_exchanged_for_another(database: TestDatabase) -> None:
    """Two for two are as many, but a policy may want the first two; the last of each pair is enough."""
    old = (clock.now_ms() - 3 * 86_400_000) // MINUTE * MINUTE
    age(database, {size: old + size for size in (10, 20, 30, 40, 50)})
    for size, names in ((10, "ab"), (20, "ac"), (30, "ab"), (40, "a")):
        cosign(database, size, *names)
    with (
        support.superuser(database) as admin,
        pytest.raises(psycopg.errors.IntegrityConstraintViolation),
    ):
        admin.execute("DELETE FROM audit_checkpoint WHERE size = 20")
    assert thinning.thin() == 1
    assert sizes(database) == [20, 30, 40, 50, 300]


def test_a_clock_that_was_set_back_stops_no_thinning(database: TestDatabase) -> None:
    old = (clock.now_ms() - 3 * 86_400_000) // MINUTE * MINUTE
    far = clock.now_ms() - 20 * 86_400_000
    age(database, {10: old, 20: clock.now_ms(), 30: old + 1, 40: old + 2, 50: far, 60: old + 3, 70: old + 4})
    assert thinning.thin() == 2
    assert sizes(database) == [10, 20, 40, 50, 70, 300]


def test_a_thinned_log_verifies(
    database: TestDatabase, crew: Crew, tmp_path_factory: pytest.TempPathFactory
) -> None:
    old = (clock.now_ms() - 3 * 86_400_000) // MINUTE * MINUTE
    age(database, {size: old + size for size in range(10, 200, 10)})
    tasks.thin_checkpoints()
    assert sizes(database) == [190, 300]
    integrate(database)
    support.publish(database, crew)
    assert support.alarms(database, crew) == []
    assert beep_verify([str(exported(database, crew, tmp_path_factory.mktemp("out") / "log"))]) == 0


def test_the_worker_knows_what_it_is_to_do_again_and_again() -> None:
    app.loader.import_default_modules()
    assert set(PERIODIC) <= set(app.tasks)
    assert {"audit.watch", "audit.thin_checkpoints"} <= set(PERIODIC)


def test_nobody_thins_otherwise(database: TestDatabase) -> None:
    old = (clock.now_ms() - 3 * 86_400_000) // MINUTE * MINUTE
    age(database, {10: old + 1, 20: old + 2, 30: old + MINUTE})
    refused = [
        "DELETE FROM audit_checkpoint WHERE size = 30",  # The next one is of another minute.
        "DELETE FROM audit_checkpoint WHERE size = 300",  # The newest.
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_checkpoint SET at = at - 1 WHERE size = 10",
        "DELETE FROM audit_cosignature WHERE size = 300",
        "UPDATE audit_cosignature SET time = 0",
    ]
    for statement in refused:
        with (
            support.superuser(database) as admin,
            pytest.raises(psycopg.errors.IntegrityConstraintViolation),
        ):
            admin.execute(statement)
    for login in ("database", "integrator", "auditor"):
        with (
            psycopg.connect(getattr(database.urls, login)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("DELETE FROM audit_checkpoint WHERE size = 10")
    with (
        psycopg.connect(database.urls.auditor) as auditor,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        auditor.execute("SELECT audit_thin_checkpoints(0, 10)")
