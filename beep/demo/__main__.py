"""Starts the demo and keeps it running until Ctrl-C: servers, migrations, directory, workers.

SIGUSR1 restarts Beep's own processes one after the other (`python -m beep.demo.restart` sends it and waits).
"""

import argparse
import ctypes
import hashlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from types import FrameType
from typing import Any, Final, NoReturn

import django
from django.core.exceptions import ImproperlyConfigured

from beep.demo import listener
from beep.demo.commands import Command, commands
from beep.demo.configuration import ROOT, Configuration, write_private
from beep.demo.listener import PortTakenError
from beep.demo.readiness import Readiness
from beep.demo.restart import MARK
from beep.demo.trust import PASSPHRASE
from beep.embedded import Embedded
from beep.isolation import EmbeddedError
from beep.leftovers import usable_port
from beep.processes import PR_SET_PDEATHSIG, Child, spawn
from beep.progress import say, step

READY_PATIENCE: Final = 180.0
"""Seconds until /healthz must be good, and until a restarted process must be ready."""
STOP_PATIENCE: Final = 20.0
"""Seconds that a process may take to drain and end."""
RESTARTS: Final = 10
"""A child that dies more often than this within RESTART_WINDOW is not started again."""
RESTART_WINDOW: Final = 60.0
SHOWN_PEOPLE: Final = 6
OWN_VARIABLES: Final = ("BEEP_", "DATABASE_URL", "VALKEY_URL", "DJANGO_")
"""What the processes are told by the demo, for `beep.demo.manage`."""


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


class Stop(BaseException):
    """Somebody asked the demo to end. Like KeyboardInterrupt, no `except Exception` may swallow it."""


class Demo:
    """All processes of one demo."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration: Final = configuration
        self._embedded: Final = Embedded(configuration.data_dir)
        self._env = dict(configuration.environment)
        self._readiness: Final = Readiness()
        self._listener: socket.socket | None = None
        self._commands: list[Command] = []
        self._children: dict[str, Child] = {}
        self._restart_wanted = False
        self._deaths: dict[str, list[float]] = {}

    def run(self) -> NoReturn:
        """Start everything, then watch it; ends only by an exception. `close` must follow."""
        began = time.monotonic()
        if self._configuration.embedded:
            # Whose the folder is comes first: another demo there has its port too.
            self._embedded.plan()
        self._listen()
        if self._configuration.embedded:
            with step("PostgreSQL and Valkey"):
                self._env |= self._embedded.start().environment()
        own = {name: value for name, value in self._env.items() if name.startswith(OWN_VARIABLES)}
        write_private(self._configuration.data_dir / "environment.json", own)
        # Whoever waits for the demo waits for this file; the last run's would deceive them.
        (self._configuration.data_dir / "demo.json").unlink(missing_ok=True)
        migrated = self._configuration.data_dir / "migrated"
        wanted = _migrations()
        # With the tables as they should be, the servers need not wait for the migrations to find that out.
        early = migrated.exists() and migrated.read_text() == wanted
        if early:
            self._start_all()
        with step("Migrations and demo directory"):
            seeded = self._prepare()
        migrated.write_text(wanted)
        with step("Web servers and worker"):
            if not early:
                self._start_all()
            self._wait_until_ready()
        described = {
            "url": self._configuration.url,
            **seeded,
            "officers": self._officers(),
            "operations": {
                command.name: f"http://{command.environment['BEEP_OPERATIONS']}" for command in self._commands
            },
        }
        write_private(self._configuration.data_dir / "demo.json", described)
        self._announce(seeded, time.monotonic() - began)
        while True:
            if self._restart_wanted:
                self._restart_all()
            self._watch()
            time.sleep(0.5)

    def want_restart(self, number: int, frame: FrameType | None) -> None:
        """Handler of SIGUSR1: restart every process of Beep's own, one after the other."""
        self._restart_wanted = True

    def close(self) -> None:
        """Stop every process, the users of the database first."""
        for child in self._children.values():
            if child.exited() is None:
                child.process.send_signal(signal.SIGTERM)
        for child in self._children.values():
            child.stop(STOP_PATIENCE)
        if self._listener is not None:
            self._listener.close()
        self._readiness.close()
        self._embedded.stop()

    def _listen(self) -> None:
        """Bind the port, and with its descriptor make the list of processes, each with an operations port."""
        folder = self._configuration.data_dir
        self._listener = listener.bind(self._configuration.host, self._configuration.port, data_dir=folder)
        taken: set[int] = set()
        for command in commands(self._configuration, listener=self._listener.fileno()):
            while (port := usable_port(0)) in taken:
                pass
            taken.add(port)
            given = {"BEEP_OPERATIONS": f"127.0.0.1:{port}", **command.environment}
            self._commands.append(replace(command, environment=given))

    def _start_all(self) -> None:
        for command in self._commands:
            self._start(command)

    def _start(self, command: Command) -> None:
        log = self._configuration.data_dir / f"{command.name}.log"
        env = {**self._env, **command.environment}
        if command.notifies:
            env |= self._readiness.environment
        former = self._children.get(command.name)
        if former is not None:
            self._readiness.forget(former.pid)
        self._children[command.name] = spawn(
            command.name, command.words, log=log, env=env, cwd=ROOT, pass_fds=command.pass_fds
        )
        pids = {name: child.pid for name, child in self._children.items()}
        write_private(self._configuration.data_dir / "processes.json", pids)

    def _restart_all(self) -> None:
        """One process after the other: it drains and ends, another one takes its place and is ready."""
        self._restart_wanted = False
        mark = self._configuration.data_dir / MARK
        named = mark.read_text().split() if mark.exists() else []
        for command in (each for each in self._commands if not named or each.name in named):
            say(f"  restarting {command.name} …")
            self._children[command.name].stop(STOP_PATIENCE)
            self._start(command)
            deadline = time.monotonic() + READY_PATIENCE
            while not self._is_ready(command):
                if self._children[command.name].exited() is not None or time.monotonic() > deadline:
                    # The others run on with what they had.
                    log = self._configuration.data_dir / f"{command.name}.log"
                    say(f"  {command.name} does not come back; see {log}. The rest stays as it is.")
                    break
                time.sleep(0.05)
            else:
                continue
            break
        mark.unlink(missing_ok=True)

    def _is_ready(self, command: Command) -> bool:
        return not command.notifies or self._readiness.is_ready(self._children[command.name].pid)

    def _prepare(self) -> dict[str, Any]:
        command = [sys.executable, "-m", "beep.demo.prepare"]
        result = subprocess.run(command, env=self._env, cwd=ROOT, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise DemoError(f"preparing the database failed:\n{result.stderr[-3000:]}")
        seeded: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
        return seeded

    def _wait_until_ready(self) -> None:
        host = (
            f"[{self._configuration.host}]" if ":" in self._configuration.host else self._configuration.host
        )
        address = f"http://{host}:{self._configuration.port}/healthz"
        deadline = time.monotonic() + READY_PATIENCE
        state = "it does not answer"
        while time.monotonic() < deadline:
            for child in self._children.values():
                if child.exited() is not None:
                    raise DemoError(f"the {child.name} process ended at once:\n{child.last_lines()}")
            try:
                with urllib.request.urlopen(address, timeout=2):  # an address of our own making
                    if all(self._is_ready(command) for command in self._commands):
                        return
                    state = "not every web worker is ready"
            except urllib.error.HTTPError as error:
                state = error.read(300).decode(errors="replace")
            except OSError:
                pass
            time.sleep(0.1)
        raise DemoError(
            f"not ready after {READY_PATIENCE:.0f} s: {state}; see {self._configuration.data_dir}/*.log"
        )

    def _watch(self) -> None:
        """Start again what died."""
        if self._configuration.embedded:
            for name in self._embedded.revive():
                self._note_death(name)
        for command in self._commands:
            status = self._children[command.name].exited()
            if status is not None:
                self._note_death(command.name, f" with status {status}")
                self._start(command)

    def _note_death(self, name: str, how: str = "") -> None:
        now = time.monotonic()
        recent = [moment for moment in self._deaths.get(name, []) if now - moment < RESTART_WINDOW]
        self._deaths[name] = [*recent, now]
        log = self._configuration.data_dir / f"{name}.log"
        if len(recent) >= RESTARTS:
            raise DemoError(f"{name} ends again and again; see {log}")
        say(f"  {name} ended{how}; started again (log: {log})")

    def _announce(self, seeded: dict[str, Any], seconds: float) -> None:
        say(f"\nBeep runs at {self._configuration.url} (up in {seconds:.1f} s). Ctrl-C stops it.\n")
        waiting = [person for person in seeded.get("people", []) if person.get("activation_code")]
        if waiting:
            say("Activate somebody, in a browser profile each:\n")
        for person in waiting[:SHOWN_PEOPLE]:
            print(f"  {person['name']['latin']}, personnel number {person['personnel_number']}")
            print(f"    {self._configuration.url}{person['activation_path']}")
        file = self._configuration.data_dir / "demo.json"
        say(f"\n{self._configuration.url}/activate   all codes: {file}")
        say(f"Somebody lost everything? Officers and how they reset: {file}, docs/operations.md")
        # The folder where it is not the usual one, as the command needs it too.
        folder = os.environ.get("BEEP_DATA_DIR")
        where = f"BEEP_DATA_DIR={shlex.quote(folder)} " if folder else ""
        say("Changed the code? Replace the processes one after the other, which nobody at work notices:")
        say(f"  {where}{sys.executable} -m beep.demo.restart\n")

    def _officers(self) -> list[dict[str, str]]:
        """The reset officers: `python -m beep.demo.manage reset_sign --key FILE` signs as one."""
        return [
            {"name": officer.name, "key_file": str(officer.file), "passphrase": PASSPHRASE}
            for officer in self._configuration.officers
        ]


def _migrations() -> str:
    """SHA-256 over every migration of Beep's own, by name and content, and Django's version."""
    total = hashlib.sha256(django.__version__.encode())
    for file in sorted(ROOT.glob("*/migrations/*.py")):
        total.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Stop


def main() -> int:
    """Run the demo; 0 after Ctrl-C or SIGTERM, 1 when it cannot run."""
    parser = argparse.ArgumentParser(prog="python -m beep.demo", description=__doc__)
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the parent (make) ends, however it ends"
    )
    arguments = parser.parse_args()
    if arguments.with_parent:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _stop)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    demo = None
    try:
        demo = Demo(Configuration.load(os.environ))
        signal.signal(signal.SIGUSR1, demo.want_restart)
        demo.run()
    except Stop:
        say("\nStopping …")
        return 0
    except (DemoError, EmbeddedError, ImproperlyConfigured, PortTakenError) as error:
        print(f"\n\n{error}", file=sys.stderr)
        return 1
    finally:
        if demo is not None:
            demo.close()


if __name__ == "__main__":
    sys.exit(main())
