"""A whole Beep for the browser stories: the demo itself, on a port and in a folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
UP_PATIENCE: Final = 120.0
"""Seconds for PostgreSQL, Valkey, migrations, directory, worker and web server together."""


@dataclass(frozen=True)
class Newcomer:
    """Somebody of the demo directory who has not been activated; no story takes the same person twice."""

    id: str
    latin: str
    local: str
    login: str
    personnel_number: str
    code: str


class Stack:
    """One running demo. `close` ends all of it; a crash of this process does so too."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir: Final = data_dir
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: Final[int] = probe.getsockname()[1]
        self.url: Final = f"http://localhost:{self.port}"
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("BEEP_", "DATABASE_URL"))
        }
        env.pop("VALKEY_URL", None)
        env.pop("DJANGO_SETTINGS_MODULE", None)
        env |= {"BEEP_DATA_DIR": str(data_dir), "BEEP_PORT": str(self.port)}
        self.output: Final = data_dir.with_suffix(".out")
        with self.output.open("wb") as out:
            self._demo: Final = subprocess.Popen(
                [sys.executable, "-m", "beep.demo", "--with-parent"],
                cwd=ROOT,
                env=env,
                stdout=out,
                stderr=out,
            )
        self._newcomers = iter(self._wait_until_up())

    def newcomer(self) -> Newcomer:
        """The next person whom nobody has activated yet."""
        return next(self._newcomers)

    def web_pid(self) -> int:
        """Process id of the web server; waits for a restart. Raises TimeoutError."""
        wanted = str(self.port).encode()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for entry in Path("/proc").iterdir():
                if not entry.name.isdigit():
                    continue
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if any(word.startswith(b"messaging.servers.") for word in words) and wanted in words:
                    return int(entry.name)
            time.sleep(0.05)
        raise TimeoutError("no web server runs")

    def kill_web(self) -> None:
        """kill -9 of the web server; the demo starts it again."""
        os.kill(self.web_pid(), signal.SIGKILL)

    def close(self) -> None:
        """End the demo as Ctrl-C does."""
        self._demo.send_signal(signal.SIGINT)
        try:
            self._demo.wait(30)
        except subprocess.TimeoutExpired:
            self._demo.kill()
            self._demo.wait()
            raise

    def _wait_until_up(self) -> list[Newcomer]:
        described = self.data_dir / "demo.json"
        deadline = time.monotonic() + UP_PATIENCE
        while not described.exists():
            if self._demo.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the demo did not start:\n{self.output.read_text()[-4000:]}")
            time.sleep(0.1)
        people = json.loads(described.read_text())["people"]
        return [
            Newcomer(
                id=person["id"],
                latin=person["name"]["latin"],
                local=person["name"]["local"],
                login=person["login"],
                personnel_number=person["personnel_number"],
                code=person["activation_code"],
            )
            for person in people
            if person.get("activation_code")
        ]
