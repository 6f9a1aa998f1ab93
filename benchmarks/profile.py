"""`python -m benchmarks.profile [--server daphne] [W1 W2]`: where the server's time goes, by py-spy.

The server runs a workload as in `make bench`; py-spy looks at its stack a few hundred times a second. Only
moments in which a thread runs count. A call of a function written in C (encoding, hashing, `send`) counts for
the Python function that calls it. Beside it stands what PostgreSQL and Valkey took of the core meanwhile.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import beep, measure, workloads
from benchmarks.__main__ import KINDS, add_sizes, sizes

RATE: Final = 300
"""Looks a second."""
LINES: Final = 14
ASLEEP: Final = "_run (beep/skew.py"
"""The thread that looks at the clock now and then: py-spy takes its sleep for work."""
PARTS: Final = (
    (
        "messages to disk (round trips of the group commit)",
        ("_lock (", "_write (", "_commit (", "_earlier (", "messaging/engine/flight"),
    ),
    ("taking frames in (decoding, checking, queueing)", ("receive (messaging/engine/socket",)),
    ("deciding a batch (seq, hashes)", ("decide (messaging/engine/batch",)),
    ("the audit's row", ("of_batch (",)),
    ("encoding a frame once", ("_frame (messaging/engine/runtime", "of (messaging/engine/frames")),
    ("giving it to each socket", ("share (messaging/engine/hub",)),
    ("answers to senders", ("resolve (messaging/engine/socket", "_resolve (messaging/engine/writer")),
    ("writing to the sockets", ("flush (messaging/engine/outlet",)),
    ("hints to other processes", ("messaging/engine/relay",)),
)
"""What the engine does → frames by which a stack belongs to it; the first that matches counts."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Profile what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile")
    parser.add_argument("--server", choices=KINDS, default="uvicorn")
    parser.add_argument("names", nargs="*", metavar="W", default=["W1", "W2"])
    add_sizes(parser)
    options = parser.parse_args(arguments)
    measure.pin(0)
    measure.end_in_order()
    measure.say({"conditions": measure.conditions()})
    with tempfile.TemporaryDirectory(prefix="beep-bench-") as name, beep.databases(Path(name)):
        for workload in options.names:
            stacks, figures = _profile(
                beep.Beep(Path(name), kind=options.server), workload, options, Path(name)
            )
            measure.say({"benchmark": workload, "system": f"beep-{options.server}", **figures})
            print(f"\n{workload}, {options.server}: {sum(stacks.values())} looks at the server\n")
            print(measure.table(("part", "share"), _shares(by_part(stacks))), end="\n\n")
            print(
                measure.table(("function", "of its own"), _shares(by_function(stacks))),
                end="\n\n",
                flush=True,
            )
    return 0


def _profile(
    system: beep.Beep, workload: str, options: argparse.Namespace, folder: Path
) -> tuple[Counter[str], measure.Figures]:
    """The workload, and the stacks meanwhile: `outermost;…;innermost` → how often."""
    system.start()
    record = folder / "stacks"
    given = replace(sizes(options), seconds=max(8.0, options.seconds))
    (pid,) = system.pids()
    # Its own core is the driver's: on the server's it would take what it measures.
    spy = subprocess.Popen(
        [
            *(Path(sys.executable).with_name("py-spy"), "record", "--pid", str(pid), "--format", "raw"),
            *("--rate", str(RATE), "--duration", str(round(given.seconds) + 2), "--output", record),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: measure.pin(measure.DRIVER_CORE),
    )
    try:
        figures = workloads.run(system, workload, given)
        _, errors = spy.communicate(timeout=60)
    finally:
        spy.kill()
        spy.wait()
        system.stop()
    if not record.exists():
        raise SystemExit(f"py-spy: {errors.decode(errors='replace')[-500:]}")
    return read(record.read_text(encoding="utf-8").splitlines()), figures


def read(lines: Iterable[str]) -> Counter[str]:
    """py-spy's raw format: a stack, a blank, a number."""
    stacks: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        if ASLEEP not in stack:
            stacks[stack] += int(count)
    return stacks


def by_part(stacks: Counter[str]) -> Counter[str]:
    """By what the engine does. What no part names is the event loop and the server's own parsing."""
    parts: Counter[str] = Counter()
    for stack, count in stacks.items():
        name = next(
            (n for n, marks in PARTS if any(mark in stack for mark in marks)), "event loop and server"
        )
        parts[name] += count
    return parts


def by_function(stacks: Counter[str]) -> Counter[str]:
    """By the innermost Python function, without line numbers."""
    functions: Counter[str] = Counter()
    for stack, count in stacks.items():
        frame = stack.rpartition(";")[2]
        functions[frame.rpartition(":")[0] + ")" if ":" in frame else frame] += count
    return functions


def _shares(counts: Counter[str]) -> list[tuple[str, str]]:
    total = max(1, counts.total())
    return [(name, f"{count / total:.0%}") for name, count in counts.most_common(LINES)]


if __name__ == "__main__":
    sys.exit(main())
