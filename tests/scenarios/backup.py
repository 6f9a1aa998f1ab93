"""Take a copy of a running demo's database, and set the demo back to it, as operators restore a backup.

`python -m tests.scenarios.backup DATA_DIR PORT take|restore|kill`. What was restored is read-only, which the
operator ends with `manage.py restore_mode off` when the clients have given back what was lost.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from beep.embedded import DATABASE, prepare_database, urls_of

ROOT: Final = Path(__file__).resolve().parents[2]
COPY: Final = "backup"
LOST: Final = "lost"


def take(data_dir: Path) -> None:
    """Copy the database as it is now; an older copy goes."""
    superuser = urls_of(data_dir).superuser
    with _alone(superuser) as connection:
        connection.execute(_named("DROP DATABASE IF EXISTS {}", COPY))
        connection.execute(_named("CREATE DATABASE {} TEMPLATE {} OWNER beep_owner", COPY, DATABASE))
    prepare_database(superuser, COPY)


def restore(data_dir: Path, port: int) -> None:
    """Put the copy in the database's place, read-only, and end the web server, which is started again."""
    urls = urls_of(data_dir)
    given = json.loads((data_dir / "environment.json").read_text(encoding="utf-8"))
    for name, value in given.items():
        if name.startswith("DATABASE_URL"):
            given[name] = value.removesuffix(f"/{DATABASE}") + f"/{COPY}"
    with _alone(urls.superuser) as connection:
        subprocess.run(
            [sys.executable, "-W", "ignore", ROOT / "manage.py", "restore_mode", "on"],
            cwd=ROOT,
            env={**os.environ, **given},
            check=True,
        )
        _end_sessions(connection, COPY)
        connection.execute(_named("DROP DATABASE IF EXISTS {}", LOST))
        connection.execute(_named("ALTER DATABASE {} RENAME TO {}", DATABASE, LOST))
        connection.execute(_named("ALTER DATABASE {} RENAME TO {}", COPY, DATABASE))
    kill_web(port)


def kill_web(port: int) -> None:
    """kill -9 of the web server on that port."""
    wanted = str(port).encode()
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if wanted in words and any(word.startswith(b"messaging.servers.") for word in words):
            os.kill(int(entry.name), signal.SIGKILL)


@contextmanager
def _alone(superuser: str) -> Iterator[psycopg.Connection]:
    """The superuser's connection while nobody else uses the database: so it can be copied or renamed."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(_named("ALTER DATABASE {} ALLOW_CONNECTIONS false", DATABASE))
        try:
            _end_sessions(connection, DATABASE)
            yield connection
        finally:
            for name in (DATABASE, LOST):
                if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                    connection.execute(_named("ALTER DATABASE {} ALLOW_CONNECTIONS true", name))


def _end_sessions(connection: psycopg.Connection, name: str) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,)
    )


def _named(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*(sql.Identifier(name) for name in names))


if __name__ == "__main__":
    folder, web_port, what = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    match what:
        case "take":
            take(folder)
        case "restore":
            restore(folder, web_port)
        case "kill":
            kill_web(web_port)
