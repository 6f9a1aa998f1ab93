"""`python -m beep.demo.restart [NAME …]`: restart the demo's processes, or some of them, one after the other.

What an upgrade of a deployment does: each web worker drains (clients move to the other one), ends, and comes
back with the code as it is now. PostgreSQL and Valkey stay.
"""

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from beep.demo.configuration import ROOT

MARK: Final = "restarting"
"""A file in the data folder with the names, one a line; none: all. The demo removes it when it is through."""
PATIENCE: Final = 300.0
"""Seconds that all of them may take together."""


def main(names: Sequence[str]) -> int:
    """0 when every process that was named was replaced, 1 when no demo runs or one did not come back."""
    folder = Path(os.environ.get("BEEP_DATA_DIR") or ROOT / ".beep").absolute()
    supervisor = _supervisor(folder)
    if supervisor is None:
        print(f"no demo runs on {folder}", file=sys.stderr)
        return 1
    before = _processes(folder)
    if unknown := set(names) - set(before):
        print(f"no process of this demo: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 1
    before = {name: pid for name, pid in before.items() if not names or name in names}
    fresh = folder / f"{MARK}.new"
    fresh.write_text("\n".join(names))
    fresh.replace(folder / MARK)
    os.kill(supervisor, signal.SIGUSR1)
    deadline = time.monotonic() + PATIENCE
    while (folder / MARK).exists():
        if _supervisor(folder) != supervisor or time.monotonic() > deadline:
            print("the demo ended, or does not come to an end with it", file=sys.stderr)
            return 1
        time.sleep(0.1)
    after = _processes(folder)
    left = [name for name, pid in before.items() if after.get(name) == pid]
    for name in before:
        print(f"{name}: {'still the old process' if name in left else f'process {after[name]}'}")
    return 1 if left else 0


def _supervisor(folder: Path) -> int | None:
    """Process id of the demo on `folder`: who holds its lock has written it there."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(descriptor, 32).decode(errors="replace").strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(descriptor)
    return None


def _processes(folder: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((folder / "processes.json").read_text())
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
