"""Acts against entries: what was done must have been told.

Whoever drops an intake row before it is integrated leaves no gap in the log. But the act that it told of has
left rows of its own: a session, a device, a conversation. Applications above register what of theirs needs an
entry; the verifier asks for the ids and looks for them among the targets of the entries.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Acts:
    """Rows of one kind. `ids` gives the ids of those that stand in the database."""

    name: str
    actions: frozenset[str]
    """An entry with one of these actions and the id as target tells of the row."""
    ids: Callable[[datetime], Iterator[UUID]]
    """Those from before a moment: what was done just now may not have come into the log yet."""


_REGISTERED: Final[dict[str, Acts]] = {}


def register(name: str, *, actions: set[str], ids: Callable[[datetime], Iterator[UUID]]) -> None:
    """Say that each of `ids` must be the target of an entry with one of `actions`; when Django starts."""
    _REGISTERED[name] = Acts(name, frozenset(actions), ids)


def registered() -> Mapping[str, Acts]:
    """All of them, by name."""
    return _REGISTERED
