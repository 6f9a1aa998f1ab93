"""The six workloads, for whichever system: `run(system, "W1", sizes)` gives its figures.

| | what | counted |
| --- | --- | --- |
| W1 | one group, 50 connected members, one sender, window 16 | deliveries a second; from sending to arrival |
| W1-1 | the same, window 1 | the same |
| W2 | 100 pairs, window 4 | messages acknowledged after commit a second; from sending to it |
| W2-both | the same, with both cores for everybody, the driver included | the same |
| W3 | 5,000 idle connections | resident bytes of the server that one more connection takes |
| W4 | 10,000 missed messages | seconds until one device has fetched them |
| W5 | 2,000 devices after a kill -9 of the server | seconds until all are current (Beep only) |
| W6 | a mixed day: 2,000 devices in tens, nine readings to one message, bursts (Beep only) | p50, p99 |
"""

import json
import time
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from benchmarks import measure
from benchmarks.beep import Beep
from benchmarks.measure import Figures


@dataclass(frozen=True)
class Sizes:
    """How large everything is; the defaults are the ones that figures are given for."""

    seconds: float = 5.0
    size: int = 300
    """Bytes of a message's body."""
    members: int = 50
    pairs: int = 100
    connections: int = 5_000
    missed: int = 10_000
    storm: int = 2_000
    day: int = 2_000
    warm_up: float = 1.0
    """Seconds before counting begins."""
    window: int = 1
    """Set by the workload."""


class System(Protocol):
    """What is measured."""

    name: str
    driver: str
    idle_connections: int
    """Connections in W3, when fewer than asked for."""
    missed: int
    """Messages in W4, when fewer than asked for."""

    def start(self) -> None:
        """Start its servers."""

    def stop(self) -> None:
        """End them."""

    def pids(self) -> list[int]:
        """Processes whose memory counts."""

    def last_words(self) -> str:
        """The end of its log, for when something failed."""

    def order(self, work: str, options: Any) -> dict[str, Any]:
        """Make what the workload needs; what the driver is told."""


ALL: Final = ("W1", "W1-1", "W2", "W3", "W4", "W5", "W6")
ONCE: Final = ("W3", "W5", "W6")
"""Those that take long and vary little: one run each."""
COMMON: Final = ("W1", "W1-1", "W2", "W2-both", "W3", "W4")
"""Those that every system does."""


def run(system: System, name: str, sizes: Sizes) -> Figures:
    """Do one workload on a system that runs."""
    match name:
        case "W1" | "W1-1":
            return _drive(system, "fan_out", replace(sizes, window=16 if name == "W1" else 1))
        case "W2":
            return _drive(system, "pairs", replace(sizes, window=4))
        case "W2-both":
            return _drive(system, "pairs", replace(sizes, window=4), cores="both")
        case "W3":
            return idle(system, sizes)
        case "W4":
            figures = _drive(system, "catch_up", replace(sizes, missed=min(sizes.missed, system.missed)))
            if isinstance(system, Beep):
                figures["disk_bytes_each"] = system.bytes_per_envelope()
            return figures
        case "W5" if isinstance(system, Beep):
            return storm(system, sizes)
        case "W6":
            return _drive(system, "mixed", sizes)
    raise ValueError(name)


def _drive(system: System, work: str, sizes: Sizes, *, cores: str = "one") -> Figures:
    order = system.order(work, sizes)
    return {"window": sizes.window, **measure.drive(system.driver, order, cores=cores)}


def idle(system: System, sizes: Sizes) -> Figures:
    """W3: some connections first, which bring everything that the first ones cost; then the counted ones."""
    count = min(sizes.connections, system.idle_connections)
    first = system.order("idle", replace(sizes, connections=max(2, count // 50 * 2), seconds=0.5))
    measure.drive(system.driver, first)
    order = system.order("idle", replace(sizes, connections=count, seconds=3600.0))
    time.sleep(min(1.0, sizes.seconds))
    before = measure.resident(system.pids())
    process = measure.driver(system.driver, order, cores="one")
    with process as running:
        assert running.stdout is not None
        connected = running.stdout.readline()
        if not connected:
            raise SystemExit(f"{system.name}: connections were refused")
        time.sleep(
            min(2.0, sizes.seconds)
        )  # what a handshake leaves behind is freed; a connection at rest is measured
        after = measure.resident(system.pids())
        running.kill()
        running.wait()
        running.returncode = 0
    return {"connections": count, "kB_per_connection": round((after - before) / count / 1_000, 1)}


def storm(system: Beep, sizes: Sizes) -> Figures:
    """W5: the servers are killed and started again at once; the time counts from the kill."""
    with measure.driver(system.driver, system.order("storm", sizes), cores="one") as running:
        assert running.stdout is not None
        if not running.stdout.readline():
            raise SystemExit(f"{system.name}: connections were refused")
        began = time.perf_counter()
        system.kill()
        system.start()
        up = time.perf_counter() - began
        figures: Figures = json.loads(running.stdout.read())
    return {"server_up_s": round(up, 2), **figures}
