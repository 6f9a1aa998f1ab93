"""A full monitor of the key log: replays every change with a memory of its own. No Django.

Clients verify what concerns them. A monitor verifies all of it: that each epoch's leaf, changes and signed
checkpoint fit each other and the tree so far, that each change is version + 1 of the statement before it and
names its hash, that the statement itself is there and is signed as the chain's rules ask, that the map has
the root that follows, and that a quorum of witnesses has cosigned the end. What a monitor has seen once
cannot be changed behind its back: it keeps the log's frontier and everybody's newest statement.

Its memory is one SQLite file. It is moved on only past epochs that were right, so that a wrong one is named
again at every run.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from audit import merkle
from audit.merkle import Frontier, ProofError
from audit.note import Checkpoint, NoteError
from audit.policy import Policy, QuorumError, Witnessed
from audit.transparency import map as keymap
from audit.transparency.epoch import NO_HASH, Change, EpochLeaf, changes_hash
from audit.transparency.map import EMPTY, Node

FRESH_MS: Final = 60 * 60 * 1000
"""How old the quorum's word may be."""
AHEAD_MS: Final = 10 * 60 * 1000
"""How much later than a witness's clock an epoch's may be."""
AT_ONCE: Final = 500
"""Epochs between two commits of the memory."""


class KeyLogWrongError(Exception):
    """The log, or what it was made from, is not what it must be. `epoch` is the first wrong one, None when it
    is not one epoch that is wrong.
    """

    def __init__(self, reason: str, epoch: int | None = None) -> None:
        super().__init__(reason if epoch is None else f"epoch {epoch}: {reason}")
        self.epoch: Final = epoch


@dataclass(frozen=True, slots=True)
class SeenEpoch:
    """An epoch as it is shown: leaf, signed checkpoint of size epoch + 1, changes in order."""

    number: int
    leaf: bytes
    note: bytes
    changes: Sequence[Change]


class Source(Protocol):
    """Where the log is read."""

    def checkpoint(self) -> bytes | None:
        """The newest cosigned checkpoint."""

    def epochs(self, first: int, end: int) -> Iterator[SeenEpoch]:
        """Epochs from `first`, below `end`, in order."""

    def statement(self, person: bytes, version: int) -> bytes | None:
        """The signed statement that a change speaks of."""

    def unpublished(self) -> tuple[bytes, int] | None:
        """Person and version of a statement that was accepted long ago and is in no epoch."""


_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS log (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL,
    size INTEGER NOT NULL, frontier BLOB NOT NULL, map_root BLOB NOT NULL, time INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS person (person BLOB PRIMARY KEY, version INTEGER NOT NULL,
    hash BLOB NOT NULL, body BLOB NOT NULL) WITHOUT ROWID""",
)

CheckStatement = Callable[[bytes | None, bytes], bytes]
"""Judges a signed statement after the one before it (None: the first); its hash. Raises ValueError."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has seen. `size` epochs are verified in all, `checked` of them now."""

    size: int
    checked: int
    people: int
    at: int
    """When the quorum cosigned, milliseconds UTC."""


class Monitor:
    """One monitor with its memory in the file `state`; close it after use."""

    def __init__(self, *, state: Path, policy: Policy, origin: str, check: CheckStatement) -> None:
        self._policy: Final = policy
        self._origin: Final = origin
        self._check: Final = check
        self._database: Final = sqlite3.connect(state)
        with self._database as database:
            database.execute("PRAGMA synchronous = FULL")
            for statement in _TABLES:
                database.execute(statement)
            database.execute("INSERT OR IGNORE INTO log VALUES (1, ?, 0, x'', ?, 0)", (origin, EMPTY))
        known, size, frontier, self._map_root, self._time = database.execute(
            "SELECT origin, size, frontier, map_root, time FROM log"
        ).fetchone()
        if known != origin:
            raise KeyLogWrongError(f"this memory is about {known}, not about {origin}")
        subtrees = [frontier[at : at + 32] for at in range(0, len(frontier), 32)]
        self._frontier: Final = Frontier(size, subtrees)
        values = {
            keymap.index_of(person): hash_
            for person, hash_ in database.execute("SELECT person, hash FROM person")
        }
        root, nodes = keymap.update(root=EMPTY, changes=values, load=dict[bytes, Node]().__getitem__)
        if root != self._map_root:
            raise KeyLogWrongError("the monitor's own memory does not have the map root that it says")
        self._nodes: Final = nodes

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def run(self, source: Source, *, now: int) -> Report:
        """Verify what is new. Raises KeyLogWrongError for the first thing that is wrong."""
        witnessed = self._witnessed(source)
        end = witnessed.checkpoint
        began = self._frontier.size
        if end.size < began:
            raise KeyLogWrongError(f"the log ends at {end.size}, and had {began} epochs before")
        at = _quorum_time(self._policy, witnessed)
        epochs = source.epochs(began, end.size)
        while batch := list(islice(epochs, AT_ONCE)):
            for epoch in batch:
                self._replay(source, epoch, latest=at + AHEAD_MS)
            self._keep()
        if self._frontier.size != end.size:
            raise KeyLogWrongError("the epoch is missing", self._frontier.size)
        if self._frontier.root() != end.root:
            raise KeyLogWrongError(f"the witnesses have cosigned another log of {end.size} epochs")
        if now - at > FRESH_MS:
            raise KeyLogWrongError(f"the quorum's last word is {(now - at) // 60_000} minutes old")
        if missing := source.unpublished():
            raise KeyLogWrongError(
                f"statement {missing[1]} of {missing[0].hex()} was accepted and never published"
            )
        (people,) = self._database.execute("SELECT count(*) FROM person").fetchone()
        return Report(end.size, end.size - began, people, at)

    def _witnessed(self, source: Source) -> Witnessed:
        note = source.checkpoint()
        if note is None:
            raise KeyLogWrongError("there is no cosigned checkpoint")
        try:
            return self._policy.witnessed(note, origin=self._origin)
        except QuorumError as error:
            raise KeyLogWrongError(f"no quorum has cosigned the newest checkpoint: {error}") from error
        except NoteError as error:
            raise KeyLogWrongError(f"the newest checkpoint: {error}") from error

    def _replay(self, source: Source, epoch: SeenEpoch, *, latest: int) -> None:
        number = self._frontier.size
        if epoch.number != number:
            raise KeyLogWrongError("the epoch is missing", number)
        try:
            leaf = EpochLeaf.parse(epoch.leaf)
        except ProofError as error:
            raise KeyLogWrongError(f"the leaf: {error}", number) from error
        if leaf.epoch != number or leaf.prev_map_root != self._map_root:
            raise KeyLogWrongError("the leaf does not follow the one before", number)
        if not self._time <= leaf.time <= latest:
            raise KeyLogWrongError("the time does not follow the one before", number)
        try:
            digest = changes_hash(epoch.changes)
        except ValueError as error:
            raise KeyLogWrongError(str(error), number) from error
        if digest != leaf.changes_hash:
            raise KeyLogWrongError("the changes are not those that the leaf commits to", number)
        for change in epoch.changes:
            self._follow(source, change, number)
        values = {keymap.index_of(change.person): change.hash for change in epoch.changes}
        map_root, made = keymap.update(root=self._map_root, changes=values, load=self._nodes.__getitem__)
        if map_root != leaf.map_root:
            raise KeyLogWrongError("the map's root is not the one that the changes make", number)
        self._frontier.append(merkle.leaf_hash(epoch.leaf))
        self._check_note(epoch.note, number)
        self._nodes.update(made)
        self._map_root, self._time = map_root, leaf.time

    def _follow(self, source: Source, change: Change, number: int) -> None:
        row = self._database.execute(
            "SELECT version, hash, body FROM person WHERE person = ?", (change.person,)
        ).fetchone()
        version, before, previous = row or (0, NO_HASH, None)
        who = change.person.hex()
        if change.version != version + 1 or change.prev_hash != before:
            raise KeyLogWrongError(
                f"statement {change.version} of {who} does not follow statement {version}", number
            )
        body = source.statement(change.person, change.version)
        if body is None:
            raise KeyLogWrongError(f"statement {change.version} of {who} is nowhere", number)
        try:
            digest = self._check(previous, body)
        except ValueError as error:
            raise KeyLogWrongError(f"statement {change.version} of {who}: {error}", number) from error
        if digest != change.hash:
            raise KeyLogWrongError(f"statement {change.version} of {who} is another one", number)
        self._database.execute(
            "INSERT OR REPLACE INTO person VALUES (?, ?, ?, ?)",
            (change.person, change.version, change.hash, body),
        )

    def _check_note(self, note: bytes, number: int) -> None:
        try:
            signed = self._policy.signed(note, origin=self._origin).checkpoint
        except NoteError as error:
            raise KeyLogWrongError(f"its checkpoint: {error}", number) from error
        if signed != Checkpoint(self._origin, number + 1, self._frontier.root(), signed.extensions):
            raise KeyLogWrongError("its checkpoint has another root than the log", number)

    def _keep(self) -> None:
        self._database.execute(
            "UPDATE log SET size = ?, frontier = ?, map_root = ?, time = ?",
            (self._frontier.size, b"".join(self._frontier.subtrees), self._map_root, self._time),
        )
        self._database.commit()


def _quorum_time(policy: Policy, witnessed: Witnessed) -> int:
    """Milliseconds UTC: since when the newest cosignatures that fill the quorum are there."""
    names: list[str] = []
    for name, time in sorted(witnessed.times.items(), key=lambda each: -each[1]):
        names.append(name)
        if policy.satisfied(names):
            return time * 1000
    return 0
