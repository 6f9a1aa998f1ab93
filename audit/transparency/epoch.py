"""Entries of the key log: one for each epoch of the map. Pure: no Django, no I/O.

The leaf of epoch n stands at index n, so a log of size n + 1 ends with the map of epoch n::

    "beep-keys/v1\\n" ‖ canonical JSON (RFC 8785) of
    {"changes_hash", "epoch", "map_root", "prev_map_root", "time"}

Hashes are lower-case hex; `epoch` counts from 0, `time` is milliseconds UTC. What happened in the
epoch is a list, ascending by person and then version, which the leaf commits to::

    struct { opaque person[16]; uint32 version; opaque prev_hash[32]; opaque hash[32]; } Change;
    changes_hash = SHA-256("beep key changes v1" ‖ Change 1 ‖ Change 2 ‖ …)

`hash` and `prev_hash` are those of identity statements; the map's value for a person is the `hash` of their
last change. An epoch without changes only says that nothing has happened until its time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final

from audit import canonical
from audit.merkle import ProofError
from beep.tls import Reader, Struct, Writer

PREFIX: Final = b"beep-keys/v1\n"
MAX_LEAF_BYTES: Final = 512
CHANGES_LABEL: Final = b"beep key changes v1"
MAX_INTEGER: Final = canonical.MAX_INTEGER
NO_HASH: Final = bytes(32)
_KEYS: Final = ("changes_hash", "epoch", "map_root", "prev_map_root", "time")


@dataclass(frozen=True, slots=True)
class Change(Struct):
    """One statement that was accepted: whose, which, and what it names as the one before."""

    person: bytes
    version: int
    prev_hash: bytes
    hash: bytes

    @classmethod
    def read(cls, reader: Reader) -> Change:
        """Reads one; raises TlsError."""
        return cls(reader.fixed(16), reader.u32(), reader.fixed(32), reader.fixed(32))

    def write(self, writer: Writer) -> None:
        """Appends the encoding, 84 bytes."""
        writer.fixed(self.person)
        writer.u32(self.version)
        writer.fixed(self.prev_hash)
        writer.fixed(self.hash)


def in_order(changes: Iterable[Change]) -> list[Change]:
    """As the hash takes them: by person, then version."""
    return sorted(changes, key=lambda change: (change.person, change.version))


def changes_hash(changes: Sequence[Change]) -> bytes:
    """Over the changes of one epoch; raises ValueError unless they are in order, each version once."""
    keys = [(change.person, change.version) for change in changes]
    if any(former >= latter for former, latter in pairwise(keys)):
        raise ValueError("changes out of order")
    return sha256(CHANGES_LABEL + b"".join(change.encode() for change in changes)).digest()


@dataclass(frozen=True, slots=True)
class EpochLeaf:
    """One entry of the key log."""

    epoch: int
    time: int
    prev_map_root: bytes
    map_root: bytes
    changes_hash: bytes

    def encode(self) -> bytes:
        """The leaf's exact bytes; raises ValueError for numbers that have none."""
        if not 0 <= self.epoch <= MAX_INTEGER or not 0 <= self.time <= MAX_INTEGER:
            raise ValueError("an epoch or a time out of range")
        return PREFIX + canonical.encode(
            {
                "changes_hash": self.changes_hash.hex(),
                "epoch": self.epoch,
                "map_root": self.map_root.hex(),
                "prev_map_root": self.prev_map_root.hex(),
                "time": self.time,
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> EpochLeaf:
        """The leaf whose bytes are `data`; raises ProofError for anything but its one spelling."""
        if len(data) > MAX_LEAF_BYTES or not data.startswith(PREFIX):
            raise ProofError("not an entry of the key log")
        try:
            value = json.loads(data.removeprefix(PREFIX))
            if not isinstance(value, dict) or tuple(sorted(value)) != _KEYS:
                raise ProofError("another shape than an epoch's")
            leaf = cls(
                epoch=value["epoch"],
                time=value["time"],
                prev_map_root=_hash(value["prev_map_root"]),
                map_root=_hash(value["map_root"]),
                changes_hash=_hash(value["changes_hash"]),
            )
            if type(leaf.epoch) is not int or type(leaf.time) is not int or leaf.encode() != data:
                raise ProofError("not the canonical spelling")
        except ProofError:
            raise
        except (ValueError, TypeError, RecursionError) as error:
            raise ProofError("an epoch that cannot be read") from error
        return leaf


def _hash(text: object) -> bytes:
    if not isinstance(text, str) or len(text) != 64:
        raise ProofError("a hash has 32 bytes")
    return bytes.fromhex(text)
