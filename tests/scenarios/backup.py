"""Dump a running demo's database, and set the demo back to it, as operators restore a backup.

`python -m tests.scenarios.backup DATA_DIR take|restore|kill`. What was restored is read-only, which the
operator ends with `manage.py restore_mode off` when the clients have given back what was lost.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from beep import binaries
from beep.embedded import DATABASE, prepare_database, urls_of
from tests.scenarios.stack import is_server

ROOT: Final = Path(__file__).resolve().parents[2]
DUMP: Final = "backup.dump"
RESTORED: Final = "restored"
LOST: Final = "lost"


def take(data_dir: Path) -> None:
    """Dump the database as it is now, while it is used; an older dump goes."""
    url = urls_of(data_dir).superuser.removesuffix("/postgres") + f"/{DATABASE}"
    _run("pg_dump", "--format=custom", f"--file={data_dir / DUMP}", f"--dbname={url}")


def restore(data_dir: Path) -> None:
    """Put the dump in the database's place, read-only, and end the web workers, which are started again."""
    urls = urls_of(data_dir)
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        for name in (RESTORED, LOST):
            connection.execute(_named("DROP DATABASE IF EXISTS {}", name))
        connection.execute(_named("CREATE DATABASE {} OWNER beep_owner", RESTORED))
        target = urls.superuser.removesuffix("/postgres") + f"/{RESTORED}"
        _run("pg_restore", f"--dbname={target}", "--exit-on-error", data_dir / DUMP)
        prepare_database(urls.superuser, RESTORED)
        given = json.loads((data_dir / "environment.json").read_text(encoding="utf-8"))
        for name, value in given.items():
            if name.startswith("DATABASE_URL"):
                given[name] = value.removesuffix(f"/{DATABASE}") + f"/{RESTORED}"
        # Before the first client comes: nothing new may take the place of what was lost.
        subprocess.run(
            [sys.executable, "-W", "ignore", ROOT / "manage.py", "restore_mode", "on"],
            cwd=ROOT,
            env={**os.environ, **given},
            check=True,
        )
        connection.execute(_named("ALTER DATABASE {} ALLOW_CONNECTIONS false", DATABASE))
        for name in (DATABASE, RESTORED):
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
        connection.execute(_named("ALTER DATABASE {} RENAME TO {}", DATABASE, LOST))
        connection.execute(_named("ALTER DATABASE {} RENAME TO {}", RESTORED, DATABASE))
    kill_web(data_dir)


def kill_web(data_dir: Path) -> None:
    """kill -9 of the web workers."""
    noted: dict[str, int] = json.loads((data_dir / "processes.json").read_text())
    for name, pid in noted.items():
        if name.startswith("web-") and is_server(pid):
            os.kill(pid, signal.SIGKILL)


def _run(program: str, *arguments: str | Path) -> None:
    """One of PostgreSQL's own programs; raises CalledProcessError."""
    subprocess.run([binaries.postgres() / program, *arguments], check=True)


def _named(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*(sql.Identifier(name) for name in names))


if __name__ == "__main__":
    folder, what = Path(sys.argv[1]), sys.argv[2]
    match what:
        case "take":
            take(folder)
        case "restore":
            restore(folder)
        case "kill":
            kill_web(folder)
