"""What an auditor should look at without being asked: rules over single events, and over an hour's count.

A rule names the actions it watches and why; an alert is a row of the log that a rule fits. Alerts are derived
anew at each look, so none can be lost or suppressed; only the note that one was reviewed is stored, and the
review is an event itself.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from audit import events, intake
from audit.asking import asking
from audit.canonical import MAX_INTEGER
from audit.events import Actor, Personal
from audit.models import AlertReview
from audit.projection import HOUR, REFUSED
from audit.search import COLUMNS, Found
from beep import clock
from beep.errors import BeepError

SHOWN: Final = 200
OFFICE_HOURS: Final = range(7, 19)
"""Local hours in which a console is normally opened."""
MAX_NOTE: Final = 500
EXPORTED: Final = "audit.exported"
MANY: Final = 5
"""Exports by one auditor within an hour that are an alert, however small each is."""
EXPORTS: Final = 2_000
"""The newest exports, among which those are found that a rule fits."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of alert."""

    name: str
    title: str
    actions: tuple[str, ...]
    refused_only: bool = False


RULES: Final = (
    Rule("reset", "An identity was reset", ("reset.requested", "reset.finished")),
    Rule("duty", "A duty was granted or ended", ("role.granted", "role.ended")),
    Rule(
        "self_approval",
        "A duty was refused by the rules",
        ("role.granted",),
        refused_only=True,
    ),
    Rule("server", "The server was switched to or from re-uploads", ("server.restore_mode",)),
    Rule("erased", "The clear text of an entry was erased", ("opening.erased",)),
    Rule("export", "Many entries were exported", (EXPORTED,)),
    Rule("exports", "One auditor exported again and again within an hour", (EXPORTED,)),
    Rule("policy", "The policy of witnesses is another", ("log.policy_changed",)),
    Rule("witness", "A witness fell silent, or came back", ("log.witness_silent",)),
    Rule("refused", "Somebody was refused the console", ("console.sign_in",), refused_only=True),
    Rule("off_hours", "The console was opened outside office hours", ("console.sign_in",)),
)
BY_NAME: Final = {rule.name: rule for rule in RULES}


@dataclass(frozen=True, slots=True)
class Alert:
    """A row that a rule fits; `review` is what an auditor wrote about it."""

    rule: Rule
    row: Found
    review: AlertReview | None


def current(*, days: int = 30, offset: timedelta = timedelta(hours=5)) -> list[Alert]:
    """The alerts of the last days, newest first, those without a review before the others.

    `offset` is the office's time zone from UTC. At most 200 of each rule: who can make many events of one
    kind, as anybody can fail to sign in, pushes no other kind out of sight.
    """
    begin = clock.now_ms() - days * 24 * HOUR
    exports = _rows(BY_NAME["export"], begin, limit=EXPORTS)
    bulk = {"export": _bulk(exports), "exports": _repeated(exports)}
    rows = {row.leaf: row for rule in RULES if rule.name not in bulk for row in _rows(rule, begin)}
    for fits in bulk.values():
        rows |= {row.leaf: row for row in [each for each in exports if each.leaf in fits][:SHOWN]}
    newest = sorted(rows.values(), key=lambda row: (row.at, row.leaf), reverse=True)
    fitting = [(rule, row) for row in newest if (rule := _rule_of(row, offset, bulk)) is not None]
    reviews = AlertReview.objects.in_bulk([row.leaf for _, row in fitting])
    alerts = [Alert(rule, row, reviews.get(row.leaf)) for rule, row in fitting]
    return sorted(alerts, key=lambda alert: alert.review is not None)


@transaction.atomic
def review(*, leaf: int, note: str, actor: Actor) -> None:
    """Note that an alert was looked at; the newest note stands, every one is in the log.

    Raises BeepError `bad_request` for an empty or overlong note, `not_found` for a leaf that is no alert.
    """
    text = note.strip()
    if actor.person is None or not 0 < len(text) <= MAX_NOTE or not text.isprintable():
        raise BeepError("bad_request", "A note has 1 to 500 characters.", detail={"field": "note"})
    with asking() as cursor:
        cursor.execute("SELECT action FROM audit_row WHERE leaf = %s", [min(leaf, MAX_INTEGER)])
        found = cursor.fetchone()
    if found is None or not any(found[0] in rule.actions for rule in RULES):
        raise BeepError("not_found")
    AlertReview.objects.update_or_create(
        leaf=leaf, defaults={"person": actor.person, "note": text, "at": clock.now()}
    )
    intake.record(events.AlertReviewed(actor=actor, leaf=leaf, note=Personal(text)))


def _rows(rule: Rule, begin: int, *, limit: int | None = None) -> list[Found]:
    """The newest events that the rule may fit."""
    limit = SHOWN if limit is None else limit
    # Only the columns' names, a constant, are put into the text.
    query = (
        f"SELECT {COLUMNS} FROM audit_row WHERE action = ANY(%s) AND at >= %s "  # noqa: S608
        "AND (outcome = %s OR NOT %s) ORDER BY at DESC, leaf DESC LIMIT %s"
    )
    with asking("The alerts take too long to find; try again.") as cursor:
        cursor.execute(query, [list(rule.actions), begin, REFUSED, rule.refused_only, limit])
        return [Found.of(row) for row in cursor.fetchall()]


def _bulk(exports: Sequence[Found]) -> set[int]:
    """Exports of `BEEP_BULK_EXPORT` entries or more; what an operator exports is the log itself, so each."""
    with asking("The alerts take too long to find; try again.") as cursor:
        wanted = [row.leaf for row in exports]
        cursor.execute("SELECT leaf_index, body FROM audit_leaf WHERE leaf_index = ANY(%s)", [wanted])
        bodies = {leaf: bytes(body) for leaf, body in cursor.fetchall()}
    return {leaf for leaf, body in bodies.items() if _is_bulk(body)}


def _is_bulk(body: bytes) -> bool:
    try:
        said = json.loads(body.removeprefix(intake.PREFIX))["parameters"]
        return bool(said["form"] == "log" or said["rows"] >= settings.BULK_EXPORT)
    except (ValueError, KeyError, TypeError, RecursionError):
        return True  # What cannot be read is looked at.


def _repeated(exports: Sequence[Found]) -> set[int]:
    """Each export by which somebody has reached `MANY` within an hour; then counting begins anew."""
    recent: dict[UUID | None, list[int]] = defaultdict(list)
    fits = set()
    for row in sorted(exports, key=lambda row: (row.at, row.leaf)):
        times = recent[row.actor]
        times[:] = [at for at in times if row.at - at < HOUR] + [row.at]
        if len(times) >= MANY:
            fits.add(row.leaf)
            times.clear()
    return fits


def _rule_of(row: Found, offset: timedelta, bulk: Mapping[str, set[int]]) -> Rule | None:
    """The most telling rule that fits: refusals before what they refuse."""
    for rule in sorted(RULES, key=lambda rule: not rule.refused_only):
        if row.action not in rule.actions or (rule.refused_only and row.outcome != REFUSED):
            continue
        if rule.name in bulk and row.leaf not in bulk[rule.name]:
            continue
        if rule.name == "off_hours" and _in_office(row.at, offset):
            continue
        return rule
    return None


def _in_office(at: int, offset: timedelta) -> bool:
    local = at + offset // timedelta(milliseconds=1)
    day, hour = (local // (24 * HOUR) + 4) % 7, local // HOUR % 24
    # 1970-01-01 was a Thursday; day 0 is Sunday. Saturday and Sunday are free.
    return day not in (0, 6) and hour in OFFICE_HOURS
