"""The attacks on the log that must be caught, each performed for real, mostly as the database's superuser.

The numbers are those of the threat model: docs/threat-model.md, "Attacks on the audit log".
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.core.management import call_command
from django.db import transaction
from pytest_django import Settings

from audit import intake, log, merkle, reconcile
from audit.events import Actor, PersonChanged
from audit.export import ExportError, write
from audit.integrating import Service
from audit.note import Checkpoint, Signer, sign_note
from audit.verify.__main__ import main as beep_verify
from audit.witnessing import ForkError, Witnesses
from beep import clock
from tests.audit import support
from tests.audit.support import LOG, ORIGIN, Crew
from tests.support.databases import TestDatabase

COUNT = 300
OFF = "ALTER TABLE {} DISABLE TRIGGER ALL"
ON = "ALTER TABLE {} ENABLE ALWAYS TRIGGER audit_{}_rows, ENABLE ALWAYS TRIGGER audit_{}_table"
FORGED = intake.PREFIX + b'{"action":"person.changed","at":1,"outcome":"done"}'


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    with support.crew(tmp_path / "witnesses") as made:
        yield made


@pytest.fixture
def database(fresh_database: TestDatabase, crew: Crew, monkeypatch: pytest.MonkeyPatch) -> TestDatabase:
    """With a witnessed log of some entries, about nothing that the applications would miss."""
    monkeypatch.setattr(reconcile, "_REGISTERED", {})
    support.happen(COUNT)
    integrate(fresh_database)
    support.publish(fresh_database, crew)
    return fresh_database


def integrate(database: TestDatabase) -> int:
    integrator = support.integrator(database)
    try:
        return support.drain(integrator)
    finally:
        integrator.close()


def tamper(database: TestDatabase, *statements: str) -> None:
    """As the superuser, with the triggers off for the moment, leaving no trace in them."""
    tables = ("leaf", "taken", "tile", "checkpoint", "cosignature", "head", "intake", "row")
    with support.superuser(database) as admin:
        for table in tables:
            admin.execute(OFF.format(f"audit_{table}"))
        for statement in statements:
            admin.execute(statement)
        for table in tables:
            admin.execute(
                f"ALTER TABLE audit_{table} ENABLE ALWAYS TRIGGER audit_{table}_rows,"
                f" ENABLE ALWAYS TRIGGER audit_{table}_table"
            )


def rewrite(database: TestDatabase, bodies: dict[int, bytes]) -> None:
    """All of the tree anew, signed with the stolen key: leaves, tiles, checkpoints, head, even the intake."""
    tamper(database)
    with support.superuser(database) as admin:
        for table in ("leaf", "tile", "checkpoint", "head", "intake"):
            admin.execute(OFF.format(f"audit_{table}"))
        for index, body in bodies.items():
            admin.execute(
                "UPDATE audit_leaf SET body = %s, hash = %s, at = 1 WHERE leaf_index = %s",
                (body, merkle.leaf_hash(body), index),
            )
            admin.execute(
                "UPDATE audit_intake SET body = %s WHERE id = (SELECT intake FROM audit_taken"
                " WHERE leaf_index = %s)",
                (body, index),
            )
        hashes = [row[0] for row in admin.execute("SELECT hash FROM audit_leaf ORDER BY leaf_index")]
        admin.execute("DELETE FROM audit_tile")
        for number in range(len(hashes) // 256):
            part = hashes[number * 256 : number * 256 + 256]
            admin.execute(
                "INSERT INTO audit_tile VALUES (0, %s, %s, %s)", (number, merkle.root(part), b"".join(part))
            )
        for (size,) in admin.execute("SELECT size FROM audit_checkpoint").fetchall():
            root = merkle.root(hashes[:size])
            note = sign_note(Checkpoint(ORIGIN, size, root).format(), [LOG])
            admin.execute(
                "UPDATE audit_checkpoint SET root = %s, note = %s WHERE size = %s", (root, note, size)
            )
        admin.execute("UPDATE audit_head SET root = %s", (merkle.root(hashes),))
    tamper(database)


def exported(database: TestDatabase, crew: Crew, folder: Path) -> Path:
    with psycopg.connect(database.urls.auditor) as auditor:
        write(auditor, folder, policy=crew.policy, origin=ORIGIN, begin=0, end=1 << 52)
    return folder


def test_a_log_that_nobody_touched_is_good(database: TestDatabase, crew: Crew, tmp_path: Path) -> None:
    assert support.alarms(database, crew) == []
    folder = exported(database, crew, tmp_path / "export")
    (tmp_path / "policy").write_text(crew.policy.format())
    assert beep_verify([str(folder), "--policy", str(tmp_path / "policy")]) == 0
    assert beep_verify([str(shutil.make_archive(str(tmp_path / "zip"), "zip", folder))]) == 0


def test_1_an_entry_altered_with_triggers_disabled(
    database: TestDatabase, crew: Crew, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = intake.PREFIX + b'{"action":"person.changed","at":1}'
    tamper(database, f"UPDATE audit_leaf SET body = '\\x{body.hex()}' WHERE leaf_index = 7")
    assert "entry_altered" in support.alarms(database, crew)
    folder = exported(database, crew, tmp_path / "export")
    assert beep_verify([str(folder)]) == 1
    assert "entry_altered: entry 7" in capsys.readouterr().err
    # With its hash the entry is whole in itself, and the tree is another.
    tamper(
        database,
        f"UPDATE audit_leaf SET hash = sha256('\\x00{body.hex()}'), at = 1 WHERE leaf_index = 7",
    )
    assert {"entry_altered", "tile_altered"} & set(support.alarms(database, crew))


def test_2_everything_rewritten_with_the_stolen_key(
    database: TestDatabase, crew: Crew, tmp_path: Path
) -> None:
    rewrite(database, {7: FORGED})
    found = support.alarms(database, crew)
    # It is consistent in itself; the witnesses have seen another tree.
    assert "forked" in found
    assert "entry_altered" not in found
    # The cosignatures that the database holds are of other roots, and there are no new ones.
    folder = tmp_path / "export"
    exported(database, crew, folder)
    assert beep_verify([str(folder)]) == 1
    with pytest.raises(ForkError, match="another tree"):
        support.publish(database, crew)


def test_3_the_tail_cut_off(database: TestDatabase, crew: Crew, tmp_path: Path) -> None:
    support.happen()
    integrate(database)
    kept = support.publish(database, crew)
    tamper(
        database,
        f"DELETE FROM audit_leaf WHERE leaf_index >= {COUNT}",
        f"DELETE FROM audit_taken WHERE leaf_index >= {COUNT}",
        "DELETE FROM audit_intake WHERE id NOT IN (SELECT intake FROM audit_taken)",
        f"DELETE FROM audit_checkpoint WHERE size > {COUNT}",
        f"DELETE FROM audit_cosignature WHERE size > {COUNT}",
        f"UPDATE audit_head SET size = c.size, root = c.root FROM audit_checkpoint c WHERE c.size = {COUNT}",
    )
    assert support.alarms(database, crew) == ["tail_cut"]
    # Offline nothing is missing, unless the auditor has kept a later checkpoint.
    folder = exported(database, crew, tmp_path / "export")
    assert beep_verify([str(folder)]) == 0
    (tmp_path / "kept").write_bytes(kept)
    assert beep_verify([str(folder), "--known", str(tmp_path / "kept")]) == 1


def test_4_an_old_backup_restored_and_continued(database: TestDatabase, crew: Crew, tmp_path: Path) -> None:
    """The integrator asks before it signs. One that does not ask is found out at the next checkpoint."""
    with support.superuser(database) as admin:
        backup = {
            table: admin.execute(f"SELECT * FROM audit_{table}").fetchall()
            for table in ("leaf", "taken", "checkpoint", "cosignature", "head")
        }
    support.happen(5, name="after the backup")
    integrate(database)
    support.publish(database, crew)
    tamper(
        database,
        *(f"DELETE FROM audit_{table}" for table in backup),
        f"DELETE FROM audit_row WHERE leaf >= {COUNT}",
    )
    with support.superuser(database) as admin:
        admin.execute("ALTER TABLE audit_head DISABLE TRIGGER ALL")
        for table, rows in backup.items():
            for row in rows:
                marks = ", ".join(["%s"] * len(row))
                admin.execute(f"INSERT INTO audit_{table} VALUES ({marks})", row)
    tamper(database, "DELETE FROM audit_intake WHERE id NOT IN (SELECT intake FROM audit_taken)")
    support.happen(9, name="another history")

    def connect() -> "psycopg.Connection[object]":
        return psycopg.connect(database.urls.integrator)

    service = Service(connect=connect, signer=LOG, policy=crew.policy)
    with pytest.raises(ForkError, match="305 entries; this log has 300"):
        service.run()
    assert log_size(database) == COUNT
    integrate(database)
    assert "forked" in support.alarms(database, crew)
    with pytest.raises(ForkError, match="another tree"):
        support.publish(database, crew)


def log_size(database: TestDatabase) -> int:
    with psycopg.connect(database.urls.auditor) as auditor:
        return log.head(auditor.cursor())[0]


def test_5_two_roots_at_one_size(database: TestDatabase, crew: Crew, tmp_path: Path) -> None:
    """A second view, signed with the log's own key, finds no witness, and each keeps it as evidence."""
    other = sign_note(Checkpoint(ORIGIN, COUNT, bytes(32)).format(), [LOG])
    with pytest.raises(ForkError, match="another tree of 300"):
        Witnesses(crew.policy, ORIGIN, lambda old, new: []).collect(other)
    for name in ("one", "two", "three"):
        (kept,) = (crew.folder / name / "evidence").iterdir()
        assert kept.read_bytes() == other
    # An export under one root does not pass for somebody who has seen the other, however it was cosigned.
    folder = exported(database, crew, tmp_path / "export")
    colluding = [crew.states["one"].signer, crew.states["two"].signer]
    text = Checkpoint(ORIGIN, COUNT, bytes(32)).format()
    (tmp_path / "known").write_bytes(sign_note(text, [LOG, *colluding], time=clock.now_ms() // 1000))
    assert beep_verify([str(folder), "--known", str(tmp_path / "known")]) == 1


@pytest.mark.parametrize(("hours", "name"), [(-1, "backdated"), (1, "postdated")])
def test_7_an_event_with_another_time(
    database: TestDatabase, crew: Crew, tmp_path: Path, hours: int, name: str
) -> None:
    event = PersonChanged(actor=Actor(system="test"), changed=["what was not so"])
    with transaction.atomic(), psycopg.connect(database.urls.database) as application:
        application.execute(intake.INSERT, intake.encode(event, at=clock.now_ms() + hours * 3_600_000).row)
    integrate(database)
    support.publish(database, crew)
    assert support.alarms(database, crew) == [name]
    assert beep_verify([str(exported(database, crew, tmp_path / "export"))]) == 1


def test_8_an_intake_row_dropped_before_integration(database: TestDatabase, crew: Crew) -> None:
    """The act that it told of is still there: whoever is target of no entry was hidden."""
    done, hidden = uuid4(), uuid4()
    for person in (done, hidden):
        with transaction.atomic():
            intake.record(PersonChanged(actor=Actor(system="test"), target=person, changed=[]))
    tamper(database, "DELETE FROM audit_intake WHERE id = (SELECT max(id) FROM audit_intake)")
    integrate(database)
    support.publish(database, crew)
    reconcile.register("changed persons", actions={"person.changed"}, ids=lambda _: iter([done]))
    assert support.alarms(database, crew) == []
    reconcile.register("changed persons", actions={"person.changed"}, ids=lambda _: iter([done, hidden]))
    assert support.alarms(database, crew) == ["act_without_entry"]


def test_8_an_intake_row_kept_from_integration(
    database: TestDatabase, crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    support.happen()
    later = clock.now_ms() + 120_000
    monkeypatch.setattr(clock, "now_ms", lambda: later)
    assert support.alarms(database, crew) == ["intake_dropped"]


REWRITES = [
    "UPDATE audit_leaf SET kind = 'x'",
    "DELETE FROM audit_leaf",
    "TRUNCATE audit_leaf",
    "UPDATE audit_taken SET leaf_index = 0",
    "DELETE FROM audit_tile",
    "UPDATE audit_checkpoint SET at = 0",
    "TRUNCATE audit_checkpoint",
    "DELETE FROM audit_cosignature",
    "UPDATE audit_head SET size = size - 1",
    "DELETE FROM audit_head",
    "TRUNCATE audit_head",
    "INSERT INTO audit_head SELECT false, 0, root FROM audit_head",
    "DELETE FROM audit_intake",
]


def test_9_replication_role_does_not_silence_the_triggers(database: TestDatabase) -> None:
    for role in ("origin", "replica", "local"):
        for statement in REWRITES:
            with support.superuser(database) as admin:
                admin.execute(f"SET session_replication_role = {role}")
                with pytest.raises(psycopg.errors.IntegrityError):
                    admin.execute(statement)


def test_9_triggers_that_were_weakened_are_told(database: TestDatabase, crew: Crew) -> None:
    for how in ("ENABLE TRIGGER", "DISABLE TRIGGER", "ENABLE REPLICA TRIGGER"):
        with support.superuser(database) as admin:
            admin.execute(f"ALTER TABLE audit_leaf {how} audit_leaf_rows")
        assert support.alarms(database, crew) == ["triggers_disabled"]


RIGHTS = [
    ("database", "SELECT * FROM audit_leaf"),
    ("database", "INSERT INTO audit_taken VALUES (1, 1)"),
    ("database", "UPDATE audit_head SET size = 9"),
    ("database", "DELETE FROM audit_opening"),
    ("integrator", "DELETE FROM audit_leaf"),
    ("integrator", "UPDATE audit_leaf SET kind = 'x'"),
    ("integrator", "INSERT INTO audit_head VALUES (true, 0, '')"),
    ("integrator", "INSERT INTO audit_intake (at, kind, body) VALUES (0, 'x', '')"),
    ("integrator", "SELECT audit_erase_opening('', 0, '')"),
    ("auditor", "INSERT INTO audit_leaf VALUES (0, 0, 'x', '', '')"),
    ("auditor", "SELECT * FROM audit_head FOR UPDATE"),
]


def test_each_role_has_only_what_it_needs(database: TestDatabase) -> None:
    for login, statement in RIGHTS:
        with (
            psycopg.connect(getattr(database.urls, login)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


def test_a_leaf_that_never_came_in(database: TestDatabase, crew: Crew) -> None:
    """The integrator's own role and key, used to tell what nobody did."""
    tamper(database, "DELETE FROM audit_intake WHERE id = (SELECT min(id) FROM audit_intake)")
    assert support.alarms(database, crew) == ["intake_dropped"]


# --- Exports
# ----------------------------------------------------------------------------------------------------


def test_one_changed_byte_of_an_export_is_found(database: TestDatabase, crew: Crew, tmp_path: Path) -> None:
    folder = exported(database, crew, tmp_path / "export")
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if not data:
            continue
        for at in (0, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            assert beep_verify([str(folder), "--quiet"]) == 1, (path, at)
        path.write_bytes(data)
        path.rename(tmp_path / "away")
        assert beep_verify([str(folder), "--quiet"]) == 1, path
        (tmp_path / "away").rename(path)
    (folder / "more").touch()
    assert beep_verify([str(folder)]) == 1
    (folder / "more").unlink()
    assert beep_verify([str(folder)]) == 0


def test_an_export_of_some_days(database: TestDatabase, crew: Crew, tmp_path: Path) -> None:
    with psycopg.connect(database.urls.auditor) as auditor:
        times = [at for (at,) in auditor.execute("SELECT at FROM audit_leaf ORDER BY leaf_index")]
        auditor.rollback()
        done = write(
            auditor, tmp_path / "some", policy=crew.policy, origin=ORIGIN, begin=times[100], end=times[280]
        )
        assert times[done.first] == times[100]
        assert times[done.last] < times[280]
        auditor.rollback()
        none = write(auditor, tmp_path / "none", policy=crew.policy, origin=ORIGIN, begin=0, end=1)
        assert none.last < none.first
        auditor.rollback()
        with pytest.raises(ExportError, match="not empty"):
            write(auditor, tmp_path / "some", policy=crew.policy, origin=ORIGIN, begin=0, end=1)
    for name in ("some", "none"):
        assert beep_verify([str(tmp_path / name)]) == 0
    other = Signer("witness.test/one", os.urandom(32), 4).verifier.format()
    (tmp_path / "policy").write_text(
        f"witness one {other}\n{crew.policy.format()}".replace("witness one", "witness x", 1)
    )
    assert beep_verify([str(tmp_path / "some"), "--policy", str(tmp_path / "policy")]) == 1
    assert beep_verify([str(tmp_path / "missing")]) == 2


def test_the_commands(database: TestDatabase, crew: Crew, tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "policy").write_text(crew.policy.format())
    settings.WITNESSES = str(tmp_path / "policy")
    settings.LOG_ORIGIN = ORIGIN
    call_command("verify_audit", quiet=True)
    call_command(
        "export_audit",
        "--from",
        "2020-01-01",
        "--to",
        "2099-12-31",
        "--out",
        str(tmp_path / "out"),
        "--reason",
        "§ 7",
    )
    assert beep_verify([str(tmp_path / "out"), "--policy", str(tmp_path / "policy")]) == 0
    integrate(database)
    with psycopg.connect(database.urls.auditor) as auditor:
        last = auditor.execute("SELECT kind FROM audit_leaf ORDER BY leaf_index DESC LIMIT 1").fetchone()
    assert last == ("audit.exported",)
    with support.superuser(database) as admin:
        admin.execute("DROP TRIGGER audit_leaf_rows ON audit_leaf")
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", quiet=True)
    assert ended.value.code == 1
