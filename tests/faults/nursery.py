"""A process that has loaded the application and forks others on demand: a start costs no seconds of imports.

The suite kills and starts processes dozens of times on two cores. What a fork runs is the module's own
command line, from its first line on; the long form (`make soak`) starts every process anew instead. All
forks share one environment, because settings are read when they are loaded.
"""

import json
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from beep.processes import _die_with_parent, spawn
from tests.messaging.engine.processes import ROOT


class Forked:
    """A process that the nursery has forked."""

    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self._log = log

    def alive(self) -> bool:
        """Whether it runs; the nursery leaves no zombies."""
        return Path(f"/proc/{self.pid}").exists()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, when it is there."""
        if self.alive():
            os.kill(self.pid, number)

    def last_lines(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-3000:]


class Nursery:
    """`with Nursery(environment, listener, log) as nursery:`; it and all its forks end with us."""

    def __init__(self, environment: Mapping[str, str], inherits: Sequence[int], log: Path) -> None:
        requests, self._to = os.pipe()
        self._from, answers = os.pipe()
        try:
            self._child = spawn(
                "nursery",
                [sys.executable, "-m", "tests.faults.nursery", str(requests), str(answers)],
                log=log,
                env={**os.environ, **environment},
                cwd=ROOT,
                pass_fds=[*inherits, requests, answers],
            )
        finally:
            os.close(requests)
            os.close(answers)
        self._answers = os.fdopen(self._from, "rb")

    def start(self, words: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
        """Fork `python -m words…`."""
        request = {"words": list(words), "environment": dict(environment), "log": str(log)}
        os.write(self._to, json.dumps(request).encode() + b"\n")
        answer = self._answers.readline()
        assert answer, self._child.last_lines(40)
        return Forked(int(answer), log)

    def close(self) -> None:
        """End it."""
        os.close(self._to)
        self._answers.close()
        self._child.stop(10)


def _serve(requests: int, answers: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with os.fdopen(requests, "rb") as lines:
        for line in lines:
            request = json.loads(line)
            pid = os.fork()
            if pid == 0:
                lines.close()
                os.close(answers)
                _become(request)
            os.write(answers, f"{pid}\n".encode())


def _become(request: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    _die_with_parent(signal.SIGTERM, os.getppid())()
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(request["environment"])
    module, *sys.argv[1:] = request["words"]
    status = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        os._exit(status)


if __name__ == "__main__":
    # What takes long to load. Not Daphne: its import makes an event loop, which no two processes may share.

    import beep.asgi
    import beep.celery  # noqa: F401

    _serve(int(sys.argv[1]), int(sys.argv[2]))
