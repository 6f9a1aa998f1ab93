"""A messenger that is measured: how it is started on ports and a database of its own, and what it is told."""

import os
import secrets
import shutil
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from beep.leftovers import usable_port
from beep.processes import Child, spawn
from benchmarks import measure

HERE: Final = Path(__file__).parent
START: Final = 120.0
"""Seconds that a peer may take to make its tables and listen."""


class Peer:
    """One start of one peer. `superuser` is the URL by which its role and database are made and removed.

    Secrets: the password is made here, kept in the peer's configuration (a folder of mode 0700) and removed
    with it.
    """

    name: str
    driver: str
    ack: str
    """What an acknowledgement in W2 says."""
    config: str
    idle_connections: int = 5_000
    rounds: int = 9
    """Rounds that it takes part in at most."""
    missed: int = 10_000
    """Messages in W4."""

    def __init__(self, superuser: str, folder: Path) -> None:
        self.folder: Final = folder / self.name
        self.port: Final = usable_port(0)
        self.password: Final = secrets.token_hex(16)
        self.database: Final = f"bench_{self.name}"
        self._superuser: Final = superuser
        self._child: Child | None = None

    # --- What each peer says of itself ----------------------------------------------------------------------

    def command(self) -> tuple[Sequence[str | Path], Mapping[str, str]]:
        """The program and its environment. Raises `install.MissingError`."""
        raise NotImplementedError

    def prepare(self) -> None:
        """After the database has been made, before the program starts."""

    def started(self) -> None:
        """Once it listens."""

    def order(self, work: str, options: Any) -> dict[str, Any]:
        """Make the people and rooms of a workload; what its driver is told."""
        raise NotImplementedError

    # --- Life -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the database and start; raises SystemExit with its log when it does not listen."""
        self.folder.mkdir(mode=0o700, parents=True)
        self._make_database()
        self.prepare()
        command, environment = self.command()
        self._child = child = spawn(
            self.name,
            command,
            log=self.folder / "output.log",
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environment},
            cwd=self.folder,
            polite=signal.SIGTERM,
        )

        def up() -> bool:
            if child.exited() is not None:
                raise SystemExit(f"{self.name} did not start:\n{child.last_lines(30)}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                return False
            return True

        measure.until(up, seconds=START, what=f"{self.name} does not listen")
        self.started()

    def stop(self) -> None:
        """End it; its folder and database are removed."""
        if self._child is not None:
            self._child.stop(20)
            self._child = None
        with psycopg.connect(self._superuser, autocommit=True) as admin:
            for kind, name in (("DATABASE", self.database), ("ROLE", self.database)):
                force = sql.SQL(" WITH (FORCE)" if kind == "DATABASE" else "")
                admin.execute(
                    sql.SQL("DROP {} IF EXISTS {}").format(sql.SQL(kind), sql.Identifier(name)) + force
                )
        shutil.rmtree(self.folder, ignore_errors=True)

    def pids(self) -> list[int]:
        """The processes whose memory is counted, children included: not PostgreSQL's."""
        assert self._child is not None
        return [self._child.pid]

    def last_words(self) -> str:
        """The ends of its logs."""
        logs = self.folder.glob("*.log")
        return "\n".join(log.read_text(encoding="utf-8", errors="replace")[-2_000:] for log in logs)

    # --- Tools ----------------------------------------------------------------------------------------------

    def _make_database(self) -> None:
        name = sql.Identifier(self.database)
        with psycopg.connect(self._superuser, autocommit=True) as admin:
            admin.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(self.password))
            )
            # The plain C locale, which Synapse insists on.
            admin.execute(
                sql.SQL(
                    "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'"
                    " LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
                ).format(name, name)
            )

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The peer's own database, as its own role."""
        return psycopg.connect(
            self._superuser, dbname=self.database, user=self.database, password=self.password, autocommit=True
        )

    def write_config(self, **more: object) -> Path:
        """The configuration kept here, with its words between @ signs filled in."""
        with psycopg.connect(self._superuser) as admin:
            postgres_port = admin.info.port
        words = {
            "PORT": self.port,
            "POSTGRES_PORT": postgres_port,
            "DATABASE": self.database,
            "ROLE": self.database,
            "PASSWORD": self.password,
            "FOLDER": self.folder,
            **more,
        }
        text = (HERE / self.config).read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        path = self.folder / self.config
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path
