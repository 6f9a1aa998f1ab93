"""How the embedded servers run without being root: PostgreSQL refuses to start as root, and a container often
is.

Three shields, the best that this machine allows:

* `Plain`: this process is not root; nothing to do.
* `UserNamespace`: root, in a user namespace of its own with one id, 65534. Files stay root's on disk.
* `Nobody`: root in a container that refuses namespaces: drop to the user 65534, keeping only the capability
  to pass through folders that belong to root (the data folder and the wheels may lie below /root).
"""

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Final

NOBODY: Final = 65534
"""The overflow user and group id of Linux."""


class EmbeddedError(Exception):
    """The embedded servers cannot run; the message says why and what to do."""


class Plain:
    """Runs a server as the user we are; the other shields differ in who that is on disk."""

    owner: int = os.getuid()

    def prefix(self, death_signal: signal.Signals) -> list[str]:
        """The words before the server's command; `death_signal` is what it gets when its owner dies."""
        return []

    def make_folder(self, folder: Path) -> Path:
        """An empty-or-existing folder of mode 0700 that the server may write."""
        if folder.name.endswith(".new"):
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, self.owner, self.owner if self.owner == NOBODY else -1)
        return folder

    def reachable(self, programs: Path) -> Path:
        """The folder of PostgreSQL's programs, or a copy of it where the server's user may go."""
        return programs

    def adopt(self, path: Path) -> None:
        """Make everything the servers own below `path` belong to `owner`: the last start may have had another
        shield.

        Raises EmbeddedError when it belongs to somebody whose files we cannot take over.
        """
        try:
            self._adopt(path)
        except PermissionError as error:
            raise EmbeddedError(
                f"{error.filename} belongs to another user; set BEEP_DATA_DIR to a folder of yours"
            ) from error

    def _adopt(self, path: Path) -> None:
        if path.is_file():
            os.chown(path, self.owner, -1)
            return
        for top in (path / "postgres", path / "valkey"):
            if top.is_dir() and top.stat().st_uid != self.owner:
                for folder, _, files in os.walk(top, topdown=False):
                    for name in files:
                        os.lchown(Path(folder, name), self.owner, -1)
                    # The top comes last: its owner tells a later start whether all below it was done.
                    os.chown(folder, self.owner, -1)


class UserNamespace(Plain):
    """Root outside, 65534 inside; util-linux does the mapping."""

    def prefix(self, death_signal: signal.Signals) -> list[str]:
        """`unshare` execs the server itself, so the child's id stays the one we know."""
        return ["unshare", "--user", f"--map-user={NOBODY}", "--"]


class Nobody(Plain):
    """The real user 65534."""

    owner = NOBODY

    def reachable(self, programs: Path) -> Path:
        """PostgreSQL asks access(2) for its own program, which knows no capabilities: below a folder that is
        root's alone (a checkout below /root) it needs a copy, made once in the folder for temporary files.
        """
        if all(folder.stat().st_mode & 0o001 for folder in programs.resolve().parents):
            return programs
        install, package = programs.parent, programs.parent.parent
        made = f"{install}\0{(programs / 'postgres').stat().st_mtime_ns}".encode()
        copy = Path(tempfile.gettempdir()) / f"beep-programs-{sha256(made).hexdigest()[:16]}"
        if not _is_roots(copy):
            # Whole under its name or not at all; a folder of that name that is somebody else's is left alone.
            fresh = Path(tempfile.mkdtemp(prefix=f"{copy.name}-"))
            shutil.copytree(install, fresh / package.name / install.name, symlinks=True)
            # The wheel's shared libraries, which the programs look for beside their package.
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, fresh / libraries.name)
            fresh.chmod(0o755)
            try:
                copy = fresh.rename(copy)
            except OSError:
                copy = copy if _is_roots(copy) else fresh
        return copy / package.name / install.name / programs.name

    def prefix(self, death_signal: signal.Signals) -> list[str]:
        """A change of user clears the parent-death signal (prctl(2)), so `setpriv` sets it again."""
        capabilities = "-all,+dac_override"
        return [
            "setpriv",
            f"--reuid={NOBODY}",
            f"--regid={NOBODY}",
            "--clear-groups",
            f"--inh-caps={capabilities}",
            f"--ambient-caps={capabilities}",
            f"--pdeathsig={death_signal.name.removeprefix('SIG')}",
            "--",
        ]


Shield = Plain


def choose() -> Shield:
    """The best shield of this machine; raises EmbeddedError when root has none."""
    if os.geteuid() != 0:
        return Plain()
    for shield in (UserNamespace(), Nobody()):
        if _works(shield):
            return shield
    raise EmbeddedError(
        "as root, `unshare` or `setpriv` of util-linux must be allowed; or set DATABASE_URL and VALKEY_URL"
    )


def _is_roots(folder: Path) -> bool:
    """A real folder that root made and nobody else may change."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == 0 and not status.st_mode & 0o022


def _works(shield: Shield) -> bool:
    try:
        command = [*shield.prefix(signal.SIGKILL), "id", "-u"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False, cwd="/")
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0 and result.stdout.strip() == str(NOBODY)
