"""`python -m beep.backup take FILE`, `check FILE`, `restore FILE`: a data folder of the embedded servers.

`take` works while the demo runs, and alike when it does not. `restore` makes a new data folder, which must be
empty or absent, and leaves the server read-only until `manage.py restore_mode off`: clients first hand back
what was said after the backup (docs/operations.md). The folder is BEEP_DATA_DIR, `.beep` when unset.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.core.exceptions import ImproperlyConfigured

from beep.backup import database
from beep.backup.archive import DUMP, FILES, BackupError, Manifest, digest, read, write
from beep.demo.configuration import ROOT, Configuration
from beep.embedded import Embedded, Urls, prepare_database, urls_of
from beep.isolation import EmbeddedError
from beep.progress import say, step

MADE_AGAIN: Final = frozenset(
    {
        "postgres",
        "valkey",
        "lock",
        "embedded.json",
        "environment.json",
        "demo.json",
        "processes.json",
        "migrated",
        "restarting",
    }
)
"""What a start makes by itself: servers, their ports and passwords, notes about what runs. Logs, too."""


def take(data_dir: Path, target: Path) -> None:
    """Write a backup of `data_dir` to `target`; raises BackupError, and then there is no file."""
    if target.exists():
        raise BackupError(f"{target} exists; a backup is never overwritten")
    if not (data_dir / "embedded.json").is_file():
        raise BackupError(f"there is no data of embedded servers in {data_dir}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        dump, fresh = Path(folder) / DUMP, Path(folder) / "archive"
        # The files before the database: what a file speaks of is then in the database, and not the other way.
        members = {
            FILES + name: _copy(data_dir / name, Path(folder) / "files" / name) for name in _kept(data_dir)
        }
        with _servers(data_dir) as urls, step("Dumping the database"):
            version, migrations, rows = database.dump(urls.superuser, dump)
        members[DUMP] = dump
        manifest = Manifest(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            postgres=version,
            migrations=migrations,
            rows=rows,
            members={name: digest(path) for name, path in members.items()},
        )
        with step("Writing the archive"):
            write(fresh, manifest, members)
        check(fresh)
        try:
            # Unlike a rename it fails where somebody was faster.
            os.link(fresh, target)
        except FileExistsError as error:
            raise BackupError(f"{target} exists; a backup is never overwritten") from error
    total = sum(rows.values())
    say(
        f"{target}: {target.stat().st_size / 1e6:.1f} MB, {total} rows, {len(members) - 1} files\n"
        "It holds this server's secrets (keys, not passphrases): keep it as you keep them, apart from others."
    )


def check(archive: Path) -> Manifest:
    """Read every byte of an archive and of the dump in it; raises BackupError."""
    with (
        tempfile.TemporaryDirectory(dir=archive.parent, prefix=".check-") as folder,
        step("Checking the archive"),
    ):
        manifest = read(archive, Path(folder))
        if DUMP not in manifest.members:
            raise BackupError("the archive has no dump")
        database.check(Path(folder) / DUMP)
    return manifest


def restore(archive: Path, data_dir: Path) -> None:
    """Make `data_dir` anew from an archive; raises BackupError, and then `data_dir` is as it was."""
    if data_dir.exists() and any(data_dir.iterdir()):
        raise BackupError(f"{data_dir} is not empty; nothing is restored over data")
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    # Beside its final place, so that an interrupted restore is never taken for a server's data.
    fresh = Path(tempfile.mkdtemp(dir=data_dir.parent, prefix=".restore-"))
    try:
        with step("Checking the archive"):
            manifest = read(archive, fresh / "archive")
            if unknown := _unknown(manifest.migrations):
                raise BackupError(f"the backup is of a newer version of Beep: {', '.join(unknown[:3])}")
        folder = fresh / "data"
        folder.mkdir(mode=0o700)
        for name in (name for name in manifest.members if name.startswith(FILES)):
            _copy(fresh / "archive" / name, folder / name.removeprefix(FILES))
        with Embedded(folder) as urls:
            with step("Restoring the database"):
                database.restore(urls.superuser, fresh / "archive" / DUMP)
                prepare_database(urls.superuser, "beep")
                if (found := database.rows(urls.superuser)) != manifest.rows:
                    differing = sorted(
                        name for name in manifest.rows if found.get(name) != manifest.rows[name]
                    )
                    raise BackupError(f"rows are missing after the restore: {', '.join(differing)}")
            with step("Migrating, and refusing to write until members have handed back what is missing"):
                env = {**_plain(), **Configuration.load({"BEEP_DATA_DIR": str(folder)}).environment}
                env |= urls.environment()
                _manage(["migrate", "--database=migrator", "--noinput", "--verbosity=0"], env)
                _manage(["restore_mode", "on"], env)
        if data_dir.exists():
            data_dir.rmdir()
        folder.rename(data_dir)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    say(
        f"{data_dir} is as of {manifest.made_at}, and read-only. Start it, let devices come back, then\n"
        f"  python -m beep.demo.manage restore_mode off"
    )


def _kept(data_dir: Path) -> list[str]:
    """What goes along beside the database, relative to the folder."""
    return sorted(
        path.relative_to(data_dir).as_posix()
        for top in data_dir.iterdir()
        if top.name not in MADE_AGAIN and top.suffix not in (".log", ".new", ".pid")
        for path in ([top] if top.is_file() else top.rglob("*"))
        if path.is_file() and not path.is_symlink()
    )


def _copy(source: Path, target: Path) -> Path:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o600)
    return target


@contextmanager
def _servers(data_dir: Path) -> Iterator[Urls]:
    """The folder's servers: those that run already, or our own for as long as it takes."""
    own = Embedded(data_dir)
    try:
        own.plan()
    except EmbeddedError:
        # Somebody has the lock, so the servers run.
        yield urls_of(data_dir)
        return
    with own as urls:
        yield urls


def _unknown(applied: Sequence[str]) -> list[str]:
    """Applied migrations of our own applications that this version does not have."""
    ours = {f"{path.parent.parent.name}.{path.stem}" for path in ROOT.glob("*/migrations/[0-9]*.py")}
    apps = {name.partition(".")[0] for name in ours}
    return [name for name in applied if name.partition(".")[0] in apps and name not in ours]


def _plain() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}


def _manage(words: list[str], env: dict[str, str]) -> None:
    command = [sys.executable, "-W", "ignore", str(ROOT / "manage.py"), *words]
    ran = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise BackupError(f"manage.py {words[0]} failed:\n{ran.stderr[-2000:]}")


def main(argv: Sequence[str] | None = None) -> int:
    """0 when it is done, 1 when it cannot be."""
    parser = argparse.ArgumentParser(
        prog="python -m beep.backup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("task", choices=["take", "check", "restore"])
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args(argv)
    data_dir = Path(os.environ.get("BEEP_DATA_DIR") or ROOT / ".beep").absolute()
    file: Path = arguments.file.absolute()
    try:
        match arguments.task:
            case "take":
                take(data_dir, file)
            case "check":
                manifest = check(file)
                say(f"{file} is whole: as of {manifest.made_at}, {sum(manifest.rows.values())} rows")
            case "restore":
                restore(file, data_dir)
    except (BackupError, EmbeddedError, ImproperlyConfigured, OSError) as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
