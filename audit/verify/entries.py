"""One entry after the other: its form, its time, its place in the tree."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from audit import canonical
from audit.merkle import HASH_BYTES, leaf_hash
from audit.verify.alarms import AlarmError

PREFIX: Final = b"beep-audit/v1\n"
MAX_ENTRY_BYTES: Final = 65_535
TOLERANCE: Final = 300
"""Seconds between an act and the witnesses' clocks: a long transaction, clocks that differ."""

_LONG_NUMBER: Final = re.compile(rb"[0-9]{16}")
_FAST: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def parse_entry(body: bytes, index: int) -> dict[str, Any]:
    """The entry as JSON. Raises AlarmError `entry_malformed` unless it is the canonical form, written once:

    prefix, at most 65,535 bytes, an object without doubled keys, with `action` and `at`.
    """
    if not body.startswith(PREFIX) or len(body) > MAX_ENTRY_BYTES:
        raise AlarmError("entry_malformed", "it has no prefix, or is too large", index=index)
    text = body[len(PREFIX) :]
    try:
        leaf = _READER.decode(text.decode())
        # Doubled keys are lost in reading, so writing it again tells them.
        again = _write(leaf, text)
    except (ValueError, TypeError, RecursionError):
        raise AlarmError("entry_malformed", "it is not canonical JSON", index=index) from None
    if again != text:
        raise AlarmError("entry_malformed", "it has another spelling than the canonical one", index=index)
    if (
        not isinstance(leaf, dict)
        or not isinstance(leaf.get("action"), str)
        or not isinstance(leaf.get("at"), int)
        or isinstance(leaf["at"], bool)
    ):
        raise AlarmError("entry_malformed", "it has no action and time", index=index)
    return leaf


def _write(leaf: Any, text: bytes) -> bytes:
    """`leaf` in its canonical form; by the fast encoder where the two cannot differ: ASCII, short numbers."""
    if text.isascii() and not _LONG_NUMBER.search(text):
        return _FAST.encode(leaf).encode()
    return canonical.encode(leaf)


def _no_float(text: str) -> Any:
    raise ValueError("there are no such numbers in a leaf")


_READER: Final = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A quorum had seen the log with `size` entries at `time` (seconds UTC)."""

    size: int
    time: int


class Times:
    """Holds each entry's own time against the witnesses' clocks.

    An entry that was not in the log at a sighting cannot be older than it, one that was cannot be younger.
    """

    def __init__(self, sightings: Iterable[Sighting]) -> None:
        known = sorted(sightings, key=lambda each: (each.size, each.time))
        self._sizes: Final = [each.size for each in known]
        # The latest moment at which it was seen with at most so many entries, the earliest with more.
        self._latest: Final = _running(known, max)
        self._earliest: Final = _running(known[::-1], min)[::-1]

    def check(self, index: int, at: int) -> None:
        """Raise AlarmError `backdated` or `postdated` for entry `index` of time `at` (milliseconds)."""
        place = bisect_right(self._sizes, index)
        if place and at < (self._latest[place - 1] - TOLERANCE) * 1000:
            raise AlarmError("backdated", f"it says {at}, and was not there later", index=index)
        if place < len(self._sizes) and at > (self._earliest[place] + TOLERANCE) * 1000:
            raise AlarmError("postdated", f"it says {at}, and was there before", index=index)


def _running(known: Sequence[Sighting], choose: Any) -> list[int]:
    found: list[int] = []
    for each in known:
        found.append(each.time if not found else choose(found[-1], each.time))
    return found


def check_entry(body: bytes, expected: bytes, index: int, times: Times | None = None) -> dict[str, Any]:
    """All of it for one entry whose leaf hash in the tree is `expected`; gives the JSON, or AlarmError."""
    if len(expected) != HASH_BYTES or leaf_hash(body) != expected:
        raise AlarmError("entry_altered", "its hash is not the one in the tree", index=index)
    leaf = parse_entry(body, index)
    if times is not None:
        times.check(index, leaf["at"])
    return leaf
