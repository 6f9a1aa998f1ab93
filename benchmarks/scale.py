"""`python -m benchmarks.scale FIGURES`: what a number of employees costs in machines.

FIGURES are the JSON lines of `make bench`. Everything that was measured comes from there; everything assumed
is an option of the command, and both are printed above the answer. Machines run at half of what they bear
(`--headroom 2`), and what must survive a machine's end is there once more.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import Figures, median_of, table

DAY_SECONDS: Final = 8 * 3600
WORKING_DAYS: Final = 230


@dataclass(frozen=True)
class Assumed:
    """What nobody has measured; the defaults are a generous guess for office work."""

    employees: int = 1_000_000
    devices: float = 1.5
    """Devices of a person that are connected at the busiest moment."""
    messages: float = 40.0
    """Messages that a person sends on a working day of eight hours."""
    receivers: float = 12.0
    """Connected devices that a message reaches: most messages go to one or two persons, some to hundreds."""
    peak: float = 4.0
    """How much busier the busiest minutes are than the working day's mean."""
    body: int = 900
    """Bytes of a message's body on disk: text in a padded frame, and now and then a commit."""
    headroom: float = 2.0
    """How much more the machines could bear than the peak asks of them."""
    cores: int = 16
    """Cores of a machine."""
    memory: int = 64
    """GB of a machine."""
    disk: int = 8_000
    """GB of envelopes that a database server may hold, so that a restore takes hours."""
    years: float = 3.0
    """How long envelopes are kept."""
    copies: int = 3
    """Database servers of a shard: one that writes, one that follows it synchronously, one to take over."""


@dataclass(frozen=True)
class Measured:
    """From `make bench`, one system on one core."""

    message_us: float
    """W2: CPU of the server for a message, acknowledged and delivered."""
    database_us: float
    """W2: CPU of PostgreSQL for a message."""
    delivery_us: float
    """W1: CPU of the server for a delivery."""
    socket_kb: float
    """W3: memory of an idle connection."""
    return_s: float
    """W5: seconds of one core for the return of one device with ten missed envelopes, PostgreSQL included."""
    row_bytes: float
    """W4: bytes on disk of an envelope, less its body."""


def read(lines: Iterable[str], system: str) -> Measured:
    """Raises KeyError with the workload's name when one of them was not run on the system."""
    runs: dict[str, list[Figures]] = {}
    for line in lines:
        if line.startswith("{") and (figures := json.loads(line)).get("system") == system:
            runs.setdefault(figures["benchmark"], []).append(figures)
    of = {name: median_of(each) for name, each in runs.items()}
    group, pairs, idle, missed, storm = (of[name] for name in ("W1", "W2", "W3", "W4", "W5"))
    return Measured(
        message_us=pairs["cpu_us"] * _share(pairs, "python"),
        database_us=pairs["cpu_us"] * _share(pairs, "postgres"),
        delivery_us=group["cpu_us"] * _share(group, "python"),
        socket_kb=idle["kB_per_connection"],
        return_s=(storm["all_current_s"] - storm["server_up_s"]) / storm["devices"],
        row_bytes=missed["disk_bytes_each"] - missed["body"],
    )


def _share(figures: Figures, program: str) -> float:
    return float(figures["cpu_of"].get(program, 0))


@dataclass(frozen=True)
class Machines:
    """The answer; rates are those of the peak."""

    sockets: float
    messages_per_s: float
    deliveries_per_s: float
    web_cores: float
    web_memory_gb: float
    web_machines: int
    database_cores: float
    disk_gb: float
    shards: int
    database_machines: int
    machines: int
    all_return_s: float


def count(given: Assumed, found: Measured) -> Machines:
    """How many of everything."""
    sockets = given.employees * given.devices
    messages = given.employees * given.messages / DAY_SECONDS * given.peak
    deliveries = messages * given.receivers
    web_cores = (messages * found.message_us + deliveries * found.delivery_us) / 1e6 * given.headroom
    memory = sockets * found.socket_kb / 1e6 * given.headroom
    # One more than needed: a machine may be taken out while all others are at their peak.
    web = math.ceil(max(web_cores / given.cores, memory / given.memory)) + 1
    database_cores = messages * found.database_us / 1e6 * given.headroom
    kept = given.employees * given.messages * WORKING_DAYS * given.years
    disk = kept * (given.body + found.row_bytes) / 1e9
    shards = math.ceil(max(database_cores / given.cores, disk / given.disk))
    return Machines(
        sockets=sockets,
        messages_per_s=messages,
        deliveries_per_s=deliveries,
        web_cores=web_cores,
        web_memory_gb=memory,
        web_machines=web,
        database_cores=database_cores,
        disk_gb=disk,
        shards=shards,
        database_machines=shards * given.copies,
        machines=web + shards * given.copies,
        # While everybody returns the web machines' cores do little else.
        all_return_s=sockets * found.return_s / (web * given.cores),
    )


def report(given: Assumed, found: Measured) -> str:
    """Inputs and answer as tables."""
    parts: list[tuple[str, Any]] = [
        ("assumed", given),
        ("measured", found),
        ("machines", count(given, found)),
    ]
    return "\n\n".join(
        table(
            (title, ""), [(f.name.replace("_", " "), f"{getattr(part, f.name):,.6g}") for f in fields(part)]
        )
        for title, part in parts
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("figures", type=Path)
    parser.add_argument("--system", default="beep-uvicorn")
    for field in fields(Assumed):
        parser.add_argument(f"--{field.name}", type=type(field.default), default=field.default)
    options = vars(parser.parse_args(arguments))
    lines = options.pop("figures").read_text(encoding="utf-8").splitlines()
    system = options.pop("system")
    try:
        found = read(lines, system)
    except KeyError as missing:
        print(f"the file has no {missing} of {system}", file=sys.stderr)
        return 1
    print(report(Assumed(**options), found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
