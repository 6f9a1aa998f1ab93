"""What the processes count, as metrics; `beep.operations` shows it, docs/operations.md explains it.

Two kinds, by what counting costs. The delivery engine counts in plain integers (`total`), some forty
nanoseconds each and no lock, because only its event loop writes them; they become metrics when somebody
asks. What happens once a batch or rarer uses the client library's own counters and histograms.

Nothing here names a person, a device, a conversation or an address: labels are refusal codes, close codes and
task names, all from closed lists.
"""

import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

disable_created_metrics()  # type: ignore[no-untyped-call]  # A second gauge for each histogram, which says when the process began.

REGISTRY: Final = CollectorRegistry(auto_describe=True)
"""Everything that `/metrics` shows; of the process itself too (memory, processor time, open files)."""


@dataclass(slots=True)
class Totals:
    """Since the process began. Only the event loop of the engine writes here."""

    received: int = 0
    accepted: int = 0
    delivered: int = 0
    opened: int = 0
    turned_away: int = 0
    repairs: int = 0
    repaired: int = 0
    parcels: int = 0
    relay_dropped: int = 0
    leases_failed: int = 0
    polls: int = 0
    wakes: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """By code of the catalogue."""
    closed: dict[int, int] = field(default_factory=dict)
    """By close code."""

    def refuse(self, code: str) -> None:
        """A request was refused with `code`."""
        self.refused[code] = self.refused.get(code, 0) + 1

    def close(self, code: int) -> None:
        """A socket was closed from our side with `code`."""
        self.closed[code] = self.closed.get(code, 0) + 1


total: Final = Totals()

COUNTERS: Final = {
    "received": ("beep_frames_received", "Frames that clients sent"),
    "accepted": ("beep_envelopes_accepted", "Application envelopes committed by this process"),
    "delivered": ("beep_envelopes_delivered", "Envelopes handed to sockets, one for each socket"),
    "opened": ("beep_sockets_opened", "Sockets admitted with a living session"),
    "turned_away": ("beep_sockets_turned_away", "Connections turned away for coming too often"),
    "repairs": ("beep_gap_repairs", "Times that a conversation's gap was read from the database"),
    "repaired": ("beep_gap_envelopes", "Envelopes that such reads have brought"),
    "parcels": ("beep_relay_parcels", "Parcels published to the other engines"),
    "relay_dropped": ("beep_relay_dropped_bytes", "Bytes for other engines that found no room"),
    "leases_failed": ("beep_limit_leases_failed", "Times that shares of rate limits could not be agreed on"),
    "polls": ("beep_poll_requests", "Long-poll requests answered"),
    "wakes": ("beep_wakes_sent", "Wake bytes sent"),
}
"""Field of `Totals` → name without `_total`, and what it counts."""

LEVELS: Final = {
    "sockets": ("beep_sockets", "Sockets that have said hello"),
    "connections": ("beep_connections", "Connections to the engine, those before hello included"),
    "rooms": ("beep_rooms", "Conversations with a local socket"),
    "writer_queue": ("beep_writer_queue", "Submissions that wait for the next commit"),
    "slow_queue": ("beep_slow_queue", "Calls that wait for a thread of the slow path"),
    "relay_bytes": ("beep_relay_waiting_bytes", "Bytes that wait to be published to the other engines"),
    "relay_up": ("beep_relay_up", "1 while the subscription to the other engines stands"),
    "marks": ("beep_delivered_marks_waiting", "Delivered marks that wait to be written"),
    "buckets": ("beep_limit_buckets", "Devices, persons and addresses whose rate is being counted"),
    "limits_shared": ("beep_limits_shared", "1 while the processes share one count of rates through Valkey"),
    "polls_held": ("beep_polls_held", "Long polls that are being held"),
    "wake_sockets": ("beep_wake_sockets", "Sockets that only say: something waits"),
    "loop_lag": ("beep_loop_lag_seconds", "How late the event loop came round in its last look, in seconds"),
}
"""Key in `Source.levels` → name and meaning."""

batch_size: Final = Histogram(
    "beep_batch_envelopes",
    "Submissions in one commit",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
    registry=REGISTRY,
)
commit_seconds: Final = Histogram(
    "beep_commit_seconds",
    "From the first statement of a batch to its COMMIT",
    buckets=(0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 5),
    registry=REGISTRY,
)
tasks: Final = Counter(
    "beep_celery_tasks", "Tasks that the worker has ended", ("task", "outcome"), registry=REGISTRY
)
task_seconds: Final = Histogram(
    "beep_celery_task_seconds",
    "How long tasks took",
    ("task",),
    buckets=(0.01, 0.1, 1, 10, 60),
    registry=REGISTRY,
)

clock_skew: Final = Gauge(
    "beep_clock_skew_seconds",
    "This machine's clock minus PostgreSQL's, as measured in the last minute",
    registry=REGISTRY,
)


class Source(Protocol):
    """Something whose present size is shown. Asked in another thread: it may look at lengths, not iterate."""

    def levels(self) -> Mapping[str, float]:
        """Keys of `LEVELS`; those of several sources are added up."""


class _Engine(Collector):
    """`total` and the levels of every living source, read when asked."""

    def __init__(self) -> None:
        self.sources: Final[weakref.WeakSet[Source]] = weakref.WeakSet()

    def collect(self) -> Iterator[Metric]:
        """Every metric, zeros too: a name that only appears with trouble cannot be alerted on."""
        for attribute, (name, meaning) in COUNTERS.items():
            yield CounterMetricFamily(name, meaning, value=getattr(total, attribute))
        refused = CounterMetricFamily("beep_refused", "Requests refused, by code", labels=("code",))
        for code, count in total.refused.copy().items():
            refused.add_metric((code,), count)
        yield refused
        closed = CounterMetricFamily(
            "beep_sockets_closed", "Sockets closed from our side, by close code", labels=("code",)
        )
        for number, count in total.closed.copy().items():
            closed.add_metric((str(number),), count)
        yield closed
        found: dict[str, float] = {}
        for source in tuple(self.sources):
            for key, value in source.levels().items():
                found[key] = found.get(key, 0) + value
        for key, (name, meaning) in LEVELS.items():
            yield GaugeMetricFamily(name, meaning, value=found.get(key, 0))


_engine: Final = _Engine()
REGISTRY.register(_engine)
for _kind in (ProcessCollector, PlatformCollector, GCCollector):
    _kind(registry=REGISTRY)


def watch(source: Source) -> None:
    """Show the levels of `source` for as long as it lives."""
    _engine.sources.add(source)


class Pulse:
    """When something that must go round last did. `/live` fails when it has stood still."""

    def __init__(self) -> None:
        self._at: float | None = None

    def beat(self) -> None:
        """It goes round."""
        self._at = time.monotonic()

    def end(self) -> None:
        """It has stopped for a good reason."""
        self._at = None

    def silence(self) -> float:
        """Seconds since the last beat; 0 before the first and after the end."""
        return 0.0 if self._at is None else time.monotonic() - self._at


loop: Final = Pulse()
"""The event loop of the engine."""
