"""A log begun anew under another name (BEEP_LOG_NAME=audit-2) after entries were lost in a restore."""

from pathlib import Path

import psycopg
import pytest
from pytest_django import Settings

from audit import evidence, integrity, merkle, writer
from audit.checking import Checker
from audit.export import write
from audit.integrating import Service
from audit.note import Checkpoint, Signer
from audit.siem.state import State, StateError
from audit.verify.__main__ import main as beep_verify
from audit.witnessing import ForkError
from beep.errors import BeepError
from tests.audit import support
from tests.audit.stage import COUNT, Backup, back_up, integrate, restore, running, wait, witnessed
from tests.audit.support import LOG, ORIGIN, Crew
from tests.support.databases import TestDatabase

SECOND = Signer("localhost/audit-2", bytes([8] * 32))


@pytest.fixture
def broken(database: TestDatabase, crew: Crew) -> Backup:
    """The log has lost five entries that the witnesses have seen."""
    backup = back_up(database)
    support.happen(5, name="lost")
    integrate(database)
    support.publish(database, crew)
    restore(database, backup)
    writer._writers.clear()  # All processes are restarted after a restore.
    return backup


def alarms(database: TestDatabase, crew: Crew, origin: str) -> list[str]:
    with psycopg.connect(database.urls.auditor) as auditor:
        return [alarm.name for alarm in Checker(auditor, crew.policy, origin).run()]


@pytest.mark.usefixtures("broken")
def test_a_second_log_goes_on_where_the_first_cannot(
    database: TestDatabase, crew: Crew, tmp_path: Path, settings: Settings
) -> None:
    support.happen(1, name="after the restore")
    first = Service(connect=lambda: psycopg.connect(database.urls.integrator), signer=LOG, policy=crew.policy)
    with pytest.raises(ForkError):
        first.run()
    # The line stands in every policy first, the witnesses' own included; then the integrator's key changes.
    crew.know(SECOND)
    (tmp_path / "policy").write_text(crew.policy.format())
    settings.WITNESSES, settings.LOG_ORIGIN = str(tmp_path / "policy"), SECOND.verifier.name
    # What the old log's checkpoints would prove, they prove of a log that is no more.
    with pytest.raises(BeepError, match="not seen this entry"):
        evidence.of(7)
    assert "No checkpoint has the quorum of witnesses." in integrity.look().failures
    with running(database, crew, SECOND):
        wait(lambda: witnessed(database, crew, SECOND.verifier.name) == COUNT + 1)
        support.happen(20, name="more")
        wait(lambda: witnessed(database, crew, SECOND.verifier.name) == COUNT + 21)
    assert alarms(database, crew, SECOND.verifier.name) == []
    # The entries at hand are the first of the new log, and are proved by it.
    found = evidence.of(7)
    assert Checkpoint.parse(found.note.partition(b"\n\n")[0] + b"\n").origin == SECOND.verifier.name
    checkpoint = crew.policy.witnessed(found.note, origin=SECOND.verifier.name).checkpoint
    merkle.verify_inclusion(
        merkle.leaf_hash(found.body), 7, checkpoint.size, list(found.proof), checkpoint.root
    )
    assert evidence.readers_policy(found.note).count("log ") == 1
    folder = tmp_path / "export"
    with psycopg.connect(database.urls.auditor) as auditor:
        write(auditor, folder, policy=crew.policy, origin=SECOND.verifier.name, begin=0, end=1 << 52)
    assert beep_verify([str(folder), "--policy", str(tmp_path / "policy")]) == 0


@pytest.mark.usefixtures("broken")
def test_everybody_who_verifies_sees_the_break(database: TestDatabase, crew: Crew, tmp_path: Path) -> None:
    state = State(tmp_path / "siem", ORIGIN)
    state.save(state.frontier)
    state.close()
    crew.know(SECOND)
    support.happen(3, name="after the restore")
    with running(database, crew, SECOND):
        wait(lambda: witnessed(database, crew, SECOND.verifier.name) == COUNT + 3)
    # Under the old name the witnesses know more than there is, and the newest checkpoint is another log's.
    assert alarms(database, crew, ORIGIN) == ["checkpoint_refused"]
    assert [seen.size for seen in (crew.states["one"].seen(ORIGIN),) if seen] == [COUNT + 5]
    with pytest.raises(StateError, match="needs a new folder"):
        State(tmp_path / "siem", SECOND.verifier.name)
    # The old key cannot go on beside the new one.
    service = Service(
        connect=lambda: psycopg.connect(database.urls.integrator), signer=LOG, policy=crew.policy
    )
    with pytest.raises(ForkError):
        service.run()
