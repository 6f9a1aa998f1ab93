"""`python -m benchmarks [--server daphne] [--workers 2] [W1 W2 …]`: one JSON line a run, and a table.

Everything runs in a folder of its own that is removed: embedded PostgreSQL (fsync on) and Valkey, the
servers, made-up people. Core 0 is the system's and core 1 the driver's, where the machine has two.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import beep, measure, workloads
from benchmarks.workloads import Sizes

KINDS = ("uvicorn", "daphne")
NOT_SHOWN = (
    "Two workers and the driver share this machine's cores; what a second worker brings cannot be shown here."
)
COLUMNS = {
    "deliveries_per_s": "deliveries/s",
    "messages_per_s": "messages/s",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "kB_per_connection": "kB/connection",
    "envelopes": "envelopes",
    "seconds": "s",
    "all_current_s": "all current s",
    "reads_p50_ms": "reads p50",
    "reads_p99_ms": "reads p99",
    "sends_p50_ms": "sends p50",
    "sends_p99_ms": "sends p99",
    "deliveries_p99_ms": "deliveries p99",
    "cpu_us": "CPU us each",
    "driver_idle": "driver idle",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line names; everything without a name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--server", choices=(*KINDS, "both"), default="both")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=1)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the table has the medians")
    add_sizes(parser)
    parser.add_argument("names", nargs="*", metavar="W", help=", ".join((*workloads.ALL, "W2-both")))
    options = parser.parse_args(arguments)
    names = options.names or workloads.ALL
    if unknown := set(names) - set(workloads.ALL) - set(workloads.COMMON):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    kinds = KINDS if options.server == "both" else (options.server,)
    if options.workers == 1:
        measure.pin(0)
    measure.end_in_order()
    measure.say({"conditions": measure.conditions()})
    if options.workers > 1:
        measure.say({"note": NOT_SHOWN})
    rows = []
    with tempfile.TemporaryDirectory(prefix="beep-bench-") as folder, beep.databases(Path(folder)):
        for name in names:
            rounds = 1 if name in workloads.ONCE else options.rounds
            runs: dict[str, list[measure.Figures]] = {kind: [] for kind in kinds}
            for _ in range(rounds):
                for kind in kinds:
                    runs[kind].append(
                        once(
                            name, beep.Beep(Path(folder), kind=kind, workers=options.workers), sizes(options)
                        )
                    )
            rows += [(name, kind, measure.median_of(runs[kind])) for kind in kinds]
    print(_table(rows))
    return 0


def once(name: str, system: workloads.System, given: Sizes) -> measure.Figures:
    """One workload on a system that is started for it; says what came of it."""
    system.start()
    try:
        figures = workloads.run(system, name, given)
    except SystemExit:
        print(system.last_words(), file=sys.stderr)
        raise
    finally:
        system.stop()
    measure.say({"benchmark": name, "system": system.name, "body": given.size, **figures})
    return figures


def add_sizes(parser: argparse.ArgumentParser) -> None:
    """An option for each of `Sizes`, so that tests can make everything small."""
    for name, field in Sizes.__dataclass_fields__.items():
        if name != "window":
            kind = float if name in ("seconds", "warm_up") else int
            parser.add_argument(f"--{name}", type=kind, default=field.default)


def sizes(options: argparse.Namespace) -> Sizes:
    """What the command line says of them."""
    names = [name for name in Sizes.__dataclass_fields__ if name != "window"]
    return Sizes(**{name: getattr(options, name) for name in names})


def _table(rows: Sequence[tuple[str, str, measure.Figures]]) -> str:
    """A line for each workload and server: the figures that it has."""
    lines = [
        (name, kind, ", ".join(f"{title} {run[key]:g}" for key, title in COLUMNS.items() if key in run))
        for name, kind, run in rows
    ]
    return measure.table(("workload", "server", "medians"), lines)


if __name__ == "__main__":
    sys.exit(main())
