"""The directory: plans, people and their duties."""

from dataclasses import dataclass, field
from uuid import UUID

from audit.canonical import Json
from audit.events.base import Event, Personal


@dataclass(frozen=True, kw_only=True)
class DirectoryPlanned(Event, action="directory.planned", target="sync_run"):
    """A source was compared with the directory; nothing was written but this."""

    source: str
    plan_hash: bytes
    counts: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DirectoryApplied(Event, action="directory.applied", target="sync_run"):
    """A plan was carried out, or failed."""

    source: str
    plan_hash: bytes
    counts: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PersonCreated(Event, action="person.created"):
    """Somebody came into the directory."""

    login: Personal
    name: Personal


@dataclass(frozen=True, kw_only=True)
class PersonChanged(Event, action="person.changed"):
    """Name, post, unit or personnel number changed; `changed` names the fields."""

    changed: list[str]


@dataclass(frozen=True, kw_only=True)
class PersonStateChanged(Event, action="person.state_changed"):
    """A person became active, was suspended or left; `before` and `after` say from what to what."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class RoleGranted(Event, action="role.granted"):
    """A person has a duty from now on, or the database refused it."""

    duty: str
    scope: UUID | None = None
    expires_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class RoleEnded(Event, action="role.ended"):
    """A duty ended."""

    duty: str
    scope: UUID | None = None
