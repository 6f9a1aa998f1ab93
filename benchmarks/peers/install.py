"""Fetches the peers: ejabberd and Prosody from Debian's packages, Synapse from PyPI.

Debian's packages are unpacked into a folder and never installed: no user, no service, no configuration of the
machine is touched. Synapse gets a virtual environment of its own.
"""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / ".beep" / "peers"
DEBIAN: Final = ("ejabberd", "erlang-p1-pgsql", "prosody", "lua-dbi-postgresql")
PYPI: Final = ("matrix-synapse==1.163.2", "psycopg2-binary")


class MissingError(Exception):
    """This peer cannot be had on this machine; the text says why."""


def debian() -> Path:
    """The root under which ejabberd's and Prosody's packages, with what they need, are unpacked.

    Raises MissingError without apt, or when the packages cannot be fetched.
    """
    root = FOLDER / "debian"
    if (root / "complete").exists():
        return root
    unpack(DEBIAN, root, FOLDER / "archives")
    for program in ("usr/lib/prosody", "usr/lib/erlang"):
        if not (root / program).is_dir():
            raise MissingError(
                f"{program} is installed on this machine itself and was not fetched; remove it first"
            )
    (root / "complete").touch()
    return root


def unpack(packages: Sequence[str], root: Path, archives: Path) -> None:
    """Fetch Debian's packages, with what they need and this machine lacks, and unpack them into `root`.

    Raises MissingError without apt, or when they cannot be fetched.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise MissingError("needs Debian's apt-get and dpkg")
    shutil.rmtree(root, ignore_errors=True)
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    # What the machine has already is not fetched, so that it is used from where it is. No lock is taken,
    # because nothing is installed.
    _run(
        [
            "apt-get",
            "-y",
            "-qq",
            "--download-only",
            "--no-install-recommends",
            "-o",
            "Debug::NoLocking=1",
            "-o",
            f"Dir::Cache::archives={archives}",
            "install",
            *packages,
        ],
        "the packages cannot be fetched (is the list old? apt-get update)",
    )
    for package in sorted(archives.glob("*.deb")):
        _run(["dpkg", "-x", str(package), str(root)], f"{package.name} cannot be unpacked")


def synapse() -> Path:
    """The Python that has Synapse. Raises MissingError when it cannot be fetched."""
    home = FOLDER / "synapse"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        _run([str(python), "-m", "pip", "install", "-q", *PYPI], "the package cannot be fetched")
        (home / "complete").touch()
    return python


def _run(command: list[str], failure: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"{failure}: {(done.stderr or done.stdout).strip()[-400:]}")


def main() -> None:
    """Fetch all."""
    for fetch in (debian, synapse):
        try:
            print(fetch(), file=sys.stderr)
        except MissingError as missing:
            print(f"{fetch.__name__}: {missing}", file=sys.stderr)


if __name__ == "__main__":
    main()
