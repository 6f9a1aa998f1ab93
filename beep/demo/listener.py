"""The listening socket of a demo: bound once by the supervisor, inherited by every web worker.

It stays open while workers come and go. A connection that arrives in between waits in the kernel until the
next worker takes it, so that no restart refuses one.
"""

import json
import os
import socket
import time
from pathlib import Path
from typing import Final

BACKLOG: Final = 4_096
"""Connections that may wait for a worker; the kernel's own limit (net.core.somaxconn) applies too."""
FORMER_PATIENCE: Final = 20.0
"""Seconds that the workers of a killed demo may take to drain and give the port free."""


class PortTakenError(Exception):
    """Somebody else listens there; the message says what to do."""


def bind(host: str, port: int, *, data_dir: Path) -> socket.socket:
    """Listen on `host` and `port`; while processes of a former run on `data_dir` still end, wait for them.

    Raises PortTakenError when somebody else has the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + FORMER_PATIENCE
    while True:
        listener = socket.socket(family)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            if time.monotonic() > deadline or not _former_processes(data_dir):
                raise PortTakenError(f"port {port} is taken; set BEEP_PORT to another") from error
            time.sleep(0.1)
        else:
            return listener


def _former_processes(data_dir: Path) -> bool:
    """Whether a process that a former run noted still runs as one of ours on this folder."""
    try:
        noted: dict[str, int] = json.loads((data_dir / "processes.json").read_text())
    except (OSError, ValueError):
        return False
    mark = b"BEEP_DATA_DIR=" + os.fsencode(data_dir)
    for pid in noted.values():
        try:
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False
