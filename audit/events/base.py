"""The catalogue of audited events: each is a class here, with the facts it records. Pure: no Django.

A leaf's JSON has these members, those without a value left out::

    action      what happened, a stable dotted name
    at          milliseconds UTC
    actor       {person, session, device, system, address}: who did it; address is a commitment
    target      {kind, id}: whom or what it was done to
    outcome     "done" or "refused"
    error       code of the refusal
    parameters  the event's own fields
    before, after, approver, basis
    writer      {process, number, committed, last, hash}: which process wrote it, and what it had committed
                before (`audit.writer`); the leaves of seconds have none

A field of type `Personal` never stands in a leaf: a salted commitment does, and the opening is stored apart,
where it can be erased. Ids are pseudonyms and stand in the clear.
"""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal
from uuid import UUID

from audit.canonical import Json


class Personal(str):
    """A text that tells who somebody is: a name, a login, an address."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. `system` names a command or process where no person does."""

    person: UUID | None = None
    session: UUID | None = None
    device: UUID | None = None
    system: str | None = None
    address: Personal | None = None


CATALOGUE: Final[dict[str, type["Event"]]] = {}
"""Every event by its action."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What all events share. A subclass names its action, the kind of its target, and its own facts."""

    action: ClassVar[str]
    target_kind: ClassVar[str] = "person"

    actor: Actor
    target: UUID | None = None
    outcome: Literal["done", "refused"] = "done"
    error: str | None = None
    before: dict[str, Json] | None = None
    after: dict[str, Json] | None = None
    approver: UUID | None = None
    basis: str | None = None
    """The legal basis, where an act needs one."""

    def __init_subclass__(cls, *, action: str, target: str = "person") -> None:
        super().__init_subclass__()
        if action in CATALOGUE:
            raise TypeError(f"two events are called {action}")
        cls.action = action
        cls.target_kind = target
        CATALOGUE[action] = cls
