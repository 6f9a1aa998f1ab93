"""`python -m benchmarks.audit [--leaves 1000000] [--pairs 10]`: what the audit log costs and manages.

Prints a JSON line each: events a second of the integrator, milliseconds of an inclusion proof, seconds of an
offline verification, and the share of message throughput that is left with the audit row in each batch
(W2 of `benchmarks.workloads`, interleaved pairs of servers with and without it).
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks import beep, measure, workloads

ORIGIN: Final = "localhost/audit"
NO_AUDIT: Final = "BEEP_BENCHMARK_NO_AUDIT"
"""Makes `benchmarks.server` leave out the audit's row, which no other server can be told."""
BATCH: Final = 20_000


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit", description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=10, help="0: leave out the throughput of messages")
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    measure.say({"conditions": measure.conditions()})
    with tempfile.TemporaryDirectory(prefix="beep-bench-") as name, beep.databases(Path(name)) as urls:
        folder = Path(name)
        integrate(urls, options.leaves)
        with _witnessed(urls, folder) as policy:
            prove(urls, policy)
            verify(urls, policy, folder / "export")
        if options.pairs:
            compare(folder, options.pairs, options.seconds)
    return 0


def integrate(urls: Any, count: int) -> None:
    """Events in the intake, then the integrator's own time until they are in the log."""
    import psycopg

    from audit import intake
    from audit.events import Actor, PersonChanged
    from audit.integrator import Integrator
    from audit.projection import project
    from tests.audit.support import LOG

    now = time.time_ns() // 1_000_000
    rows = [
        intake.encode(PersonChanged(actor=Actor(system=f"benchmark {n}"), changed=["post"]), at=now).row
        for n in range(1_000)
    ]
    with psycopg.connect(urls.database) as application:
        for begin in range(0, count, BATCH):
            with application.cursor().copy("COPY audit_intake (at, kind, body) FROM STDIN") as copy:
                for n in range(begin, min(begin + BATCH, count)):
                    copy.write_row(rows[n % 1_000])
            application.commit()
    integrator = Integrator(connect=lambda: psycopg.connect(urls.integrator), signer=LOG, project=project)
    began = time.perf_counter()
    while (step := integrator.step()).added or step.more:
        pass
    seconds = time.perf_counter() - began
    integrator.close()
    measure.say({"integrator": {"events": step.size, "events_per_s": round(step.size / seconds)}})


def _witnessed(urls: Any, folder: Path) -> Any:
    """A context: three witnesses have cosigned the log; its policy."""
    from contextlib import contextmanager

    from tests.audit import support

    @contextmanager
    def witnessed() -> Iterator[Any]:
        with support.crew(folder / "witnesses") as crew:
            support.publish(_Database(urls), crew)  # type: ignore[arg-type]
            yield crew.policy

    return witnessed()


class _Database:
    """What `tests.audit.support` asks of a database."""

    def __init__(self, urls: Any) -> None:
        self.urls = urls


def prove(urls: Any, policy: Any) -> None:
    """One inclusion proof after the other, each from the database anew; and alone, its tiles at hand."""
    import psycopg

    from audit import log, merkle

    choose = random.Random(1)
    fetched, computed = [], []
    with psycopg.connect(urls.auditor) as auditor:
        cursor = auditor.cursor()
        size, root = log.head(cursor)
        for _ in range(300):
            index = choose.randrange(size)
            began = time.perf_counter()
            tree = log.tree(cursor, size)
            proof = tree.inclusion(index)
            fetched.append(time.perf_counter() - began)
            began = time.perf_counter()
            tree.inclusion(index)
            computed.append(time.perf_counter() - began)
        (leaf,) = auditor.execute(
            "SELECT hash FROM audit_leaf WHERE leaf_index = %s", (index,)
        ).fetchone() or (b"",)
        merkle.verify_inclusion(leaf, index, size, proof, root)
    measure.say(
        {
            "inclusion_proof": {
                "leaves": size,
                "from_database_ms": round(statistics.median(fetched) * 1000, 3),
                "tiles_at_hand_ms": round(statistics.median(computed) * 1000, 3),
            }
        }
    )


def verify(urls: Any, policy: Any, folder: Path) -> None:
    """Export everything, then verify it as an auditor does."""
    import psycopg

    from audit.export import write
    from audit.verify.export import verify as verify_export
    from audit.verify.source import Source

    began = time.perf_counter()
    with psycopg.connect(urls.auditor) as auditor:
        write(auditor, folder, policy=policy, origin=ORIGIN, begin=0, end=1 << 52)
    exported = time.perf_counter() - began
    began = time.perf_counter()
    with Source(folder) as source:
        found = verify_export(source, policy=policy)
    measure.say(
        {
            "offline_verification": {
                "entries": found.entries,
                "export_s": round(exported, 1),
                "verify_s": round(time.perf_counter() - began, 1),
            }
        }
    )


def compare(folder: Path, pairs: int, seconds: float) -> None:
    """Messages a second with the audit's row and without it, in turns; the median of the ratios."""
    sizes = workloads.Sizes(seconds=seconds)
    ratios: list[float] = []
    for number in range(pairs):
        rates = {}
        # The order changes, so that neither is always the one that finds the machine warm.
        for audited in (True, False) if number % 2 else (False, True):
            os.environ[NO_AUDIT] = "" if audited else "1"
            system = beep.Beep(folder)
            system.start()
            try:
                rates[audited] = float(workloads.run(system, "W2", sizes)["messages_per_s"])
            finally:
                system.stop()
                os.environ.pop(NO_AUDIT)
        ratios.append(rates[True] / rates[False])
    ordered = sorted(ratios)
    spread = statistics.quantiles(ordered, n=4) if len(ordered) > 1 else ordered * 3
    measure.say(
        {
            "messages_with_audit": {
                "pairs": pairs,
                "share_percent": round(100 * statistics.median(ordered), 1),
                "quartiles_percent": [round(100 * spread[0], 1), round(100 * spread[2], 1)],
            }
        }
    )


if __name__ == "__main__":
    raise SystemExit(main())
