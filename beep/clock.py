"""The one clock of the server, so that a test can stop it and move it.

Nothing else may ask the system for the time of day; durations inside one process use `time.monotonic`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_stopped_at: int | None = None


def now_ms() -> int:
    """Milliseconds since 1970-01-01 UTC, as every wire format carries them (u64)."""
    return time.time_ns() // 1_000_000 if _stopped_at is None else _stopped_at


def now() -> datetime:
    """The same moment as an aware datetime in UTC, cut to whole milliseconds."""
    return from_ms(now_ms())


def from_ms(milliseconds: int) -> datetime:
    """Aware datetime of a wire timestamp, exact to the millisecond."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC) + timedelta(milliseconds=milliseconds % 1000)


def to_ms(moment: datetime) -> int:
    """Wire timestamp of an aware datetime, rounded down; raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime names no moment")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


class StoppedClock:
    """Handle of a stopped clock; only `stopped` makes one."""

    def advance(self, delta: timedelta) -> None:
        """Move the stopped clock; a negative delta moves it back."""
        global _stopped_at
        assert _stopped_at is not None
        _stopped_at += delta // timedelta(milliseconds=1)


@contextmanager
def stopped(at: datetime | None = None) -> Iterator[StoppedClock]:
    """Stop the clock of this process, for tests: at `at`, or now."""
    global _stopped_at
    before = _stopped_at
    _stopped_at = to_ms(at) if at else now_ms()
    try:
        yield StoppedClock()
    finally:
        _stopped_at = before
