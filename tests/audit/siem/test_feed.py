"""The feed into a real rsyslogd: all once and in order, nothing missing after a kill, alarms, refusals."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from audit import intake, merkle
from audit.events import Actor, Personal, PersonChanged, PersonCreated
from audit.merkle import Frontier
from audit.siem import feed as module
from audit.siem.configuration import Configuration, ConfigurationError
from audit.siem.state import State, StateError
from beep import metrics
from beep.demo.configuration import ROOT
from tests.audit import support
from tests.audit.siem.rsyslog import Received, wait_for
from tests.audit.siem.stage import Authority, Stage
from tests.support.databases import TestDatabase

SEQUENCE = re.compile(r'\[beep@32473 sequence="(\d+)" leaf="([0-9a-f]{64})" log="localhost/audit"\]')


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.05)
    monkeypatch.setattr(module, "PAUSES", (0.1,))


@pytest.fixture
def make(fresh_database: TestDatabase, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    with ExitStack() as stack:

        def made(driver: str = "ossl") -> Stage:
            stage = Stage(fresh_database, tmp_path, driver)
            stack.callback(stage.rsyslog.kill)
            stage.rsyslog.start()
            return stage

        yield made


def count(name: str) -> float:
    """What a metric shows."""
    return metrics.REGISTRY.get_sample_value(name) or 0.0


def sequences(received: list[Received]) -> list[int]:
    """The sequence of every message that carries a leaf."""
    found = [SEQUENCE.search(each.structured) for each in received]
    return [int(each.group(1)) for each in found if each]


def assert_true(received: list[Received], leaves: list[tuple[int, bytes]]) -> None:
    """Each message says what the leaf of its number says."""
    bodies = dict(leaves)
    for each in received:
        found = SEQUENCE.search(each.structured)
        if found is None:
            continue
        index = int(found.group(1))
        assert found.group(2) == merkle.leaf_hash(bodies[index]).hex()
        event = each.event
        assert event["metadata"]["sequence"] == index
        assert event["metadata"]["event_code"] == each.name == "person.changed"
        assert (each.priority, each.app_name) == (110, "beep")


def test_everything_arrives_once_and_in_order(make: Callable[..., Stage]) -> None:
    stage = make()
    stage.log(600)
    with stage.feeding():
        wait_for(lambda: len(stage.rsyslog.received()) >= 600, "the first 600")
        stage.log(50)
        wait_for(lambda: len(stage.rsyslog.received()) >= 650, "those that came later")
    assert sequences(stage.rsyslog.received()) == list(range(650))
    assert_true(stage.rsyslog.received(), stage.leaves())
    # It has been confirmed, so the next feed begins behind it.
    assert stage.confirmed() == 650
    stage.log(1)
    with stage.feeding():
        wait_for(lambda: len(stage.rsyslog.received()) >= 651, "the one after a restart")
    assert sequences(stage.rsyslog.received()) == list(range(651))


def test_a_receiver_that_closes_silently_is_believed_only_where_that_is_meant(
    make: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """rsyslog's GnuTLS driver never answers close_notify."""
    monkeypatch.setattr(module, "SETTLE_EVERY", 0.2)
    stage = make("gtls")
    stage.log(5)
    before = count("beep_siem_failures_total")
    with stage.feeding():
        wait_for(lambda: count("beep_siem_failures_total") >= before + 2, "closings without a word")
    assert stage.confirmed() == 0
    assert set(sequences(stage.rsyslog.received())) == set(range(5))
    # What another feed of this process has left there is not this one's.
    module.sequence_gauge.set(0)
    with stage.feeding(BEEP_SIEM_SILENT_CLOSE="1"):
        wait_for(lambda: count("beep_siem_sequence") == 5, "its way of confirming")
    assert stage.confirmed() == 5


def test_a_killed_receiver_misses_nothing(
    make: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLE_EVERY", 0.2)
    stage = make()
    stage.log(1_500)
    with stage.feeding():
        wait_for(lambda: len(stage.rsyslog.received()) >= 300, "some")
        stage.rsyslog.kill()
        stage.log(20)
        stage.rsyslog.start()
        wait_for(lambda: 1_519 in sequences(stage.rsyslog.received()), "the last one")
        stage.rsyslog.kill()
        stage.log(20)
        stage.rsyslog.start()
        wait_for(lambda: 1_539 in sequences(stage.rsyslog.received()), "the last one again")
    found = sequences(stage.rsyslog.received())
    assert set(found) == set(range(1_540))
    # Whatever came twice came again in order, from a point that had been reached before.
    highest = -1
    for each in found:
        assert each <= highest + 1
        highest = max(highest, each)
    assert_true(stage.rsyslog.received(), stage.leaves())
    assert stage.confirmed() == 1_540


def test_the_command_feeds_until_it_is_stopped(make: Callable[..., Stage]) -> None:
    stage = make()
    stage.log(10)
    certificate, key = stage.client
    environment = {
        **os.environ,
        **stage.database.environment(),
        "BEEP_SIEM": f"127.0.0.1:{stage.rsyslog.port}",
        "BEEP_SIEM_CA": str(stage.authority.file),
        "BEEP_SIEM_CERT": str(certificate),
        "BEEP_SIEM_KEY": str(key),
        "BEEP_SIEM_STATE": str(stage.state),
    }
    command = [sys.executable, "manage.py", "siem_feed"]
    refused = subprocess.run(
        command, cwd=ROOT, env={**environment, "BEEP_SIEM": "x"}, capture_output=True, check=False
    )
    assert refused.returncode == 1
    assert b"BEEP_SIEM must be host:port" in refused.stderr
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        try:
            wait_for(lambda: len(stage.rsyslog.received()) == 10, "what the command sends")
        finally:
            process.terminate()
        assert process.wait(60) == 0
    assert sequences(stage.rsyslog.received()) == list(range(10))
    assert stage.confirmed() == 10


def test_nothing_is_sent_to_a_stranger(make: Callable[..., Stage], tmp_path: Path) -> None:
    """Another authority's certificate, the right one's for another name, and a stranger's on our side."""
    stage = make()
    stage.log(3)
    stranger = Authority(tmp_path, "strangers")

    def failing(**more: str) -> None:
        before = count("beep_siem_failures_total")
        with stage.feeding(**more):
            wait_for(lambda: count("beep_siem_failures_total") >= before + 2, "refusals")
        assert stage.confirmed() == 0

    failing(BEEP_SIEM_CA=str(stranger.file))
    failing(BEEP_SIEM=f"localhost:{stage.rsyslog.port}")
    assert stage.rsyslog.received() == []
    certificate, key = stranger.issue("beep")
    failing(BEEP_SIEM_CERT=str(certificate), BEEP_SIEM_KEY=str(key))
    assert stage.rsyslog.received() == []
    with stage.feeding():
        wait_for(lambda: len(stage.rsyslog.received()) == 3, "what the right one sends")


def test_the_largest_leaves_arrive_whole(make: Callable[..., Stage]) -> None:
    stage = make()
    long = "ع\u2028\x7f\n]" + "ش" * 32_500
    with transaction.atomic():
        for number in range(20):
            intake.record(PersonChanged(actor=Actor(), changed=[long, str(number)]))
    stage.log(1)
    assert len(stage.leaves()[0][1]) > 65_000
    with stage.feeding():
        wait_for(lambda: len(stage.rsyslog.received()) == 21, "all of them")
    for number, each in enumerate(stage.rsyslog.received()[:20]):
        assert each.event["unmapped"]["parameters"]["changed"] == [long, str(number)]


def test_names_leave_only_when_that_is_meant(make: Callable[..., Stage]) -> None:
    stage = make()
    with transaction.atomic():
        intake.record(PersonCreated(actor=Actor(), login=Personal("ayesha"), name=Personal("عائشہ")))
    stage.log(0)
    with stage.feeding():
        wait_for(stage.rsyslog.received, "the event")
    assert "ayesha" not in stage.rsyslog.received()[0].text
    stage.state /= "another"
    with stage.feeding(BEEP_SIEM_OPENINGS="1"):
        wait_for(lambda: len(stage.rsyslog.received()) == 2, "the event with its openings")
    opened = stage.rsyslog.received()[1].event["unmapped"]["openings"]
    assert set(opened.values()) == {"ayesha", "عائشہ"}


def tamper(stage: Stage, statement: str) -> None:
    with support.superuser(stage.database) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in ("leaf", "head", "tile"):
            connection.execute(f"ALTER TABLE audit_{table} DISABLE TRIGGER ALL")
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "name", "first"),
    [
        ("UPDATE audit_leaf SET body = body || ' ' WHERE leaf_index = 7", "leaf_altered", 7),
        ("UPDATE audit_leaf SET hash = sha256('x') WHERE leaf_index = 7", "leaf_altered", 7),
        ("UPDATE audit_leaf SET at = 9223372036854775807 WHERE leaf_index = 7", "leaf_altered", 7),
        ("DELETE FROM audit_leaf WHERE leaf_index = 7", "leaf_missing", 7),
        ("UPDATE audit_tile SET root = sha256('x')", "tree_differs", 0),
    ],
)
def test_a_tampered_log_raises_the_alarm(
    make: Callable[..., Stage], statement: str, name: str, first: int
) -> None:
    stage = make()
    stage.log(300)
    tamper(stage, statement)
    before = count("beep_siem_gaps_total")
    with stage.feeding():
        wait_for(lambda: 299 in sequences(stage.rsyslog.received()), "the rest of the log")
    received = stage.rsyslog.received()
    alarms = [each for each in received if each.name == "siem_gap"]
    assert f'gap="{name}" first="{first}"' in alarms[0].structured
    assert alarms[0].event["class_uid"] == 2004
    assert count("beep_siem_gaps_total") > before
    # The rest is sent all the same, and the hole is seen in the sequence too.
    missing = {first} if name == "leaf_missing" else set()
    assert set(sequences(received)) == set(range(300)) - missing


def test_a_log_that_claims_to_be_longer_stops_nothing(make: Callable[..., Stage]) -> None:
    stage = make()
    stage.log(3)
    tamper(stage, "UPDATE audit_head SET size = 4611686018427387904")
    with stage.feeding():
        wait_for(lambda: any(each.name == "siem_gap" for each in stage.rsyslog.received()), "the alarm")
        wait_for(lambda: 2 in sequences(stage.rsyslog.received()), "what is there")
        tamper(stage, "UPDATE audit_head SET size = 3")
        stage.log(2)
        wait_for(lambda: 4 in sequences(stage.rsyslog.received()), "what comes afterwards")
    assert set(sequences(stage.rsyslog.received())) == set(range(5))
    assert 'gap="leaf_missing" first="3"' in "".join(
        each.structured for each in stage.rsyslog.received() if each.name == "siem_gap"
    )


def test_what_was_read_before_is_remembered(make: Callable[..., Stage]) -> None:
    """The log is cut, as by an old backup, and goes on; the feed's own memory tells."""
    stage = make()
    stage.log(300)
    with stage.feeding():
        wait_for(lambda: len(stage.rsyslog.received()) >= 300, "all")
    tamper(stage, "UPDATE audit_head SET size = 256, root = sha256('x')")
    tamper(stage, "DELETE FROM audit_leaf WHERE leaf_index >= 256")
    with stage.feeding():
        wait_for(lambda: len(stage.rsyslog.received()) >= 301, "the alarm")
    assert 'gap="tail_cut" first="256"' in stage.rsyslog.received()[-1].structured
    assert stage.confirmed() == 256
    state = State(stage.state, support.ORIGIN)
    wrong = Frontier()
    for number in range(256):
        wrong.append(bytes([number] * 32))
    state.save(wrong)
    state.close()
    with stage.feeding():
        wait_for(lambda: len(stage.rsyslog.received()) >= 302, "the other alarm")
    assert 'gap="past_rewritten"' in stage.rsyslog.received()[-1].structured


def test_the_folder_is_one_feeds_of_one_log(tmp_path: Path) -> None:
    state = State(tmp_path / "state", support.ORIGIN)
    with pytest.raises(StateError, match="another process"):
        State(tmp_path / "state", support.ORIGIN)
    frontier = Frontier()
    frontier.append(bytes(32))
    state.save(frontier)
    state.close()
    with pytest.raises(StateError, match="belongs to"):
        State(tmp_path / "state", "localhost/audit-2")
    again = State(tmp_path / "state", support.ORIGIN)
    assert (again.frontier.size, again.frontier.root()) == (1, frontier.root())
    again.close()
    for text in ("", "{}", "[]", '{"origin":"localhost/audit","size":2,"subtrees":[]}'):
        (tmp_path / "state/state.json").write_text(text)
        with pytest.raises(StateError, match="cannot be used"):
            State(tmp_path / "state", support.ORIGIN)


def wrong_settings() -> list[dict[str, str]]:
    good = {"BEEP_SIEM": "siem.example.gov:6514", "BEEP_SIEM_STATE": "/somewhere"}
    changes: list[dict[str, Any]] = [
        {"BEEP_SIEM": ""},
        {"BEEP_SIEM": "siem.example.gov"},
        {"BEEP_SIEM": ":6514"},
        {"BEEP_SIEM": "siem.example.gov:0"},
        {"BEEP_SIEM": "siem.example.gov:70000"},
        {"BEEP_SIEM_STATE": ""},
        {"BEEP_SIEM_OPENINGS": "yes"},
        {"BEEP_SIEM_SILENT_CLOSE": "2"},
        {"BEEP_SIEM_PEN": "x"},
        {"BEEP_SIEM_CERT": __file__},
        {"BEEP_SIEM_CA": "/dev/null"},
        {"BEEP_SIEM_CA": "/nowhere/at/all"},
    ]
    return [{**good, **each} for each in changes]


@pytest.mark.parametrize("env", wrong_settings(), ids=lambda env: " ".join(env.values()))
def test_what_is_not_meant_is_refused(env: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        Configuration.of(env)


def test_an_address_in_brackets() -> None:
    found = Configuration.of({"BEEP_SIEM": "[::1]:6514", "BEEP_SIEM_STATE": "/s"})
    assert (found.host, found.port, found.openings, found.authorities) == ("::1", 6514, False, None)
