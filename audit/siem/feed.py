"""The feed as a process: leaves in order, at least once, under their own numbers.

One thread, one read-only connection to the database, one to the receiver, one batch in memory: whatever the
receiver does, nobody else waits for it. What the receiver has confirmed is remembered on disk; after any
failure the feed goes back to there, so that nothing is missing, and what comes twice has the same sequence.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

import psycopg
import structlog
from prometheus_client import Counter, Gauge

from audit.log import LogError
from audit.pauses import Pauses
from audit.siem.configuration import ConfigurationError
from audit.siem.frame import frame, message
from audit.siem.ocsf import Leaf, convert, finding
from audit.siem.reading import Batch, Gap, Reader
from audit.siem.sending import Link
from audit.siem.state import State
from beep import clock, metrics

logger = structlog.get_logger(__name__)

EVERY: Final = 1.0
"""Seconds between looks at a log in which nothing is new."""
SETTLE_EVERY: Final = 10.0
"""Seconds after which what was sent is to be confirmed."""
SETTLE_LEAVES: Final = 10_000
"""The same in leaves: as many may come twice."""
PAUSES: Final = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds before the next attempt; up to a quarter is taken off by chance."""
AGAIN: Final = 600.0
"""Seconds after which a contradiction that stands is told again."""

sequence_gauge: Final = Gauge(
    "beep_siem_sequence", "Entries of the audit log that the SIEM has confirmed", registry=metrics.REGISTRY
)
waiting_gauge: Final = Gauge(
    "beep_siem_waiting", "Entries that the SIEM has not confirmed yet", registry=metrics.REGISTRY
)
lag_gauge: Final = Gauge(
    "beep_siem_lag_seconds", "Age of the oldest entry sent and not confirmed", registry=metrics.REGISTRY
)
failures: Final = Counter(
    "beep_siem_failures", "Times that reading, sending or confirming failed", registry=metrics.REGISTRY
)
gaps: Final = Counter(
    "beep_siem_gaps", "Contradictions in the log that the feed has found", registry=metrics.REGISTRY
)


class Feed:
    """Feeds one receiver from one log."""

    def __init__(
        self,
        *,
        reader: Reader,
        connect: Callable[[], Link],
        state: State,
        origin: str,
        pen: int,
    ) -> None:
        self._reader: Final = reader
        self._connect: Final = connect
        self._state: Final = state
        self._origin: Final = origin
        self._host: Final = origin.partition("/")[0]
        self._pen: Final = pen
        self._stop: Final = threading.Event()
        self._link: Link | None = None
        self._position = state.frontier
        self._oldest: int | None = None
        """When the oldest unconfirmed leaf came about (milliseconds UTC)."""
        self._since = 0.0
        self._size = self._position.size
        self._told: Final[dict[tuple[str, int], float]] = {}
        """When each contradiction was told last."""

    def stop(self) -> None:
        """End `run`; from any thread or a signal's handler."""
        self._stop.set()

    def run(self) -> None:
        """Feed until `stop`."""
        pauses = Pauses(*PAUSES)
        logger.info("siem_feed_begins", sequence=self._position.size)
        while not self._stop.is_set():
            try:
                idle = self._turn()
                # Only what was confirmed, or needs no confirming, shows that all is well again.
                if self._link is None:
                    pauses.worked()
            except (OSError, psycopg.Error, LogError, ConfigurationError) as error:
                failures.inc()
                self._go_back()
                pause = pauses.failed()
                logger.error("siem_feed_failed", error=type(error).__name__, reason=str(error), pause=pause)
                self._observe()
                # No secret: only so that two feeds do not knock in step.
                self._stop.wait(pause * random.uniform(0.75, 1.0))  # noqa: S311
                continue
            self._observe()
            if idle:
                self._stop.wait(EVERY)
        try:
            self._settle()
        except OSError as error:
            logger.warning("siem_feed_unsettled", reason=str(error))
            self._go_back()
        self._reader.close()

    def _turn(self) -> bool:
        """Read and send one batch, have it confirmed when it is time; True when there is nothing to do."""
        batch = self._reader.read(self._position)
        self._size = batch.size
        news = self._news(batch)
        if batch.leaves or news:
            self._send(batch, news)
        else:
            self._position = batch.frontier
            if self._link is not None:
                self._link.check()
        sent = self._position.size - self._state.frontier.size
        if self._link is not None and (
            news or sent >= SETTLE_LEAVES or time.monotonic() - self._since >= SETTLE_EVERY
        ):
            self._settle()
        return not batch.leaves

    def _news(self, batch: Batch) -> list[Gap]:
        """The contradictions that are to be told now: each at once, and again while it stands."""
        now = time.monotonic()
        if len(self._told) > 1000:
            self._told.clear()
        news = [gap for gap in batch.gaps if now >= self._told.get((gap.name, gap.leaf), now)]
        for gap in news:
            self._told[gap.name, gap.leaf] = now + AGAIN
            gaps.inc()
            logger.critical("siem_gap", kind=gap.name, leaf=gap.leaf, reason=gap.detail)
        return news

    def _send(self, batch: Batch, news: list[Gap]) -> None:
        if self._oldest is None and batch.leaves:
            self._oldest = batch.leaves[0].at
        if self._link is None:
            self._link, self._since = self._connect(), time.monotonic()
        self._link.send(self._frames(batch, news))
        self._position = batch.frontier

    def _frames(self, batch: Batch, news: list[Gap]) -> Iterator[bytes]:
        for gap in news:
            yield self._alarm(gap)
        for leaf in batch.leaves:
            yield self._frame(leaf, batch.openings)

    def _frame(self, leaf: Leaf, openings: dict[str, str]) -> bytes:
        return frame(
            message(
                convert(leaf, self._origin, openings),
                at=leaf.at,
                host=self._host,
                name=leaf.action,
                parameters={
                    "sequence": str(leaf.index),
                    "leaf": leaf.hash.hex(),
                    "log": self._origin,
                },
                pen=self._pen,
            )
        )

    def _alarm(self, gap: Gap) -> bytes:
        now = clock.now_ms()
        converted = finding(gap.name, gap.detail, at=now, origin=self._origin, sequence=gap.leaf)
        parameters = {"gap": gap.name, "first": str(gap.leaf), "log": self._origin}
        return frame(
            message(converted, at=now, host=self._host, name="siem_gap", parameters=parameters, pen=self._pen)
        )

    def _settle(self) -> None:
        """Have everything confirmed and remember it; the link is closed then."""
        link, self._link = self._link, None
        if link is None:
            return
        link.settle()
        self._state.save(self._position)
        self._oldest = None

    def _go_back(self) -> None:
        """To what is known to have arrived."""
        if self._link is not None:
            self._link.drop()
            self._link = None
        self._position = self._state.frontier
        self._told.clear()

    def _observe(self) -> None:
        confirmed = self._state.frontier.size
        sequence_gauge.set(confirmed)
        waiting_gauge.set(max(0, self._size - confirmed))
        late = 0 if self._oldest is None else clock.now_ms() - self._oldest
        lag_gauge.set(max(0.0, late / 1000))
