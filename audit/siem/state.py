"""How far the receiver has got, on disk: a file, and no table.

Nobody who reads the log may write to its database, and a restored database would take the memory back with
it: then the feed could not notice that the log has been cut. So one small file stands on the feed's own
machine: which log, how many leaves the receiver has, and the frontier of the tree over them (RFC 6962; public
hashes, nothing secret). It is written beside, fsynced and renamed, the folder fsynced too. Lost, the feed
begins at the first leaf and the receiver hears everything again, under the same numbers.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Final

from audit.merkle import Frontier
from audit.note import NoteError, decode_base64, encode_base64


class StateError(Exception):
    """The folder cannot be used; the message says why."""


class State:
    """The folder of one running feed."""

    def __init__(self, folder: Path, origin: str) -> None:
        self._file: Final = folder / "state.json"
        self._origin: Final = origin
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock: Final = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateError(f"{folder}: {error}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise StateError(f"another process uses {folder}") from None
        try:
            self._subtrees = self._load()
        except StateError:
            self.close()
            raise

    @property
    def frontier(self) -> Frontier:
        """The tree over what the receiver has; a copy."""
        return Frontier(*self._subtrees)

    def save(self, frontier: Frontier) -> None:
        """Returns when it is on disk. Raises OSError when it cannot be, and then nothing has changed."""
        text = json.dumps(
            {
                "origin": self._origin,
                "size": frontier.size,
                "subtrees": [encode_base64(each) for each in frontier.subtrees],
            }
        )
        beside = self._file.with_suffix(".new")
        with open(beside, "w", encoding="ascii", opener=_private) as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.rename(self._file)
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._subtrees = (frontier.size, tuple(frontier.subtrees))

    def close(self) -> None:
        """Let another process use the folder."""
        os.close(self._lock)

    def _load(self) -> tuple[int, tuple[bytes, ...]]:
        try:
            found = json.loads(self._file.read_text(encoding="ascii"))
            if found["origin"] != self._origin:
                raise StateError(
                    f"{self._file} belongs to {found['origin']}; a log with a new name needs a new folder"
                )
            subtrees = tuple(decode_base64(each) for each in found["subtrees"])
            return Frontier(found["size"], subtrees).size, subtrees
        except FileNotFoundError:
            return 0, ()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, NoteError) as error:
            raise StateError(f"{self._file} cannot be used: {error!r}") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
