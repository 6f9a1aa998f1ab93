"""Beep under load: made-up people with real sessions, devices, memberships and counters, and its servers.

The rows are written directly (`tests.messaging.engine.factory`): a sign-in by OPAQUE and an MLS handshake of
5,000 devices would take longer than every measurement. What the engine checks on each message it finds in
them as it would otherwise: session, device, participant, leaf, group id, epoch, counter, authenticated data.
"""

import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from beep.embedded import Embedded, Urls
from beep.leftovers import usable_port
from benchmarks import measure

if TYPE_CHECKING:
    from tests.messaging.engine.factory import Actor, Talk

MISSED_IN_STORM: Final = 10
"""Envelopes that each device of W5 has missed."""
START: Final = 60.0
"""Seconds that a server may take to listen."""


@contextmanager
def databases(folder: Path) -> Iterator[Urls]:
    """PostgreSQL (fsync on) and Valkey with Beep's tables, for as long as the block lasts."""
    embedded = Embedded(folder / "data")
    urls = embedded.plan()
    os.environ |= urls.environment() | _settings()
    with embedded:
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", database="migrator", verbosity=0, interactive=False)
        yield urls


def _settings() -> dict[str, str]:
    """Keys that end with this process; everything else as in the demonstration."""
    keys = ("BEEP_SECRET_KEY", "BEEP_FIELD_KEY", "BEEP_CODE_KEY")
    made = {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in keys}
    return {"BEEP_DEMO": "1", "DJANGO_SETTINGS_MODULE": "beep.settings", **made}


class Beep:
    """Servers of one kind, `workers` of them, each with a port of its own."""

    driver: str = "benchmarks.driver"
    ack: str = "the envelope is committed, for every recipient"
    idle_connections: int = 5_000
    missed: int = 10_000

    def __init__(self, folder: Path, *, kind: str = "uvicorn", workers: int = 1) -> None:
        self.kind: Final = kind
        self.name = f"beep-{kind}"
        self.workers: Final = workers
        self.ports: Final = [usable_port(0) for _ in range(workers)]
        self._folder: Final = folder
        self._servers: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the servers on their ports; raises SystemExit when one does not listen."""
        import socket

        for port in self.ports:
            with (self._folder / "server.log").open("ab") as log:
                server = subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.server", self.kind, "--port", str(port)],
                    env={**os.environ, "BEEP_PORT": str(port)},
                    stdout=log,
                    stderr=log,
                )
            self._servers.append(server)

        def up() -> bool:
            if any(server.poll() is not None for server in self._servers):
                raise SystemExit(f"the server did not start: {self.last_words()}")
            try:
                for port in self.ports:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                return False
            return True

        measure.until(up, seconds=START, what="the server does not listen")

    def stop(self) -> None:
        """End the servers in order."""
        for server in self._servers:
            server.terminate()
        for server in self._servers:
            server.wait(30)
        self._servers.clear()

    def kill(self) -> None:
        """kill -9."""
        for server in self._servers:
            server.kill()
            server.wait()
        self._servers.clear()

    def pids(self) -> list[int]:
        """The servers."""
        return [server.pid for server in self._servers]

    def last_words(self) -> str:
        """The end of the servers' log."""
        return (self._folder / "server.log").read_text(errors="replace")[-3_000:]

    def bytes_per_envelope(self) -> int:
        """What an envelope takes on disk, indexes included, over all that were written so far."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_total_relation_size('messaging_envelope') / count(*) FROM messaging_envelope"
            )
            (size,) = cursor.fetchone()
        return int(size)

    def order(self, work: str, options: Any) -> dict[str, Any]:
        """Make the people and conversations of a workload; what the driver is told."""
        from messaging.models import ConversationKind
        from tests.messaging.engine import factory

        match work:
            case "fan_out":
                people = factory.actors(options.members)
                talks = [factory.talk(people, kind=ConversationKind.GROUP)]
            case "pairs":
                people = factory.actors(2 * options.pairs)
                talks = factory.talks(_twos(people))
            case "catch_up":
                people = factory.actors(2)
                talks = [factory.talk(people)]
                factory.fill(talks[0], people[0], count=options.missed, size=options.size)
                people = people[1:]
            case "idle":
                people = factory.actors(options.connections)
                talks = factory.talks(_twos(people))
            case "storm":
                people = factory.actors(options.storm)
                talks = factory.talks(_twos(people))
                for talk, (first, _) in zip(talks, _twos(people), strict=True):
                    factory.fill(talk, first, count=MISSED_IN_STORM, size=options.size)
            case "mixed":
                people = factory.actors(options.day)
                talks = factory.talks(_tens(people), kind=ConversationKind.GROUP)
            case _:
                raise ValueError(work)
        return self._order(work, options, people, talks)

    def _order(
        self, work: str, options: Any, people: Sequence["Actor"], talks: Sequence["Talk"]
    ) -> dict[str, Any]:
        return {
            "work": work,
            "ports": self.ports,
            "window": options.window,
            "seconds": options.seconds,
            "size": options.size,
            "warm_up": options.warm_up,
            "missed": MISSED_IN_STORM,
            "members": [
                {
                    "cookie": a.cookie,
                    "device": a.device.hex,
                    "counter": max(a.counters.values(), default=0),
                }
                for a in people
            ],
            "talks": [{"id": t.id.hex(), "group_id": t.group_id.hex()} for t in talks],
        }


def _twos(people: Sequence["Actor"]) -> list[Sequence["Actor"]]:
    return [people[i : i + 2] for i in range(0, len(people), 2)]


def _tens(people: Sequence["Actor"]) -> list[Sequence["Actor"]]:
    return [people[i : i + 10] for i in range(0, len(people), 10)]
