"""What the key log's process shows of itself (`docs/operations.md`, the operations port).

Ages are reckoned when somebody asks, so that a process which hangs is seen to grow old.
"""

import time
from typing import Final

from prometheus_client import Counter, Gauge

from beep import clock, metrics

epochs_gauge: Final = Gauge("beep_keys_epochs", "Epochs in the key log", registry=metrics.REGISTRY)
cosigned_gauge: Final = Gauge(
    "beep_keys_cosigned_epochs", "Epochs that a quorum has cosigned", registry=metrics.REGISTRY
)
refused_gauge: Final = Gauge(
    "beep_keys_refused_changes",
    "Queued changes that do not continue the key log and are never published",
    registry=metrics.REGISTRY,
)
forked_gauge: Final = Gauge(
    "beep_keys_forked", "1 when a witness knows another history of the key log", registry=metrics.REGISTRY
)
failures: Final = Counter(
    "beep_keys_rounds_failed",
    "Rounds of the key log's process that failed: no database, no quorum",
    registry=metrics.REGISTRY,
)


class Progress:
    """How far this process has come. Written by its one thread, read by the operations port's."""

    def __init__(self) -> None:
        self._epoch_at: int | None = None
        self._quorum_at: int | None = None
        self._behind_since: float | None = None

    def published(self, *, size: int, at: int) -> None:
        """The log has `size` epochs, the last one of `at`, milliseconds UTC."""
        epochs_gauge.set(size)
        self._epoch_at = at if size else None

    def cosigned(self, *, size: int, at: int) -> None:
        """The quorum's word about `size` epochs was kept at `at`, milliseconds UTC."""
        cosigned_gauge.set(size)
        self._quorum_at = at

    def behind(self) -> None:
        """Something is accepted, or may be, that clients are not shown yet."""
        if self._behind_since is None:
            self._behind_since = time.monotonic()

    def level(self) -> None:
        """Clients are shown everything."""
        self._behind_since = None

    def failed(self) -> None:
        """A round came to nothing; whatever waits goes on waiting."""
        failures.inc()
        self.behind()

    def epoch_age(self) -> float:
        """Seconds since the newest epoch; 0 before the first."""
        return _age(self._epoch_at)

    def quorum_age(self) -> float:
        """Seconds since a quorum's word was last kept; 0 before the first."""
        return _age(self._quorum_at)

    def lag(self) -> float:
        """Seconds since clients were last shown everything."""
        since = self._behind_since
        return 0.0 if since is None else time.monotonic() - since


def _age(at: int | None) -> float:
    return 0.0 if at is None else max(0.0, (clock.now_ms() - at) / 1000)


progress: Final = Progress()

Gauge(
    "beep_keys_epoch_age_seconds", "Age of the key log's newest epoch", registry=metrics.REGISTRY
).set_function(progress.epoch_age)
Gauge(
    "beep_keys_quorum_age_seconds",
    "Time since a quorum of witnesses last cosigned the key log",
    registry=metrics.REGISTRY,
).set_function(progress.quorum_age)
Gauge(
    "beep_keys_lag_seconds",
    "Time since clients were last shown every accepted statement",
    registry=metrics.REGISTRY,
).set_function(progress.lag)
