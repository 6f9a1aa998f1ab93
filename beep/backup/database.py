"""The database's part of a backup, through PostgreSQL's own programs from the wheel.

Passwords go through the environment, which only this user can read, never onto a command line.
"""

import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from beep import binaries
from beep.backup.archive import BackupError
from beep.embedded import CHILD_ENV, DATABASE

TABLES: Final = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'public' ORDER BY 2
"""


def dump(superuser_url: str, target: Path) -> tuple[str, list[str], dict[str, int]]:
    """Dump the database as it is at one moment, while it is used.

    Gives PostgreSQL's version, the applied migrations and the rows of every table at that same moment. Raises
    BackupError.
    """
    with psycopg.connect(superuser_url, dbname=DATABASE, autocommit=True) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot = _one(connection, "SELECT pg_export_snapshot()")
        version = _one(connection, "SHOW server_version")
        migrations = [
            f"{app}.{name}"
            for app, name in connection.execute("SELECT app, name FROM django_migrations ORDER BY id")
        ]
        rows = count(connection)
        arguments = ["--format=custom", "--compress=6", f"--snapshot={snapshot}", f"--file={target}"]
        _run("pg_dump", [*arguments, "--no-password"], superuser_url)
        connection.execute("COMMIT")
    return version, migrations, rows


def check(dump_file: Path) -> None:
    """Read the whole dump, every compressed block of it; raises BackupError when something cannot be read."""
    _run("pg_restore", ["--file=/dev/null", str(dump_file)], None)


def restore(superuser_url: str, dump_file: Path) -> None:
    """Fill the empty database from the dump; raises BackupError."""
    _run(
        "pg_restore",
        [f"--dbname={DATABASE}", "--exit-on-error", "--no-password", str(dump_file)],
        superuser_url,
    )


def count(connection: "psycopg.Connection[tuple[object, ...]]") -> dict[str, int]:
    """Rows of every table."""
    found = {}
    for schema, table in connection.execute(TABLES).fetchall():
        name = sql.Identifier(str(schema), str(table))
        found[str(table)] = int(_one(connection, sql.SQL("SELECT count(*) FROM {}").format(name)))
    return found


def rows(superuser_url: str) -> dict[str, int]:
    """Rows of every table, now."""
    with psycopg.connect(superuser_url, dbname=DATABASE) as connection:
        return count(connection)


def _one(connection: "psycopg.Connection[tuple[object, ...]]", statement: str | sql.Composed) -> str:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return str(row[0])


def _run(program: str, arguments: list[str], superuser_url: str | None) -> None:
    env = dict(CHILD_ENV)
    if superuser_url is not None:
        parts = urlsplit(superuser_url)
        env |= {
            "PGHOST": parts.hostname or "",
            "PGPORT": str(parts.port),
            "PGUSER": parts.username or "",
            "PGPASSWORD": unquote(parts.password or ""),
            "PGDATABASE": DATABASE,
        }
    command = [str(binaries.postgres() / program), *arguments]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise BackupError(f"{program} failed:\n{ran.stderr[-2000:]}")
