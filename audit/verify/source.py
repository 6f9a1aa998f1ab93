"""An export as a folder or a ZIP file: each file is read against the manifest's SHA-256, none is left over.

`manifest.json` is canonical JSON: {"version": 1, "kind": "log" or "selection", "origin", "size", "first",
"last", "files": {name: SHA-256 in hex}}.
"""

import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from audit import canonical
from audit.verify.alarms import AlarmError

MANIFEST: Final = "manifest.json"
KINDS: Final = ("log", "selection")
MAX_FILE_BYTES: Final = 1 << 30
BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What `zipfile` raises for a ZIP that is damaged, encrypted or compressed in a way that it does not know."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the export says that it is. `first` and `last` are the entries it holds; last < first: none."""

    kind: str
    origin: str
    size: int
    first: int | None
    last: int | None
    """In a selection None when it holds nothing."""
    files: dict[str, str]


class Source:
    """Reads an export. Close it, or use it as a context."""

    def __init__(self, path: Path) -> None:
        self._zip: Final = zipfile.ZipFile(path) if path.is_file() else None
        self._folder: Final = path
        self._unread: set[str] = set()
        self.manifest: Final = self._parse(self._bytes(MANIFEST))
        self._unread = set(self.manifest.files)
        names = list(self._names())
        if len(set(names)) != len(names):
            raise AlarmError("manifest_mismatch", "a file is there twice")
        if extra := set(names) - self._unread - {MANIFEST}:
            raise AlarmError("manifest_mismatch", f"{min(extra)} does not belong to the export")

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip is not None:
            self._zip.close()

    def read(self, name: str) -> bytes:
        """A file whose hash the manifest has. Raises AlarmError `manifest_mismatch` otherwise."""
        expected = self.manifest.files.get(name)
        if expected is None:
            raise AlarmError("manifest_mismatch", f"{name} is not in the manifest")
        data = self._bytes(name)
        if sha256(data).hexdigest() != expected:
            raise AlarmError("manifest_mismatch", f"{name} is not the file that was exported")
        self._unread.discard(name)
        return data

    def read_rest(self) -> None:
        """Hold what nobody has read against the manifest too."""
        for name in sorted(self._unread):
            self.read(name)

    def _bytes(self, name: str) -> bytes:
        try:
            if self._zip is None:
                path = self._folder / name
                if path.stat().st_size > MAX_FILE_BYTES or path.is_symlink():
                    raise AlarmError("manifest_mismatch", f"{name} is too large")
                return path.read_bytes()
            if self._zip.getinfo(name).file_size > MAX_FILE_BYTES:
                raise AlarmError("manifest_mismatch", f"{name} is too large")
            return self._zip.read(name)
        except (OSError, KeyError, *BROKEN) as error:
            raise AlarmError("manifest_mismatch", f"{name} cannot be read") from error

    def _names(self) -> Iterator[str]:
        if self._zip is not None:
            yield from (info.filename for info in self._zip.infolist() if not info.is_dir())
        else:
            for path in self._folder.rglob("*"):
                if not path.is_dir() or path.is_symlink():
                    yield path.relative_to(self._folder).as_posix()

    @staticmethod
    def _parse(data: bytes) -> Manifest:
        try:
            found: Any = json.loads(data)
            if canonical.encode(found) != data or found.pop("version") != 1 or found["kind"] not in KINDS:
                raise ValueError("another form")
            manifest = Manifest(**found)
            numbers: tuple[Any, ...] = (manifest.size, manifest.first, manifest.last)
            if manifest.kind == "selection":  # With nothing in it there is neither a first nor a last.
                numbers = (manifest.size, *(each for each in numbers[1:] if each is not None))
            if not all(type(each) is int and each >= -1 for each in numbers):
                raise ValueError("a number is out of range")
            for name, value in manifest.files.items():
                if name.startswith("/") or ".." in name.split("/") or len(value) != 64:
                    raise ValueError("a file is named so that it could be anywhere")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise AlarmError("manifest_mismatch", f"{MANIFEST}: {error}") from None
        return manifest
