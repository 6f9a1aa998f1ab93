"""A whole Beep for the browser stories: the demo itself, on a port and in a folder of its own."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from beep.leftovers import usable_port
from tests.scenarios import directory

ROOT: Final = Path(__file__).resolve().parents[2]
RESERVE: Final = 24
"""People who are imported at once when the demo's own have all been taken."""
UP_PATIENCE: Final = 300.0
"""Seconds for PostgreSQL, Valkey, migrations, directory, worker and web server together."""
WEB_PATIENCE: Final = 120.0
"""Seconds until a web worker that was killed runs again, and until the whole demo has ended."""

_IDS: Final = (
    "import json; from accounts.models import Person; "
    "print(json.dumps({{p.login: str(p.id) for p in Person.objects.filter(login__in={logins})}}))"
)


def is_server(pid: int) -> bool:
    """Whether `pid` is, right now, a web worker."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(word.startswith(b"messaging.servers.") for word in words)


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
        self.port: Final = usable_port(0)
        self.url: Final = f"http://localhost:{self.port}"
        self.console_url: Final = f"http://console.localhost:{self.port}"
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
        self._newcomers = self._everybody(self._wait_until_up())
        self._imports = 0

    def newcomer(self) -> Newcomer:
        """The next person whom nobody has activated yet."""
        return next(self._newcomers)

    def _everybody(self, first: list[Newcomer]) -> Iterator[Newcomer]:
        yield from first
        while True:
            yield from self.import_unit("Reserve Wing", RESERVE)

    def import_unit(self, unit: str, people: int) -> list[Newcomer]:
        """A new unit of the directory, each of its people with a letter, as an administrator makes them."""
        self._imports += 1
        number = self._imports
        rows = directory.unit_rows(number, unit, people)
        table = self.data_dir.with_name(f"unit-{number}.csv")
        letters = self.data_dir.with_name(f"letters-{number}.csv")
        directory.write(table, rows)
        self.manage("import_people", str(table), "--apply", "--letters", str(letters))
        with letters.open(encoding="utf-8", newline="") as file:
            codes = {letter["login"]: letter["code"] for letter in csv.DictReader(file)}
        letters.unlink()
        logins = self.manage("shell", "-v0", "-c", _IDS.format(logins=[row["login"] for row in rows]))
        ids = json.loads(logins.splitlines()[-1])
        return [
            Newcomer(
                id=ids[row["login"]],
                latin=row["name_latin"],
                local=row["name_local"],
                login=row["login"],
                personnel_number=row["personnel_number"],
                code=codes[row["login"]],
            )
            for row in rows
        ]

    def manage(self, *arguments: str, give: str = "") -> str:
        """Run `manage.py` inside the demo, `give` on its standard input; returns what it prints.

        Raises RuntimeError with what it complained about.
        """
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "beep.demo.manage", *arguments],
            cwd=ROOT,
            env={**os.environ, "BEEP_DATA_DIR": str(self.data_dir)},
            input=give,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != 0:
            raise RuntimeError(f"manage.py {arguments[0]}: {ran.stderr[-3000:]}")
        return ran.stdout

    def officers(self) -> list[tuple[Path, str]]:
        """The two reset officers: each one's key file and its passphrase."""
        described = json.loads((self.data_dir / "demo.json").read_text())
        return [(Path(each["key_file"]), each["passphrase"]) for each in described["officers"]]

    def web_pids(self) -> dict[str, int]:
        """Process id of each web worker by name; waits until all run. Raises TimeoutError."""
        deadline = time.monotonic() + WEB_PATIENCE
        while time.monotonic() < deadline:
            noted: dict[str, int] = json.loads((self.data_dir / "processes.json").read_text())
            workers = {name: pid for name, pid in noted.items() if name.startswith("web-")}
            if workers and all(is_server(pid) for pid in workers.values()):
                return workers
            time.sleep(0.05)
        raise TimeoutError("not every web worker runs")

    def kill_web(self, *names: str) -> None:
        """kill -9 of the web workers of these names, or of all; the demo starts them again."""
        for name, pid in self.web_pids().items():
            if not names or name in names:
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End the demo as Ctrl-C does."""
        self._demo.send_signal(signal.SIGINT)
        try:
            self._demo.wait(WEB_PATIENCE)
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
