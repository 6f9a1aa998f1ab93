"""Attack 8 where the act leaves no other row: what a process knows to be committed must be in the log."""

import os
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction

from audit import intake, merkle, writer
from audit.checking import Checker
from audit.events import Actor, AuditSearched
from audit.verify import writers
from audit.verify.alarms import AlarmError
from audit.verify.writers import Writers
from audit.writer import Writer
from tests.audit import support
from tests.audit.stage import integrate, tamper
from tests.audit.support import ORIGIN, Crew
from tests.support.databases import TestDatabase


def search(name: str = "search") -> None:
    """An act of which nothing is left but its event."""
    with transaction.atomic():
        intake.record(AuditSearched(actor=Actor(person=uuid4()), case=name))


def told(database: TestDatabase, crew: Crew) -> list[str]:
    """The verifier's alarms, after all that happened is in a witnessed log."""
    integrate(database)
    support.publish(database, crew)
    with psycopg.connect(database.urls.auditor) as auditor:
        return [str(alarm) for alarm in Checker(auditor, crew.policy, ORIGIN).run()]


def test_8_a_search_whose_row_is_dropped(database: TestDatabase, crew: Crew) -> None:
    search("seen")
    search("hidden")
    tamper(database, "DELETE FROM audit_intake WHERE id = (SELECT max(id) FROM audit_intake)")
    # Until its process writes again nobody else knows of it.
    assert told(database, crew) == []
    search("later")
    (alarm,) = told(database, crew)
    assert alarm.startswith("intake_dropped: entry 301: process ")
    assert "had committed 302 events before number 302, and 301 of them are there" in alarm


def test_8_a_row_that_is_replaced(database: TestDatabase, crew: Crew) -> None:
    """The same number, another text: it counts, and is not what was committed."""
    search("hidden")
    tamper(
        database,
        "UPDATE audit_intake SET body = convert_to(replace(convert_from(body, 'UTF8'), 'hidden', 'harmless'),"
        " 'UTF8') WHERE id = (SELECT max(id) FROM audit_intake)",
    )
    search("later")
    (alarm,) = told(database, crew)
    assert "had committed another event as number 300 than is there" in alarm


class Undone(Exception):  # noqa: N818 - no error: what a test raises to roll back
    """Rolls a transaction back."""


def search_in_vain(name: str) -> None:
    with suppress(Undone), transaction.atomic():
        search(name)
        raise Undone


def test_what_was_rolled_back_is_not_missed(database: TestDatabase, crew: Crew) -> None:
    for number in range(6):
        search_in_vain("undone")
        with transaction.atomic():
            search_in_vain("undone alone")
            search(f"done {number}")
    assert told(database, crew) == []


def in_thread(work: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_threads_that_commit_and_roll_back(database: TestDatabase, crew: Crew) -> None:
    def work(seed: int) -> None:
        choose = random.Random(seed)
        for _ in range(15):
            with suppress(Undone), transaction.atomic():
                for _ in range(choose.randrange(1, 4)):
                    search()
                if choose.random() < 0.4:
                    raise Undone

    threads = [in_thread(lambda seed=seed: work(seed)) for seed in range(4)]  # type: ignore[misc]
    while any(thread.is_alive() for thread in threads):
        integrate(database)
    for thread in threads:
        thread.join()
    assert told(database, crew) == []
    search("hidden")
    tamper(database, "DELETE FROM audit_intake WHERE id = (SELECT max(id) FROM audit_intake)")
    search("later")
    (alarm,) = told(database, crew)
    assert alarm.startswith("intake_dropped")


def test_an_event_that_stands_before_one_that_it_knows_of(database: TestDatabase, crew: Crew) -> None:
    """Who began earlier and wrote later is integrated first, while the other waits behind the horizon."""
    begun, wrote, go = threading.Event(), threading.Event(), threading.Event()

    def early() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_xact_id()")
            begun.set()
            assert go.wait(60)
            search("wrote later")
        wrote.set()

    thread = in_thread(early)
    assert begun.wait(60)
    with psycopg.connect(database.urls.database) as holder:
        holder.execute("SELECT pg_current_xact_id()")
        search("wrote first")
        go.set()
        assert wrote.wait(60)
        thread.join()
        assert told(database, crew) == []
        with psycopg.connect(database.urls.auditor) as auditor:
            assert auditor.execute("SELECT max(leaf_index) FROM audit_leaf").fetchone() == (300,)
    assert told(database, crew) == []


def test_a_forked_process_is_another_writer() -> None:
    own = writer.current().stamp().process
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writes, writer.current().stamp().process)
        os._exit(0)
    os.waitpid(child, 0)
    other = os.read(reads, 64)
    os.close(reads)
    os.close(writes)
    assert len(own) == len(other) == writer.ID_BYTES
    assert own != other


def entries(by: Writer, kept: list[bool]) -> list[tuple[dict[str, Any], bytes]]:
    """Events, one after the other; those that are not kept are rolled back."""
    made = []
    for number, committed in enumerate(kept):
        stamp, body = by.stamp(), b"%d" % number
        leaf = {
            "writer": {
                key: writers._encode(value) if isinstance(value, bytes) else value
                for key, value in (
                    (name, getattr(stamp, name))
                    for name in ("process", "number", "committed", "last", "hash")
                )
                if value is not None
            }
        }
        if committed:
            by.confirm(stamp, body)
            made.append((leaf, merkle.leaf_hash(body)))
    return made


def count(given: list[tuple[dict[str, Any], bytes]]) -> None:
    found = Writers()
    for index, (leaf, value) in enumerate(given):
        found.add(leaf, hash=value, index=index)
    found.finish()


def test_counting_in_bounded_memory_and_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "HELD", 40)
    monkeypatch.setattr(writers, "RECENT", 5)
    choose = random.Random(7)
    given = entries(Writer(), [choose.random() < 0.8 for _ in range(400)])
    shuffled = sorted(range(len(given)), key=lambda at: at + choose.randrange(10))
    count([given[at] for at in shuffled])
    for missing in range(len(given) - 1):
        with pytest.raises(AlarmError, match="intake_dropped"):
            count(given[:missing] + given[missing + 1 :])
    count(given[:-1])  # The last: nobody has said anything after it.
    with pytest.raises(AlarmError, match="twice"):
        count([*given, given[-1]])


def test_a_dropped_event_in_whose_stead_a_rolled_back_number_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The count is right; the event that the next one names is not there."""
    monkeypatch.setattr(writers, "HELD", 40)
    monkeypatch.setattr(writers, "RECENT", 5)
    kept = [number % 3 != 1 for number in range(200)]
    given = entries(Writer(), kept)
    for missing in range(1, len(given) - 1):
        said = given[missing][0]["writer"]
        free = said["number"] - 1 if not kept[said["number"] - 1] else said["number"] - 2
        forged = {"writer": {"process": said["process"], "number": free, "committed": 0}}
        with pytest.raises(AlarmError, match=f"another event as number {said['number']}"):
            count([*given[:missing], (forged, bytes(32)), *given[missing + 1 :]])


def test_an_alarm_waits_until_all_was_read() -> None:
    """A verifier that stopped at the first would see nothing of what comes after it."""
    given = entries(Writer(), [True] * 4)
    found = Writers()
    for leaf, _ in given:
        found.add(leaf, hash=bytes(32), index=0)
    with pytest.raises(AlarmError, match="another event as number 0"):
        found.finish()


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"process": "x", "number": 0, "committed": 0},
        {"process": writers._encode(bytes(16)), "number": -1, "committed": 0},
        {"process": writers._encode(bytes(16)), "number": 1, "committed": 2},
        {"process": writers._encode(bytes(16)), "number": True, "committed": 0},
        {"process": writers._encode(bytes(16)), "number": 1, "committed": 1, "last": 0, "hash": "AA"},
        {"process": 5, "number": 1, "committed": 1},
        "writer",
    ],
)
def test_a_writer_that_is_none(said: Any) -> None:
    with pytest.raises(AlarmError, match="entry_malformed"):
        Writers().add({"writer": said}, hash=bytes(32), index=0)
