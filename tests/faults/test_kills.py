"""kill -9 over every process while people write to each other: nothing acknowledged is lost or repeated."""

import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit, urlunsplit

from tests.faults import crowd as crowds
from tests.faults import verify
from tests.faults.conftest import Say
from tests.faults.crowd import Cast, Crowd
from tests.faults.link import Door
from tests.faults.stack import Lines, Process, Stack, celery, listen, web
from tests.support.databases import Databases, TestDatabase

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "20"))
"""Rounds with requests in flight; `make soak` asks for more."""
TARGETS = ("web-1", "web-2", "postgres", "valkey", "worker", "relay")
PATIENCE = 90.0
"""Seconds until everybody is served again, on a machine that has other things to do."""
RELAY_AWAY = 0.5
"""Seconds for which the engines cannot reach each other in a round."""


class Machine:
    """One deployment on this machine with a crowd on it, and how each part of it dies and returns."""

    def __init__(self, stack: Stack, databases: Databases, lines: Lines, crowd: Crowd) -> None:
        self.stack = stack
        self.databases = databases
        self.lines = lines
        self.crowd = crowd

    def kill(self, target: str) -> int:
        """Kill it; gives how many requests were in flight there."""
        if target.startswith("web"):
            self.crowd.wait_for_requests()
            before = self.crowd.tally.counts["cut_in_flight"]
            self.stack.kill(target)
            # The devices hear of it within milliseconds.
            time.sleep(0.1)
            return self.crowd.tally.counts["cut_in_flight"] - before
        self.crowd.wait_for_requests()
        in_flight = self.crowd.in_flight()
        match target:
            case "worker":
                self.stack.kill(target)
            case "relay":
                self.lines.cut()
            case _:
                self.databases.kill(target)
        return in_flight

    def bring_back(self, target: str) -> None:
        """Start it again, without waiting for a web worker to be up."""
        match target:
            case "relay":
                time.sleep(RELAY_AWAY)
                self.lines.mend()
            case "postgres" | "valkey":
                self.databases.revive()
            case _:
                self.stack.start(target)

    def round(self, target: str) -> tuple[int, float]:
        """Requests in flight at the kill, and seconds from it until everybody was served again."""
        if target.startswith("web"):
            for name in ("web-1", "web-2"):
                self.stack.wait_until_up(name)
        began, wall = time.monotonic(), time.time_ns() // 1_000_000
        in_flight = self.kill(target)
        self.bring_back(target)
        return in_flight, self.crowd.wait_until_served(PATIENCE, began=began, wall_ms=wall)


@contextmanager
def machine(databases: Databases, database: TestDatabase, folder: Path, cast: Cast) -> Iterator[Machine]:
    """Two web workers and a Celery worker over the session's PostgreSQL and Valkey."""
    parts = urlsplit(database.urls.valkey)
    environment = database.environment()
    with ExitStack() as stacked:
        lines = stacked.enter_context(Lines(parts.port or 0))

        def through_a_line() -> dict[str, str]:
            line = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{lines.open()}"))
            return {**environment, "VALKEY_URL": urlunsplit(line)}

        listener = stacked.enter_context(listen())
        processes: dict[str, Process] = {
            "web-1": web("uvicorn", through_a_line(), listener=listener),
            "web-2": web("daphne", through_a_line(), listener=listener),
            "worker": celery(environment),
        }
        stack = stacked.enter_context(Stack(folder, processes))
        yield Machine(stack, databases, lines, Crowd(cast, [Door(listener.getsockname()[1])]))


def test_kill_9_over_every_process_loses_and_repeats_nothing(
    databases: Databases, fresh_database: TestDatabase, tmp_path: Path, say: Say
) -> None:
    cast = crowds.cast()
    choice = random.Random(ROUNDS)
    seconds: dict[str, list[float]] = defaultdict(list)
    with machine(databases, fresh_database, tmp_path / "logs", cast) as running:
        crowd = running.crowd
        with crowd:
            crowd.wait_until_served(PATIENCE)
            repeated = 0
            order: list[str] = []
            while sum(map(len, seconds.values())) < ROUNDS:
                # Every target once before any comes again, in an order that nobody has chosen.
                order = order or choice.sample(TARGETS, len(TARGETS))
                in_flight, recovery = running.round(order[-1])
                if in_flight:
                    seconds[order.pop()].append(recovery)
                else:
                    repeated += 1
                    assert repeated < 5 * ROUNDS + 20
                    crowd.scatter()
            crowd.finish()
        for name in ("web-1", "web-2"):
            running.stack.wait_until_up(name)
        figures = verify.everything(crowd, cast, fresh_database.urls.superuser, resume_at=crowd.doors)
    for target, took in sorted(seconds.items()):
        say(fault=target, rounds=len(took), median_s=round(median(took), 2), max_s=round(max(took), 2))
    say(rounds=ROUNDS, repeated=repeated, **figures, **dict(sorted(crowd.tally.counts.items())))
