"""The monitor against a key log that somebody with the database, and perhaps the log's key, has bent.

Each attack is performed: SQL as the owner of everything, forged statements, a stolen key.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.management import call_command
from nacl.signing import SigningKey
from pytest_django.fixtures import Settings

from accounts.identity import sign_statement
from accounts.key_monitor import Tables, judge
from accounts.statements import DeviceEntry, DeviceKind, SignedStatement, Signer
from audit import merkle
from audit.note import Checkpoint, sign_note
from audit.transparency import map as keymap
from audit.transparency import storage
from audit.transparency.epoch import Change, EpochLeaf, changes_hash
from audit.transparency.monitor import KeyLogWrongError, Monitor, Report
from audit.transparency.storage import Epoch
from beep import clock
from beep.clock import StoppedClock
from tests.accounts.support import Browser, activated
from tests.support.databases import TestDatabase
from tests.support.key_log import LOG, ORIGIN, POLICY, cosigned, publish


@pytest.fixture
def time() -> Iterator[StoppedClock]:
    with clock.stopped() as handle:
        yield handle


@pytest.fixture
def village(fresh_database: TestDatabase, time: StoppedClock) -> list[Browser]:
    """Two people in two epochs."""
    people = []
    for number in (1, 2):
        people.append(activated(number))
        time.advance(timedelta(seconds=1))
        publish()
    return people


def watch(folder: Path) -> Report:
    """One run of the monitor with the memory in `folder`."""
    monitor = Monitor(state=folder / "keys.sqlite", policy=POLICY, origin=ORIGIN, check=judge)
    try:
        return monitor.run(Tables(), now=clock.now_ms())
    finally:
        monitor.close()


def owner(database: TestDatabase) -> psycopg.Connection[Any]:
    """Who may do everything, with the triggers out of the way."""
    connection = psycopg.connect(database.urls.superuser)
    for table in ("epoch", "change", "node", "tree", "cosigned"):
        connection.execute(f"ALTER TABLE keys_{table} DISABLE TRIGGER ALL")
    return connection


def forged(browser: Browser, *, signer: SigningKey) -> SignedStatement:
    """A statement that adds a device to somebody's, by whoever has `signer`."""
    new = DeviceEntry(
        id=uuid4().bytes,
        name="Office",
        kind=DeviceKind.REGULAR,
        signature_key=bytes(SigningKey.generate().verify_key),
        added_at=1_750_000_000_001,
    )
    signed = browser.next(browser.entry(), new, signer=(Signer.DEVICE, browser.key))
    return sign_statement(statement=signed.statement, signers=[(Signer.DEVICE, signer)])


def change_of(signed: SignedStatement) -> Change:
    statement = signed.statement
    return Change(statement.person, statement.version, statement.prev_hash, statement.hash)


def put(connection: psycopg.Connection[Any], signed: SignedStatement) -> None:
    """Into the table of statements, past the server's rules."""
    statement = signed.statement
    connection.execute(
        "INSERT INTO accounts_identitystatement (person_id, version, body, hash, prev_hash, accepted_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [
            statement.person.hex(),
            statement.version,
            signed.encode(),
            statement.hash,
            statement.prev_hash,
            clock.now(),
        ],
    )


def add_epoch(
    connection: psycopg.Connection[Any], *, values: dict[bytes, bytes], changes: Sequence[Change], number: int
) -> None:
    """An epoch made with the stolen key and cosigned: witnesses look at the tree, not at what is in it."""
    with connection.cursor() as cursor:
        head = storage.head(cursor)
        indices = {keymap.index_of(person): value for person, value in values.items()}
        nodes = storage.paths(cursor, root=head.map_root, indices=list(indices))
        map_root, made = keymap.update(root=head.map_root, changes=indices, load=nodes.__getitem__)
        leaf = EpochLeaf(number, head.time, head.map_root, map_root, changes_hash(changes)).encode()
        root = storage.append_leaf(cursor, index=number, leaf_hash=merkle.leaf_hash(leaf))
        note = sign_note(Checkpoint(ORIGIN, number + 1, root).format(), [LOG])
        storage.add_nodes(cursor, made)
        storage.add_epoch(cursor, Epoch(number, map_root, leaf, note), time=head.time, changes=changes)
        storage.add_cosigned(cursor, size=number + 1, note=cosigned(note), at=head.time)


def test_an_honest_log_is_followed(village: list[Browser], tmp_path: Path, time: StoppedClock) -> None:
    assert watch(tmp_path).checked == 2
    first = village[0]
    revoked = first.next(first.entry(), signer=(Signer.RECOVERY, first.recovery_key))
    assert revoked.statement.version == 2
    activated(3)
    publish()
    time.advance(timedelta(minutes=6))
    publish()
    report = watch(tmp_path)
    assert (report.size, report.checked, report.people) == (4, 2, 3)
    assert watch(tmp_path).checked == 0


def test_a_device_that_the_server_adds(
    village: list[Browser], tmp_path: Path, fresh_database: TestDatabase
) -> None:
    watch(tmp_path)
    signed = forged(village[0], signer=SigningKey.generate())
    with owner(fresh_database) as connection:
        put(connection, signed)
        with connection.cursor() as cursor:
            storage.enqueue(cursor, change_of(signed))
    publish()
    for _ in range(2):
        with pytest.raises(KeyLogWrongError, match=r"epoch 2: statement 2 of .*signer") as caught:
            watch(tmp_path)
        assert caught.value.epoch == 2


@pytest.mark.parametrize("listed", [True, False])
def test_a_device_for_one_epoch(
    village: list[Browser], tmp_path: Path, fresh_database: TestDatabase, listed: bool
) -> None:
    """Attack 11: with the log's key, put somebody's map entry forward and back again, said or unsaid."""
    watch(tmp_path)
    victim = village[0]
    newest = victim.chain[-1]
    there = change_of(forged(victim, signer=SigningKey.generate()))
    back = Change(there.person, 3, there.hash, newest.statement.hash)
    with owner(fresh_database) as connection:
        for number, change in ((2, there), (3, back)):
            add_epoch(
                connection,
                values={change.person: change.hash},
                changes=[change] if listed else [],
                number=number,
            )
    reason = "is nowhere" if listed else "the map's root is not the one"
    with pytest.raises(KeyLogWrongError, match=f"epoch 2: .*{reason}"):
        watch(tmp_path)


def test_a_return_to_an_older_statement(
    village: list[Browser], tmp_path: Path, fresh_database: TestDatabase
) -> None:
    """The statement is genuine, only old: version + 1 and prev_hash refuse it."""
    newest = village[0].chain[-1].statement
    with owner(fresh_database) as connection:
        connection.execute("ALTER TABLE keys_change DROP CONSTRAINT keys_change_pkey")
        again = Change(newest.person, 1, newest.prev_hash, newest.hash)
        add_epoch(connection, values={again.person: again.hash}, changes=[again], number=2)
    with pytest.raises(KeyLogWrongError, match=r"epoch 2: statement 1 of .* does not follow statement 1"):
        watch(tmp_path)


@pytest.mark.parametrize("witnesses", [1, 3])
def test_two_roots_at_one_size(
    village: list[Browser], tmp_path: Path, fresh_database: TestDatabase, witnesses: int
) -> None:
    """Attack 5: the last epoch is written anew with the stolen key. Without the witnesses there is no quorum,
    and even with all of them bribed a monitor remembers.
    """
    watch(tmp_path)
    with owner(fresh_database) as connection:
        connection.execute("DELETE FROM keys_cosigned WHERE size = 2")
        connection.execute("DELETE FROM keys_change WHERE epoch = 1")
        connection.execute("DELETE FROM keys_epoch WHERE epoch = 1")
        connection.execute("DELETE FROM keys_tree WHERE position = 1 OR level = 1")
        add_epoch(connection, values={}, changes=[], number=1)
        connection.execute("DELETE FROM keys_cosigned WHERE size = 2")
        with connection.cursor() as cursor:
            last = storage.epoch(cursor, 1)
            assert last is not None
            note = cosigned(last.note, witnesses=witnesses)
            storage.add_cosigned(cursor, size=2, note=note, at=0)
    with pytest.raises(KeyLogWrongError, match="another log of 2" if witnesses == 3 else "no quorum"):
        watch(tmp_path)


def test_the_tail_cut_off(village: list[Browser], tmp_path: Path, fresh_database: TestDatabase) -> None:
    watch(tmp_path)
    with owner(fresh_database) as connection:
        connection.execute("DELETE FROM keys_cosigned WHERE size = 2")
    with pytest.raises(KeyLogWrongError, match="the log ends at 1, and had 2"):
        watch(tmp_path)


def test_an_epoch_taken_out(village: list[Browser], tmp_path: Path, fresh_database: TestDatabase) -> None:
    with owner(fresh_database) as connection:
        connection.execute("DELETE FROM keys_change WHERE epoch = 0")
        connection.execute("DELETE FROM keys_epoch WHERE epoch = 0")
    with pytest.raises(KeyLogWrongError, match="epoch 0: the epoch is missing"):
        watch(tmp_path)


def test_a_leaf_altered_in_place(
    village: list[Browser], tmp_path: Path, fresh_database: TestDatabase
) -> None:
    with owner(fresh_database) as connection:
        connection.execute("UPDATE keys_change SET version = 7 WHERE epoch = 1")
    with pytest.raises(KeyLogWrongError, match="epoch 1: the changes are not those"):
        watch(tmp_path)


def test_a_statement_kept_out_of_the_log(
    village: list[Browser], tmp_path: Path, fresh_database: TestDatabase, time: StoppedClock
) -> None:
    activated(3)
    with owner(fresh_database) as connection:
        connection.execute("DELETE FROM keys_queue")
    publish_at = timedelta(minutes=11)
    time.advance(publish_at)
    publish()
    with pytest.raises(KeyLogWrongError, match="accepted and never published"):
        watch(tmp_path)


def test_silence_is_told(village: list[Browser], tmp_path: Path, time: StoppedClock) -> None:
    watch(tmp_path)
    time.advance(timedelta(hours=1, minutes=1))
    with pytest.raises(KeyLogWrongError, match="61 minutes old"):
        watch(tmp_path)


def test_the_command_says_so_and_exits_with_2(
    village: list[Browser],
    tmp_path: Path,
    time: StoppedClock,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    policy = tmp_path / "policy"
    policy.write_text(POLICY.format())
    settings.KEYS_ORIGIN = ORIGIN
    words = ["monitor_keys", "--state", str(tmp_path / "memory"), "--policy", str(policy)]
    call_command(*words)
    assert "2 epochs verified, 2 in all; 2 people" in capsys.readouterr().out
    time.advance(timedelta(hours=2))
    with pytest.raises(SystemExit) as exit_:
        call_command(*words)
    assert exit_.value.code == 2
    assert "WRONG" in capsys.readouterr().err
