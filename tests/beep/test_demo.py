"""`python -m beep.demo`, as `make demo` starts it: up, healthy, gone with Ctrl-C, back after kill -9."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from beep.demo.configuration import KEYS, ROOT, Configuration
from beep.embedded import DATABASE, Embedded
from beep.leftovers import usable_port

SOAK = os.environ.get("SOAK") == "1"
"""Restart every process, and start the restored demo, too: half a minute more."""
RESTARTED = [] if SOAK else ["web-2", "witness-1"]
"""What is restarted; nothing named is all."""
UP_PATIENCE = 300.0
"""Seconds; a first start on a busy machine."""
WELL = dict.fromkeys(("ok", "database", "valkey", "worker", "certificates"), True)
"""What /healthz says when all is well."""


def plain_environment(**more: str) -> dict[str, str]:
    """This process's environment without what conftest.py set for tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BEEP_", "DATABASE_URL", "VALKEY_URL", "DJANGO_"))
    }
    return {**kept, **more}


class RunningDemo:
    """One run of the demo."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.url = f"http://127.0.0.1:{port}"
        self._output = (data_dir.parent / "output").open("a+")
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "beep.demo", "--with-parent"],
            cwd=ROOT,
            env=plain_environment(BEEP_DATA_DIR=str(data_dir), BEEP_PORT=str(port)),
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        while "Ctrl-C stops it" not in self.output():
            if self.process.poll() is not None or time.monotonic() - began > UP_PATIENCE:
                self.process.kill()
                raise AssertionError(f"the demo did not come up:\n{self.output()}")
            time.sleep(0.05)
        self.seconds = time.monotonic() - began
        self._output.seek(0)
        self._output.truncate()

    def output(self) -> str:
        return Path(self._output.name).read_text()

    def deaths(self) -> set[str]:
        """`NAME ended` for each process that the demo has seen end."""
        return {
            line.partition(" with ")[0].strip() for line in self.output().splitlines() if " ended" in line
        }

    def health(self) -> dict[str, Any]:
        """What a web worker says, be it well or not; raises OSError when none answers."""
        try:
            answer = urllib.request.urlopen(f"{self.url}/healthz", timeout=60)
        except urllib.error.HTTPError as unwell:
            answer = unwell
        with answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def wait_until_well(self) -> None:
        """Until a web worker says that all is well; one that was killed is away meanwhile."""
        deadline = time.monotonic() + UP_PATIENCE
        said: object = None
        while time.monotonic() < deadline:
            try:
                said = self.health()
            except OSError as error:
                said = error
            if said == WELL:
                return
            time.sleep(0.1)
        raise AssertionError(f"not well: {said}")

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data_dir / "demo.json").read_text())
        return found

    def processes(self) -> dict[int, str]:
        """All living processes of this demo but itself: environment or command line name its folder."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in (os.getpid(), self.process.pid):
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                named = os.fsencode(self.data_dir) in command + (entry / "environ").read_bytes()
                inside = (entry / "cwd").readlink().is_relative_to(self.data_dir)
            except OSError:
                continue
            if command and (named or inside):
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        return found

    def wait_until_gone(self) -> None:
        deadline = time.monotonic() + UP_PATIENCE
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not left


def manage(data_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Django's command line inside a demo."""
    return run("beep.demo.manage", data_dir, *words, check=True)


def backup(data_dir: Path, task: str, archive: Path) -> subprocess.CompletedProcess[str]:
    """`python -m beep.backup`; may fail."""
    return run("beep.backup", data_dir, task, str(archive), check=False)


def run(module: str, data_dir: Path, *words: str, check: bool) -> subprocess.CompletedProcess[str]:
    """A module for a data folder."""
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=plain_environment(BEEP_DATA_DIR=str(data_dir)),
        capture_output=True,
        text=True,
        timeout=300,
        check=check,
    )


def test_the_demo_from_first_start_to_recovery(tmp_path: Path) -> None:
    data_dir, port = tmp_path / "data", usable_port(0)
    first = RunningDemo(data_dir, port)
    first.wait_until_well()
    described = first.described()
    assert described["url"] == f"http://localhost:{port}"
    assert len(described["people"]) >= 40
    for name in (
        "demo.json",
        "secrets.json",
        "embedded.json",
        "environment.json",
        "processes.json",
        "web-1.log",
        "web-2.log",
        "worker.log",
        "trust/root.key",
        "trust/officer-1.key",
        "trust/officer-2.key",
    ):
        assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o600

    # Django's command line works beside it, and finds a root, an authority and two officers.
    shown = manage(data_dir, "trust_show")
    assert [line.split()[0] for line in shown.stdout.splitlines()] == [
        "root",
        "authority",
        "authority",
        "officer",
        "officer",
    ]
    assert [Path(officer["key_file"]).is_file() for officer in described["officers"]] == [True, True]

    # A second demo on the same folder is refused and disturbs nothing.
    second = subprocess.run(
        [sys.executable, "-m", "beep.demo"],
        cwd=ROOT,
        env=plain_environment(BEEP_DATA_DIR=str(data_dir), BEEP_PORT=str(usable_port(0))),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert second.returncode == 1
    assert f"in use by process {first.process.pid}" in second.stderr
    assert first.described() == described

    # A server that dies is started again.
    victims = [pid for pid, command in first.processes().items() if "messaging.servers" in command]
    assert len(victims) == 2
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + UP_PATIENCE
    while not {"web-1 ended", "web-2 ended"} <= first.deaths():
        assert time.monotonic() < deadline, first.output()
        time.sleep(0.05)
    first.wait_until_well()

    # Restarted one after the other: these are other processes, none was missed, and the port stayed open.
    former = json.loads((data_dir / "processes.json").read_text())
    restarting = subprocess.Popen(
        [sys.executable, "-m", "beep.demo.restart", *RESTARTED],
        cwd=ROOT,
        env=plain_environment(BEEP_DATA_DIR=str(data_dir)),
        stdout=subprocess.PIPE,
        text=True,
    )
    while restarting.poll() is None:
        assert first.health()["ok"]
        time.sleep(0.2)
    assert restarting.returncode == 0
    renewed = json.loads((data_dir / "processes.json").read_text())
    assert renewed.keys() == former.keys() == first.described()["operations"].keys()
    replaced = {name for name, pid in renewed.items() if former[name] != pid}
    assert replaced == set(RESTARTED or renewed)
    assert first.output().count(" ended") == 2

    # A backup, taken while it runs, is whole; a second one does not take its place.
    archive = tmp_path / "demo.backup"
    assert backup(data_dir, "take", archive).returncode == 0
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert "never overwritten" in backup(data_dir, "take", archive).stderr

    # kill -9 of the supervisor ends everything that it started.
    assert len(first.processes()) >= 4
    first.process.kill()
    first.process.wait()
    first.wait_until_gone()

    again = RunningDemo(data_dir, port)
    # How long it took is for `make bench`: here other tests share the machine.
    again.wait_until_well()
    assert [person["id"] for person in again.described()["people"]] == [
        person["id"] for person in described["people"]
    ]
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(UP_PATIENCE) == 0
    assert "Traceback" not in again.output()
    again.wait_until_gone()

    # The backup becomes a demo of the same people and secrets in another folder, which takes nothing new yet.
    assert "not empty" in backup(data_dir, "restore", archive).stderr
    restored_dir = tmp_path / "restored"
    restoring = backup(restored_dir, "restore", archive)
    assert restoring.returncode == 0, restoring.stderr
    assert (restored_dir / "secrets.json").read_text() == (data_dir / "secrets.json").read_text()
    with Embedded(restored_dir) as urls, psycopg.connect(urls.superuser, dbname=DATABASE) as connection:
        assert connection.execute("SELECT read_only FROM messaging_restore").fetchall() == [(True,)]
        people = connection.execute("SELECT id::text FROM accounts_person").fetchall()
    assert {person["id"] for person in described["people"]} <= {id_ for (id_,) in people}
    if not SOAK:
        return
    restored = RunningDemo(restored_dir, port)
    assert restored.described()["people"] == described["people"]
    assert restored.described()["officers"][0]["key_file"] == str(restored_dir / "trust" / "officer-1.key")
    shown = manage(restored_dir, "restore_mode", "status")
    assert shown.stdout.startswith("read-only, taking re-uploads")
    restored.process.send_signal(signal.SIGINT)
    assert restored.process.wait(UP_PATIENCE) == 0


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = subprocess.run(
            [sys.executable, "-m", "beep.demo"],
            cwd=ROOT,
            env=plain_environment(BEEP_DATA_DIR=str(tmp_path), BEEP_PORT=port),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert result.returncode == 1
    assert f"port {port} is taken; set BEEP_PORT to another" in result.stderr
    assert "Traceback" not in result.stderr


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    first, second = (Configuration.load({"BEEP_DATA_DIR": str(tmp_path)}) for _ in range(2))
    assert first == second
    assert first.embedded
    assert len({first.environment[name] for name in KEYS}) == len(KEYS)
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert first.environment["BEEP_SECRET_KEY"] not in repr(first)


def test_damaged_trust_is_made_anew_for_the_same_authority(tmp_path: Path) -> None:
    first = Configuration.load({"BEEP_DATA_DIR": str(tmp_path)})
    (tmp_path / "trust" / "officer-2.key").unlink()
    second = Configuration.load({"BEEP_DATA_DIR": str(tmp_path)})
    assert second.environment["BEEP_ROOT_KEY"] != first.environment["BEEP_ROOT_KEY"]
    assert second.environment["BEEP_AUTHORITY_KEY"] == first.environment["BEEP_AUTHORITY_KEY"]
    assert Configuration.load({"BEEP_DATA_DIR": str(tmp_path)}) == second


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"BEEP_ORIGIN": "https://beep.example.gov"}, "BEEP_ORIGIN"),
        ({"BEEP_ALLOWED_HOSTS": "beep.example.gov"}, "BEEP_ALLOWED_HOSTS"),
        ({"BEEP_HOST": "0.0.0.0"}, "BEEP_HOST"),
        ({"BEEP_PORT": "eight"}, "BEEP_PORT"),
        ({"DATABASE_URL": "postgresql://a@b/c"}, "DATABASE_URL and VALKEY_URL"),
        ({"DATABASE_URL": "postgresql://a@b/c", "VALKEY_URL": "redis://x"}, "DATABASE_URL_MIGRATOR"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    tmp_path: Path, env: dict[str, str], message: str
) -> None:
    folder = tmp_path / "data"
    with pytest.raises(ImproperlyConfigured, match=message):
        Configuration.load({"BEEP_DATA_DIR": str(folder), **env})
    assert not folder.exists()


def test_own_servers_are_used_when_given(tmp_path: Path) -> None:
    url = "postgresql://a@b/c"
    names = ("DATABASE_URL", "DATABASE_URL_MIGRATOR", "DATABASE_URL_INTEGRATOR", "DATABASE_URL_AUDITOR")
    given = {**dict.fromkeys(names, url), "VALKEY_URL": "redis://x"}
    configuration = Configuration.load({"BEEP_DATA_DIR": str(tmp_path), **given})
    assert not configuration.embedded
    assert configuration.environment["DATABASE_URL"] == url
