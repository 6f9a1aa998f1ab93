"""Entries picked by filters, as a ZIP that can be checked without this server.

::

    entries.jsonl   {"body": "<base64>", "index": N, "proof": ["<base64>", …]} a line, ascending by index
    entries.csv     the searched columns, where asked for: for reading, proved by nothing
    checkpoint      the signed and cosigned checkpoint that all proofs lead to
    policy          the log's key and the witnesses', as this server has them; take yours from elsewhere
    manifest.json   {"version": 1, "kind": "selection", "origin", "size", "first", "last",
                     "files": {name: SHA-256 in hex}}

It is made while it is sent, in constant memory.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from django.conf import settings

from audit import canonical, evidence, log, search
from audit.asking import asking
from audit.note import Checkpoint, encode_base64, split_note
from audit.search import Filters, Found
from beep.errors import BeepError

FORMS: Final = ("jsonl", "csv")
MOST: Final = 1_000_000
"""Entries in one export; who needs more exports the log itself (`manage.py export_audit`)."""
COLUMNS: Final = (
    "leaf",
    "at",
    "action",
    "actor",
    "actor_system",
    "target_kind",
    "target",
    "subject",
    "ministry",
    "outcome",
    "error",
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What will be exported: everything that fits below the newest witnessed checkpoint."""

    filters: Filters
    note: bytes
    size: int
    count: int
    first: int | None
    last: int | None
    """The lowest and highest index; None when nothing fits."""

    def zip(self, form: str) -> Iterator[bytes]:
        """The ZIP's bytes, in parts."""
        sink = _Sink()
        digests: dict[str, str] = {}
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            yield from self._file(archive, sink, digests, "entries.jsonl", self._entries())
            if form == "csv":
                yield from self._file(archive, sink, digests, "entries.csv", self._table())
            yield from self._file(archive, sink, digests, "checkpoint", [self.note])
            policy = evidence.readers_policy(self.note).encode()
            yield from self._file(archive, sink, digests, "policy", [policy])
            archive.writestr("manifest.json", canonical.encode(self._manifest(digests)))
        yield sink.take()

    def _manifest(self, digests: dict[str, str]) -> dict[str, canonical.Json]:
        ends: dict[str, canonical.Json] = {"first": self.first, "last": self.last}
        return {
            "version": 1,
            "kind": "selection",
            "origin": settings.LOG_ORIGIN,
            "size": self.size,
            **ends,
            "files": digests,
        }

    def _file(
        self, archive: zipfile.ZipFile, sink: "_Sink", digests: dict[str, str], name: str, parts: Any
    ) -> Iterator[bytes]:
        digest = sha256()
        with archive.open(name, "w") as file:
            for part in parts:
                digest.update(part)
                file.write(part)
                if sink.size > 1 << 16:
                    yield sink.take()
        digests[name] = digest.hexdigest()
        yield sink.take()

    def _entries(self) -> Iterator[bytes]:
        for rows in search.walk(self.filters, upto=self.size):
            with asking() as cursor:
                cursor.execute(
                    "SELECT leaf_index, body FROM audit_leaf WHERE leaf_index = ANY(%s)",
                    [[row.leaf for row in rows]],
                )
                bodies = {index: bytes(body) for index, body in cursor.fetchall()}
                tree = log.tree(cursor, self.size)
                for row in rows:
                    line: dict[str, canonical.Json] = {
                        "index": row.leaf,
                        "body": encode_base64(bodies[row.leaf]),
                        "proof": [encode_base64(step) for step in tree.inclusion(row.leaf)],
                    }
                    yield canonical.encode(line) + b"\n"

    def _table(self) -> Iterator[bytes]:
        yield _line(COLUMNS)
        for rows in search.walk(self.filters, upto=self.size):
            yield b"".join(_line([_cell(row, name) for name in COLUMNS]) for row in rows)


def select(filters: Filters) -> Selection:
    """What an export with these filters holds.

    Raises BeepError `busy` while no quorum has seen anything, `bad_request` past a million entries.
    """
    with asking() as cursor:
        note = log.witnessed_note(cursor, evidence.policy(), origin=settings.LOG_ORIGIN)
    if note is None:
        raise BeepError("busy", "The witnesses have not seen anything yet.", retry_after=5.0)
    size = Checkpoint.parse(split_note(note)[0]).size
    count, first, last = search.extent(filters, upto=size)
    if count > MOST:
        raise BeepError("bad_request", "An export holds a million entries at most; narrow the time.")
    return Selection(filters=filters, note=note, size=size, count=count, first=first, last=last)


class _Sink(io.RawIOBase):
    """What a ZIP is written into: a buffer that is taken away while it fills."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._at = 0
        self.size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        self.size += len(part)
        return len(part)

    def take(self) -> bytes:
        """What was written since the last call."""
        parts, self._parts, self.size = self._parts, [], 0
        return b"".join(parts)


def _cell(row: Found, name: str) -> str:
    value = getattr(row, name)
    if name == "outcome":
        return "refused" if row.refused else "done"
    text = "" if value is None else str(value)
    # A spreadsheet runs what begins so.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _line(cells: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()
