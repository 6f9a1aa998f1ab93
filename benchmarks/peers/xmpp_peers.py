"""ejabberd and Prosody."""

import base64
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.peers import install
from benchmarks.peers.peer import Peer

LIBRARIES = "usr/lib/x86_64-linux-gnu"


class _Xmpp(Peer):
    """People are rows; rooms are made by the driver."""

    driver = "benchmarks.peers.xmpp"
    page: int
    """Messages that the server puts on a page of the archive at most."""

    def __init__(self, superuser: str, folder: Path) -> None:
        super().__init__(superuser, folder)
        self._made = 0

    def add_users(self, names: Sequence[str]) -> None:
        """Accounts with our password."""
        raise NotImplementedError

    def copy_message(self, reader: str, count: int) -> None:
        """Bring the reader's archive from one message to `count`."""
        raise NotImplementedError

    def _users(self, count: int) -> list[str]:
        names = [f"u{self._made + index}" for index in range(count)]
        self._made += count
        self.add_users(names)
        return names

    def order(self, work: str, options: Any) -> dict[str, Any]:
        """See `Peer`."""
        count = {
            "fan_out": options.members,
            "pairs": 2 * options.pairs,
            "catch_up": 2,
            "idle": options.connections,
        }
        users = self._users(count[work])
        order = {
            "work": work,
            "host": "localhost",
            "port": self.port,
            "window": options.window,
            "seconds": options.seconds,
            "size": options.size,
            "warm_up": options.warm_up,
            "users": users,
            "password": self.password,
            "room": f"room{self._made}@conference.localhost",
            "page": self.page,
        }
        if work == "catch_up":
            measure.drive(self.driver, {**order, "work": "store"})
            self.copy_message(users[1], options.missed)
            order["users"] = users[1:]
        return order


class Ejabberd(_Xmpp):
    """23.01 from Debian, archive in PostgreSQL."""

    name = "ejabberd"
    ack = "the sender's copy is committed (mod_mam writes it before the session goes on to <r/>)"
    config = "ejabberd.yml"
    page = 250

    def prepare(self) -> None:
        """Its own schema."""
        schema = install.debian() / "usr/share/ejabberd/sql/pg.sql"
        with self.connect() as connection:
            connection.execute(schema.read_bytes())

    def command(self) -> tuple[Sequence[str | Path], Mapping[str, str]]:
        """The Erlang machine itself: no node name, so that no port mapper is started."""
        root = install.debian()
        erlang = root / "usr/lib/erlang"
        (erts,) = erlang.glob("erts-*")
        environment = {
            "ROOTDIR": str(erlang),
            "BINDIR": str(erts / "bin"),
            "EMU": "beam",
            "PROGNAME": "erl",
            "HOME": str(self.folder),
            "ERL_LIBS": str(root / LIBRARIES),
            "LD_LIBRARY_PATH": str(root / LIBRARIES),
            "EJABBERD_CONFIG_PATH": str(self.write_config()),
            "EJABBERD_LOG_PATH": str(self.folder / "ejabberd.log"),
            "ERL_CRASH_DUMP": "/dev/null",
            "ERL_MAX_PORTS": "32000",
        }
        spool = f'"{self.folder}/mnesia"'
        words = "+K true +P 250000 +Q 65536 -noinput -boot start_sasl -sasl sasl_error_logger false"
        return [erts / "bin/erlexec", *words.split(), "-mnesia", "dir", spool, "-s", "ejabberd"], environment

    def add_users(self, names: Sequence[str]) -> None:
        """See `_Xmpp`."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO users (username, password) VALUES (%s, %s)", [(n, self.password) for n in names]
            )

    def copy_message(self, reader: str, count: int) -> None:
        """See `_Xmpp`."""
        with self.connect() as connection:
            connection.execute(
                "INSERT INTO archive (username, timestamp, peer, bare_peer, xml, txt, kind, nick)"
                " SELECT username, timestamp + n, peer, bare_peer, xml, txt, kind, nick"
                " FROM archive, generate_series(1, %s) n WHERE username = %s",
                (count - 1, reader),
            )
            connection.execute("ANALYZE archive")


class Prosody(_Xmpp):
    """0.12 from Debian under Lua 5.4, accounts and archive in PostgreSQL."""

    name = "prosody"
    ack = "both copies are committed (one thread: mod_mam writes them before mod_smacks sees <r/>)"
    config = "prosody.cfg.lua"
    page = 1000

    def command(self) -> tuple[Sequence[str | Path], Mapping[str, str]]:
        """The script of the package, with its four fixed paths turned to ours."""
        root = install.debian()
        (self.folder / "data").mkdir()
        library, modules = root / "usr/lib/prosody", root / LIBRARIES / "lua/5.4"
        script = (root / "usr/bin/prosody").read_text(encoding="utf-8")
        for old, new in (
            ("'/usr/lib/prosody'", f"'{library}'"),
            ("'/etc/prosody'", f"'{self.folder}'"),
            ("'/usr/lib/prosody/modules/'", f"'{library}/modules/'"),
            ("'/var/lib/prosody'", f"'{self.folder}/data'"),
        ):
            script = script.replace(old, new)
        program = self.folder / "prosody.lua"
        program.write_text(script, encoding="utf-8")
        environment = {
            "LUA_PATH": f"{root}/usr/share/lua/5.4/?.lua;{root}/usr/share/lua/5.4/?/init.lua;;",
            "LUA_CPATH": f"{modules}/?.so;;",
            "LD_LIBRARY_PATH": str(root / LIBRARIES),
            "HOME": str(self.folder),
        }
        config = self.write_config()
        # Prosody refuses to be root; under another user it needs its folder.
        return [root / "usr/bin/lua5.4", program, "--root", "--config", config, "-F"], environment

    def prepare(self) -> None:
        """The certificate folder that it looks for beside its configuration."""
        (self.folder / "certs").mkdir()

    def started(self) -> None:
        """It makes its tables when it first needs them: for somebody whom it does not know."""
        stream = (
            "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        secret = base64.b64encode(b"\0nobody\0nothing").decode()
        sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as line:
            line.sendall(f"{stream}<auth xmlns='{sasl}' mechanism='PLAIN'>{secret}</auth>".encode())
            answer = b""
            while b"<failure" not in answer:
                data = line.recv(4096)
                if not data:
                    raise SystemExit(f"prosody: {answer[-300:]!r}")
                answer += data

    def add_users(self, names: Sequence[str]) -> None:
        """See `_Xmpp`: rows of the key-value store that it makes at its start."""
        rows = [("localhost", name, "accounts", "password", "string", self.password) for name in names]
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.executemany(
                'INSERT INTO prosody (host, "user", store, key, type, value) VALUES (%s, %s, %s, %s, %s, %s)',
                rows,
            )

    def copy_message(self, reader: str, count: int) -> None:
        """See `_Xmpp`."""
        with self.connect() as connection:
            connection.execute(
                'INSERT INTO prosodyarchive (host, "user", store, key, "when", "with", type, value)'
                ' SELECT host, "user", store, gen_random_uuid()::text, "when" + n, "with", type, value'
                ' FROM prosodyarchive, generate_series(1, %s) n WHERE "user" = %s',
                (count - 1, reader),
            )
            connection.execute("ANALYZE prosodyarchive")
