"""The way into the audit log: one row of `audit_intake` for each event, in the transaction of the act itself.

What is not committed did not happen and leaves no trace; what is committed has its row. The leaf's exact
bytes are made here, once, and never made again from parsed JSON::

    "beep-audit/v1\\n" ‖ canonical JSON (RFC 8785)

A commitment is SHA-256(salt[32] ‖ UTF-8 text), base64url. The salt is random, stored with the text in
`audit_opening`, and erased with it: without it nobody can tell by trial whom a leaf speaks of.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.db import connection

from audit import canonical, writer
from audit.canonical import Json
from audit.events import Actor, Event, Personal
from audit.writer import Stamp
from beep import clock

PREFIX: Final = b"beep-audit/v1\n"
MAX_LEAF_BYTES: Final = 65_535
SALT_BYTES: Final = 32

BATCH: Final = "messages.batch"
"""Kind of the rows whose body is no leaf but the 32-byte hashes of the envelopes that one transaction has
accepted, one after the other; the integrator folds them into one leaf a second."""
HASH_BYTES: Final = 32

INSERT: Final = "INSERT INTO audit_intake (at, kind, body) VALUES (%s, %s, %s)"
"""Parameters: `Encoded.row`. Also for callers with their own connection, the delivery engine's for one."""
INSERT_OPENING: Final = "INSERT INTO audit_opening (commitment, salt, value) VALUES (%s, %s, %s)"
"""Parameters: one of `Encoded.openings`."""

_SHARED: Final = frozenset(item.name for item in fields(Event))


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event ready to be written."""

    row: tuple[int, str, bytes]
    """`at` in milliseconds UTC, the action, the leaf's bytes."""
    openings: tuple[tuple[bytes, bytes, str], ...]
    """Commitment, salt and text of each personal value."""


def record(event: Event) -> None:
    """Write `event` in the current transaction of the default connection; refuses to run outside one."""
    if not connection.in_atomic_block:
        raise RuntimeError("an audit event belongs to the transaction of the act it tells of")
    by = writer.current()
    stamp = by.stamp()
    encoded = encode(event, at=clock.now_ms(), stamp=stamp)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, encoded.row)
        for opening in encoded.openings:
            cursor.execute(INSERT_OPENING, opening)
    writer.when_committed(by, stamp, encoded.row[2])


def record_batch(hashes: Sequence[bytes], *, at: int) -> None:
    """Write down envelopes accepted at `at` (ms UTC) in the current transaction, as `record` does."""
    if not connection.in_atomic_block:
        raise RuntimeError("a batch belongs to the transaction that accepts it")
    with connection.cursor() as cursor:
        cursor.execute(INSERT, encode_batch(hashes, at=at))


def encode_batch(hashes: Sequence[bytes], *, at: int) -> tuple[int, str, bytes]:
    """Parameters of `INSERT` for the envelopes of one transaction, accepted at `at` (milliseconds UTC).

    Raises ValueError for none, more than 2,047, or a hash of another length.
    """
    body = b"".join(hashes)
    if not hashes or len(body) > MAX_LEAF_BYTES or any(len(value) != HASH_BYTES for value in hashes):
        raise ValueError("a batch has from 1 to 2,047 hashes of 32 bytes")
    return at, BATCH, body


def hashes_of(body: bytes) -> list[bytes]:
    """The envelope hashes of a batch's row; raises ValueError when it is none."""
    if not body or len(body) % HASH_BYTES:
        raise ValueError("a batch consists of 32-byte hashes")
    return [body[at : at + HASH_BYTES] for at in range(0, len(body), HASH_BYTES)]


def encode(event: Event, *, at: int, stamp: Stamp | None = None) -> Encoded:
    """The row and openings of `event` at `at` (milliseconds UTC) by the writer of `stamp`; no I/O.

    Raises ValueError when the leaf would be larger than 65,535 bytes.
    """
    openings: list[tuple[bytes, bytes, str]] = []
    own = {item.name: getattr(event, item.name) for item in fields(event) if item.name not in _SHARED}
    leaf: dict[str, Any] = {
        "action": event.action,
        "at": at,
        "actor": _actor(event.actor),
        "target": {"kind": event.target_kind, "id": event.target} if event.target else None,
        "outcome": event.outcome,
        "error": event.error,
        "parameters": own or None,
        "before": event.before,
        "after": event.after,
        "approver": event.approver,
        "basis": event.basis,
        "writer": _writer(stamp) if stamp else None,
    }
    body = PREFIX + canonical.encode(_plain(leaf, openings))
    if len(body) > MAX_LEAF_BYTES:
        raise ValueError(f"the leaf of {event.action} has {len(body)} bytes")
    return Encoded(row=(at, event.action, body), openings=tuple(openings))


def _actor(actor: Actor) -> dict[str, Any]:
    return {item.name: getattr(actor, item.name) for item in fields(actor)}


def _writer(stamp: Stamp) -> dict[str, Any]:
    return {item.name: getattr(stamp, item.name) for item in fields(stamp)}


def _plain(value: Any, openings: list[tuple[bytes, bytes, str]]) -> Json:
    """`value` as JSON: ids as text, bytes as base64url without padding, personal texts as commitments."""
    match value:
        case Personal():
            salt = secrets.token_bytes(SALT_BYTES)
            commitment = sha256(salt + value.encode()).digest()
            openings.append((commitment, salt, str(value)))
            return {"commitment": _base64url(commitment)}
        case UUID():
            return str(value)
        case bytes():
            return _base64url(value)
        case Mapping():
            members = {name: _plain(member, openings) for name, member in value.items() if member is not None}
            return {name: member for name, member in members.items() if member != {}}
        case str() | int() | None:
            return value
        case Sequence():
            return [_plain(member, openings) for member in value]
        case _:
            raise TypeError(f"{type(value).__name__} does not belong in an audit leaf")


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
