"""How far this machine's clock is from PostgreSQL's: looked at when a process starts and every minute after.

All machines of a deployment keep one time (NTP); what goes wrong first when one does not is hard to recognise
as that: codes of authenticators are refused, sessions end early, envelopes carry times that jump. So every
process measures, shows `beep_clock_skew_seconds` on its operations port, and complains in its log.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any, Final

import psycopg
import structlog

from beep import metrics

log = structlog.get_logger(__name__)

Line = Mapping[str, Any]
"""Parameters of a connection: `beep.environment.DatabaseUrl.line`."""

INTERVAL: Final = 60.0
"""Seconds between two looks."""
TOO_MUCH: Final = 2.0
"""Seconds from which on the log complains: below what anything suffers from, above what NTP leaves."""
ASK: Final = "SELECT extract(epoch FROM clock_timestamp())::float8"


def measure(line: Line) -> tuple[float, float]:
    """This machine's clock minus PostgreSQL's, and how uncertain that is: half of the way there and back.

    Both in seconds. Raises psycopg.Error when PostgreSQL does not answer.
    """
    with psycopg.connect(**line, connect_timeout=5, autocommit=True) as connection:
        best = (0.0, float("inf"))
        # The shortest of a few ways says most; the first one also plans the statement.
        for _ in range(3):
            before, began = time.time(), time.monotonic()
            row = connection.execute(ASK).fetchone()
            uncertain = (time.monotonic() - began) / 2
            assert row is not None
            if uncertain < best[1]:
                best = (before + uncertain - row[0], uncertain)
        return best


def look(line: Line) -> None:
    """Measure once, show it, and complain when it is certainly too much; without PostgreSQL say nothing."""
    try:
        skew, uncertain = measure(line)
    except psycopg.Error:
        # Its own absence is noticed and told elsewhere.
        return
    metrics.clock_skew.set(skew)
    if abs(skew) - uncertain > TOO_MUCH:
        log.warning("clock_skew", seconds=round(skew, 3), uncertain=round(uncertain, 3))


def start(line: Line) -> None:
    """Look now and every minute, in a thread of its own, until the process ends."""
    threading.Thread(target=_run, args=(line,), name="beep-clock", daemon=True).start()


def _run(line: Line) -> None:
    while True:
        look(line)
        time.sleep(INTERVAL)
