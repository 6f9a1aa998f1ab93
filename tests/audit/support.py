"""A log for tests: its key, three witnesses in threads with state of their own, and an integrator."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.db import transaction

from audit import intake, log
from audit.checking import Checker
from audit.events import Actor, PersonChanged
from audit.integrating import INSERT_COSIGNATURE
from audit.integrator import Integrator
from audit.note import Signer
from audit.policy import Policy
from audit.projection import project
from audit.witness.server import Server, Witness
from audit.witness.state import State, create
from audit.witnessing import Witnesses
from beep.leftovers import usable_port
from tests.support.databases import TestDatabase

ORIGIN = "localhost/audit"
SEED = bytes([7] * 32)
LOG = Signer(ORIGIN, SEED)


def integrator(database: TestDatabase, **more: Any) -> Integrator:
    """One on a connection of its own, as the command makes it."""
    more.setdefault("project", project)
    return Integrator(connect=lambda: psycopg.connect(database.urls.integrator), signer=LOG, **more)


def superuser(database: TestDatabase) -> "psycopg.Connection[Any]":
    """Who may do everything, in this database."""
    return psycopg.connect(database.urls.superuser)


def happen(count: int = 1, *, name: str = "event") -> None:
    """So many events, in one transaction."""
    with transaction.atomic():
        for number in range(count):
            intake.record(PersonChanged(actor=Actor(system="test"), changed=[f"{name} {number}"]))


def drain(integrating: Integrator) -> int:
    """Step until nothing is left; the log's size."""
    while (step := integrating.step()).added or step.more:
        pass
    return step.size


@dataclass
class Crew:
    """Three running witnesses and the policy that believes two of them."""

    folder: Path
    logs: list[Signer] = field(default_factory=lambda: [LOG])
    """Whose checkpoints the witnesses take."""
    servers: dict[str, Server] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    policy: Policy = field(init=False)

    def start(self, name: str, port: int = 0) -> None:
        """Start a witness, on its old state when it has one. Without `port` on one that no client's end of a
        connection is given while the witness is away.
        """
        state = State(self.folder / name)
        lines = "".join(f"log {each.verifier.format()}\n" for each in self.logs)
        server = Server(
            ("127.0.0.1", port or usable_port(0)), Witness(state, Policy.parse(f"{lines}quorum none\n").logs)
        )
        threading.Thread(target=server.serve_forever, args=(0.02,), name=name).start()
        self.servers[name], self.states[name] = server, state

    def stop(self, name: str) -> int:
        """Stop a witness; gives its port."""
        server = self.servers.pop(name)
        server.shutdown()
        server.server_close()
        self.states.pop(name).close()
        return server.server_port

    def know(self, log: Signer) -> None:
        """Add a log to the policy and to the witnesses, each of which is started anew with its memory."""
        self.logs.append(log)
        self.policy = Policy.parse(f"log {log.verifier.format()}\n{self.policy.format()}")
        for name in list(self.servers):
            self.start(name, self.stop(name))

    def close(self) -> None:
        """Stop all."""
        for name in list(self.servers):
            self.stop(name)


@contextmanager
def crew(folder: Path, names: Sequence[str] = ("one", "two", "three")) -> Iterator[Crew]:
    """Witnesses under `folder`, gone at the end of the block."""
    with ExitStack() as stack:
        made = Crew(folder)
        stack.callback(made.close)
        lines = [f"log {LOG.verifier.format()}"]
        for name in names:
            key = create(folder / name, f"witness.test/{name}").verifier.format()
            made.start(name)
            lines.append(f"witness {name} {key} http://127.0.0.1:{made.servers[name].server_port}")
        made.policy = Policy.parse(
            "\n".join([*lines, f"group quorum 2 {' '.join(names)}", "quorum quorum", ""])
        )
        yield made


def publish(database: TestDatabase, crew: Crew) -> bytes:
    """Have the newest checkpoint cosigned, as the integrator does after COMMIT; the note."""
    with psycopg.connect(database.urls.integrator, autocommit=True) as connection:
        cursor = connection.cursor()
        note = log.latest_note(cursor)
        assert note is not None
        size = log.head(cursor)[0]
        asking = Witnesses(crew.policy, ORIGIN, lambda old, new: log.tree(cursor, new).consistency(old))
        for each in asking.collect(note):
            cursor.execute(INSERT_COSIGNATURE, (size, each.witness, each.time, each.line))
        return log.checkpoint_note(cursor, size)


def alarms(database: TestDatabase, crew: Crew) -> list[str]:
    """What the online verifier finds, by name."""
    with psycopg.connect(database.urls.auditor) as connection:
        return [alarm.name for alarm in Checker(connection, crew.policy, ORIGIN).run()]
