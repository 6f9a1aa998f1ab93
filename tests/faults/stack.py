"""The processes of a deployment, started as an operator starts them, killed and started again by name.

Used from the main thread: children die with the thread that starts them.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from beep.demo.readiness import Readiness
from beep.processes import Child, spawn
from tests.faults.nursery import Forked, Nursery
from tests.messaging.engine.processes import ROOT, Proxy, proxy

STOP_PATIENCE = 10.0
"""Seconds that processes may take to end when they are asked to."""
START_PATIENCE = 60.0
"""Seconds that a process may take to come up on a machine that has other things to do."""
CELERY = "celery --app beep.celery worker --pool threads --concurrency 2"


@dataclass(frozen=True)
class Process:
    """How one process is started."""

    words: list[str]
    """Behind `python -m`."""
    environment: Mapping[str, str]
    inside: Callable[[], AbstractContextManager[None]] = field(default=nullcontext)
    """The network that it lives in."""
    listener: socket.socket | None = None
    """What it listens on, bound by us; None for one that does not listen."""


def listen() -> socket.socket:
    """A listening socket on loopback that outlives the processes which share it, as systemd's does."""
    return socket.create_server(("127.0.0.1", 0), backlog=128)


def web(
    server: str,
    environment: Mapping[str, str],
    *,
    listener: socket.socket,
    inside: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Process:
    """A web worker; `server` is `uvicorn` or `daphne`."""
    words = [f"messaging.servers.{server}", "--fd", str(listener.fileno())]
    port = str(listener.getsockname()[1])
    return Process(words, {**environment, "BEEP_PORT": port}, inside, listener)


def celery(environment: Mapping[str, str]) -> Process:
    """A worker."""
    return Process(CELERY.split(), environment)


class Executed:
    """A process of its own from the first instruction on; the same as `nursery.Forked` otherwise."""

    def __init__(self, child: Child) -> None:
        self.pid = child.pid
        self._child = child

    def alive(self) -> bool:
        """Whether it runs."""
        return self._child.exited() is None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, when it is there."""
        if self.alive():
            self._child.process.send_signal(number)

    def last_lines(self) -> str:
        """The end of its log."""
        return self._child.last_lines(40)


class Stack:
    """`with Stack(folder, {name: process}) as stack:` starts all of them; logs go to `folder`.

    With a nursery, which has the environment already, they are forks of it.
    """

    def __init__(
        self, folder: Path, processes: Mapping[str, Process], *, nursery: Nursery | None = None
    ) -> None:
        self._folder = folder
        self._processes = dict(processes)
        self._nursery = nursery
        self._running: dict[str, Executed | Forked] = {}
        # An abstract name is known in one network only.
        self._readiness: dict[str, Readiness] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Stack":
        try:
            for name in self._processes:
                self.start(name)
            for name in self._processes:
                self.wait_until_up(name)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        for number, patience in ((signal.SIGTERM, STOP_PATIENCE), (signal.SIGKILL, STOP_PATIENCE)):
            for running in self._running.values():
                running.signal(number)
            deadline = time.monotonic() + patience
            while any(running.alive() for running in self._running.values()) and time.monotonic() < deadline:
                time.sleep(0.02)
        for readiness in self._readiness.values():
            readiness.close()

    def start(self, name: str) -> None:
        """Start it and return at once."""
        process = self._processes[name]
        with process.inside():
            if name not in self._readiness:
                self._readiness[name] = Readiness()
            log, ready = self._folder / name, self._readiness[name].environment
            if self._nursery is not None:
                self._running[name] = self._nursery.start(process.words, ready, log)
                return
            child = spawn(
                name,
                [sys.executable, "-m", *process.words],
                log=log,
                env={**os.environ, **process.environment, **ready},
                cwd=ROOT,
                pass_fds=[process.listener.fileno()] if process.listener else [],
            )
        self._running[name] = Executed(child)

    def kill(self, name: str) -> None:
        """kill -9, and wait until it is gone."""
        running = self._running[name]
        assert running.alive(), running.last_lines()
        running.signal(signal.SIGKILL)
        while running.alive():
            time.sleep(0.001)

    def pid(self, name: str) -> int:
        """Its process id."""
        return self._running[name].pid

    def runs(self, name: str) -> bool:
        """Whether it has not ended."""
        return self._running[name].alive()

    def is_up(self, name: str) -> bool:
        """Whether it accepts connections; one that does not listen is up while it runs."""
        running = self._running[name]
        assert running.alive(), running.last_lines()
        return self._processes[name].listener is None or self._readiness[name].is_ready(running.pid)

    def revive(self, name: str) -> None:
        """Start it again when it has ended by itself, as a supervisor does."""
        if not self._running[name].alive():
            self.start(name)

    def wait_until_up(self, name: str) -> None:
        """Until `is_up`."""
        deadline = time.monotonic() + START_PATIENCE
        while not self.is_up(name):
            assert time.monotonic() < deadline, self._running[name].last_lines()
            time.sleep(0.02)


def peers_of(pid: int, port: int) -> set[int]:
    """The far ports of the connections to 127.0.0.1:`port` that the process holds."""
    sockets: set[str] = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            sockets.add(str(entry.readlink()))
    found: set[int] = set()
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        words = line.split()
        if int(words[1].partition(":")[2], 16) == port and f"socket:[{words[9]}]" in sockets:
            found.add(int(words[2].partition(":")[2], 16))
    return found


class Lines:
    """Proxies to one port of this machine, in a thread of their own, which can all be cut at once."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lines")
        self._open: list[Proxy] = []
        self._exits = ExitStack()

    def __enter__(self) -> "Lines":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()
        asyncio.run_coroutine_threadsafe(_end_all(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self) -> int:
        """The port of one more line."""
        context = proxy(self._target)
        made = asyncio.run_coroutine_threadsafe(context.__aenter__(), self._loop).result(10)
        self._exits.callback(
            lambda: asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), self._loop).result(
                10
            )
        )
        self._open.append(made)
        return made.port

    def cut(self) -> None:
        """Cut every line, and refuse new connections."""
        for each in self._open:
            self._loop.call_soon_threadsafe(each.cut)

    def mend(self) -> None:
        """Let connections through again."""
        for each in self._open:
            self._loop.call_soon_threadsafe(each.mend)


async def _end_all() -> None:
    own = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not own]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
