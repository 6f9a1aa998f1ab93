"""A real rsyslogd on loopback: the machine's own, or Debian's packages in a cache, never installed."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from beep.leftovers import usable_port
from benchmarks.peers import install

CACHE: Final = install.ROOT / ".beep" / "rsyslog"
PACKAGES: Final = ("rsyslog", "rsyslog-openssl", "rsyslog-gnutls")
PATIENCE: Final = 60.0
"""Seconds to wait for anything."""


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """The condition's value once it is true; fails the test after a long time."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain: {what}")


def program() -> tuple[Path, Path, Path | None]:
    """rsyslogd, the folder of its modules, and that of libraries that came with it; skips without them."""
    own = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if own is not None:
        for folder in Path("/usr/lib").glob("*/rsyslog"):
            if (folder / "lmnsd_ossl.so").is_file():
                return Path(own), folder, None
    root = CACHE / "root"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        # Another process of the suite would empty the folder that this one has just begun to fill.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "complete").exists():
            try:
                install.unpack(PACKAGES, root, CACHE / "archives")
            except install.MissingError as missing:
                pytest.skip(f"no rsyslogd with TLS here, and none to be had: {missing}")
            (root / "complete").touch()
    folders = [file.parent for file in (root / "usr/lib").glob("*/rsyslog/lmnsd_ossl.so")]
    if not folders or not (root / "usr/sbin/rsyslogd").is_file():
        pytest.skip("Debian's packages hold no rsyslogd with TLS for this machine")
    return root / "usr/sbin/rsyslogd", folders[0], folders[0].parent


@dataclass(frozen=True)
class Received:
    """One message as rsyslog understood it."""

    priority: int
    app_name: str
    name: str
    """MSGID."""
    structured: str
    text: str

    @property
    def event(self) -> dict[str, Any]:
        """The OCSF event."""
        found: dict[str, Any] = json.loads(self.text.removeprefix("\ufeff"))
        return found


class Rsyslog:
    """One receiver with a folder of its own. It asks for a certificate of `authority`, shows its own."""

    def __init__(self, folder: Path, *, authority: Path, certificate: Path, key: Path, driver: str) -> None:
        self._program, self._modules, self._libraries = program()
        self._folder = folder
        self._tls = (authority, certificate, key)
        self._driver = driver
        self._process: subprocess.Popen[bytes] | None = None
        self._output = folder / "received"
        self.port: Final = usable_port(0)
        """None that a client may be given while nobody listens on it."""
        folder.mkdir()

    def start(self) -> None:
        """Start, on the same port as before; returns when it listens."""
        authority, certificate, key = self._tls
        fields = ("pri", "app-name", "msgid", "structured-data", "msg")
        template = "%n".join(f"%{name}%" for name in fields).replace("%n", "\\t")
        # Direct: a message is in the file before the next one is read, so that nothing confirmed is lost.
        (self._folder / "rsyslog.conf").write_text(
            f"""
            global(workDirectory="{self._folder}" maxMessageSize="256k" net.enableDNS="off"
                   defaultNetstreamDriver="{self._driver}" defaultNetstreamDriverCAFile="{authority}"
                   defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}")
            main_queue(queue.type="Direct")
            module(load="imtcp" streamDriver.name="{self._driver}" streamDriver.mode="1"
                   streamDriver.authMode="x509/certvalid")
            input(type="imtcp" address="127.0.0.1" port="{self.port}")
            template(name="fields" type="string" string="{template}\\n")
            action(type="omfile" file="{self._output}" template="fields" ioBufferSize="256k")
            """
        )
        environment = {"PATH": os.defpath}
        if self._libraries is not None:
            environment["LD_LIBRARY_PATH"] = str(self._libraries)
        with (self._folder / "complaints").open("ab") as complaints:
            self._process = subprocess.Popen(
                [
                    str(self._program),
                    "-n",
                    *("-f", str(self._folder / "rsyslog.conf")),
                    *("-i", "NONE"),
                    *("-M", str(self._modules)),
                ],
                env=environment,
                stdout=complaints,
                stderr=complaints,
            )
        wait_for(lambda: self._alive() and self._listens(), "rsyslogd listens")

    def _alive(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.complaints()
        return True

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def complaints(self) -> str:
        """What it said on standard error."""
        return (self._folder / "complaints").read_text()

    def received(self) -> list[Received]:
        """Every whole line of its file."""
        if not self._output.is_file():
            return []
        lines = self._output.read_text(encoding="utf-8").split("\n")[:-1]
        found = [line.split("\t", 4) for line in lines]
        return [Received(int(pri), *rest) for pri, *rest in found]
