"""Hosts in network namespaces, the third of which runs the servers, with links between them that can be cut.

Each host but the third has two links to it, one to PostgreSQL and one to Valkey. The namespaces have no names
and live as long as this process: nothing is left behind, whatever ends it, and none has a way out of the
machine. Their addresses are of 198.18.0.0/15, which is set aside for such trials (RFC 2544).

Needs the rights of root over network namespaces, and `ip` of iproute2; see `why_not`.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

CLONE_NEWNET = 0x40000000
"""From linux/sched.h."""
NOWHERE = "02:00:00:00:00:01"
"""A hardware address that no host has."""

_libc = ctypes.CDLL(None, use_errno=True)


class Cut(StrEnum):
    """How a link is cut."""

    DOWN = "down"
    """The interface goes down at the host: its kernel knows at once."""
    SILENT = "silent"
    """Packets leave and reach nobody, and nobody is told."""


class Namespace:
    """A network namespace, held by a descriptor."""

    def __init__(self) -> None:
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_libc.unshare(CLONE_NEWNET))
            try:
                self._descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            finally:
                _check(_libc.setns(own, CLONE_NEWNET))
        finally:
            os.close(own)
        self.ip("link", "set", "lo", "up")

    @property
    def path(self) -> str:
        """Where `ip` finds it."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The calling thread is in it: sockets that it makes stay there, and so do its processes."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_libc.setns(self._descriptor, CLONE_NEWNET))
            try:
                yield
            finally:
                _check(_libc.setns(own, CLONE_NEWNET))
        finally:
            os.close(own)

    def ip(self, *words: str) -> None:
        """Run `ip` in it."""
        with self.inside():
            subprocess.run(["ip", *words], check=True, capture_output=True)

    def close(self) -> None:
        """Let it go: with its last process its interfaces vanish, and their other ends with them."""
        os.close(self._descriptor)


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@dataclass(frozen=True)
class Link:
    """A cable between a host and the third one."""

    name: str
    host: Namespace
    third: Namespace
    near: str
    """The host's address and, with it, the interface's name at both ends."""
    far: str
    """Where the host finds the server."""

    def make(self, number: int) -> None:
        """Lay it."""
        self.host.ip(
            "link", "add", f"v{number}", "type", "veth", "peer", f"v{number}", "netns", self.third.path
        )
        for side, address in ((self.host, self.near), (self.third, self.far)):
            side.ip("address", "add", f"{address}/30", "dev", f"v{number}")
            side.ip("link", "set", f"v{number}", "up")

    def cut(self, how: Cut, number: int) -> None:
        """Cut it."""
        if how is Cut.DOWN:
            self.host.ip("link", "set", f"v{number}", "down")
            return
        for side, other in ((self.host, self.far), (self.third, self.near)):
            side.ip("neigh", "replace", other, "lladdr", NOWHERE, "dev", f"v{number}", "nud", "permanent")

    def mend(self, how: Cut, number: int) -> None:
        """Undo `cut`."""
        if how is Cut.DOWN:
            self.host.ip("link", "set", f"v{number}", "up")
            return
        for side, other in ((self.host, self.far), (self.third, self.near)):
            side.ip("neigh", "del", other, "dev", f"v{number}")


class Network:
    """`with Network() as network:` two hosts, the third, and four links."""

    def __init__(self) -> None:
        self.third = Namespace()
        self.hosts = {"host1": Namespace(), "host2": Namespace()}
        self.links: dict[str, Link] = {}
        self._numbers: dict[str, int] = {}
        for number, (host, server) in enumerate((h, s) for h in self.hosts for s in ("db", "valkey")):
            name = f"{host}-{server}"
            link = Link(name, self.hosts[host], self.third, f"198.18.{number}.2", f"198.18.{number}.1")
            link.make(number)
            self.links[name] = link
            self._numbers[name] = number

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self.third, *self.hosts.values()):
            each.close()

    def cut(self, name: str, how: Cut) -> None:
        """Cut the link `host1-db`, for one."""
        self.links[name].cut(how, self._numbers[name])

    def mend(self, name: str, how: Cut) -> None:
        """Undo `cut`."""
        self.links[name].mend(how, self._numbers[name])


def why_not() -> str:
    """Why there can be no namespaces here; empty when there can."""
    if shutil.which("ip") is None:
        return "needs `ip` (Debian: apt install iproute2)"
    try:
        Network().__exit__()
    except OSError as error:
        return f"may not make network namespaces: {error.strerror}"
    except subprocess.CalledProcessError as error:
        return f"may not lay links between namespaces: {error.stderr.decode(errors='replace').strip()}"
    return ""
