"""The key log's process with real witnesses: cosigned epochs, silence, and a restored backup."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Event

import psycopg
import pytest
from django.db import connections
from nacl.utils import random

from audit.note import Signer
from audit.policy import PolicyError
from audit.transparency import gauges, storage
from audit.transparency import service as module
from audit.transparency.epoch import NO_HASH, Change
from audit.transparency.service import KeyLog
from audit.witnessing import ForkError, SilentError, Witnesses
from beep import clock, metrics
from tests.audit.support import LOG, ORIGIN, Crew, crew
from tests.support.databases import TestDatabase


@pytest.fixture
def witnesses(tmp_path: Path) -> Iterator[Crew]:
    with crew(tmp_path) as made:
        yield made


def somebody() -> None:
    person = random(16)
    with connections["default"].cursor() as cursor:
        storage.enqueue(cursor, Change(person, 1, NO_HASH, sha256(person).digest()))


def newest() -> tuple[int, bytes, int] | None:
    with connections["auditor"].cursor() as cursor:
        return storage.cosigned(cursor)


def test_epochs_are_cosigned(fresh_database: TestDatabase, witnesses: Crew) -> None:
    keys = KeyLog(signer=LOG, policy=witnesses.policy)
    keys.check()
    assert newest() is None
    for size in (1, 2):
        somebody()
        assert keys.round() == size
        found = newest()
        assert found is not None
        assert witnesses.policy.witnessed(found[1], origin=ORIGIN).checkpoint.size == found[0] == size
    assert keys.round() == 2
    # Another process goes on where this one was.
    again = KeyLog(signer=LOG, policy=witnesses.policy)
    again.check()
    somebody()
    assert again.round() == 3


def test_two_publishers_show_no_client_less_than_before(
    fresh_database: TestDatabase, witnesses: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = (KeyLog(signer=LOG, policy=witnesses.policy) for _ in range(2))
    somebody()
    assert slow.round() == quick.round() == 1

    def overtaken(cosign: Callable[[bytes], bytes], *, before: bool) -> Callable[[bytes], bytes]:
        def ask(note: bytes) -> bytes:
            if not before:
                note = cosign(note)
            somebody()
            quick.round()
            return cosign(note) if before else note

        return ask

    # The other one was quicker to store, and then quicker to ask: neither is a fork.
    for before, size in ((False, 3), (True, 5)):
        asking = Witnesses(witnesses.policy, ORIGIN, module._prove)
        monkeypatch.setattr(slow, "_witnesses", asking)
        monkeypatch.setattr(asking, "cosign", overtaken(asking.cosign, before=before))
        somebody()
        slow.round()
        found = newest()
        assert found is not None
        assert found[0] == size


def test_without_a_quorum_clients_keep_what_they_have(fresh_database: TestDatabase, witnesses: Crew) -> None:
    keys = KeyLog(signer=LOG, policy=witnesses.policy)
    somebody()
    assert keys.round() == 1
    ports = {name: witnesses.stop(name) for name in ("one", "two")}
    somebody()
    assert keys.round() == 1
    with pytest.raises(SilentError):
        KeyLog(signer=LOG, policy=witnesses.policy).check()
    for name, port in ports.items():
        witnesses.start(name, port)
    assert keys.round() == 2


def shown(name: str) -> float:
    return metrics.REGISTRY.get_sample_value(name) or 0.0


def test_the_metrics_follow_silence_and_forks(
    fresh_database: TestDatabase, witnesses: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = gauges.progress
    keys = KeyLog(signer=LOG, policy=witnesses.policy)
    with clock.stopped() as time:
        somebody()
        assert keys.round() == 1
        keys.round()
        assert (shown("beep_keys_epochs"), shown("beep_keys_cosigned_epochs")) == (1, 1)
        assert shown("beep_keys_lag_seconds") == 0
        time.advance(timedelta(minutes=4))
        assert (shown("beep_keys_epoch_age_seconds"), shown("beep_keys_quorum_age_seconds")) == (240, 240)

        ports = {name: witnesses.stop(name) for name in ("one", "two")}
        failed = shown("beep_keys_rounds_failed_total")
        somebody()
        keys.round()
        assert (shown("beep_keys_epochs"), shown("beep_keys_cosigned_epochs")) == (2, 1)
        assert (shown("beep_keys_epoch_age_seconds"), shown("beep_keys_quorum_age_seconds")) == (0, 240)
        assert shown("beep_keys_rounds_failed_total") == failed + 1
        late = shown("beep_keys_lag_seconds")
        assert late > 0
        keys.round()
        assert shown("beep_keys_lag_seconds") > late
        for name, port in ports.items():
            witnesses.start(name, port)
        keys.round()
        assert shown("beep_keys_cosigned_epochs") == 2
        assert (shown("beep_keys_lag_seconds"), shown("beep_keys_quorum_age_seconds")) == (0, 0)

        # Another process begins with the ages that it finds.
        monkeypatch.setattr(progress, "_quorum_at", None)
        time.advance(timedelta(minutes=1))
        KeyLog(signer=LOG, policy=witnesses.policy).check()
        assert shown("beep_keys_quorum_age_seconds") == 60

        assert shown("beep_keys_refused_changes") == 0
        with connections["default"].cursor() as cursor:
            storage.enqueue(cursor, Change(random(16), 2, bytes([1] * 32), bytes(32)))
        keys.round()
        assert shown("beep_keys_refused_changes") == 1

    class Ended(Event):
        """Set after its first wait: time for one round."""

        def wait(self, timeout: float | None = None) -> bool:
            before = self.is_set()
            self.set()
            return before

    def forked(*_: object) -> bytes:
        raise ForkError("it knows another", 9)

    monkeypatch.setattr(keys._witnesses, "cosign", forked)
    somebody()
    keys.run(Ended())
    assert shown("beep_keys_forked") == 1
    gauges.forked_gauge.set(0)


def test_a_restored_backup_signs_nothing(fresh_database: TestDatabase, witnesses: Crew) -> None:
    keys = KeyLog(signer=LOG, policy=witnesses.policy)
    for _ in range(3):
        somebody()
        keys.round()
    with psycopg.connect(fresh_database.urls.superuser) as owner:
        for table in ("epoch", "change", "tree", "cosigned"):
            owner.execute(f"ALTER TABLE keys_{table} DISABLE TRIGGER ALL")
        owner.execute("DELETE FROM keys_cosigned WHERE size > 1")
        owner.execute("DELETE FROM keys_change WHERE epoch > 0")
        owner.execute("DELETE FROM keys_tree WHERE position > 0 OR level > 0")
        owner.execute("DELETE FROM keys_epoch WHERE epoch > 0")
    with pytest.raises(ForkError):
        KeyLog(signer=LOG, policy=witnesses.policy).check()
    # And one that did not ask is told when it wants its epoch cosigned.
    somebody()
    with pytest.raises(ForkError):
        KeyLog(signer=LOG, policy=witnesses.policy).round()


def test_the_policy_must_know_the_key(witnesses: Crew) -> None:
    with pytest.raises(PolicyError):
        KeyLog(signer=Signer("elsewhere/keys", bytes(32)), policy=witnesses.policy)
    with pytest.raises(ValueError, match="BEEP_KEYS_LOG_KEY"):
        KeyLog(signer=Signer(ORIGIN, bytes(32)), policy=witnesses.policy)
