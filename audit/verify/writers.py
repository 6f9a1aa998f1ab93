"""Counts the events of each writing process, and finds the one of which too few are there. Pure.

What the entries say, and why it must hold, stands in `audit.writer`. Entries need not come in the order of
their numbers: whoever began earlier and wrote later stands earlier in the log. So they are sorted before they
are counted, in memory that is bounded for each process.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from audit.verify.alarms import AlarmError

HELD: Final = 100_000
"""Events of one process that are held; then the lower half is counted and forgotten."""
RECENT: Final = 1_000
"""Newest events of one process whose hashes are remembered, and claims that wait for their event."""
ID_BYTES: Final = 16
HASH_BYTES: Final = 32


class _Process:
    def __init__(self, name: str) -> None:
        self.name: Final = name
        self.counted = 0
        self.below = 0
        """Numbers below this one have been counted."""
        self.events: list[tuple[int, int, int]] = []
        """Number, committed, index of the entry (-1: not in the log yet)."""
        self.hashes: dict[int, str] = {}
        self.claims: dict[int, tuple[str, int]] = {}
        """Numbers that others knew to be committed, and that have not come yet: their hash, who says so."""

    def take(
        self,
        number: int,
        committed: int,
        last: tuple[int, str] | None,
        *,
        hash: str,  # noqa: A002
        index: int,
    ) -> None:
        """One event, and what it says of the newest before it. Raises AlarmError `intake_dropped`."""
        self.events.append((number, committed, index))
        if len(self.events) >= HELD:
            self.count(keep=HELD // 2)
        _remember(self.hashes, number, hash)
        claim = self.claims.pop(number, None)
        if claim is not None and claim[0] != hash:
            raise _swapped(self, number, claim[1])
        if last is not None:
            known = self.hashes.get(last[0])
            if known is None:
                _remember(self.claims, last[0], (last[1], index))
            elif known != last[1]:
                raise _swapped(self, last[0], index)

    def count(self, *, keep: int) -> None:
        """Count all but the `keep` highest numbers. Raises AlarmError `intake_dropped`."""
        self.events.sort()
        ready, self.events = self.events[: len(self.events) - keep], self.events[len(self.events) - keep :]
        begin, there = self.below, {number for number, _, _ in ready}
        for number, committed, index in ready:
            where = index if index >= 0 else None
            if number == self.below - 1:
                raise AlarmError(
                    "intake_dropped", f"process {self.name} has number {number} twice", index=where
                )
            if number < self.below:
                # Far out of order: it was missing to those that were counted, and they did not mind.
                self.counted += 1
                continue
            if self.counted < committed:
                raise AlarmError(
                    "intake_dropped",
                    f"process {self.name} had committed {committed} events before number {number}, "
                    f"and {self.counted} of them are there",
                    index=where,
                )
            self.counted, self.below = self.counted + 1, number + 1
        # The count is right and this one is not there: another took a number that was rolled back.
        for number in [each for each in self.claims if each < self.below]:
            _, index = self.claims.pop(number)
            if number >= begin and number not in there:
                raise _swapped(self, number, index)


class Writers:
    """The processes of one log. Entries without a writer are not counted.

    The first alarm waits for `finish`: whoever reads the log on its way goes on to its end.
    """

    def __init__(self) -> None:
        self._processes: Final[dict[str, _Process]] = {}
        self._first: AlarmError | None = None

    def add(self, leaf: Mapping[str, Any], *, hash: bytes, index: int | None) -> None:  # noqa: A002
        """Take an entry (its JSON, its leaf hash); `index` None for a row that is not in the log yet.

        Raises AlarmError `entry_malformed` for no such writer.
        """
        said = leaf.get("writer")
        if said is None:
            return
        name, number, committed, last = _parse(said, index)
        process = self._processes.get(name) or self._processes.setdefault(name, _Process(name))
        try:
            process.take(number, committed, last, hash=_encode(hash), index=-1 if index is None else index)
        except AlarmError as alarm:
            self._first = self._first or alarm

    def finish(self) -> None:
        """Count the rest; raises AlarmError `intake_dropped` when something is missing or another."""
        if self._first is not None:
            raise self._first
        for process in self._processes.values():
            process.count(keep=0)


def _remember(kept: dict[int, Any], number: int, value: Any) -> None:
    kept[number] = value
    if len(kept) > RECENT:
        del kept[next(iter(kept))]


def _swapped(process: _Process, number: int, index: int) -> AlarmError:
    return AlarmError(
        "intake_dropped",
        f"process {process.name} had committed another event as number {number} than is there",
        index=index if index >= 0 else None,
    )


def _parse(said: Any, index: int | None) -> tuple[str, int, int, tuple[int, str] | None]:
    try:
        name, number, committed = said["process"], said["number"], said["committed"]
        last = (said["last"], said["hash"]) if "last" in said else None
        numbers = (number, committed, *((last[0],) if last else ()))
        texts = ((name, ID_BYTES), *(((last[1], HASH_BYTES),) if last else ()))
        if not all(type(each) is int and each >= 0 for each in numbers) or not committed <= number:
            raise ValueError("a number is out of range")
        if any(_encode(_decode(text)) != text or len(_decode(text)) != size for text, size in texts):
            raise ValueError("an id or hash has another length")
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        raise AlarmError("entry_malformed", "its writer is none", index=index) from None
    return name, number, committed, last


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
