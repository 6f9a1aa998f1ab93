"""/healthz tells the truth about database, Valkey and worker, and a real worker beats."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.db import connections
from django.test import AsyncClient, Client
from pytest_django import Settings

from beep import health
from beep.celery import HEARTBEAT_KEY, HEARTBEAT_TTL
from beep.demo.configuration import ROOT
from beep.processes import Child, spawn
from tests.support.databases import TestDatabase


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is there is not bad because the machine has other work to do."""
    monkeypatch.setattr(health, "TIMEOUT", 60.0)


@pytest.fixture
def valkey(fresh_database: TestDatabase) -> Iterator["redis.Redis[bytes]"]:
    """The test's Valkey, empty."""
    with redis.Redis.from_url(fresh_database.urls.valkey) as connection:
        yield connection


@pytest.fixture
def worker(fresh_database: TestDatabase, tmp_path: Path) -> Iterator[Child]:
    """A real Celery worker."""
    command = [sys.executable, "-m", "celery", "--app", "beep.celery", "worker", "--pool", "threads"]
    env = {**os.environ, **fresh_database.environment()}
    child = spawn("worker", [*command, "--concurrency", "1"], log=tmp_path / "log", env=env, cwd=ROOT)
    yield child
    child.stop(10)


def test_healthy(client: Client, valkey: "redis.Redis[bytes]") -> None:
    valkey.set(HEARTBEAT_KEY, 1)
    response = client.get("/healthz")
    assert response.json() == {
        "ok": True,
        "database": True,
        "valkey": True,
        "worker": True,
        "certificates": True,
    }
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"


def test_no_worker(client: Client, valkey: "redis.Redis[bytes]") -> None:
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {
        "ok": False,
        "database": True,
        "valkey": True,
        "worker": False,
        "certificates": True,
    }


def test_no_valkey(client: Client, fresh_database: TestDatabase, settings: Settings) -> None:
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {
        "ok": False,
        "database": True,
        "valkey": False,
        "worker": False,
        "certificates": True,
    }


def test_no_database(
    client: Client,
    valkey: "redis.Redis[bytes]",
    fresh_database: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    valkey.set(HEARTBEAT_KEY, 1)
    monkeypatch.setitem(connections.settings["default"], "PORT", 1)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {
        "ok": False,
        "database": False,
        "valkey": True,
        "worker": True,
        "certificates": True,
    }


async def test_many_who_ask_at_once_share_one_look(
    async_client: AsyncClient, fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may ask, so asking must not use up PostgreSQL's connections."""
    looks, at_once = [0], [0]
    look = health._database

    async def counted() -> bool:
        looks[0] += 1
        at_once[0] = max(at_once[0], looks[0])
        try:
            return await look()
        finally:
            looks[0] -= 1

    monkeypatch.setattr(health, "_database", counted)
    answers = await asyncio.gather(*(async_client.get("/healthz") for _ in range(30)))
    assert all(answer.json()["database"] for answer in answers)
    assert at_once == [1]
    monkeypatch.setitem(connections.settings["default"], "PORT", 1)
    assert not (await async_client.get("/healthz")).json()["database"], "an old answer was kept"


def test_it_answers_under_any_host_name(client: Client, fresh_database: TestDatabase) -> None:
    assert client.get("/healthz", headers={"host": "10.1.2.3:8000"}).status_code == 503


def test_a_real_worker_beats(worker: Child, valkey: "redis.Redis[bytes]") -> None:
    deadline = time.monotonic() + 120
    while valkey.get(HEARTBEAT_KEY) is None and time.monotonic() < deadline:
        assert worker.exited() is None, worker.last_lines()
        time.sleep(0.05)
    assert abs(int(valkey.get(HEARTBEAT_KEY) or 0) - time.time()) < HEARTBEAT_TTL
    assert 0 < valkey.ttl(HEARTBEAT_KEY) <= HEARTBEAT_TTL
