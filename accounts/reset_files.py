"""Files by which an officer signs a reset on a machine that has neither a network nor the database. Pure.

::

    {"beep": "reset request", "format": 1, "request": UUID, "asked_at": ms, "earliest": ms, "person": {…},
     "previous": base64 of the person's newest SignedStatement, "statement": base64 of the reset}
    {"beep": "reset signature", "format": 1, "request": UUID, "hash": hex, "key": base64, "signature": base64}

JSON with sorted keys, one field a line, UTF-8, a line feed at the end: a reader writes what it has read again
and refuses a file that is spelled otherwise. The officer's signature is over the reset statement alone (label
IdentityStatement), exactly as when it is made beside the database. What else stands in a request is there to
be read by the officer: who it is, as the directory says, and when it was asked for. That cannot be proved by
the file, so the officer compares it with the person, and the hash with the person's screen.
"""

import base64
import binascii
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

from nacl.signing import SigningKey

from accounts import identity, signing
from accounts.identity import StatementRefusedError
from accounts.signing import KEY_BYTES, SIGNATURE_BYTES, Label
from accounts.statements import SignedStatement, StatementMalformedError
from beep import clock

FORMAT: Final = 1
MAX_FILE_BYTES: Final = 262_144
"""Two statements of the largest size, in base64, and some words."""
HASH_BYTES: Final = 32
LAST_TIME: Final = 253_402_300_799_999
"""The end of the year 9999, in milliseconds: the last that a calendar shows."""
MAX_WORDS: Final = 2_000
HIDDEN: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make a line read in another order than it is written."""
PERSON: Final = ("login", "name_latin", "name_local", "personnel_number", "post")
"""What an officer is told of the person; each a single line, possibly empty."""


class ResetFileError(Exception):
    """The file is not one of these, or what it holds cannot be signed; the message says which."""


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A request as it goes to an officer. `person` has the fields of `PERSON`."""

    request: UUID
    asked_at: int
    earliest: int
    person: dict[str, str]
    previous: bytes
    statement: bytes

    def encode(self) -> bytes:
        """The file."""
        return _written(
            {
                "beep": "reset request",
                "format": FORMAT,
                "request": str(self.request),
                "asked_at": self.asked_at,
                "earliest": self.earliest,
                "person": self.person,
                "previous": _base64(self.previous),
                "statement": _base64(self.statement),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> "RequestFile":
        """The request in a file, whose statement keeps the rules of a reset after `previous` and carries the
        new device's and the new recovery key's signatures. Raises ResetFileError.
        """
        names = {"request", "asked_at", "earliest", "person", "previous", "statement"}
        fields = _read(data, "reset request", names)
        person = fields["person"]
        if not isinstance(person, dict) or set(person) != set(PERSON):
            raise ResetFileError("other words about the person than a reset request has")
        read = cls(
            request=_field(fields["request"], UUID),
            asked_at=_time(fields["asked_at"]),
            earliest=_time(fields["earliest"]),
            person={name: _line(person[name]) for name in PERSON},
            previous=_bytes(fields["previous"]),
            statement=_bytes(fields["statement"]),
        )
        if read.encode() != data:
            raise ResetFileError("the file is not spelled as this program spells it; export it again")
        read.asked()
        return read

    def lines(self) -> list[str]:
        """What the officer reads before signing. Raises ResetFileError."""
        statement, told = self.asked().statement, self.person
        return [
            f"request     {self.request}",
            f"person      {told['name_latin']} {told['name_local']}".rstrip(),
            f"            {told['login']}, personnel number {told['personnel_number']}",
            f"            {told['post'] or '(no post)'}",
            f"new device  {plain(statement.devices[0].name)}",
            f"statement   {statement.hash.hex()}",
            f"asked       {clock.from_ms(self.asked_at):%Y-%m-%d %H:%M} UTC",
            f"not before  {clock.from_ms(self.earliest):%Y-%m-%d %H:%M} UTC",
        ]

    def asked(self) -> SignedStatement:
        """The reset statement, checked; raises ResetFileError."""
        try:
            previous = SignedStatement.parse(self.previous).statement
            signed = SignedStatement.parse(self.statement)
            identity.check_reset_request(previous=previous, signed=signed)
        except StatementMalformedError as error:
            raise ResetFileError(f"no identity statement: {error}") from error
        except StatementRefusedError as error:
            raise ResetFileError(f"the statement breaks the rule {error.rule.value!r}") from error
        return signed


@dataclass(frozen=True, slots=True)
class SignatureFile:
    """What comes back: an officer's signature of the statement with this hash."""

    request: UUID
    hash: bytes
    key: bytes
    signature: bytes

    def encode(self) -> bytes:
        """The file."""
        return _written(
            {
                "beep": "reset signature",
                "format": FORMAT,
                "request": str(self.request),
                "hash": self.hash.hex(),
                "key": _base64(self.key),
                "signature": _base64(self.signature),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> "SignatureFile":
        """Raises ResetFileError. The signature itself is verified where the request is."""
        fields = _read(data, "reset signature", {"request", "hash", "key", "signature"})
        read = cls(
            request=_field(fields["request"], UUID),
            hash=_field(fields["hash"], bytes.fromhex),
            key=_bytes(fields["key"]),
            signature=_bytes(fields["signature"]),
        )
        lengths = (len(read.hash), len(read.key), len(read.signature))
        if lengths != (HASH_BYTES, KEY_BYTES, SIGNATURE_BYTES):
            raise ResetFileError("a hash, key or signature of another length")
        if read.encode() != data:
            raise ResetFileError("the file is not spelled as this program spells it; sign again")
        return read


def sign(request: RequestFile, *, key: SigningKey) -> SignatureFile:
    """The officer's signature of the request's statement; raises ResetFileError where none may be given."""
    statement = request.asked().statement
    signature = signing.sign(key=key, label=Label.IDENTITY_STATEMENT, content=statement.encode())
    return SignatureFile(
        request=request.request, hash=statement.hash, key=bytes(key.verify_key), signature=signature
    )


def read(path: Path) -> bytes:
    """The bytes of a file that is not larger than `MAX_FILE_BYTES`; raises ResetFileError, OSError."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ResetFileError(f"{path} is too large")
    return data


def _written(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _read(data: bytes, what: str, names: set[str]) -> dict[str, Any]:
    if len(data) > MAX_FILE_BYTES:
        raise ResetFileError("the file is too large")
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        raise ResetFileError(f"this is no {what}") from None
    if not isinstance(fields, dict) or fields.get("beep") != what:
        raise ResetFileError(f"this is no {what}")
    if fields.get("format") != FORMAT or set(fields) != {"beep", "format"} | names:
        raise ResetFileError(f"a {what} of another format")
    return fields


Value = TypeVar("Value")


def _field(value: object, make: Callable[[str], Value]) -> Value:
    if not isinstance(value, str):
        raise ResetFileError("a field that is no text")
    try:
        return make(value)
    except ValueError:
        raise ResetFileError("a field that cannot be read") from None


def _bytes(value: object) -> bytes:
    def decoded(text: str) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            raise ResetFileError("a field that is no base64") from None

    return _field(value, decoded)


def _time(value: object) -> int:
    if type(value) is not int or not 0 <= value <= LAST_TIME:
        raise ResetFileError("a time that no calendar has")
    return value


def plain(words: str) -> str:
    """The words as a file carries them: what could mislead a reader of the screen becomes U+FFFD."""
    return "".join("\ufffd" if _misleads(symbol) else symbol for symbol in words[:MAX_WORDS])


def _misleads(symbol: str) -> bool:
    # Control characters move the cursor; unassigned ones may mean anything to the next Unicode version.
    return symbol in HIDDEN or unicodedata.category(symbol) in {"Cc", "Cn", "Cs", "Zl", "Zp"}


def _line(value: object) -> str:
    if not isinstance(value, str) or value != plain(value):
        raise ResetFileError("words that cannot be shown")
    return value


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
