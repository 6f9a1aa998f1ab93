"""What auditors do in their console: every search, view and export leaves a leaf of its own."""

from dataclasses import dataclass, field
from uuid import UUID

from audit.canonical import Json
from audit.events.base import Event, Personal


@dataclass(frozen=True, kw_only=True)
class ConsoleSignIn(Event, action="console.sign_in"):
    """Somebody signed in to the console, or was refused: a wrong factor, or a duty that is missing."""

    login: Personal | None = None
    """Only where no person was found."""


@dataclass(frozen=True, kw_only=True)
class ConsoleSignedOut(Event, action="console.signed_out"):
    """A console session was ended by its person."""


@dataclass(frozen=True, kw_only=True)
class ConsoleSteppedUp(Event, action="console.stepped_up"):
    """A fresh one-time code opened what needs one for five minutes, or was refused."""


@dataclass(frozen=True, kw_only=True)
class AuditSearched(Event, action="audit.searched", target="person"):
    """An auditor looked at a page of the log. `target` is the person that the search names, if one."""

    filters: dict[str, Json] = field(default_factory=dict)
    case: str | None = None
    """The case number, which a search on a named person needs."""
    rows: int = 0
    """How many rows the page showed."""


@dataclass(frozen=True, kw_only=True)
class AuditViewed(Event, action="audit.viewed", target="leaf"):
    """An auditor opened one entry: what its commitments hide was shown."""

    leaf: int
    person: UUID | None = None
    """Whom the entry is about."""
    openings: int = 0
    """How many personal values were shown."""
    case: str | None = None


@dataclass(frozen=True, kw_only=True)
class AuditExported(Event, action="audit.exported", target="person"):
    """An auditor took entries out of the console. Written before the first byte leaves."""

    filters: dict[str, Json] = field(default_factory=dict)
    case: str | None = None
    form: str = "jsonl"
    rows: int = 0


@dataclass(frozen=True, kw_only=True)
class AuditReported(Event, action="audit.reported", target="report"):
    """An auditor asked for one of the ready answers."""

    report: str
    parameters: dict[str, Json] = field(default_factory=dict)
    case: str | None = None


@dataclass(frozen=True, kw_only=True)
class SearchSaved(Event, action="audit.search_saved", target="search"):
    """An auditor kept a search under a name, or dropped it."""

    filters: dict[str, Json] = field(default_factory=dict)
    dropped: bool = False


@dataclass(frozen=True, kw_only=True)
class AlertReviewed(Event, action="audit.alert_reviewed", target="leaf"):
    """An auditor marked an alert as looked at, with what they found."""

    leaf: int
    note: Personal


@dataclass(frozen=True, kw_only=True)
class LedgerRead(Event, action="ledger.read"):
    """A person read their own ledger."""

    rows: int = 0
