"""A Celery worker dies in the middle of its work: what is to do stands in rows, and the next one goes on."""

import os
import time
import uuid
from datetime import timedelta
from pathlib import Path

import psycopg

from accounts.models import Device
from beep import clock
from messaging.models import Order, OrderKind
from tests.faults.conftest import Say
from tests.faults.stack import Stack, celery
from tests.messaging.party import party
from tests.support.databases import TestDatabase

DEVICES = int(os.environ.get("FAULT_DEVICES", "24"))
"""Devices that nobody has used for long and that sit in a group: one order each is due."""
PATIENCE = 90.0
"""Seconds, on a machine that has other things to do."""


def ordered() -> list[uuid.UUID]:
    """The devices that are ordered out."""
    return list(Order.objects.filter(kind=OrderKind.REMOVE).values_list("device_id", flat=True))


def _wait_for(count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(ordered()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_killed_worker_leaves_nothing_undone_and_nothing_done_twice(
    fresh_database: TestDatabase, tmp_path: Path, say: Say
) -> None:
    people = party(DEVICES, published=1).people
    long_ago = clock.now() - timedelta(days=100)
    gone = [person.client.device for person in people]
    Device.objects.filter(id__in=gone).update(last_seen_at=long_ago)
    with Stack(tmp_path / "logs", {"worker": celery(fresh_database.environment())}) as stack:
        _wait_for(1)
        stack.kill("worker")
        before = len(ordered())
        assert 0 < before < DEVICES, "killed in the middle of its work"
        stack.start("worker")
        began = time.monotonic()
        _wait_for(DEVICES)
        rest = round(time.monotonic() - began, 2)
        say(killed="worker", done_before=before, done=DEVICES, rest_s=rest)
    assert sorted(ordered()) == sorted(gone), "each once"
    with psycopg.connect(fresh_database.urls.auditor) as auditor:
        told = auditor.execute("SELECT count(*) FROM audit_intake WHERE kind = 'order.issued'").fetchone()
    assert told == (DEVICES,), "and told once"
