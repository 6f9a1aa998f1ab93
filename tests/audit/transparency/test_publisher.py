"""Epochs as they are made: what is taken, what is refused, and that nobody can change any of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256

import psycopg
import pytest
from django.db import connections
from nacl.utils import random

from audit import merkle
from audit.note import Checkpoint, Signer, open_note
from audit.transparency import map as keymap
from audit.transparency import storage
from audit.transparency.epoch import NO_HASH, Change, EpochLeaf, changes_hash
from audit.transparency.publisher import Publisher
from beep import clock
from tests.support.databases import TestDatabase

TABLES = ("keys_epoch", "keys_change", "keys_node", "keys_tree", "keys_cosigned")


def publisher() -> Publisher:
    return Publisher(Signer("test.example/keys", bytes([1] * 32)))


def chain(person: bytes, length: int) -> list[Change]:
    """Changes that follow one another."""
    hashes = [NO_HASH, *(sha256(person + bytes([version])).digest() for version in range(1, length + 1))]
    return [Change(person, n, hashes[n - 1], hashes[n]) for n in range(1, length + 1)]


def queue(*changes: Change) -> None:
    with connections["default"].cursor() as cursor:
        for change in changes:
            storage.enqueue(cursor, change)


def test_epochs_follow_one_another_and_every_proof_leads_to_the_signed_root(
    fresh_database: TestDatabase,
) -> None:
    maker = publisher()
    people = [random(16) for _ in range(9)]
    with clock.stopped() as time, connections["auditor"].cursor() as cursor:
        previous, leaves, sizes = keymap.EMPTY, [], []
        for number, person in enumerate(people):
            queue(*chain(person, 1 + number % 3))
            time.advance(timedelta(seconds=1))
            published = maker.step()
            assert published is not None
            assert published.changes == 1 + number % 3
            row = storage.epoch(cursor, number)
            assert row is not None
            leaf = EpochLeaf.parse(row.leaf)
            assert (leaf.epoch, leaf.prev_map_root, leaf.map_root) == (number, previous, row.map_root)
            assert leaf.changes_hash == changes_hash(storage.changes_of(cursor, number))
            previous = leaf.map_root
            leaves.append(merkle.leaf_hash(row.leaf))
            note = open_note(row.note, [Signer("test.example/keys", bytes([1] * 32)).verifier])
            checkpoint = Checkpoint.parse(note.text)
            assert (checkpoint.size, checkpoint.root) == (number + 1, merkle.root(leaves))
            sizes.append(checkpoint)
            for known, before in enumerate(people[: number + 1]):
                index = keymap.index_of(before)
                (proof,) = storage.prove(cursor, root=previous, indices=[index])
                newest = chain(before, 1 + known % 3)[-1]
                assert keymap.verify(root=previous, index=index, proof=proof) == newest.hash
        last = sizes[-1]
        for old in sizes:
            proof_ = storage.consistency(cursor, size1=old.size, size2=last.size)
            merkle.verify_consistency(old.size, last.size, old.root, last.root, proof_)
            path = storage.inclusion(cursor, index=old.size - 1, size=last.size)
            merkle.verify_inclusion(leaves[old.size - 1], old.size - 1, last.size, path, last.root)


def test_nothing_to_say_is_said_every_few_minutes(fresh_database: TestDatabase) -> None:
    maker = publisher()
    with clock.stopped() as time:
        first = maker.step()
        assert first is not None
        assert (first.size, first.changes) == (1, 0)
        assert maker.step() is None
        time.advance(timedelta(minutes=6))
        second = maker.step()
        assert second is not None
        assert second.size == 2


def test_what_does_not_follow_stays_out(fresh_database: TestDatabase) -> None:
    maker, person = publisher(), random(16)
    one, two, three = chain(person, 3)
    queue(one)
    assert maker.step() is not None
    wrong = [
        three,  # a version left out
        Change(person, 2, random(32), two.hash),  # another past
        Change(person, 1, NO_HASH, random(32)),  # a second beginning
        Change(random(16), 2, random(32), random(32)),  # a person without a first statement
    ]
    queue(*wrong)
    assert maker.step() is None
    assert maker.step() is None
    queue(two)
    published = maker.step()
    assert published is not None
    assert published.changes == 1
    with connections["auditor"].cursor() as cursor:
        assert [change for _, change in storage.waiting(cursor, limit=9, but=[])] == wrong


def test_two_publishers_make_one_log(fresh_database: TestDatabase) -> None:
    people = [random(16) for _ in range(12)]
    queue(*(change for person in people for change in chain(person, 1)))

    def work(_: int) -> int:
        try:
            published = publisher().step()
            return published.changes if published else 0
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 12
    with connections["auditor"].cursor() as cursor:
        head = storage.head(cursor)
        assert head.epoch == 0
        assert len(storage.newest_versions(cursor, people)) == 12
        assert storage.waiting(cursor, limit=9, but=[]) == []


def test_a_crash_leaves_the_queue_as_it_was(
    fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(*chain(random(16), 2))
    with monkeypatch.context() as patched:
        patched.setattr(storage, "dequeue", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            publisher().step()
    published = publisher().step()
    assert published is not None
    assert (published.size, published.changes) == (1, 2)


@pytest.mark.parametrize("table", TABLES)
def test_the_log_only_grows(fresh_database: TestDatabase, table: str) -> None:
    queue(*chain(random(16), 1))
    published = publisher().step()
    assert published is not None
    with connections["integrator"].cursor() as cursor:
        storage.add_cosigned(cursor, size=1, note=published.note, at=0)
    column = {"keys_tree": "hash", "keys_node": "a", "keys_change": "hash"}.get(table, "note")
    attempts = (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
    )
    for attempt in attempts:
        for url, refused in (
            (fresh_database.urls.integrator, psycopg.errors.InsufficientPrivilege),
            (fresh_database.urls.database, psycopg.errors.InsufficientPrivilege),
            (fresh_database.urls.superuser, psycopg.errors.IntegrityConstraintViolation),
        ):
            with psycopg.connect(url) as connection, pytest.raises(refused):
                connection.execute(attempt)
    with (
        psycopg.connect(fresh_database.urls.database) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT * FROM keys_queue")
