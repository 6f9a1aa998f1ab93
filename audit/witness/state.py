"""What a witness knows, on disk before anybody hears of it.

A folder of its own holds:

* `witness.key`: name and Ed25519 seed (base64), mode 0600. Made by `new`, read into memory, erased with the
  folder.
* `state.json`: origin → size, root, text and signed note of the largest checkpoint cosigned. Written beside,
  fsynced and renamed, the folder fsynced too. A witness that has lost it must not be started again under its
  name: it would cosign a second history. So a missing file is an error, and only `new` makes one.
* `evidence/`: signed checkpoints that contradict what was seen; at most 100 are kept.
* `lock`: held while a process uses the folder.
"""

import fcntl
import json
import os
import secrets
import threading
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from audit.merkle import HASH_BYTES
from audit.note import (
    COSIGNATURE,
    KEY_BYTES,
    MAX_SIZE,
    NoteError,
    Signer,
    decode_base64,
    encode_base64,
    split_note,
)

MAX_EVIDENCE: Final = 100


class StateError(Exception):
    """The folder cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The largest checkpoint of one log that was cosigned."""

    size: int
    root: str
    """Base64."""
    text: str
    """The checkpoint's text."""
    note: str = ""
    """The checkpoint as the log has signed it, for whoever doubts this witness; nothing in older files."""


class State:
    """The folder of one running witness. `lock` is held by whoever looks and then decides."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder
        self.lock: Final = threading.Lock()
        self._file_lock: Final = _lock(folder)
        try:
            self._seen: Final = _load(folder / "state.json")
            self.signer: Final = read_key(folder)
        except StateError:
            self.close()
            raise

    def seen(self, origin: str) -> Seen | None:
        """What was cosigned last of that log."""
        return self._seen.get(origin)

    def remember(self, origin: str, seen: Seen) -> None:
        """Returns when it is on disk. Raises OSError when it cannot be, and then nothing has changed."""
        _write(self._folder / "state.json", {**self._seen, origin: seen})
        self._seen[origin] = seen

    def keep_evidence(self, note: bytes) -> None:
        """Keep a signed checkpoint that should not exist, once, whatever signatures were added to it."""
        folder = self._folder / "evidence"
        folder.mkdir(mode=0o700, exist_ok=True)
        if sum(1 for _ in folder.iterdir()) < MAX_EVIDENCE:
            text, _ = split_note(note)
            (folder / f"{sha256(text).hexdigest()}.note").write_bytes(note)

    def close(self) -> None:
        """Let another process use the folder."""
        os.close(self._file_lock)


def create(folder: Path, name: str) -> Signer:
    """Make a witness: its key and an empty memory. Raises StateError when there is one, NoteError for a name
    that no key may have.
    """
    signer = Signer(name, seed := secrets.token_bytes(KEY_BYTES), COSIGNATURE)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = folder / "witness.key"
    try:
        descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise StateError(f"{key} exists") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{name} {encode_base64(seed)}\n")
        file.flush()
        os.fsync(file.fileno())
    _write(folder / "state.json", {})
    return signer


def read_key(folder: Path) -> Signer:
    """The witness's key. Raises StateError when there is none that can be read."""
    try:
        name, _, seed = (folder / "witness.key").read_text().removesuffix("\n").partition(" ")
        return Signer(name, decode_base64(seed), COSIGNATURE)
    except (OSError, UnicodeDecodeError, NoteError) as error:
        raise StateError(f"{folder / 'witness.key'}: {error}") from None


def _lock(folder: Path) -> int:
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f"{folder}: {error}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StateError(f"another process uses {folder}") from None
    return descriptor


def _load(path: Path) -> dict[str, Seen]:
    try:
        found = {origin: Seen(**each) for origin, each in json.loads(path.read_text()).items()}
        for each in found.values():
            if not 0 <= each.size <= MAX_SIZE or len(decode_base64(each.root)) != HASH_BYTES:
                raise ValueError("a size or root is out of range")
    except FileNotFoundError:
        raise StateError(f"{path} is missing; a witness without its memory must not sign again") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise StateError(f"{path} is damaged: {error}") from None
    return found


def _write(path: Path, seen: dict[str, Seen]) -> None:
    fresh = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({origin: asdict(each) for origin, each in seen.items()}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
