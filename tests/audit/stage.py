"""A witnessed log to attack, and what an attacker with the database can do to it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from audit import intake, log, merkle, projection
from audit.export import write
from audit.integrating import Service
from audit.note import Checkpoint, Signer, sign_note
from tests.audit import support
from tests.audit.support import LOG, ORIGIN, Crew
from tests.support.databases import TestDatabase

COUNT = 300
OFF = "ALTER TABLE {} DISABLE TRIGGER ALL"
FORGED = intake.PREFIX + b'{"action":"person.changed","at":1,"outcome":"done"}'


def integrate(database: TestDatabase) -> int:
    integrator = support.integrator(database)
    try:
        return support.drain(integrator)
    finally:
        integrator.close()


def tamper(database: TestDatabase, *statements: str) -> None:
    """As the superuser, with the triggers off for the moment, leaving no trace in them."""
    tables = ("leaf", "taken", "tile", "checkpoint", "cosignature", "head", "intake", "row")
    with support.superuser(database) as admin:
        for table in tables:
            admin.execute(OFF.format(f"audit_{table}"))
        for statement in statements:
            admin.execute(statement)
        for table in tables:
            admin.execute(
                f"ALTER TABLE audit_{table} ENABLE ALWAYS TRIGGER audit_{table}_rows,"
                f" ENABLE ALWAYS TRIGGER audit_{table}_table"
            )


def rewrite(database: TestDatabase, bodies: dict[int, bytes]) -> None:
    """All of the tree anew, signed with the stolen key: leaves, tiles, checkpoints, head, even the intake."""
    tamper(database)
    with support.superuser(database) as admin:
        for table in ("leaf", "tile", "checkpoint", "head", "intake"):
            admin.execute(OFF.format(f"audit_{table}"))
        for index, body in bodies.items():
            admin.execute(
                "UPDATE audit_leaf SET body = %s, hash = %s, at = 1 WHERE leaf_index = %s",
                (body, merkle.leaf_hash(body), index),
            )
            admin.execute(
                "UPDATE audit_intake SET body = %s WHERE id = (SELECT intake FROM audit_taken"
                " WHERE leaf_index = %s)",
                (body, index),
            )
        hashes = [row[0] for row in admin.execute("SELECT hash FROM audit_leaf ORDER BY leaf_index")]
        admin.execute("DELETE FROM audit_tile")
        for number in range(len(hashes) // 256):
            part = hashes[number * 256 : number * 256 + 256]
            admin.execute(
                "INSERT INTO audit_tile VALUES (0, %s, %s, %s)", (number, merkle.root(part), b"".join(part))
            )
        for (size,) in admin.execute("SELECT size FROM audit_checkpoint").fetchall():
            root = merkle.root(hashes[:size])
            note = sign_note(Checkpoint(ORIGIN, size, root).format(), [LOG])
            admin.execute(
                "UPDATE audit_checkpoint SET root = %s, note = %s WHERE size = %s", (root, note, size)
            )
        admin.execute("UPDATE audit_head SET root = %s", (merkle.root(hashes),))
    tamper(database)


def exported(database: TestDatabase, crew: Crew, folder: Path) -> Path:
    with psycopg.connect(database.urls.auditor) as auditor:
        write(auditor, folder, policy=crew.policy, origin=ORIGIN, begin=0, end=1 << 52)
    return folder


Backup = dict[str, list[Any]]


def back_up(database: TestDatabase) -> Backup:
    """The rows of the log, by table."""
    with support.superuser(database) as admin:
        return {
            table: admin.execute(f"SELECT * FROM audit_{table}").fetchall()
            for table in ("leaf", "taken", "checkpoint", "cosignature", "head", "hour", "actor_hour")
        }


def restore(database: TestDatabase, backup: Backup) -> None:
    """As if the database had been put back to the moment of the backup."""
    tamper(
        database,
        *(f"DELETE FROM audit_{table}" for table in backup),
        f"DELETE FROM audit_row WHERE leaf >= {COUNT}",
    )
    with support.superuser(database) as admin:
        admin.execute("ALTER TABLE audit_head DISABLE TRIGGER ALL")
        for table, rows in backup.items():
            for row in rows:
                marks = ", ".join(["%s"] * len(row))
                admin.execute(f"INSERT INTO audit_{table} VALUES ({marks})", row)
    tamper(database, "DELETE FROM audit_intake WHERE id NOT IN (SELECT intake FROM audit_taken)")


@contextmanager
def running(database: TestDatabase, crew: Crew, signer: Signer) -> Iterator[Service]:
    """The integrator as `manage.py integrate` runs it."""
    service = Service(
        connect=lambda: psycopg.connect(database.urls.integrator),
        signer=signer,
        policy=crew.policy,
        project=projection.project,
    )
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join()


def wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def witnessed(database: TestDatabase, crew: Crew, origin: str) -> int:
    with psycopg.connect(database.urls.auditor) as auditor:
        note = log.witnessed_note(auditor.cursor(), crew.policy, origin=origin)
    return crew.policy.witnessed(note, origin=origin).checkpoint.size if note else 0
