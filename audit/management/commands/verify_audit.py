"""`manage.py verify_audit`: verify the log in the database, against its rows, its acts and the witnesses."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from audit.checking import Checker
from audit.database import connect
from audit.management.policy import configured_policy
from audit.verify.alarms import ALARMS


class Command(BaseCommand):
    """Prints each alarm with the first bad entry; status 1 when there is one."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="no progress")

    def handle(self, *_: Any, quiet: bool, **__: Any) -> None:
        shown = not quiet and sys.stderr.isatty()
        with connect("auditor") as connection:
            checker = Checker(connection, configured_policy(), settings.LOG_ORIGIN)
            found = 0
            for alarm in checker.run(self._show if shown else lambda done, all_: None):
                found += 1
                self.stderr.write(f"{ALARMS[alarm.name]}\nREFUSED {alarm}")
        if found:
            sys.exit(1)
        self.stdout.write(f"GOOD {checker.size} entries of {settings.LOG_ORIGIN}")

    def _show(self, done: int, total: int) -> None:
        if done % 1000 == 0 or done == total:
            self.stderr.write(f"\r{done}/{total}", ending="")
