"""What a former run may have left on this machine: taken ports, and lock files of dead servers."""

import itertools
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

PORTS: Final = range(20_000, 32_768)
"""Below those of outgoing connections (Linux: ip_local_port_range), which may take one before its server."""
APART: Final = 64
"""Ports between the first choices of two processes with neighbouring numbers: they seldom choose the same."""
_choices = itertools.count(os.getpid() * APART)


def usable_port(wanted: int, taken: int = 0) -> int:
    """`wanted` when it is free and not 0, else a free port of 127.0.0.1, a new one each time, not `taken`."""
    while True:
        wanted = wanted or PORTS[next(_choices) % len(PORTS)]
        with socket.socket() as probe:
            # As the servers do, so that connections of the last run in TIME_WAIT do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", wanted))
                port: int = probe.getsockname()[1]
                if port != taken:
                    return port
        wanted = 0


def first_number(file: Path) -> int | None:
    """The number in the first line of a lock file; None without the file, 0 when it holds no number."""
    try:
        line = file.read_text().partition("\n")[0].strip()
    except FileNotFoundError:
        return None
    # An interrupted write leaves an empty file, which stands for a process that cannot exist.
    return int(line) if line.isascii() and line.isdigit() else 0


def is_postgres_on(pid: int, data: Path) -> bool:
    """Whether `pid` is, right now, a PostgreSQL server on this very folder."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"/postgres") and os.fsencode(data) in words
