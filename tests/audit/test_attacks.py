"""The attacks on the log that must be caught, each performed for real, mostly as the database's superuser.

The numbers are those of the threat model: docs/threat-model.md, "Attacks on the audit log". Attack 9 stands
in test_guards.py.
"""

import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import transaction

from audit import intake, log, reconcile
from audit.checking import Checker
from audit.events import Actor, PersonChanged
from audit.integrating import Service
from audit.note import Checkpoint, sign_note
from audit.tiles import WIDTH
from audit.verify.__main__ import main as beep_verify
from audit.witnessing import ForkError, Witnesses
from beep import clock
from tests.audit import support
from tests.audit.stage import COUNT, FORGED, back_up, exported, integrate, restore, rewrite, tamper
from tests.audit.support import LOG, ORIGIN, Crew
from tests.support.databases import TestDatabase


def test_a_log_that_nobody_touched_is_good(database: TestDatabase, crew: Crew, tmp_path: Path) -> None:
    assert support.alarms(database, crew) == []
    folder = exported(database, crew, tmp_path / "export")
    (tmp_path / "policy").write_text(crew.policy.format())
    assert beep_verify([str(folder), "--policy", str(tmp_path / "policy")]) == 0
    assert beep_verify([str(shutil.make_archive(str(tmp_path / "zip"), "zip", folder))]) == 0


@pytest.mark.parametrize("step", ["check_before_signing", "cosign"])
def test_a_log_that_grows_while_it_is_verified_is_good(
    database: TestDatabase, crew: Crew, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """What the witnesses have seen since the look at the database began was not cut off."""
    ask, overtaken = getattr(Witnesses, step), 0

    def late(asking: Witnesses, note: bytes) -> Any:
        nonlocal overtaken
        if overtaken < 2:
            overtaken += 1
            support.happen()
            integrate(database)
            support.publish(database, crew)
        return ask(asking, note)

    monkeypatch.setattr(Witnesses, step, late)
    assert support.alarms(database, crew) == []
    assert overtaken == 2


def test_a_log_of_several_tiles_is_good_and_the_altered_one_is_named(
    database: TestDatabase, crew: Crew, tmp_path: Path
) -> None:
    support.happen(3 * WIDTH - COUNT + 1)
    assert integrate(database) == 3 * WIDTH + 1
    support.publish(database, crew)
    assert support.alarms(database, crew) == []
    assert beep_verify([str(exported(database, crew, tmp_path / "export"))]) == 0
    tamper(
        database, "UPDATE audit_tile SET hashes = overlay(hashes placing '\\x00' from 9 for 1) WHERE tile = 2"
    )
    with psycopg.connect(database.urls.auditor) as connection:
        (alarm,) = Checker(connection, crew.policy, ORIGIN).run()
    assert str(alarm).endswith("tile/0/002")


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
    backup = back_up(database)
    support.happen(5, name="after the backup")
    integrate(database)
    support.publish(database, crew)
    restore(database, backup)
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


def test_a_leaf_that_never_came_in(database: TestDatabase, crew: Crew) -> None:
    """The integrator's own role and key, used to tell what nobody did."""
    tamper(database, "DELETE FROM audit_intake WHERE id = (SELECT min(id) FROM audit_intake)")
    assert support.alarms(database, crew) == ["intake_dropped"]
