"""Who writes to the intake, and how much of it was committed: so that a row that is taken away is missed.

A row that is deleted before it is integrated leaves no gap in the log, and many acts leave no other row: a
refused sign-in, an auditor's search. A gap-free number from the database would make every writer wait for the
one before; a sequence has gaps of its own where a transaction was rolled back. But each process knows of its
own transactions which were committed. So every event says, beside its own place among the events of its
process, **how many of those before it the process knows to be committed**, and the hash of the newest of
them::

    "writer": {"process": "<16 random bytes>", "number": N, "committed": C, "last": M, "hash": "<32 bytes>"}

Of the events with a number below N at least C must be in the log, and number M must have that leaf hash; the
verifier counts (`audit.verify.writers`). An event that was rolled back has taken a number and is counted
nowhere. What nobody has said anything after, the last event of a process, is not covered (docs/adr/0021).

The identity of a process is random, made at its first event, told in its entries, no secret, and gone with
the process.
"""

import os
import secrets
import threading
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from audit.merkle import leaf_hash

ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an event says of its writer."""

    process: bytes
    number: int
    """Place among the events of the process, from 0; those of transactions that were rolled back have one."""
    committed: int
    """How many of the events before it the process knew to be committed."""
    last: int | None
    """The newest of those, and its leaf hash; None before the first."""
    hash: bytes | None


class Writer:
    """One process, for one database. Safe in every thread."""

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._process: Final = secrets.token_bytes(ID_BYTES)
        self._next = self._committed = 0
        self._last: tuple[int, bytes] | None = None

    def stamp(self) -> Stamp:
        """For the event that is written now."""
        with self._lock:
            number, last = self._next, self._last or (None, None)
            self._next += 1
            return Stamp(self._process, number, self._committed, *last)

    def confirm(self, stamp: Stamp, body: bytes) -> None:
        """The event with this stamp and these bytes is committed."""
        with self._lock:
            self._committed += 1
            if self._last is None or stamp.number > self._last[0]:
                self._last = stamp.number, leaf_hash(body)


_writers: Final[dict[str, Writer]] = {}
os.register_at_fork(after_in_child=_writers.clear)


def current() -> Writer:
    """This process's, for the database that the default connection leads to."""
    name = str(connection.settings_dict["NAME"])
    return _writers.get(name) or _writers.setdefault(name, Writer())


def when_committed(writer: Writer, stamp: Stamp, body: bytes) -> None:
    """Count the event as soon as the current transaction is committed; if it is rolled back, never."""
    transaction.on_commit(lambda: writer.confirm(stamp, body))
