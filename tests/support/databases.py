"""Template and clones: how tests get a database each in tens of milliseconds, from the embedded PostgreSQL.

`beep`, the database of the embedded server, is migrated once and then only copied (`CREATE DATABASE …
TEMPLATE`).
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from asgiref.sync import SyncToAsync
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from beep.embedded import DATABASE, Embedded, Urls, prepare_database


@dataclass(frozen=True)
class TestDatabase:
    """One clone, and how to reach it."""

    __test__ = False

    name: str
    urls: Urls

    def environment(self) -> dict[str, str]:
        """DATABASE_URL and its sisters and VALKEY_URL, for a server process that a test starts."""
        return self.urls.environment()


class Databases:
    """The session's servers and their databases."""

    def __init__(self, embedded: Embedded) -> None:
        self._embedded = embedded
        self._urls: Urls | None = None
        self._made = 0

    def start(self) -> Urls:
        """Start the servers and migrate the template, on the first call."""
        if self._urls is None:
            urls = self._embedded.start()
            call_command("migrate", database="migrator", verbosity=0, interactive=False)
            close_connections()
            self._urls = urls
        return self._urls

    def stop(self) -> None:
        """Stop the servers, when they run."""
        if self._urls is not None:
            close_connections()
        self._embedded.stop()

    def kill(self, name: str) -> None:
        """kill -9 `postgres` or `valkey`, and wait until it is gone; `revive` brings it back."""
        self._embedded.kill(name)

    def revive(self) -> None:
        """Start again what was killed, and wait until it answers."""
        self._embedded.revive()

    @contextmanager
    def moved(
        self, inside: Callable[[], AbstractContextManager[None]], *, reachable_from: str, folder: Path
    ) -> Iterator[None]:
        """The servers run in another network, on all its addresses, until the end of the block.

        `inside` puts the calling thread into that network, `reachable_from` names who may come (CIDR), and
        `folder` takes a file. Nothing of this process reaches the servers meanwhile.
        """
        rules = folder / "pg_hba.conf"
        peers = ("127.0.0.1/32", reachable_from)
        rules.write_text("".join(f"host all all {peer} scram-sha-256\n" for peer in peers))
        rules.chmod(0o644)
        urls = self.start()
        close_connections()
        self._embedded.stop()
        try:
            with ExitStack() as held:
                for url in (urls.database, urls.valkey):
                    # Nobody else takes their ports while they are away.
                    held.enter_context(_hold(urlsplit(url).port or 0))
                self._embedded.postgres_settings = {"listen_addresses": "*", "hba_file": str(rules)}
                self._embedded.valkey_address = "0.0.0.0"
                with inside():
                    self._embedded.start()
                yield
                self._embedded.stop()
        finally:
            self._embedded.stop()
            self._embedded.postgres_settings, self._embedded.valkey_address = {}, "127.0.0.1"
            assert self._embedded.start() == urls

    @contextmanager
    def clone(self) -> Iterator[TestDatabase]:
        """A copy of the template that Django's connections, in every thread, lead to until the end of the
        block.
        """
        urls = self.start()
        self._made += 1
        name = f"test_{self._made}"
        close_connections()
        with psycopg.connect(urls.superuser, autocommit=True) as admin:
            statement = sql.SQL("CREATE DATABASE {} OWNER beep_owner TEMPLATE {}")
            admin.execute(statement.format(sql.Identifier(name), sql.Identifier(DATABASE)))
        # A copy has its tables' rights, but not those of the database itself.
        prepare_database(urls.superuser, name)
        before = _point_connections_at(name)
        try:
            yield TestDatabase(name, _renamed(urls, name))
        finally:
            close_connections()
            _point_connections_at(before)
            with psycopg.connect(urls.superuser, autocommit=True) as admin:
                # FORCE: a test may have killed a server that PostgreSQL has not missed yet.
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _hold(port: int) -> socket.socket:
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", port))
    return holder


def close_connections() -> None:
    """Close the connections of this thread, of the thread that runs the asynchronous ORM, and the pools."""
    connections.close_all()
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()
    for wrapper in connections.all():
        if hasattr(wrapper, "close_pool"):
            wrapper.close_pool()


def _point_connections_at(name: str) -> str:
    """Every thread's wrapper of an alias shares one dictionary of settings, so one change reaches all of
    them.
    """
    before = str(connections.settings["default"]["NAME"])
    for alias in connections:
        connections.settings[alias]["NAME"] = name
    return before


def _renamed(urls: Urls, name: str) -> Urls:
    def to(url: str) -> str:
        return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))

    return replace(
        urls,
        database=to(urls.database),
        migrator=to(urls.migrator),
        integrator=to(urls.integrator),
        auditor=to(urls.auditor),
        superuser=to(urls.superuser),
    )
