"""A rolling restart under load: two workers on one listening socket, replaced one after the other.

Clients notice a close with 4412 and nothing else; no connection is refused and every HTTP request answered;
every acknowledged envelope is there once and in order.
"""

import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beep.demo.readiness import Readiness
from beep.processes import Child, spawn
from tests.faults import crowd as crowds
from tests.faults import device, verify
from tests.faults.link import Door
from tests.messaging.engine.processes import ROOT, SERVERS
from tests.support.databases import TestDatabase

PATIENCE = 90.0
"""Seconds until something must have happened, on a machine that has other things to do."""


class Workers:
    """One worker of each kind; both inherit the same socket, which stays open in this process."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self.listener.getsockname()[1]
        self._readiness = Readiness()
        self._folder = folder
        self._environment = {**os.environ, **environment, **self._readiness.environment}
        self._children: dict[str, Child] = {}

    def start(self, kind: str) -> None:
        """Start it and wait until it says that it is ready."""
        descriptor = self.listener.fileno()
        child = spawn(
            kind,
            [sys.executable, "-m", f"messaging.servers.{kind}", "--fd", str(descriptor)],
            log=self._folder / f"{kind}.log",
            env={**self._environment, "BEEP_PORT": str(self.port)},
            cwd=ROOT,
            pass_fds=[descriptor],
        )
        self._children[kind] = child
        deadline = time.monotonic() + PATIENCE
        while not self._readiness.is_ready(child.pid):
            assert child.exited() is None, child.last_lines(40)
            assert time.monotonic() < deadline, child.last_lines(40)
            time.sleep(0.02)

    def terminate(self, kind: str) -> Child:
        """SIGTERM, without waiting."""
        child = self._children[kind]
        child.process.terminate()
        return child

    def close(self) -> None:
        """Stop both."""
        for child in self._children.values():
            child.stop(PATIENCE)
        self._readiness.close()
        self.listener.close()


class Browser:
    """Asks over and over, on a new connection each time; what is not answered is written down."""

    def __init__(self, port: int) -> None:
        self.failures: list[str] = []
        self.answers = 0
        self._url = f"http://127.0.0.1:{port}/healthz"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="browser")

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            try:
                urllib.request.urlopen(self._url, timeout=PATIENCE).close()
            except urllib.error.HTTPError as answer:
                # 503: no Celery worker runs here. It is an answer.
                answer.close()
            except OSError as error:
                self.failures.append(repr(error))
                continue
            self.answers += 1

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask until the end of the block."""
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()


def test_workers_restarted_one_after_the_other_are_not_missed(
    fresh_database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody leaves by themselves, so that every end of a connection is the restart's.
    monkeypatch.setattr(device, "LIFE", (PATIENCE * 10, PATIENCE * 10))
    workers = Workers(tmp_path, fresh_database.environment())
    browser = Browser(workers.port)
    try:
        for kind in SERVERS:
            workers.start(kind)
        cast = crowds.cast()
        with crowds.Crowd(cast, [Door(workers.port)]) as crowd, browser.asking():
            crowd.wait_until_served(PATIENCE)
            for kind in SERVERS:
                crowd.wait_for_requests()
                ending = workers.terminate(kind)
                assert ending.process.wait(PATIENCE) == 0, ending.last_lines(40)
                workers.start(kind)
                crowd.wait_until_served(PATIENCE)
            crowd.finish()
            ends = {name for name in crowd.tally.counts if name.startswith("closed_")}
            assert ends == {"closed_4412"}, crowd.tally.counts
        figures = verify.everything(
            crowd, cast, fresh_database.urls.superuser, resume_at=[Door(workers.port)]
        )
    finally:
        workers.close()
    assert browser.failures == []
    assert browser.answers > 20
    assert figures["envelopes"] > 100
