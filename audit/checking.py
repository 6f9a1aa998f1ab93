"""The online verifier: the log in the database against itself, its intake, the acts and the witnesses.

Each check yields alarms by the names of `audit.verify.alarms`. It reads as `beep_auditor` in one snapshot,
begun anew where the log outgrows it before the witnesses have answered. It believes nothing but the policy:
signatures and cosignatures are verified, hashes made again.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final, LiteralString
from uuid import UUID

from audit import accepted, guards, intake, log, merkle, projection, reconcile, sums, tiles
from audit.integrator import Connection, leaf_of_second
from audit.note import Checkpoint, NoteError, split_note
from audit.policy import Policy, QuorumError
from audit.verify.alarms import AlarmError
from audit.verify.entries import Sighting, Times, check_entry
from audit.verify.export import sighting
from audit.verify.writers import Writers
from audit.witnessing import ForkError, SilentError, Witnesses
from beep import clock

WAIT: Final = 60_000
"""Milliseconds that an intake row may be on its way."""
LOOKS: Final = 10
"""How often the witnesses are asked about a log that has grown beyond the look at it. One look is far shorter
than the integrator's way from a checkpoint to the next.
"""
DAY: Final = 86_400_000
"""Milliseconds."""
FIRST_MESSAGE: Final[LiteralString] = """
SELECT least((SELECT min(time_ms) FROM audit_accepted_envelope),
             (SELECT min(at) FROM audit_leaf WHERE kind = 'messages.accepted'))
"""
LEAVES: Final[LiteralString] = "SELECT leaf_index, at, kind, hash, body FROM audit_leaf ORDER BY leaf_index"
CHECKPOINTS: Final[LiteralString] = "SELECT size, root, note FROM audit_checkpoint ORDER BY size"
STORED_TILES: Final[LiteralString] = "SELECT level, tile, root, hashes FROM audit_tile ORDER BY level, tile"
COSIGNED: Final[LiteralString] = """
SELECT size, array_agg(DISTINCT witness) FROM audit_cosignature GROUP BY size ORDER BY size
"""
UNTAKEN: Final[LiteralString] = """
SELECT i.id, i.kind FROM audit_intake i
WHERE i.at < %s AND NOT EXISTS (SELECT FROM audit_taken t WHERE t.intake = i.id) ORDER BY i.id LIMIT 1
"""
WAITING: Final[LiteralString] = """
SELECT i.body FROM audit_intake i
WHERE i.kind <> 'messages.batch' AND NOT EXISTS (SELECT FROM audit_taken t WHERE t.intake = i.id)
"""
UNTOLD: Final[LiteralString] = """
SELECT l.leaf_index FROM audit_leaf l
WHERE NOT EXISTS (
    SELECT FROM audit_taken t JOIN audit_intake i ON i.id = t.intake WHERE t.leaf_index = l.leaf_index
) ORDER BY l.leaf_index LIMIT 1
"""
CHANGED: Final[LiteralString] = """
SELECT l.leaf_index FROM audit_leaf l
JOIN audit_taken t USING (leaf_index) JOIN audit_intake i ON i.id = t.intake
WHERE i.kind <> 'messages.batch' AND i.body <> l.body ORDER BY l.leaf_index LIMIT 1
"""
BATCHES: Final[LiteralString] = """
SELECT t.leaf_index, i.at, i.body FROM audit_taken t JOIN audit_intake i ON i.id = t.intake
WHERE i.kind = 'messages.batch' ORDER BY t.leaf_index
"""

Progress = Callable[[int, int], None]


class Checker:
    """One verification. `now_ms` is the verifier's own clock."""

    def __init__(self, connection: Connection, policy: Policy, origin: str) -> None:
        self._connection: Final = connection
        self._policy: Final = policy
        self._origin: Final = origin
        self._wanted: Final = {
            action: acts.name for acts in reconcile.registered().values() for action in acts.actions
        }
        self._told: Final[dict[str, set[UUID]]] = defaultdict(set)
        self._before: Final = clock.from_ms(clock.now_ms() - WAIT)
        self._writers: Final = Writers()
        self._whole = False
        """Whether every entry was looked at."""
        self.size = 0

    def run(self, progress: Progress = lambda done, all_: None) -> Iterator[AlarmError]:
        """Every alarm, in the order of the checks; each check stops at its first."""
        connection = self._connection
        self._look()
        found = 0
        for check in (
            self._triggers,
            self._guards,
            self._witnesses,
            lambda: self._tree(progress),
            self._tiles,
            self._intake,
            self._committed,
            self._messages,
            self._envelopes,
            self._acts,
        ):
            try:
                check()
            except AlarmError as alarm:
                found += 1
                yield alarm
            except log.LogError as error:
                found += 1
                yield AlarmError("tile_altered", str(error))
        if not found:  # What is searched cannot be better than the log that it was made from.
            with connection.cursor() as cursor:
                rows = self._named("projected", "SELECT leaf_index, body FROM audit_leaf ORDER BY leaf_index")
                for wrong in chain(projection.check(cursor, rows), sums.check(connection)):
                    yield AlarmError("projection_differs", wrong)
                    break

    def _look(self) -> None:
        """Begin to read in a snapshot of now."""
        self._connection.rollback()
        self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    def _triggers(self) -> None:
        for name in guards.disabled(self._connection):
            raise AlarmError("triggers_disabled", name)

    def _guards(self) -> None:
        for what in guards.altered(self._connection):
            raise AlarmError("guard_altered", what)

    def _witnesses(self) -> None:
        """The newest checkpoint is signed, cosigned before long, and continues what the witnesses know.

        The log goes on meanwhile. What a witness has seen beyond this look is no cut if the log has it by
        now: then it is looked at anew, and the checks that follow see what this one saw last.
        """
        for left in reversed(range(LOOKS)):
            try:
                self._ask_witnesses()
            except ForkError as error:
                self._look()
                size, _ = log.head(self._connection.cursor())
                if left and error.longer and error.size <= size:
                    continue
                raise AlarmError("tail_cut" if error.longer else "forked", str(error)) from None
            return

    def _ask_witnesses(self) -> None:
        """Raises ForkError when a witness knows more or something else."""
        cursor = self._connection.cursor()
        size, root = log.head(cursor)
        found = cursor.execute("SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        if found is None:
            if size:
                raise AlarmError("checkpoint_refused", "there is none")
            return
        # Without the cosignatures that are stored: whoever rewrote the log could not make new ones.
        note: bytes = found[0]
        checkpoint = self._signed(note)
        if (checkpoint.size, checkpoint.root) != (size, root):
            raise AlarmError("tail_cut", f"the head has {size} entries, the checkpoint {checkpoint.size}")
        # First those who remember: what a database holds can be cut off, cosignatures included.
        asked = Witnesses(self._policy, self._origin, lambda old, new: log.tree(cursor, new).consistency(old))
        try:
            asked.check_before_signing(note)
        except SilentError as error:
            raise AlarmError("quorum_missing", str(error)) from None
        try:
            self._policy.witnessed(asked.cosign(note), origin=self._origin)
        except QuorumError as error:
            raise AlarmError("quorum_missing", str(error)) from None
        except NoteError as error:
            raise AlarmError("checkpoint_refused", str(error)) from None

    def _signed(self, note: bytes) -> Checkpoint:
        try:
            return self._policy.signed(note, origin=self._origin).checkpoint
        except NoteError as error:
            raise AlarmError("checkpoint_refused", str(error)) from None

    def _tree(self, progress: Progress) -> None:
        """Every entry, every checkpoint's root."""
        cursor = self._connection.cursor()
        total, _ = log.head(cursor)
        times = Times(self._sightings())
        checkpoints = self._named("checkpoints", CHECKPOINTS)
        following = next(checkpoints, None)
        frontier = merkle.Frontier()
        for index, at, kind, stored, body in self._named("leaves", LEAVES):
            if index != frontier.size:
                raise AlarmError("entry_missing", f"the next is {index}", index=frontier.size)
            leaf = check_entry(body, stored, index, times)
            if (leaf["at"], leaf["action"]) != (at, kind):
                raise AlarmError("entry_altered", "its columns are not what it says", index=index)
            frontier.append(stored)
            self._writers.add(leaf, hash=stored, index=index)
            while following is not None and following[0] == frontier.size:
                size, root, note = following
                said = Checkpoint.parse(split_note(note)[0])
                if not frontier.root() == root == said.root or said.size != size:
                    raise AlarmError(
                        "entry_altered",
                        f"the first {size} entries have another root than was signed",
                        index=index,
                    )
                following = next(checkpoints, None)
            if kind in self._wanted and leaf.get("outcome") == "done" and "target" in leaf:
                try:
                    self._told[self._wanted[kind]].add(UUID(leaf["target"]["id"]))
                except (TypeError, KeyError, ValueError, AttributeError):
                    raise AlarmError("entry_malformed", "its target is nothing", index=index) from None
            self.size = frontier.size
            progress(self.size, total)
        if frontier.size != total or following is not None:
            raise AlarmError("tail_cut", f"{frontier.size} entries are there", index=frontier.size)
        self._whole = True

    def _sightings(self) -> Iterator[Sighting]:
        cursor = self._connection.cursor()
        for size, names in cursor.execute(COSIGNED).fetchall():
            if self._policy.satisfied(names):
                note = log.checkpoint_note(cursor, size)
                if Checkpoint.parse(split_note(note)[0]).origin != self._origin:
                    continue  # From before the log was begun anew under this name.
                try:
                    yield sighting(self._policy.witnessed(note, origin=self._origin))
                except NoteError as error:
                    raise AlarmError("checkpoint_refused", f"{size} entries: {error}") from None

    def _tiles(self) -> None:
        """The stored tiles are those of the leaves."""
        size, _ = log.head(self._connection.cursor())
        expected = sum(1 for tile in tiles.all_tiles(size) if tile.width == tiles.WIDTH)
        below: dict[int, list[bytes]] = defaultdict(list)
        hashes = self._named("hashes", "SELECT hash FROM audit_leaf ORDER BY leaf_index")
        for level, number, root, content in self._named("tiles", STORED_TILES):
            first = number * tiles.WIDTH
            made = (
                [row[0] for row in islice(hashes, tiles.WIDTH)]
                if level == 0
                else below[level - 1][first : first + tiles.WIDTH]
            )
            if b"".join(made) != content or merkle.root(made) != root:
                raise AlarmError("tile_altered", tiles.Tile(level, number).path)
            below[level].append(root)
            expected -= 1
        if expected:
            raise AlarmError("tile_altered", f"{abs(expected)} tiles are missing or too many")

    def _intake(self) -> None:
        """What came in is in a leaf, and no leaf tells of what never came in."""
        execute = self._connection.execute
        if (row := execute(UNTAKEN, (clock.now_ms() - WAIT,)).fetchone()) is not None:
            raise AlarmError("intake_dropped", f"row {row[0]} ({row[1]}) is in no leaf")
        for query, what in ((UNTOLD, "nothing came in that it tells of"), (CHANGED, "another text came in")):
            if (row := execute(query).fetchone()) is not None:
                raise AlarmError("intake_dropped", what, index=row[0])

    def _committed(self) -> None:
        """What the processes knew to be committed is in the log, or on its way in the intake."""
        if not self._whole:
            return
        for (body,) in self._named("waiting", WAITING):
            try:
                leaf: Any = json.loads(body.removeprefix(intake.PREFIX))
            except (ValueError, RecursionError):
                continue  # It comes into the log as it is, and is named there.
            if isinstance(leaf, dict):
                self._writers.add(leaf, hash=merkle.leaf_hash(body), index=None)
        self._writers.finish()

    def _messages(self) -> None:
        """The leaves of seconds are made of the batches that came in."""
        leaf, at, hashes = -1, 0, list[bytes]()
        for index, time, body in chain(self._named("batches", BATCHES), [(-1, 0, b"")]):
            if index != leaf:
                if hashes:
                    self._second(leaf, at, hashes)
                leaf, at, hashes = index, 0, []
            if body:
                try:
                    at, hashes = max(at, time), hashes + intake.hashes_of(body)
                except ValueError as error:
                    raise AlarmError("messages_differ", str(error), index=index) from None

    def _second(self, index: int, at: int, hashes: Sequence[bytes]) -> None:
        row = self._connection.execute(log.ENTRY, (index,)).fetchone()
        try:
            expected = leaf_of_second(at // 1000, hashes, at=at)
        except ValueError as error:
            raise AlarmError("messages_differ", str(error), index=index) from None
        if row is None or row[0] != expected:
            raise AlarmError("messages_differ", "it is not made of the batches that came in", index=index)

    def _envelopes(self) -> None:
        """The envelopes that are there are those of the seconds' leaves, day by day."""
        row = self._connection.execute(FIRST_MESSAGE).fetchone()
        until = accepted.settled_until(clock.now_ms())
        begin = until if row is None or row[0] is None else row[0] // DAY * DAY
        while begin < until:
            found = accepted.check_on(self._connection, begin=begin, end=min(begin + DAY, until))
            if found.wrong:
                raise AlarmError("messages_differ", found.wrong[0])
            begin += DAY

    def _acts(self) -> None:
        for acts in reconcile.registered().values():
            for id_ in acts.ids(self._before):
                if id_ not in self._told[acts.name]:
                    raise AlarmError("act_without_entry", f"{acts.name} {id_}")

    def _named(self, name: str, query: LiteralString) -> Iterator[Any]:
        """Rows through a cursor of the server's: the log need not fit into memory."""
        with self._connection.cursor(name) as cursor:
            cursor.itersize = 2_000
            yield from cursor.execute(query)
