"""`manage.py export_audit --from DATE --to DATE --out DIR`: an export that `beep-verify` checks offline."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from audit import export, intake
from audit.database import connect
from audit.events import Actor, AuditExported
from audit.management.policy import configured_policy
from beep import clock


class Command(BaseCommand):
    """Exports what happened from the beginning of one day up to the end of another (UTC)."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="begin", type=_moment, required=True, metavar="YYYY-MM-DD[THH:MM]")
        parser.add_argument("--to", dest="end", type=_moment, required=True, metavar="YYYY-MM-DD[THH:MM]")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")
        parser.add_argument("--reason", default="", help="stands in the log with the export itself")

    def handle(self, *_: Any, begin: datetime, end: datetime, out: Path, reason: str, **__: Any) -> None:
        if end.hour == end.minute == 0:
            end = end.replace(hour=23, minute=59, second=59, microsecond=999_000)
        from_ms, to_ms = clock.to_ms(begin), clock.to_ms(end) + 1
        # What is taken out is said before the first byte is written.
        with transaction.atomic():
            intake.record(
                AuditExported(
                    actor=Actor(system="export_audit"),
                    basis=reason or None,
                    filters={"begin": from_ms, "end": to_ms},
                    form="log",
                )
            )
        with connect("auditor") as connection:
            try:
                done = export.write(
                    connection,
                    out,
                    policy=configured_policy(),
                    origin=settings.LOG_ORIGIN,
                    begin=from_ms,
                    end=to_ms,
                    progress=self._show,
                )
            except export.ExportError as error:
                raise CommandError(str(error)) from None
        self.stdout.write(
            f"{done.last - done.first + 1} entries of {done.size} in {out}; check with: beep-verify {out}"
        )

    def _show(self, done: int, total: int) -> None:
        if sys.stderr.isatty():
            filled = 40 * done // max(1, total)
            self.stderr.write(f"\r[{'#' * filled:<40}] {done}/{total}", ending="")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise CommandError(f"{text} is no date") from None
