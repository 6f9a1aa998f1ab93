"""The integrator: order, late commits, two at once, crashes at every statement, seconds of messages."""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction

from audit import intake, log, merkle
from audit import integrator as module
from audit.events import Actor, PersonChanged
from audit.note import Checkpoint, open_note
from beep import clock
from tests.audit import support
from tests.support.databases import TestDatabase

LATE = int(os.environ.get("LATE_COMMITS", "2000"))
KILLS = int(os.environ.get("INTEGRATOR_KILLS", "1"))


def leaves(database: TestDatabase) -> list[tuple[int, int, str, bytes, bytes]]:
    with psycopg.connect(database.urls.auditor) as auditor:
        return auditor.execute(
            "SELECT leaf_index, at, kind, hash, body FROM audit_leaf ORDER BY leaf_index"
        ).fetchall()


def assert_whole(database: TestDatabase) -> int:
    """Contiguous, nothing twice, nothing missing, every checkpoint signed and the root of its leaves."""
    found = leaves(database)
    assert [row[0] for row in found] == list(range(len(found)))
    hashes = [merkle.leaf_hash(row[4]) for row in found]
    assert [row[3] for row in found] == hashes
    with psycopg.connect(database.urls.auditor) as auditor:
        intake_ids = {id_ for (id_,) in auditor.execute("SELECT id FROM audit_intake")}
        taken = [id_ for (id_,) in auditor.execute("SELECT intake FROM audit_taken")]
        checkpoints = auditor.execute(
            "SELECT size, root, note FROM audit_checkpoint ORDER BY size"
        ).fetchall()
        cursor = auditor.cursor()
        size, root = log.head(cursor)
        assert log.tree(cursor, size).root() == root
    assert sorted(taken) == sorted(intake_ids)
    assert (size, root) == (len(found), merkle.root(hashes))
    frontier = merkle.Frontier()
    for at, signed, note in checkpoints:
        for value in hashes[frontier.size : at]:
            frontier.append(value)
        opened = open_note(note, [support.LOG.verifier])
        assert Checkpoint.parse(opened.text) == Checkpoint(support.ORIGIN, at, signed)
        assert signed == frontier.root()
    assert (checkpoints[-1][0] if checkpoints else 0) == size
    return size


def test_events_become_leaves_in_order(fresh_database: TestDatabase) -> None:
    integrator = support.integrator(fresh_database)
    assert integrator.step() == module.Step(0, 0, False)
    support.happen(300)
    support.happen(1, name="last")
    assert integrator.step() == module.Step(301, 301, False)
    assert integrator.step() == module.Step(301, 0, False)
    support.happen(300)
    assert integrator.step().size == 601
    integrator.close()
    assert assert_whole(fresh_database) == 601
    assert b"last 0" in leaves(fresh_database)[300][4]
    # Another process finds its way from what is stored.
    second = support.integrator(fresh_database)
    support.happen(500)
    assert support.drain(second) == 1101
    second.close()
    assert assert_whole(fresh_database) == 1101


def test_more_than_a_step_takes(fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 7)
    for name in ("TAKE", "SWEEP"):
        monkeypatch.setattr(module, name, getattr(module, name).replace("LIMIT 4000", "LIMIT 7"))
    support.happen(50)
    integrator = support.integrator(fresh_database)
    assert support.drain(integrator) == 50
    support.happen(30)
    for _ in range(5):
        support.happen(3)
    assert support.drain(integrator) == 95
    integrator.close()
    assert_whole(fresh_database)


def test_what_commits_late_is_not_missed(fresh_database: TestDatabase) -> None:
    """Each transaction writes its row, waits a little, and commits, while the integrator steps on and on."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def integrate() -> None:
        integrator = support.integrator(fresh_database)
        try:
            while not stop.is_set():
                integrator.step()
            support.drain(integrator)
        except BaseException as error:
            failed.append(error)
        finally:
            integrator.close()

    row = intake.encode(PersonChanged(actor=Actor(system="test"), changed=["late"]), at=1).row

    def write(worker: int) -> None:
        choose = random.Random(worker)
        with psycopg.connect(fresh_database.urls.database, autocommit=True) as connection:
            for _ in range(LATE // 20):
                with connection.transaction():
                    connection.execute(intake.INSERT, row)
                    time.sleep(choose.choice((0, 0, 0.001, 0.01)))

    thread = threading.Thread(target=integrate)
    thread.start()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(write, range(20)))
    stop.set()
    thread.join()
    assert not failed
    assert assert_whole(fresh_database) == LATE // 20 * 20


def test_an_open_transaction_holds_back_only_what_came_after_it(fresh_database: TestDatabase) -> None:
    integrator = support.integrator(fresh_database)
    support.happen(name="before")
    with psycopg.connect(fresh_database.urls.database) as slow:
        slow.execute(intake.INSERT, intake.encode_batch([bytes(32)], at=5))
        support.happen(name="after")
        assert integrator.step().size == 1
        assert integrator.horizon < integrator.newest
    assert integrator.step().size == 3
    integrator.close()
    assert_whole(fresh_database)


def test_a_dump_restored_elsewhere_is_read_on(fresh_database: TestDatabase) -> None:
    """In another cluster transaction numbers begin anew: rows carry numbers of the future and the past."""
    integrator = support.integrator(fresh_database)
    support.happen(3)
    assert integrator.step().size == 3
    with support.superuser(fresh_database) as admin:
        admin.execute(
            "INSERT INTO audit_intake (transaction, at, kind, body) OVERRIDING SYSTEM VALUE"
            " SELECT (1000000000 + n)::text::xid8, 0, 'person.changed', '\\x' || repeat('00', 20)::bytea"
            " FROM generate_series(1, 5) n"
        )
        admin.execute(
            "INSERT INTO audit_intake (transaction, at, kind, body)"
            " VALUES ('3', 0, 'person.changed', '\\x' || repeat('01', 20)::bytea)"
        )
    integrator.close()  # As when the server went away.
    assert support.drain(integrator) == 9
    support.happen(2)
    assert integrator.step().size == 11
    integrator.close()
    assert_whole(fresh_database)


def test_messages_make_one_leaf_a_second(
    fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [10_400]
    monkeypatch.setattr(clock, "now_ms", lambda: now[0])
    hashes = [bytes([number]) * 32 for number in range(6)]

    def accept(*chosen: int, at: int) -> None:
        with transaction.atomic():
            intake.record_batch([hashes[number] for number in chosen], at=at)

    accept(3, 1, at=8_100)
    accept(2, at=8_999)
    accept(4, at=10_000)
    support.happen()
    integrator = support.integrator(fresh_database)
    assert integrator.step() == module.Step(2, 2, False)
    # 10.0 s to 11.0 s is not over, whatever else is taken meanwhile.
    support.happen()
    now[0] = 11_499
    assert integrator.step().added == 1
    accept(5, at=10_700)
    accept(0, at=8_500)
    now[0] = 11_500
    assert integrator.step().added == 2
    assert integrator.step().added == 0
    integrator.close()
    assert_whole(fresh_database)
    told = [json.loads(row[4].removeprefix(intake.PREFIX)) for row in leaves(fresh_database)]
    seconds = [leaf["parameters"] for leaf in told if leaf["action"] == "messages.accepted"]
    assert [(each["second"], each["count"]) for each in seconds] == [(8, 3), (10, 2), (8, 1)]
    root = merkle.root_of([hashes[1], hashes[2], hashes[3]])
    assert seconds[0]["root"] == intake._base64url(root)


def test_a_writer_whose_clock_runs_ahead_is_waited_for(
    fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: 10_000)
    with transaction.atomic():
        intake.record_batch([bytes(32)], at=20_000)
        intake.record_batch([bytes(32)], at=500_000)
    integrator = support.integrator(fresh_database)
    assert integrator.step().added == 1
    support.happen()
    assert integrator.step().added == 1
    monkeypatch.setattr(clock, "now_ms", lambda: 22_000)
    assert integrator.step().added == 1
    integrator.close()
    assert_whole(fresh_database)


@pytest.mark.parametrize("hashes", [[], [bytes(31)], [bytes(32)] * 2048])
def test_a_batch_has_a_form(hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32"):
        intake.encode_batch(hashes, at=0)


@pytest.mark.parametrize("body", [b"", bytes(33)])
def test_what_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="32"):
        intake.hashes_of(body)


def test_a_tree_that_was_changed_is_not_continued(fresh_database: TestDatabase) -> None:
    integrator = support.integrator(fresh_database)
    support.happen(3)
    integrator.step()
    integrator.close()
    with support.superuser(fresh_database) as admin:
        admin.execute("ALTER TABLE audit_leaf DISABLE TRIGGER ALL")
        admin.execute("UPDATE audit_leaf SET hash = sha256('') WHERE leaf_index = 1")
    support.happen()
    with pytest.raises(module.LogContradictionError):
        integrator.step()
    assert len(leaves(fresh_database)) == 3


def hostile(**changes: Any) -> bytes:
    event = {"action": "device.added", "at": 1, "outcome": "done", **changes}
    return intake.PREFIX + json.dumps(event).encode()


HOSTILE: list[tuple[int, str, bytes]] = [
    (1, "device.added", b"no leaf of this log"),
    (1, "device.added", intake.PREFIX + b'{"a":' * 8_000),
    (1, "device.added", intake.PREFIX + b'{"a":' + b"[" * 60_000),
    (1, "device.added", hostile(at=1 << 70)),
    (1, "device.added", hostile(at=-1)),
    (1, "device.added", hostile(action="a\0b")),
    (1, "device.added", hostile(target={"kind": "device", "id": "x" * 60_000})),
    (1, "device.added", hostile(target={"kind": "person", "id": "nobody"})),
    (1, "device.added", hostile(actor={"address": {"commitment": "A" * 8_000}})),
    (1, intake.BATCH, b"x" * 33),
    ((1 << 63) - 1, intake.BATCH, b"x" * 32),
]


def test_no_row_of_the_intake_stops_the_log(fresh_database: TestDatabase) -> None:
    """The application may write what it likes; the log takes it all, and what can be searched is searched."""
    support.happen(2)
    with transaction.atomic(), connections["default"].cursor() as cursor:
        for row in HOSTILE:
            cursor.execute(intake.INSERT, row)
    support.happen(1)
    integrating = support.integrator(fresh_database)
    assert support.drain(integrating) == 3 + len(HOSTILE)
    integrating.close()
    assert assert_whole(fresh_database) == 3 + len(HOSTILE)
    with psycopg.connect(fresh_database.urls.auditor) as auditor:
        rows = [leaf for (leaf,) in auditor.execute("SELECT leaf FROM audit_row ORDER BY leaf")]
    assert rows == [0, 1, 2 + len(HOSTILE)]


def test_entries_of_every_size(fresh_database: TestDatabase) -> None:
    body = intake.PREFIX + b"x" * (intake.MAX_LEAF_BYTES - len(intake.PREFIX))
    with psycopg.connect(fresh_database.urls.database) as application:
        application.execute(intake.INSERT, (0, "large", body))
        with pytest.raises(psycopg.errors.CheckViolation), application.transaction():
            application.execute(intake.INSERT, (0, "large", body + b"x"))
    integrator = support.integrator(fresh_database)
    assert integrator.step().size == 1
    integrator.close()
    assert leaves(fresh_database)[0][4] == body
    assert_whole(fresh_database)


# --- Crashes
# ----------------------------------------------------------------------------------------------------

STATEMENTS = ("lock", "horizon", "take", "leaves", "taken", "tile", "checkpoint", "head", "committed")


def die_at(point: str, database: TestDatabase, seed: int) -> None:
    """In a child process: step until `point` comes, then be killed there and then."""
    random.seed(seed)
    marks = {
        "lock": module.LOCK_HEAD,
        "horizon": module.HORIZON,
        "take": "i.id, i.transaction",
        "tile": module.INSERT_TILE,
        "checkpoint": module.INSERT_CHECKPOINT,
        "head": module.MOVE_HEAD,
    }
    copies = {"leaves": module.COPY_LEAVES, "taken": module.COPY_TAKEN}

    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **named: Any) -> Any:
            done = super().execute(query, *arguments, **named)
            if point in marks and marks[point] in str(query) and (point != "lock" or random.random() < 0.5):
                kill()
            return done

        def copy(self, statement: Any, *arguments: Any, **named: Any) -> Any:
            if point in copies and copies[point] in str(statement):
                kill()
            return super().copy(statement, *arguments, **named)

    def connect() -> "psycopg.Connection[Any]":
        return psycopg.connect(database.urls.integrator, cursor_factory=Cursor)

    integrator = module.Integrator(connect=connect, signer=support.LOG)
    while True:
        if integrator.step().added and point == "committed":
            kill()


def in_child(work: Callable[[], None]) -> int:
    """Run in a forked process; gives its id."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(9)
    return pid


def first_to_end(children: Sequence[int]) -> tuple[int, int]:
    """Id and status of whichever ends first. Not `os.wait`: it takes what other tests have left as well."""
    while True:
        for child in children:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return ended, status
        time.sleep(0.002)


def test_two_integrators_killed_at_every_statement(fresh_database: TestDatabase) -> None:
    happened = 0
    for seed in range(KILLS):
        for point in STATEMENTS:
            # A tile becomes full in each round, so that every statement is reached.
            support.happen(130)
            support.happen(130)
            happened += 260
            connections.close_all()
            children = [in_child(lambda p=point, s=seed: die_at(p, fresh_database, s)) for _ in range(2)]  # type: ignore[misc]
            # One is killed at its statement; the other goes on, and is killed wherever it is then.
            first, status = first_to_end(children)
            assert os.WIFSIGNALED(status), (point, status)
            (other,) = set(children) - {first}
            os.kill(other, signal.SIGKILL)
            os.waitpid(other, 0)
            assert_whole_so_far(fresh_database)
    integrator = support.integrator(fresh_database)
    support.drain(integrator)
    integrator.close()
    assert assert_whole(fresh_database) == happened


def assert_whole_so_far(database: TestDatabase) -> None:
    """What a killed step has left is a whole log, with rows yet to take."""
    found = leaves(database)
    assert [row[0] for row in found] == list(range(len(found)))
    with psycopg.connect(database.urls.auditor) as auditor:
        assert log.head(auditor.cursor()) == (len(found), merkle.root([row[3] for row in found]))
        (doubled,) = auditor.execute(
            "SELECT count(*) - count(DISTINCT intake) FROM audit_taken"
        ).fetchone() or (1,)
        assert doubled == 0
