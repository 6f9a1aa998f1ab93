"""The archive: one tar file of mode 0600 whose manifest names every other member with its size and SHA-256.

    manifest.json    format, time, PostgreSQL's version, applied migrations, rows of every table
    database.dump    pg_dump's custom format, compressed
    files/…          what else the data folder holds and nobody can make again: secrets, trust, logs' keys

The archive holds the deployment's secrets in the clear (it cannot be used without them): keep it as they are
kept. It holds no key of a member, no passphrase and no plaintext, because the server has none.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

FORMAT: Final = "beep-backup/1"
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
FILES: Final = "files/"
MANIFEST_LIMIT: Final = 16 << 20
"""Bytes."""
PIECE: Final = 1 << 20


class BackupError(Exception):
    """The backup cannot be made or used; the message says why. What was there before is as it was."""


@dataclass(frozen=True)
class Member:
    """One member beside the manifest."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What the archive says of itself."""

    made_at: str
    """ISO 8601, UTC."""
    postgres: str
    migrations: list[str]
    """`app.name` of every applied migration."""
    rows: dict[str, int]
    """Table → rows, in the dump's own snapshot."""
    members: dict[str, Member]

    def encode(self) -> bytes:
        """JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, sort_keys=True).encode()

    @classmethod
    def decode(cls, data: bytes) -> "Manifest":
        """Raises BackupError."""
        try:
            found = json.loads(data)
            if found.pop("format") != FORMAT:
                raise BackupError(f"the archive is not of the format {FORMAT}")
            found["members"] = {
                str(name): Member(int(given["size"]), str(given["sha256"]))
                for name, given in found["members"].items()
            }
            found["rows"] = {str(table): int(rows) for table, rows in found["rows"].items()}
            return cls(**found)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BackupError(f"the archive's manifest cannot be read: {type(error).__name__}") from error


def digest(path: Path) -> Member:
    """Size and hash of a file."""
    with path.open("rb") as file:
        return _read(file, None)


def write(path: Path, manifest: Manifest, members: Mapping[str, Path]) -> None:
    """Make the archive at `path`, which must not exist, and have it on the disk before returning."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            encoded = manifest.encode()
            head = tarfile.TarInfo(MANIFEST)
            head.size, head.mode = len(encoded), 0o600
            tar.addfile(head, io.BytesIO(encoded))
            for name, source in members.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = manifest.members[name].size, 0o600
                with source.open("rb") as content:
                    tar.addfile(entry, content)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, into: Path | None = None) -> Manifest:
    """Check every byte of the archive and, with `into`, write its members there as they are checked.

    Raises BackupError when a member is missing, unknown, damaged or named as none of ours may be. What was
    written until then is of no use; the caller removes it.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            first = tar.next()
            if first is None or first.name != MANIFEST or not first.isreg() or first.size > MANIFEST_LIMIT:
                raise BackupError("the archive does not begin with a manifest")
            manifest = Manifest.decode(_content(tar, first).read())
            seen = set()
            for entry in _entries(tar):
                expected = manifest.members.get(entry.name)
                if expected is None or entry.name in seen or not entry.isreg() or not _harmless(entry.name):
                    raise BackupError(f"the archive has a member that it should not have: {entry.name!r}")
                seen.add(entry.name)
                target = None
                if into is not None:
                    target = into / entry.name
                    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                if _read(_content(tar, entry), target) != expected:
                    raise BackupError(f"{entry.name} is damaged")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupError(f"the archive cannot be read: {error}") from error
    if missing := manifest.members.keys() - seen:
        raise BackupError(f"the archive is incomplete: {', '.join(sorted(missing))}")
    return manifest


def _entries(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (entry := tar.next()) is not None:
        yield entry


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(entry)
    if content is None:
        raise BackupError(f"{entry.name} is no file")
    return content


def _harmless(name: str) -> bool:
    """The dump, or a file below FILES: no way out of the folder."""
    parts = PurePosixPath(name).parts
    return name == DUMP or (name.startswith(FILES) and ".." not in parts and "/".join(parts) == name)


def _read(content: IO[bytes], target: Path | None) -> Member:
    """Hash a member, and write it to `target` (new, mode 0600) when there is one."""
    total, size = hashlib.sha256(), 0
    with ExitStack() as stack:
        copy = None
        if target is not None:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            copy = stack.enter_context(os.fdopen(descriptor, "wb"))
        while piece := content.read(PIECE):
            total.update(piece)
            size += len(piece)
            if copy is not None:
                copy.write(piece)
    return Member(size, total.hexdigest())
