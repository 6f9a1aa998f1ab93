"""What the drivers of all systems share: the clock, the window, what is counted between `begin` and `end`."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol


class Source(Protocol):
    """Somebody who keeps a number of messages unanswered."""

    def go(self, count: int) -> None:
        """Send the next `count` messages."""

    def waiting(self) -> bool:
        """Whether an answer is still to come."""


class Load:
    """Samples in milliseconds; they count only while `counting`."""

    def __init__(self, *, window: int, warm_up: float, patience: float = 30.0) -> None:
        self.window = window
        self.warm_up = warm_up
        self.patience = patience
        """Seconds that what is on its way may take in the end."""
        self.deliveries: list[float] = []
        self.answers: list[float] = []
        self.received = 0
        """All deliveries, counted or not."""
        self.counting = False
        self.running = True

    async def measure(self, sources: Sequence[Source], seconds: float) -> dict[str, float]:
        """Start everybody, warm up, count, stop; figures of the driver's own load.

        Whoever started the driver looks at the system's CPU time when it reads `begin` and `end`.
        """
        for source in sources:
            source.go(self.window)
        await asyncio.sleep(self.warm_up)
        wall, busy = time.perf_counter(), time.process_time()
        print("begin", flush=True)
        self.counting = True
        await asyncio.sleep(seconds)
        self.counting = False
        print("end", flush=True)
        wall, busy = time.perf_counter() - wall, time.process_time() - busy
        self.running = False
        await settle(lambda: not any(source.waiting() for source in sources), seconds=self.patience)
        return {"seconds": round(wall, 2), "driver_idle": round(max(0.0, 1 - busy / wall), 2)}


def quantiles(values: list[float]) -> dict[str, float]:
    """p50 and p99."""
    ordered = sorted(values) or [0.0]
    return {
        "p50_ms": round(ordered[len(ordered) // 2], 2),
        "p99_ms": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 2),
    }


async def settle(done: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Wait for what is still on its way; the caller looks whether it came."""
    deadline = time.perf_counter() + seconds
    # Looked at, and not told: the hot path has no word for "that was the last one".
    while not done() and time.perf_counter() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def group_figures(load: Load, own: dict[str, float]) -> dict[str, float]:
    """W1: deliveries to every member, timed from sending to arrival; `sent` is the sender's answer."""
    return {
        "counted": len(load.deliveries),
        "deliveries_per_s": round(len(load.deliveries) / own["seconds"]),
        "all_deliveries": load.received,
        **quantiles(load.deliveries),
        "sent_p50_ms": quantiles(load.answers)["p50_ms"],
        **own,
    }


def pair_figures(load: Load, own: dict[str, float]) -> dict[str, float]:
    """W2: messages whose acknowledgement has come, timed from sending to it."""
    return {
        "counted": len(load.answers),
        "messages_per_s": round(len(load.answers) / own["seconds"]),
        "all_deliveries": load.received,
        **quantiles(load.answers),
        **own,
    }
