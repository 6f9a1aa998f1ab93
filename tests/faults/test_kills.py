"""kill -9 over every process while people write to each other: nothing acknowledged is lost or repeated."""

import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit, urlunsplit

import redis

from beep.celery import HEARTBEAT_KEY
from messaging.engine import relay
from tests.faults import crowd as crowds
from tests.faults import verify
from tests.faults.conftest import Say
from tests.faults.crowd import Cast, Crowd
from tests.faults.link import Door
from tests.faults.nursery import Nursery
from tests.faults.stack import Lines, Process, Stack, celery, listen, peers_of, web
from tests.support.databases import Databases, TestDatabase

LONG = "FAULT_ROUNDS" in os.environ
"""As in `make soak`: more rounds, and every process started from its first instruction."""
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "20"))
"""Rounds with requests in flight."""
VALKEY_AWAY = float(os.environ.get("FAULT_VALKEY_SECONDS", "60"))
"""For so long Valkey is gone at the end."""
WEB = ("web-1", "web-2")
TARGETS = (*WEB, "postgres", "valkey", "worker", "relay")
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
        if target in WEB:
            return self._kill_web(target)
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

    def _kill_web(self, name: str) -> int:
        deadline = time.monotonic() + 5
        while not self.crowd.wait_for_requests(self._peers(name), 0.2):
            if time.monotonic() > deadline:
                return 0
            # It has come up a moment ago, and everybody is with the other one.
            self.crowd.scatter()
            time.sleep(0.2)
        before = self.crowd.tally.counts["cut_in_flight"]
        self.stack.kill(name)
        # The devices hear of it within milliseconds, where the machine lets them.
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            time.sleep(0.1)
            if cut := self.crowd.tally.counts["cut_in_flight"] - before:
                return cut
        return 0

    def _peers(self, name: str) -> set[int]:
        return peers_of(self.stack.pid(name), self.crowd.doors[0].port)

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
        if target in WEB:
            self.wait_for_web()
        in_flight = self.kill(target)
        began, wall = time.monotonic(), time.time_ns() // 1_000_000
        if not in_flight and target in WEB and self.stack.runs(target):
            # Nobody was there to be cut off, so that it was not killed.
            return 0, 0.0
        self.bring_back(target)
        return in_flight, self.crowd.wait_until_served(PATIENCE, began=began, wall_ms=wall)

    def wait_for_web(self) -> None:
        """Until both web workers accept connections."""
        for name in WEB:
            self.stack.wait_until_up(name)

    def wait_for_the_worker(self) -> None:
        """Until it has taken a task from the new Valkey, which began empty."""
        deadline = time.monotonic() + PATIENCE
        with redis.Redis.from_url(self.databases.start().valkey) as valkey:
            while not valkey.exists(HEARTBEAT_KEY):
                assert time.monotonic() < deadline, "the worker does not come back to Valkey"
                # One that hangs on a dead connection ends itself (`beep.watchdog`).
                self.stack.revive("worker")
                time.sleep(0.1)

    def without_valkey(self, seconds: float, say: Say) -> None:
        """Valkey dies and stays away: the workers find each other's envelopes in the database."""
        self.wait_for_web()
        self.crowd.scatter()
        self.crowd.wait_until_served(PATIENCE)
        self.crowd.lags()
        self.databases.kill("valkey")
        began, rounds = time.monotonic(), 0
        while time.monotonic() < began + seconds or not rounds:
            self.crowd.wait_until_served(PATIENCE)
            rounds += 1
        say(without="valkey", seconds=round(time.monotonic() - began, 1), **self.crowd.lags())
        self.databases.revive()
        began = time.monotonic()
        with redis.Redis.from_url(self.databases.start().valkey) as valkey:
            while sum(count for _, count in valkey.pubsub_numsub(relay.CHANNEL)) < len(WEB):
                assert time.monotonic() < began + PATIENCE, "an engine does not come back to Valkey"
                time.sleep(0.02)
        back = time.monotonic() - began
        self.crowd.wait_until_served(PATIENCE)
        self.crowd.lags()
        self.crowd.wait_until_served(PATIENCE)
        say(returned="valkey", hints_after_s=round(back, 2), **self.crowd.lags())


@contextmanager
def machine(databases: Databases, database: TestDatabase, folder: Path, cast: Cast) -> Iterator[Machine]:
    """Two web workers and a Celery worker over the session's PostgreSQL and Valkey."""
    parts = urlsplit(database.urls.valkey)
    folder.mkdir()
    with ExitStack() as stacked:
        lines = stacked.enter_context(Lines(parts.port or 0))
        line = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{lines.open()}"))
        listener = stacked.enter_context(listen())
        port = str(listener.getsockname()[1])
        environment = {**database.environment(), "VALKEY_URL": urlunsplit(line), "BEEP_PORT": port}
        processes: dict[str, Process] = {
            "web-1": web("uvicorn", environment, listener=listener),
            "web-2": web("daphne", environment, listener=listener),
            "worker": celery(environment),
        }
        nursery = None
        if not LONG:
            nursery = Nursery(environment, [listener.fileno()], folder / "nursery")
            stacked.enter_context(closing(nursery))
        stack = stacked.enter_context(Stack(folder, processes, nursery=nursery))
        yield Machine(stack, databases, lines, Crowd(cast, [Door(int(port))]))


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
            running.without_valkey(VALKEY_AWAY, say)
            crowd.finish()
        running.wait_for_the_worker()
        figures = verify.everything(crowd, cast, fresh_database.urls.superuser, resume_at=crowd.doors)
    for target, took in sorted(seconds.items()):
        say(fault=target, rounds=len(took), median_s=round(median(took), 2), max_s=round(max(took), 2))
    say(rounds=ROUNDS, repeated=repeated, **figures, **dict(sorted(crowd.tally.counts.items())))
