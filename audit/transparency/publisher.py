"""Makes the epochs of the key log: takes what was accepted, moves the map on, signs, asks the witnesses.

One step is one transaction on the integrator's connection: queue → map → leaf → checkpoint. A row is taken
when it can be seen, and taken out in the same transaction, so that a late commit is not missed and a crash
neither loses nor doubles one. Two publishers wait for each other; a second one that did not would meet the
epoch's primary key.

A change is taken only when it continues what the log has: version + 1, naming the hash before it. Anything
else stays in the queue, is complained of, and never reaches the map.

Secret: the log's Ed25519 seed, BEEP_KEYS_LOG_KEY, in memory as long as the process lives.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import structlog
from django.db import connections, transaction

from audit import merkle
from audit.note import Checkpoint, Signer, sign_note
from audit.transparency import map as keymap
from audit.transparency import storage
from audit.transparency.epoch import NO_HASH, Change, EpochLeaf, changes_hash, in_order
from audit.transparency.storage import Epoch, Head
from beep import clock

log = structlog.get_logger(__name__)

ALIAS: Final = "integrator"
AT_ONCE: Final = 2000
"""Changes in one epoch, at most."""
QUIET_MS: Final = 5 * 60 * 1000
"""After so long without a change an epoch says that there was none: clients want news within the hour."""
LOCK: Final = 0x6265_6570_6B65_7973
"""Advisory lock of whoever makes an epoch: "beepkeys"."""


@dataclass(frozen=True, slots=True)
class Published:
    """An epoch that was made."""

    size: int
    changes: int
    note: bytes


class Publisher:
    """Makes epochs with the log's key; one a process."""

    def __init__(self, signer: Signer) -> None:
        self._signer: Final = signer
        self._refused: Final[set[int]] = set()
        """Queue ids that were complained of already."""

    @property
    def origin(self) -> str:
        """Of the log."""
        return self._signer.verifier.name

    @property
    def refused(self) -> int:
        """Queued changes, seen so far, that do not continue the log."""
        return len(self._refused)

    def step(self) -> Published | None:
        """The next epoch, when something waits for one or the last is `QUIET_MS` old; None otherwise."""
        with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            head = storage.head(cursor)
            rows = storage.waiting(cursor, limit=AT_ONCE, but=sorted(self._refused))
            taken = self._continuing(cursor, rows)
            now = max(clock.now_ms(), head.time)
            if not taken and head.epoch >= 0 and now - head.time < QUIET_MS:
                return None
            changes = in_order(change for _, change in taken)
            published = self._append(cursor, head, changes, now)
            storage.dequeue(cursor, [id_ for id_, _ in taken])
        # Only now: what was rolled back was never said.
        log.info("key_epoch", size=published.size, changes=published.changes)
        return published

    def _continuing(
        self, cursor: storage.Cursor, rows: Iterable[tuple[int, Change]]
    ) -> list[tuple[int, Change]]:
        """Those that follow what is in the log, each person's in their order."""
        rows = sorted(rows, key=lambda row: (row[1].person, row[1].version, row[0]))
        known = storage.newest_versions(cursor, {change.person for _, change in rows})
        taken = []
        for id_, change in rows:
            version, before = known.get(change.person, (0, NO_HASH))
            if change.version == version + 1 and change.prev_hash == before:
                known[change.person] = (change.version, change.hash)
                taken.append((id_, change))
            elif id_ not in self._refused:
                self._refused.add(id_)
                log.error("key_change_refused", row=id_, person=change.person.hex(), version=change.version)
        return taken

    def _append(self, cursor: storage.Cursor, head: Head, changes: list[Change], now: int) -> Published:
        # Of several changes of one person the last one is the map's value.
        values = {keymap.index_of(change.person): change.hash for change in changes}
        nodes = storage.paths(cursor, root=head.map_root, indices=list(values))
        map_root, made = keymap.update(root=head.map_root, changes=values, load=nodes.__getitem__)
        leaf = EpochLeaf(head.size, now, head.map_root, map_root, changes_hash(changes)).encode()
        root = storage.append_leaf(cursor, index=head.size, leaf_hash=merkle.leaf_hash(leaf))
        note = sign_note(Checkpoint(self.origin, head.size + 1, root).format(), [self._signer])
        storage.add_nodes(cursor, made)
        storage.add_epoch(cursor, Epoch(head.size, map_root, leaf, note), time=now, changes=changes)
        return Published(head.size + 1, len(changes), note)
