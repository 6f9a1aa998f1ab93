"""`python -m benchmarks.peers [--peers ejabberd …] [W1 W1-1 W2 …]`: Beep and the others, side by side.

In each round every system is started in turn, does all workloads and is stopped, so that what else the
machine does meets all alike; the figures are medians over the rounds. Core 0 is the system's, PostgreSQL
included, core 1 the driver's; in W2-both everybody has both, from the start of the system on.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import beep, measure, workloads
from benchmarks.__main__ import add_sizes, sizes
from benchmarks.measure import Figures
from benchmarks.peers.install import MissingError
from benchmarks.peers.matrix_peer import Synapse
from benchmarks.peers.peer import Peer
from benchmarks.peers.targets import compare
from benchmarks.peers.xmpp_peers import Ejabberd, Prosody

PEERS: Final = {peer.name: peer for peer in (Ejabberd, Prosody, Synapse)}
BEEPS: Final = ("uvicorn", "daphne")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and compare; a peer that cannot be had is named and left out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    add_sizes(parser)
    parser.add_argument("names", nargs="*", metavar="W", help=", ".join(workloads.COMMON))
    options = parser.parse_args(arguments)
    names = options.names or workloads.COMMON
    if unknown := set(names) - set(workloads.COMMON):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    measure.pin(0)
    measure.end_in_order()
    measure.say({"conditions": measure.conditions()})
    runs: dict[tuple[str, str], list[Figures]] = {}
    with tempfile.TemporaryDirectory(prefix="beep-bench-") as name, beep.databases(Path(name)) as urls:
        folder = Path(name)
        makers: dict[str, Callable[[], beep.Beep | Peer]] = {
            f"beep-{kind}": partial(beep.Beep, folder, kind=kind) for kind in BEEPS
        }
        for peer in options.peers:
            makers[peer] = partial(PEERS[peer], urls.superuser, folder)
        for index in range(options.rounds):
            for system, make in list(makers.items()):
                if system in PEERS and index >= PEERS[system].rounds:
                    continue
                mine = [n for n in names if index == 0 or n not in workloads.ONCE]
                try:
                    _round(make, [n for n in mine if n != "W2-both"], options, runs)
                    if "W2-both" in mine:
                        with measure.every_core():
                            _round(make, ["W2-both"], options, runs)
                except MissingError as missing:
                    measure.say({"system": system, "left_out": str(missing)})
                    del makers[system]
    medians = {key: measure.median_of(figures) for key, figures in runs.items()}
    print(compare(medians))
    return 0


def _round(
    make: Callable[[], beep.Beep | Peer],
    names: Sequence[str],
    options: argparse.Namespace,
    runs: dict[tuple[str, str], list[Figures]],
) -> None:
    """One start of one system and these workloads on it."""
    if not names:
        return
    system = make()
    try:
        system.start()
        for name in names:
            figures = workloads.run(system, name, sizes(options))
            measure.say({"benchmark": name, "system": system.name, "body": options.size, **figures})
            runs.setdefault((system.name, name), []).append(figures)
    except SystemExit:
        print(system.last_words(), file=sys.stderr)
        raise
    finally:
        system.stop()


if __name__ == "__main__":
    sys.exit(main())
