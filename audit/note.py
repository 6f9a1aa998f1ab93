"""Signed notes (C2SP signed-note), checkpoints (tlog-checkpoint), cosignatures (tlog-cosignature). Pure.

A note is a text that ends in a newline, an empty line, and lines of signatures::

    — <key name> base64(key id[4] ‖ signature)

    key id = SHA-256(key name ‖ "\\n" ‖ type[1] ‖ public key[32])[:4]

Type 0x01 is Ed25519 over the text. Type 0x04 is a witness's cosignature/v1: the signature is
`u64 time ‖ Ed25519`, and what is signed is ``cosignature/v1\\ntime <seconds>\\n`` and then the text.
A key for verifying is written `<name>+<key id in hex>+<base64(type ‖ public key)>`.

Whatever is read is strict: base64 in its one spelling, numbers without sign or leading zero, no control
character but the newline; what was parsed is written again and must be the same bytes. Signatures by keys
that are not known are ignored, so that others (ML-DSA) can stand beside them; one by a known key that does
not verify makes the whole note false.

Secret: a `Signer` holds an Ed25519 seed, given by its owner; it lives as long as the process.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from audit.merkle import HASH_BYTES

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
TYPES: Final = (ED25519, COSIGNATURE)

MAX_NOTE_BYTES: Final = 256 * 1024
"""Room for sixteen signatures of any kind that is foreseen; 4 KiB are usual."""
MAX_SIGNATURES: Final = 64
MAX_SIZE: Final = (1 << 63) - 1
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_DASH: Final = "— "
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL: Final = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}", re.ASCII)


class NoteError(ValueError):
    """These bytes are no note, checkpoint or key, or nobody whom we know has signed them."""


# --- Keys
# -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name and type it signs under. `kind` is ED25519 or COSIGNATURE."""

    name: str
    key: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        _require_name(self.name)
        if self.kind not in TYPES or len(self.key) != KEY_BYTES:
            raise NoteError("a key is 32 bytes of a known type")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `<name>+<key id>+<base64>`; raises NoteError, also for an id that is not the key's."""
        parts = text.split("+", 2)  # Base64 may hold a plus, a name may not.
        if len(parts) != 3 or not _KEY_ID.fullmatch(parts[1]):
            raise NoteError("a verifier key is <name>+<key id>+<base64>")
        raw = decode_base64(parts[2])
        if len(raw) != 1 + KEY_BYTES:
            raise NoteError("a key is 32 bytes of a known type")
        verifier = cls(parts[0], raw[1:], raw[0])
        if verifier.format() != text:
            raise NoteError("the key id does not belong to the key")
        return verifier

    def format(self) -> str:
        """The key as it is written in a policy."""
        return f"{self.name}+{self.id.hex()}+{encode_base64(bytes([self.kind]) + self.key)}"

    @property
    def id(self) -> bytes:
        """Four bytes that tell the keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.key).digest()[:4]

    def verify(self, text: bytes, signature: bytes) -> int | None:
        """Return the time of a cosignature in seconds, None for a plain one; NoteError when false.

        `signature` comes without its key id.
        """
        time: int | None = None
        if self.kind == COSIGNATURE:
            time = int.from_bytes(signature[:8], "big")
            text, signature = _cosigned(text, time), signature[8:]
        if len(signature) != SIGNATURE_BYTES or (time or 0) > MAX_SIZE:
            raise NoteError(f"the signature of {self.name} does not verify")
        try:
            VerifyKey(self.key).verify(text, signature)
        except BadSignatureError:
            raise NoteError(f"the signature of {self.name} does not verify") from None
        return time


class Signer:
    """A private key with the name and type it signs under. `seed` is 32 secret bytes."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, seed: bytes, kind: int = ED25519) -> None:
        if len(seed) != KEY_BYTES:
            raise NoteError("a seed is 32 bytes")
        self._key: Final = SigningKey(seed)
        self.verifier: Final = Verifier(name, bytes(self._key.verify_key), kind)

    def sign(self, text: bytes, *, time: int | None = None) -> bytes:
        """The signature over `text` without its key id. A cosignature needs `time`, seconds UTC; else
        ValueError.
        """
        if self.verifier.kind == ED25519:
            return bytes(self._key.sign(text).signature)
        if time is None or not 0 <= time <= MAX_SIZE:
            raise ValueError("a cosignature says when it was made")
        return time.to_bytes(8, "big") + self._key.sign(_cosigned(text, time)).signature

    def line(self, text: bytes, *, time: int | None = None) -> str:
        """The signature as a line of a note, newline included."""
        signature = encode_base64(self.verifier.id + self.sign(text, time=time))
        return f"{_DASH}{self.verifier.name} {signature}\n"


def _cosigned(text: bytes, time: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % time + text


# --- Notes
# ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signature:
    """One verified line: by whom, and for a cosignature when (seconds UTC)."""

    verifier: Verifier
    time: int | None
    line: str


@dataclass(frozen=True, slots=True)
class Note:
    """An opened note: its text, final newline included, and who of those known has signed it."""

    text: str
    signatures: tuple[Signature, ...]

    def by(self, verifier: Verifier) -> Signature | None:
        """The signature of this key, when it is among them."""
        return next((each for each in self.signatures if each.verifier == verifier), None)


def sign_note(text: str | bytes, signers: Iterable[Signer], *, time: int | None = None) -> bytes:
    """The note of `text`, which ends in a newline, with a line of each signer; `time` is for cosignatures.

    Raises NoteError for a text that no note may have.
    """
    raw = _raw(text)
    _require_text(raw)
    lines = [signer.line(raw, time=time) for signer in signers]
    return raw + b"\n" + "".join(lines).encode()


def open_note(data: bytes, verifiers: Iterable[Verifier]) -> Note:
    """Read a note and check every signature by a key of `verifiers`.

    Raises NoteError when the bytes are no note, when two of the keys share name and id, when a known key's
    signature is false, and when no known key has signed. A key that signed twice is listed once, at the first
    place.
    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.id), verifier) != verifier:
            raise NoteError(f"two different keys are {verifier.name}+{verifier.id.hex()}")
    text, lines = split_note(data)
    found: dict[Verifier, Signature] = {}
    for line in lines:
        name, value = parse_line(line)
        if (signed := known.get((name, value[:4]))) is not None:
            time = signed.verify(text, value[4:])
            found.setdefault(signed, Signature(signed, time, line))
    if not found:
        raise NoteError("no known key has signed this note")
    return Note(text.decode(), tuple(found.values()))


def split_note(data: bytes) -> tuple[bytes, list[str]]:
    """The text, which nobody has verified, and the lines of signatures, newlines included.

    Raises NoteError when the bytes are no note.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError("the note is too large")
    text, gap, tail = data.rpartition(b"\n\n")
    if not gap or not tail.endswith(b"\n"):
        raise NoteError("a note is a text, an empty line and signatures")
    text += b"\n"
    _require_text(text)
    try:
        lines = [f"{line}\n" for line in tail.decode()[:-1].split("\n")]
    except UnicodeDecodeError:
        raise NoteError("a note is UTF-8") from None
    if len(lines) > MAX_SIGNATURES:
        raise NoteError("the note has too many signatures")
    for line in lines:
        parse_line(line)
    return text, lines


def parse_line(line: str) -> tuple[str, bytes]:
    """Key name, and key id ‖ signature, of a signature's line with its newline. Raises NoteError."""
    if not line.startswith(_DASH) or not line.endswith("\n"):
        raise NoteError("a signature's line begins with a dash and ends with a newline")
    name, gap, value = line[len(_DASH) : -1].partition(" ")
    raw = decode_base64(value)
    if not gap or len(raw) < 5:
        raise NoteError("a signature's line holds a name and a signature")
    _require_name(name)
    return name, raw


# --- Checkpoints
# ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: the text of a note of three lines, or more when there are extensions."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Read a note's text, final newline included; NoteError unless `format` writes the same."""
        raw = _raw(text)
        _require_text(raw)
        lines = raw.decode()[:-1].split("\n")
        if len(lines) < 3:
            raise NoteError("a checkpoint has three lines")
        root = decode_base64(lines[2])
        checkpoint = cls(lines[0], parse_number(lines[1]), root, tuple(lines[3:]))
        if checkpoint.format().encode() != raw:
            raise NoteError("the checkpoint has another spelling")
        return checkpoint

    def format(self) -> str:
        """The text. Raises NoteError for what no checkpoint may hold."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_BYTES:
            raise NoteError("a checkpoint has a size and a root of 32 bytes")
        if not all(lines) or any("\n" in line for line in lines):
            raise NoteError("no line of a checkpoint is empty")
        return "".join(f"{line}\n" for line in lines)


def open_checkpoint(data: bytes, verifiers: Sequence[Verifier]) -> tuple[Checkpoint, Note]:
    """`open_note` and `Checkpoint.parse` in one; raises NoteError."""
    note = open_note(data, verifiers)
    return Checkpoint.parse(note.text), note


# --- Strict parts
# ---------------------------------------------------------------------------------------------


def parse_number(text: str) -> int:
    """A decimal number up to 2^63 - 1 without sign, leading zero or underscore; raises NoteError."""
    if not _NUMBER.fullmatch(text) or int(text) > MAX_SIZE:
        raise NoteError("that is not a number")
    return int(text)


def encode_base64(value: bytes) -> str:
    """RFC 4648 §4, padded."""
    return base64.b64encode(value).decode()


def decode_base64(text: str) -> bytes:
    """The bytes of base64 in its one spelling: padded, no stray bits; raises NoteError."""
    try:
        value = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise NoteError("that is not base64") from None
    if encode_base64(value) != text:
        raise NoteError("that base64 has another spelling")
    return value


def _raw(text: str | bytes) -> bytes:
    try:
        return text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError:
        raise NoteError("a note is UTF-8") from None


def _require_text(raw: bytes) -> None:
    if not raw.endswith(b"\n") or len(raw) > MAX_NOTE_BYTES:
        raise NoteError("a note's text ends in a newline")
    if _CONTROL.search(raw):
        raise NoteError("a note has no control characters")
    try:
        raw.decode()
    except UnicodeDecodeError:
        raise NoteError("a note is UTF-8") from None


def _require_name(name: str) -> None:
    if not name or "+" in name or any(letter.isspace() or letter < " " for letter in name):
        raise NoteError("a key name is not empty and has no spaces and no plus")
