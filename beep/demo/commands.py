"""The processes of a demo: what each is called, how it is started, what it is given.

One list, so that whoever adds a part adds it in one place. The supervisor (`beep.demo.__main__`) starts them
in this order, starts again what dies, and restarts them one after the other in this order.
"""

import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from beep.demo import witnesses
from beep.demo.configuration import Configuration
from beep.demo.witnesses import Running

WEB_WORKERS: Final = 2


@dataclass(frozen=True)
class Command:
    """One process; `name` is for people, for its log (`NAME.log`) and for `processes.json`."""

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Beside what every process of the demo gets."""
    pass_fds: tuple[int, ...] = ()
    """Descriptors that it inherits under their numbers."""
    notifies: bool = False
    """It says when it is ready (`messaging.servers.readiness`), and a rolling restart waits for that."""


def commands(configuration: Configuration, *, listener: int) -> list[Command]:
    """Everything that a demo runs beside PostgreSQL and Valkey. `listener` is the descriptor of the listening
    socket that all web workers share.
    """
    policy = Path(configuration.environment["BEEP_WITNESSES"])
    watchers = witnesses.listen(configuration.witnesses, policy)
    web = (sys.executable, "-m", "messaging.servers.daphne", "--fd", str(listener))
    worker = "--app beep.celery worker --pool threads --concurrency 2 --loglevel WARNING"
    return [
        *(
            Command(f"web-{number}", web, pass_fds=(listener,), notifies=True)
            for number in range(1, WEB_WORKERS + 1)
        ),
        Command(
            "worker",
            (sys.executable, "-m", "celery", *worker.split(), "--without-gossip", "--without-mingle"),
        ),
        *(
            _witness(each, policy, watcher)
            for each, watcher in zip(configuration.witnesses, watchers, strict=True)
        ),
        Command(
            "integrator",
            (sys.executable, "manage.py", "integrate"),
            {"BEEP_LOG_KEY": configuration.log_keys["BEEP_LOG_KEY"]},
        ),
        Command(
            "key-log",
            (sys.executable, "manage.py", "publish_keys"),
            {"BEEP_KEYS_LOG_KEY": configuration.log_keys["BEEP_KEYS_LOG_KEY"]},
        ),
    ]


def _witness(running: Running, policy: Path, listener: socket.socket) -> Command:
    # Never closed here: a witness that is started again takes the same socket.
    descriptor = listener.detach()
    options = ("--policy", str(policy), "--fd", str(descriptor))
    words = (sys.executable, "-m", "audit.witness", "run", str(running.folder), *options)
    return Command(running.name, words, pass_fds=(descriptor,))
