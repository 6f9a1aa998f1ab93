"""Fixtures of the whole suite. How a test chooses:

* **nothing**: it opens no database; pytest-django refuses every connection. Pure modules are tested so.
* **`db`** (or the mark `django_db`): synchronous code inside a transaction that is rolled back; the fastest.
  One database serves all of them. `on_commit` callbacks run with
  `django_capture_on_commit_callbacks(execute=True)`.
* **`fresh_database`**: a database of its own (a copy of the migrated template, some 40 ms) and an empty
  Valkey, for whatever really commits: asynchronous code, several connections or roles, threads, server
  processes. Django's connections lead to it while the test runs; `fresh_database.environment()` gives the
  same to a process; `fresh_database.urls` holds one URL a role, the superuser's included.
* **`client`, `async_client`**: Django's test clients, beside one of the two above. Send `Origin` with what
  changes something: `client.post(…, headers={"origin": "http://testserver"})`.

`django_db(transaction=True)` is refused: Django empties tables with TRUNCATE, which the application's role
may not and the audit tables must not allow. `django_db` on an asynchronous test is refused too: its
statements run in another thread, out of the transaction, and would stay. The embedded servers start with the
first test that needs them, in a temporary folder, as children of this process, without fsync (some hundred
databases are made and dropped); nothing is left behind, whatever ends it.

`pytest -n 2` (pytest-xdist) divides the tests between two processes, each with servers of its own, so that
neither sees the other's databases; `make test-python` does so. A test's name must then be the same in both:
give parameters that are made by chance `ids`.
"""

import atexit
import base64
import inspect
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from beep.embedded import Embedded
from tests.support import trust

DATA_DIR = Path(tempfile.mkdtemp(prefix="beep-test-"))
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
EMBEDDED = Embedded(DATA_DIR, unsafe_testing_no_fsync=True)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


# Examples are judged by what they do, not by how long they take: a machine may have other work to do. One
# that fails is printed in a form that brings it back anywhere.
hypothesis_settings.register_profile(
    "beep", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("beep")

# Before Django reads its settings: ports and passwords are chosen now, the servers start when needed.
for _name in [name for name in os.environ if name.startswith(("BEEP_", "DATABASE_URL", "VALKEY_URL"))]:
    del os.environ[_name]
os.environ |= {
    **EMBEDDED.plan().environment(),
    "DJANGO_SETTINGS_MODULE": "beep.settings",
    "BEEP_DEMO": "1",
    "BEEP_SECRET_KEY": _key(),
    "BEEP_FIELD_KEY": _key(),
    "BEEP_CODE_KEY": _key(),
    **trust.environment(),
}

from django.conf import settings

# Loads them, so that pytest-django finds them configured when it sets Django up.
assert settings.DEMO

from tests.support.databases import Databases, TestDatabase


def pytest_configure(config: pytest.Config) -> None:
    """The processes of `-n` begin with this one's environment. Were Django's settings named there,
    pytest-django would read them before this file has chosen that process's own servers.
    """
    if config.getoption("numprocesses", None):
        del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse the two uses of `django_db` that cannot work here; the module's docstring says why."""
    for item in items:
        mark = item.get_closest_marker("django_db")
        if mark is None:
            continue
        asynchronous = isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj)
        if asynchronous or mark.args or mark.kwargs.get("transaction"):
            raise pytest.UsageError(f"{item.nodeid}: use the fixture fresh_database; see tests/conftest.py")


@pytest.fixture(scope="session")
def databases(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Databases]:
    """The embedded servers with the migrated template; most tests want `db` or `fresh_database` instead."""
    held = Databases(EMBEDDED)
    try:
        with django_db_blocker.unblock():
            held.start()
        yield held
    finally:
        with django_db_blocker.unblock():
            held.stop()


@pytest.fixture(scope="session")
def django_db_setup(databases: Databases, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Replaces pytest-django's own: the database behind `db` is a clone as well, and the role is the
    application's.
    """
    with django_db_blocker.unblock(), databases.clone():
        yield


@pytest.fixture
def fresh_database(
    databases: Databases, django_db_blocker: DjangoDbBlocker, request: pytest.FixtureRequest
) -> Iterator[TestDatabase]:
    """A database that nobody else uses, and an empty Valkey; see the module's docstring."""
    if {"db", "transactional_db"} & set(request.fixturenames) or request.node.get_closest_marker("django_db"):
        raise pytest.UsageError("choose db or fresh_database, not both")
    with django_db_blocker.unblock(), databases.clone() as database:
        with redis.Redis.from_url(database.urls.valkey) as valkey:
            valkey.flushall()
        yield database
