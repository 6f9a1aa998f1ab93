"""Ends a worker that takes no tasks although Valkey is there, so that whoever supervises it starts another.

A worker whose connection broke at the wrong moment may wait for ever on one that is dead: it looks alive,
and nothing is done any more. Tasks hold nothing (rows do), so a new process is always as good. Runs in a
thread of its own, because whatever the worker hangs in may hold its timers too. Without Valkey nobody is
ended: then no worker could take a task.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Final

import redis
import structlog

log = structlog.get_logger(__name__)

PATIENCE: Final = 30.0
"""Seconds without a finished task, Valkey being there all the time: six heartbeats."""
LOOK_EVERY: Final = 2.0
STATUS: Final = 75
"""EX_TEMPFAIL of sysexits: try again."""


class Watchdog:
    """Watches this process. `patience` in seconds; `end` is what happens to a worker that is stuck."""

    def __init__(
        self, valkey_url: str, *, patience: float = PATIENCE, end: Callable[[], object] | None = None
    ) -> None:
        self._valkey: Final = redis.Redis.from_url(
            valkey_url, socket_timeout=1, socket_connect_timeout=1, retry=None
        )
        self._patience: Final = patience
        self._end: Final = end or (lambda: os._exit(STATUS))
        self._done = time.monotonic()
        self._there_since: float | None = None

    def start(self) -> None:
        """Watch from now on."""
        threading.Thread(target=self._watch, name="beep-watchdog", daemon=True).start()

    def task_ended(self) -> None:
        """A task has ended, well or badly."""
        self._done = time.monotonic()

    def look(self) -> bool:
        """Look once; whether the worker is stuck."""
        now = time.monotonic()
        if not self._answers():
            self._there_since = None
            return False
        if self._there_since is None:
            self._there_since = now
        return now - max(self._done, self._there_since) > self._patience

    def _watch(self) -> None:
        while not self.look():
            time.sleep(LOOK_EVERY)
        log.error("worker_stuck", seconds=round(time.monotonic() - self._done))
        self._end()

    def _answers(self) -> bool:
        try:
            return bool(self._valkey.ping())
        except (redis.RedisError, OSError):
            return False
