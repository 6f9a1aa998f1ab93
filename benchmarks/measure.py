"""What every benchmark needs: cores, a driver process, CPU time, memory, the state of the machine, tables.

Core 0 is the system's (server, PostgreSQL, Valkey) and core 1 the driver's; `cores="both"` lets everything
run everywhere. Whoever measures sits on core 0 as well and sleeps meanwhile.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

Figures = dict[str, Any]

DRIVER_CORE: Final = 1
PAGE_SIZE: Final = os.sysconf("SC_PAGE_SIZE")


def pin(core: int) -> None:
    """This process, and what it starts from now on, to one core; does nothing on a machine with only one."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


def end_in_order() -> None:
    """Let SIGTERM end this process as an error does, so that everything it started is ended too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@contextmanager
def every_core() -> Iterator[None]:
    """Within the block this process, all below it and what they start have every core; then core 0 again."""
    _place_all(range(os.cpu_count() or 1))
    try:
        yield
    finally:
        _place_all([0])


def _place_all(cores: Iterable[int]) -> None:
    wanted = set(cores)
    for pid in {os.getpid(), *_below(os.getpid(), dict(_stats()))}:
        with suppress(OSError):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), wanted)


def conditions() -> Figures:
    """What else the machine is doing: figures from a busy one are lower bounds."""
    return {
        "cores": os.cpu_count(),
        "load_1_min": round(os.getloadavg()[0], 2),
        "others_busy": round(_busy_of_others(1.0), 2),
        "python": sys.version.split()[0],
    }


def _busy_of_others(seconds: float) -> float:
    """Cores in use during these seconds, in which we ourselves sleep."""

    def busy() -> float:
        fields = [int(n) for n in Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:9]]
        # idle and iowait are the fourth and fifth field of proc(5)
        return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")

    before = busy()
    time.sleep(seconds)
    return (busy() - before) / seconds


@contextmanager
def driver(module: str, order: Mapping[str, Any], *, cores: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A driver process that has its order; it is gone after the block. Raises SystemExit when it failed."""

    def place() -> None:
        if cores == "one":
            pin(DRIVER_CORE)

    process = subprocess.Popen(
        [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=place
    )
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(order).encode())
        process.stdin.close()
        yield process
        if process.wait() != 0:
            raise SystemExit(f"the driver {module} failed at {order['work']}")
    finally:
        process.kill()
        process.wait()


def drive(module: str, order: Mapping[str, Any], *, cores: str = "one") -> Figures:
    """Run the driver; to its figures come the system's CPU time for each thing counted.

    `cpu_us` is what server, PostgreSQL and Valkey together spent on one delivery or message, in microseconds:
    unlike the rates it means something on a machine that others use too. `core` is the share of one core, and
    `cpu_of` how it is shared among the programs.
    """
    spent: list[Counter[str]] = []
    figures: Figures = {}
    with driver(module, order, cores=cores) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line in (b"begin\n", b"end\n"):
                spent.append(cpu_seconds(without=process.pid))
            else:
                figures = json.loads(line)
    if len(spent) == 2 and (counted := figures.pop("counted", 0)):
        of = spent[1] - spent[0]
        used = of.total()
        figures |= {"cpu_us": round(used / counted * 1e6, 2), "core": round(used / figures["seconds"], 2)}
        figures["cpu_of"] = {
            name: round(own / used, 2) for name, own in of.most_common() if own / used >= 0.01
        }
    return figures


def cpu_seconds(*, without: int) -> Counter[str]:
    """User and system time of the processes below this one, except the driver's, by the program's name."""
    stats, spent = dict(_stats()), Counter[str]()
    for pid in _below(os.getpid(), stats, without=without):
        with suppress(OSError):
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
            if name == "py-spy":
                continue  # it looks at a system and is none of it
            ticks = int(stats[pid][11]) + int(stats[pid][12])
            spent[name] += ticks / os.sysconf("SC_CLK_TCK")  # type: ignore[assignment]
    return spent


def resident(roots: Iterable[int]) -> int:
    """Resident bytes of these processes and of all below them."""
    stats = dict(_stats())
    pids = {pid for root in roots for pid in _below(root, stats)} | set(roots)
    return sum(int(stats[pid][21]) for pid in pids if pid in stats) * PAGE_SIZE


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Process id and the fields of /proc/<pid>/stat from the state on (proc(5), field 3 is ours 0)."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield int(entry.name), (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _below(root: int, stats: Mapping[int, list[str]], *, without: int = 0) -> set[int]:
    found = {root}
    while more := {pid for pid, f in stats.items() if int(f[1]) in found} - found - {without}:
        found |= more
    return found - {root}


def say(figures: Mapping[str, Any]) -> None:
    """One JSON line."""
    print(json.dumps(figures), flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [list(map(str, head)), ["---"] * len(head), *(list(map(str, row)) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def median_of(runs: Sequence[Figures]) -> Figures:
    """Figure by figure the median of several runs; words are the first run's."""
    return {
        name: statistics.median([run[name] for run in runs if name in run]) if _is_number(value) else value
        for name, value in runs[0].items()
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def until(ready: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait until it is so; raises SystemExit with `what` otherwise."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(what)
        time.sleep(0.05)
