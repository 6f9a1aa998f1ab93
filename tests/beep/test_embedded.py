"""The embedded servers: up, guarded, gone with their owner, and back after every kind of death."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from beep import binaries, isolation
from beep.embedded import Embedded, Urls, urls_of
from beep.isolation import EmbeddedError

PATIENCE = 60.0
"""Seconds for what must come about, on a machine with other work to do."""
OWNER = """
import sys, time
from pathlib import Path
from beep.embedded import Embedded
servers = Embedded(Path(sys.argv[1]))
urls = servers.start()
print(urls.superuser, *servers.pids().values(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def new_folder(tmp_path: Path) -> Path:
    """A data folder that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture(scope="session")
def used_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of servers that ran once; to be copied, since a first start takes a second."""
    folder = tmp_path_factory.mktemp("embedded") / "data"
    with Embedded(folder):
        return folder


@pytest.fixture
def folder(used_folder: Path, tmp_path: Path) -> Path:
    """A data folder of its own that has been started once."""
    return Path(shutil.copytree(used_folder, tmp_path / "data"))


class Owner:
    """Another process that runs the servers."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.superuser, *pids = self.process.stdout.readline().split()
        self.pids = [int(pid) for pid in pids]

    def kill(self) -> None:
        """SIGKILL, and take its exit status."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def owner(folder: Path) -> Iterator[Owner]:
    """Another process whose servers are up."""
    owner = Owner(folder)
    yield owner
    owner.kill()
    assert gone(owner.pids)


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie, which nobody has collected yet, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids: list[int], patience: float = PATIENCE) -> bool:
    """Wait until none of them runs, up to `patience` seconds."""
    deadline = time.monotonic() + patience
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(alive, pids))


def descendants(data: Path) -> list[int]:
    """All processes whose working folder lies in the data folder: PostgreSQL's server and its helpers."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink().is_relative_to(data):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def one_row(url: str, query: str, **options: str) -> tuple[object, ...]:
    """The first row of `query`."""
    with psycopg.connect(url, autocommit=True, **options) as connection:  # type: ignore[arg-type]
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(row)


def keep(url: str) -> None:
    """Commit something that must still be there later; `kept` looks."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")


def kept(url: str) -> bool:
    """Whether what `keep` committed is there."""
    return one_row(url, "SELECT one FROM kept") == (1,)


def test_every_role_may_do_its_work_and_no_more(new_folder: Path) -> None:
    with Embedded(new_folder) as urls:
        with psycopg.connect(urls.migrator, options="-c role=beep_owner", autocommit=True) as owner:
            owner.execute("CREATE TABLE letter (id int)")
        assert one_row(urls.database, "INSERT INTO letter VALUES (7) RETURNING id") == (7,)
        forbidden = [
            (urls.database, "CREATE TABLE other (id int)"),
            (urls.database, "TRUNCATE letter"),
            (urls.database, "SET ROLE beep_owner"),
            (urls.migrator, "CREATE TABLE public.other (id int)"),
            (urls.integrator, "SELECT * FROM letter"),
            (urls.auditor, "SELECT * FROM letter"),
        ]
        for url, statement in forbidden:
            with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_nobody_gets_in_without_a_password(folder: Path) -> None:
    with Embedded(folder) as urls:
        for url in (urls.database, urls.superuser, urls.migrator):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(url, password="wrong")
        wrong = urls.valkey.replace("redis://:", "redis://:wrong")
        with redis.Redis.from_url(wrong) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
        assert one_row(urls.superuser, "SHOW listen_addresses") == ("127.0.0.1",)
        assert one_row(urls.superuser, "SHOW fsync") == ("on",)


def test_secrets_are_private_and_on_no_command_line(new_folder: Path) -> None:
    servers = Embedded(new_folder)
    with servers:
        assert stat.S_IMODE(new_folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((new_folder / "embedded.json").stat().st_mode) == 0o600
        passwords = json.loads((new_folder / "embedded.json").read_text())["passwords"].values()
        for pid in servers.pids().values():
            seen = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
            assert not any(password.encode() in seen for password in passwords)
            assert b"BEEP_" not in seen
        assert not (new_folder / "initdb.password").exists()


def test_stopping_leaves_nothing_and_starting_again_keeps_everything(folder: Path) -> None:
    servers = Embedded(folder)
    first = servers.start()
    pids = [*servers.pids().values(), *descendants(folder)]
    keep(first.superuser)
    servers.stop()
    # It returns when they have ended, and does not leave that to time.
    assert gone(pids, 0.5)
    with Embedded(folder) as second:
        assert second == first == urls_of(folder)
        assert kept(second.superuser)


def test_killing_the_owner_ends_the_servers(owner: Owner, folder: Path) -> None:
    pids = [*owner.pids, *descendants(folder)]
    assert len(pids) > 4
    owner.kill()
    assert gone(pids)


def test_recovers_after_the_owner_was_killed(owner: Owner, folder: Path) -> None:
    keep(owner.superuser)
    owner.kill()
    # At once, while the former servers may still be ending.
    with Embedded(folder) as urls:
        assert kept(urls.superuser)


def test_recovers_after_everything_was_killed(owner: Owner, folder: Path) -> None:
    keep(owner.superuser)
    victims = [owner.process.pid, *owner.pids, *descendants(folder)]
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    owner.kill()
    assert gone(victims)
    # The id that PostgreSQL remembers now belongs to a living process of the same user: this one.
    pid_file = folder / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with Embedded(folder) as urls:
        assert kept(urls.superuser)


def test_recovers_from_an_interrupted_first_start(new_folder: Path) -> None:
    half = new_folder / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Embedded(new_folder) as urls:
        assert one_row(urls.database, "SELECT current_user::text") == ("beep_app",)


def test_a_second_owner_of_the_folder_is_refused(owner: Owner, folder: Path) -> None:
    with pytest.raises(EmbeddedError, match=f"in use by process {owner.process.pid}"):
        Embedded(folder).start()
    assert one_row(owner.superuser, "SELECT 1") == (1,)


def test_valkey_that_is_slow_to_answer_is_waited_for(new_folder: Path) -> None:
    """On a machine with other work to do it may listen, and say nothing yet: asked again, not given up."""
    servers = Embedded(new_folder)
    servers.plan()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        servers._state.valkey_port = silent.getsockname()[1]
        assert not servers._valkey_answers()


def test_takes_another_port_when_its_own_is_taken(folder: Path) -> None:
    with Embedded(folder) as urls:
        first = urls
    port = int(first.database.rpartition(":")[2].partition("/")[0])
    with socket.create_server(("127.0.0.1", port)), Embedded(folder) as second:
        assert second.database != first.database
        assert one_row(second.database, "SELECT 1") == (1,)


def test_a_damaged_state_file_is_named(new_folder: Path) -> None:
    new_folder.mkdir()
    (new_folder / "embedded.json").write_text("{")
    with pytest.raises(EmbeddedError, match=r"embedded\.json is damaged"):
        Embedded(new_folder).start()
    # The lock is free again.
    (new_folder / "embedded.json").unlink()
    Embedded(new_folder).plan()


def test_a_server_that_dies_is_noticed(folder: Path) -> None:
    servers = Embedded(folder)
    with servers:
        assert servers.dead() == []
        os.kill(servers.pids()["valkey"], signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while not servers.dead() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert servers.dead() == ["valkey"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change its user")
def test_without_namespaces_root_becomes_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Embedded(folder) as urls:
        keep(urls.superuser)
    monkeypatch.setattr(isolation, "choose", isolation.Nobody)
    assert isolation._works(isolation.Nobody())
    servers = Embedded(folder)
    with servers as urls:
        for pid in servers.pids().values():
            assert Path(f"/proc/{pid}").stat().st_uid in (0, isolation.NOBODY)
            identities = Path(f"/proc/{pid}/status").read_text().partition("Uid:")[2].split()[:4]
            assert identities == [str(isolation.NOBODY)] * 4
        assert kept(urls.superuser)
    monkeypatch.undo()
    with Embedded(folder) as urls:
        assert kept(urls.superuser)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change its user")
def test_nobody_finds_programs_below_a_folder_that_is_roots_alone(
    new_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    package = binaries.postgres().parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, hidden / part.name, symlinks=True)
    programs = hidden / binaries.postgres().relative_to(package.parent)
    monkeypatch.setattr(binaries, "postgres", lambda: programs)
    monkeypatch.setattr(isolation, "choose", isolation.Nobody)
    monkeypatch.setattr(tempfile, "tempdir", str(reachable := Path(tempfile.mkdtemp())))
    reachable.chmod(0o755)
    try:
        for _ in range(2):  # The second start finds the copy of the first.
            with Embedded(new_folder) as urls:
                assert one_row(urls.database, "SELECT 1") == (1,)
            assert len(list(reachable.glob("beep-programs-*"))) == 1
    finally:
        shutil.rmtree(reachable)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change its user")
def test_as_nobody_too_the_servers_end_with_their_owner(folder: Path) -> None:
    script = OWNER.replace(
        "servers =", "from beep import isolation; isolation.choose = isolation.Nobody\nservers ="
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, folder], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        pids = [int(word) for word in process.stdout.readline().split()[1:]]
        assert len(pids) == 2
        process.kill()
    assert gone(pids)


def test_urls_do_not_show_their_passwords(new_folder: Path) -> None:
    urls = Embedded(new_folder).plan()
    assert isinstance(urls, Urls)
    assert "postgresql://" not in repr(urls)


def test_a_killed_server_is_started_again(folder: Path) -> None:
    servers = Embedded(folder)
    with servers as urls:
        keep(urls.superuser)
        for name in ("postgres", "valkey"):
            os.kill(servers.pids()[name], signal.SIGKILL)
            deadline = time.monotonic() + PATIENCE
            while not (revived := servers.revive()) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert revived == [name]
        assert kept(urls.superuser)
        with redis.Redis.from_url(urls.valkey) as client:
            assert client.ping()
        assert servers.revive() == []
