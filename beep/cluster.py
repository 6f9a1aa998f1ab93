"""Makes a PostgreSQL cluster for `beep.embedded`, its roles and database: what happens once a data folder."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from beep import isolation
from beep.isolation import EmbeddedError

SQL_DIR: Final = Path(__file__).resolve().parent.parent / "deploy"

ENVIRONMENT: Final = {"PATH": os.defpath, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
"""All that the servers get of the environment: none of the application's secrets."""


def make(programs: Path, data: Path, *, shield: isolation.Shield, password: str) -> None:
    """Make the cluster `data` with `programs`/initdb; `password` is its superuser's.

    Beside its final place, so that an interrupted attempt is never taken for a cluster. Raises EmbeddedError
    with what initdb said when it fails.
    """
    fresh = shield.make_folder(data.with_name("postgres.new"))
    # An unnamed pipe would not survive the change of user; the file lives for one second in a 0700 folder.
    password_file = data.with_name("initdb.password")
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    try:
        shield.adopt(password_file)
        words = "-U postgres -A scram-sha-256 -E UTF8 --locale-provider=builtin"
        # Of the locales, the one that every build has: code-point order, Unicode case mapping.
        words += " --builtin-locale=C.UTF-8 --locale=C"
        result = subprocess.run(
            [
                *shield.prefix(signal.SIGKILL),
                *(programs / "initdb", "-D", fresh, f"--pwfile={password_file}"),
                *words.split(),
            ],
            env=ENVIRONMENT,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        password_file.unlink()
    if result.returncode != 0:
        raise EmbeddedError(f"initdb failed:\n{result.stdout[-800:]}{result.stderr[-1600:]}")
    fresh.rename(data)


def make_roles(superuser_url: str, *, database: str, passwords: Mapping[str, str]) -> None:
    """Roles, the passwords of those in `passwords`, and the database; every step may be repeated."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(_script("roles.sql"))
        for login, password in passwords.items():
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
            connection.execute(statement.format(sql.Identifier(login), sql.Literal(password)))
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
        if not known:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER beep_owner").format(sql.Identifier(database))
            )


def prepare(superuser_url: str, name: str) -> None:
    """Apply `deploy/database.sql` inside the database `name`."""
    with psycopg.connect(superuser_url, dbname=name, autocommit=True) as connection:
        connection.execute(_script("database.sql"))


def _script(name: str) -> bytes:
    return (SQL_DIR / name).read_bytes()
