"""A worker that takes no tasks ends; one that cannot take any, because Valkey is away, does not."""

import time

from beep.watchdog import Watchdog
from tests.support.databases import TestDatabase

PATIENCE = 0.5
"""Seconds: longer than a busy machine takes for one look."""


def test_a_worker_that_finishes_nothing_is_ended(fresh_database: TestDatabase) -> None:
    ended: list[float] = []
    watchdog = Watchdog(
        fresh_database.urls.valkey, patience=PATIENCE, end=lambda: ended.append(time.monotonic())
    )
    assert not watchdog.look()
    time.sleep(PATIENCE + 0.05)
    assert watchdog.look()
    watchdog.task_ended()
    assert not watchdog.look()
    began = time.monotonic()
    watchdog.start()
    while not ended:
        assert time.monotonic() < began + 60
        time.sleep(0.05)


def test_without_valkey_nobody_is_ended_and_its_return_begins_anew(fresh_database: TestDatabase) -> None:
    away = Watchdog("redis://127.0.0.1:1", patience=0.0)
    for _ in range(3):
        assert not away.look()
    watchdog = Watchdog(fresh_database.urls.valkey, patience=PATIENCE)
    time.sleep(PATIENCE + 0.05)
    # Nothing was finished for longer, but nobody knows yet for how long Valkey has been there.
    assert not watchdog.look()
    time.sleep(PATIENCE + 0.05)
    assert watchdog.look()
