"""`manage.py monitor_keys --state FOLDER`: verifies the whole key log against a memory of its own."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.key_monitor import Tables, judge
from audit.policy import Policy, PolicyError
from audit.transparency.monitor import KeyLogWrongError, Monitor
from beep import clock


class Command(BaseCommand):
    """Exits with 2 and names the first wrong epoch when anything is wrong."""

    help = "Replay every change of the key log and verify all of it; the memory in FOLDER grows with it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--state", type=Path, required=True, help="folder of the monitor's own memory")
        parser.add_argument("--policy", type=Path, help="instead of BEEP_WITNESSES")
        parser.add_argument("--every", type=float, help="go on: once in so many seconds, until it is wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["policy"] or settings.WITNESSES
        if path is None:
            raise CommandError("give --policy, or set BEEP_WITNESSES; see docs/operations.md")
        try:
            policy = Policy.parse(Path(path).read_text(encoding="utf-8"))
            options["state"].mkdir(mode=0o700, parents=True, exist_ok=True)
        except (OSError, PolicyError) as error:
            raise CommandError(str(error)) from error
        try:
            monitor = Monitor(
                state=options["state"] / "keys.sqlite",
                policy=policy,
                origin=settings.KEYS_ORIGIN,
                check=judge,
            )
            try:
                while True:
                    report = monitor.run(Tables(), now=clock.now_ms())
                    self.stdout.write(
                        f"{report.checked} epochs verified, {report.size} in all; {report.people} people;"
                        f" cosigned {clock.from_ms(report.at):%Y-%m-%d %H:%M:%S} UTC"
                    )
                    if options["every"] is None:
                        return
                    time.sleep(options["every"])
            finally:
                monitor.close()
        except KeyLogWrongError as error:
            self.stderr.write(f"WRONG: {error}")
            sys.exit(2)
