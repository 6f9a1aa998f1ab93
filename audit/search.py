"""Pages of the audit log by filters, as auditors ask for them; reads as `beep_auditor`.

A page is found through one index, in the order of time and leaf, from where the last page ended: the
thousandth page costs what the first does. Filters that no index serves together are checked along the way.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final
from uuid import UUID

from audit.asking import asking
from audit.canonical import Json
from audit.events import CATALOGUE
from audit.projection import DONE, OUTCOMES, REFUSED
from beep.errors import BeepError

PAGE: Final = 50
MINISTRY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
SYSTEM: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
TARGET: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.%]{1,64}")
CASE: Final = re.compile(r"\S[^\x00-\x1f]{2,63}")
"""A case number: 3 to 64 characters, as the ministry writes them."""
COLUMNS: Final = (
    "leaf, at, action, actor, actor_system, address, target_kind, target, subject, ministry, outcome, error"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a search asks for; None and empty mean: everything."""

    begin: int | None = None
    """Milliseconds UTC, inclusive."""
    end: int | None = None
    """Milliseconds UTC, exclusive."""
    actions: tuple[str, ...] = ()
    """Actions, or classes of them that end in a dot: `device.`."""
    actor: UUID | None = None
    system: str | None = None
    subject: UUID | None = None
    """Whom the events are about."""
    target: str | None = None
    ministry: str | None = None
    address: str | None = None
    outcome: int | None = None

    @property
    def names_a_person(self) -> bool:
        """Whether the search is one on a named person, which needs a case number."""
        return self.actor is not None or self.subject is not None

    def plain(self) -> dict[str, Json]:
        """As JSON, for the search's own leaf and for saving; `parse` reads it."""
        values: dict[str, Json] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if value is None or value == ():
                continue
            values[item.name] = (
                str(value) if isinstance(value, UUID) else list(value) if item.name == "actions" else value
            )
        if self.outcome is not None:
            values["outcome"] = "done" if self.outcome == DONE else "refused"
        return values


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a page."""

    leaf: int
    at: int
    action: str
    actor: UUID | None
    actor_system: str | None
    address: bytes | None
    target_kind: str | None
    target: str | None
    subject: UUID | None
    ministry: str | None
    outcome: int
    error: str | None

    @property
    def refused(self) -> bool:
        """Whether the act was refused."""
        return self.outcome == REFUSED

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Found":
        """From `COLUMNS`, as PostgreSQL gives them."""
        values = list(row)
        values[5] = bytes(values[5]) if values[5] is not None else None
        return cls(*values)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends, `at-leaf` in an address: the next one begins behind it."""

    at: int
    leaf: int

    def __str__(self) -> str:
        return f"{self.at}-{self.leaf}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Raises BeepError `bad_request`."""
        match = re.fullmatch(r"(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,17})", text)
        if match is None:
            raise BeepError("bad_request", "This place is not one that the console has given.")
        return cls(int(match[1]), int(match[2]))


def parse(given: Mapping[str, Any]) -> Filters:
    """Filters from a form or from `Filters.plain`; unknown names are not looked at.

    Times are `begin`/`end` in milliseconds, or `from`/`to` as dates (UTC, both inclusive). Raises BeepError
    `bad_request` with `detail.field`.
    """

    def text(name: str) -> str:
        return str(given.get(name) or "").strip()

    begin, end = _ms(text("begin"), "begin"), _ms(text("end"), "end")
    if text("from"):
        begin = _day(text("from"), "from")
    if text("to"):
        end = _day(text("to"), "to") + 86_400_000
    if begin is not None and end is not None and begin >= end:
        raise _wrong("to", "The end lies before the beginning.")
    actions = given.get("actions") or ()
    chosen = [actions] if isinstance(actions, str) else list(actions)
    if not all(isinstance(action, str) and _known(action) for action in chosen):
        raise _wrong("actions", "There is no such event.")
    outcome = text("outcome")
    if outcome and outcome not in OUTCOMES:
        raise _wrong("outcome", "An outcome is done or refused.")
    return Filters(
        begin=begin,
        end=end,
        actions=tuple(sorted(set(chosen))),
        actor=_uuid(text("actor"), "actor"),
        system=_matching(text("system"), SYSTEM, "system"),
        subject=_uuid(text("subject"), "subject"),
        target=_matching(text("target"), TARGET, "target"),
        ministry=_matching(text("ministry"), MINISTRY, "ministry"),
        address=_matching(text("address"), ADDRESS, "address"),
        outcome=OUTCOMES[outcome] if outcome else None,
    )


def case_number(given: str, *, needed: bool) -> str | None:
    """A case number as typed; raises BeepError `bad_request` when malformed, or missing where needed."""
    typed = given.strip()
    if not typed and not needed:
        return None
    if not CASE.fullmatch(typed):
        raise _wrong("case", "A search on a named person needs a case number of 3 to 64 characters.")
    return typed


def page(filters: Filters, *, before: Place | None = None, limit: int = PAGE) -> list[Found]:
    """The newest rows that fit, from behind `before` on, newest first.

    Raises BeepError `busy` when the question takes too long: ask for less time.
    """
    where, parameters = _where(filters)
    if before is not None:
        where.append("(at, leaf) < (%s, %s)")
        parameters += [before.at, before.leaf]
    return _read(where, parameters, order="at DESC, leaf DESC", limit=limit)


def walk(filters: Filters, *, upto: int, batch: int = 2_000) -> Iterator[list[Found]]:
    """Every row that fits, with a leaf below `upto`, by leaf, in batches: constant memory."""
    last = -1
    while True:
        where, parameters = _where(filters)
        where += ["leaf > %s", "leaf < %s"]
        parameters += [last, upto]
        rows = _read(where, parameters, order="leaf ASC", limit=batch)
        if not rows:
            return
        yield rows
        last = rows[-1].leaf


def extent(filters: Filters, *, upto: int) -> tuple[int, int | None, int | None]:
    """How many rows fit with a leaf below `upto`, the lowest and the highest; raises BeepError `busy`."""
    where, parameters = _where(filters)
    condition = " AND ".join([*where, "leaf < %s"])
    with asking() as cursor:
        query = f"SELECT count(*), min(leaf), max(leaf) FROM audit_row WHERE {condition}"  # noqa: S608
        cursor.execute(query, [*parameters, upto])
        found: tuple[int, int | None, int | None] = cursor.fetchone()
        return found


def _read(where: list[str], parameters: list[Any], *, order: str, limit: int) -> list[Found]:
    condition = " AND ".join(where) or "true"
    query = f"SELECT {COLUMNS} FROM audit_row WHERE {condition} ORDER BY {order} LIMIT %s"  # noqa: S608
    with asking() as cursor:
        cursor.execute(query, [*parameters, limit])
        return [Found.of(row) for row in cursor.fetchall()]


def _where(filters: Filters) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    parameters: list[Any] = []

    def add(condition: str, *values: Any) -> None:
        where.append(condition)
        parameters.extend(values)

    if filters.begin is not None:
        add("at >= %s", filters.begin)
    if filters.end is not None:
        add("at < %s", filters.end)
    if filters.actions:
        add("action = ANY(%s)", _actions(filters.actions))
    if filters.actor:
        add("actor = %s", filters.actor)
    if filters.system:
        add("actor_system = %s", filters.system)
    if filters.subject:
        add("subject = %s", filters.subject)
    if filters.target:
        add("target = %s", filters.target)
        if not filters.names_a_person:
            # By their ids people are found with a case number: as subject, not as just any target.
            add("target_kind IS DISTINCT FROM 'person'")
    if filters.ministry:
        add("ministry = %s", filters.ministry)
    if filters.address:
        add("address IN (SELECT commitment FROM audit_opening WHERE value = %s)", filters.address)
    if filters.outcome is not None:
        # Written out, so that the partial index of refusals is seen to fit.
        add("outcome = 2" if filters.outcome == REFUSED else "outcome = 1")
    return where, parameters


def _actions(chosen: tuple[str, ...]) -> list[str]:
    whole = {action for action in chosen if not action.endswith(".")}
    return sorted(
        whole
        | {name for name in CATALOGUE for part in chosen if part.endswith(".") and name.startswith(part)}
    )


def _known(action: str) -> bool:
    return action in CATALOGUE or (
        action.endswith(".") and any(name.startswith(action) for name in CATALOGUE)
    )


def _wrong(field: str, message: str) -> BeepError:
    return BeepError("bad_request", message, detail={"field": field})


def _ms(text: str, field: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise _wrong(field, "A time is a number of milliseconds.")
    return int(text)


def _day(text: str, field: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _wrong(field, "A day is written like 2026-03-01.") from None
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000


def _uuid(text: str, field: str) -> UUID | None:
    if not text:
        return None
    try:
        parsed = UUID(text)
    except ValueError:
        raise _wrong(field, "This is not the id of anybody.") from None
    if str(parsed) != text:
        raise _wrong(field, "This is not the id of anybody.")
    return parsed


def _matching(text: str, pattern: re.Pattern[str], field: str) -> str | None:
    if not text:
        return None
    if not pattern.fullmatch(text):
        raise _wrong(field, "This has a form that nothing in the log has.")
    return text
