"""Template and clones: how tests get a database each in tens of milliseconds, from the embedded PostgreSQL.

`beep`, the database of the embedded server, is migrated once and then only copied (`CREATE DATABASE …
TEMPLATE`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
