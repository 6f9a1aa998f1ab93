"""Files that hold one private key under a passphrase: the offline root's and the reset officers'. Pure.

::

    {"beep": "sealed key", "format": 1, "kind": "root" | "officer", "public_key": base64,
     "salt": base64 of 16 bytes, "sealed": base64 of nonce[24] ‖ secretbox}

The box (XSalsa20-Poly1305) holds `beep key v1 <kind>` ‖ 0x00 ‖ seed[32] under Argon2id(passphrase, salt;
256 MiB, 3 passes). The costs are the format's, not the file's, so that nobody makes them smaller.

The key: 32 random bytes, made by `make` on the machine where the file will stay, in memory only while it
signs, erased by deleting the file and its copies. It is never on the server and never in the database.
"""

import base64
import binascii
import json
import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.signing import SigningKey

from accounts.folding import fold_passphrase

FORMAT: Final = 1
SALT_BYTES: Final = 16
SEED_BYTES: Final = 32
MAX_FILE_BYTES: Final = 4_096
LEAST_PASSPHRASE: Final = 12
"""Characters. The file may be copied by whoever reads the disk; nothing but the passphrase protects it."""


class Kind(StrEnum):
    """Whose key it is."""

    ROOT = "root"
    OFFICER = "officer"


class KeyFileError(Exception):
    """The file is not a key of this kind, or the passphrase does not open it; the message says which."""


def make(path: Path, *, kind: Kind, passphrase: str) -> bytes:
    """Write a fresh key to the new file `path` (mode 0600) and return its public half, 32 bytes.

    Raises KeyFileError for a short passphrase and FileExistsError rather than write over anything.
    """
    if len(passphrase) < LEAST_PASSPHRASE:
        raise KeyFileError(f"the passphrase needs at least {LEAST_PASSPHRASE} characters")
    key = SigningKey.generate()
    salt = secrets.token_bytes(SALT_BYTES)
    sealed = SecretBox(_derived(passphrase, salt)).encrypt(_label(kind) + bytes(key))
    content = {
        "beep": "sealed key",
        "format": FORMAT,
        "kind": kind.value,
        "public_key": _base64(bytes(key.verify_key)),
        "salt": _base64(salt),
        "sealed": _base64(bytes(sealed)),
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    return bytes(key.verify_key)


def public_key(path: Path, *, kind: Kind) -> bytes:
    """The public half as the file names it, without a passphrase; raises KeyFileError, OSError."""
    return _read(path, kind)[0]


def open_(path: Path, *, kind: Kind, passphrase: str) -> SigningKey:
    """The private key; raises KeyFileError, OSError."""
    public, salt, sealed = _read(path, kind)
    try:
        opened = SecretBox(_derived(passphrase, salt)).decrypt(sealed)
    except CryptoError:
        raise KeyFileError("the passphrase does not open this file") from None
    label = _label(kind)
    if not opened.startswith(label) or len(opened) != len(label) + SEED_BYTES:
        raise KeyFileError(f"this is no {kind} key")
    key = SigningKey(opened[len(label) :])
    if bytes(key.verify_key) != public:
        raise KeyFileError("the file names another public key than it holds")
    return key


def _read(path: Path, kind: Kind) -> tuple[bytes, bytes, bytes]:
    with path.open("rb") as file:
        raw = file.read(MAX_FILE_BYTES + 1)
    try:
        if len(raw) > MAX_FILE_BYTES:
            raise ValueError("too long")
        content: dict[str, Any] = json.loads(raw)
        if set(content) != {"beep", "format", "kind", "public_key", "salt", "sealed"}:
            raise ValueError("other fields")
        if (content["beep"], content["format"]) != ("sealed key", FORMAT):
            raise ValueError("another format")
        public, salt, sealed = (
            base64.b64decode(content[name], validate=True) for name in ("public_key", "salt", "sealed")
        )
        if len(public) != SEED_BYTES or len(salt) != SALT_BYTES:
            raise ValueError("another length")
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise KeyFileError(f"{path} is not a sealed key") from None
    if content["kind"] != kind.value:
        raise KeyFileError(f"{path} is not a key of kind {kind}")
    return public, salt, sealed


def _derived(passphrase: str, salt: bytes) -> bytes:
    return argon2id.kdf(
        SecretBox.KEY_SIZE,
        fold_passphrase(passphrase).encode(),
        salt,
        opslimit=argon2id.OPSLIMIT_MODERATE,
        memlimit=argon2id.MEMLIMIT_MODERATE,
    )


def _label(kind: Kind) -> bytes:
    return f"beep key v1 {kind}".encode() + b"\0"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
