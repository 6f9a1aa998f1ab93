"""`manage.py integrate`: the process that folds the intake into the log and has it witnessed."""

import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.database import connect
from audit.integrating import Service
from audit.management.policy import policy_for
from audit.note import Signer
from audit.projection import project
from audit.witnessing import ForkError
from beep import operations


class Command(BaseCommand):
    """Runs until it is stopped; then status 3 when a witness knows another history of the log."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--unwitnessed",
            action="store_true",
            help="sign without asking witnesses: nobody can then show that the log was not rewritten",
        )

    def handle(self, *_: Any, unwitnessed: bool, **__: Any) -> None:
        if settings.LOG_KEY is None:
            raise CommandError("BEEP_LOG_KEY is not set; see docs/operations.md")
        signer = Signer(settings.LOG_ORIGIN, settings.LOG_KEY)
        service = Service(
            connect=lambda: connect("integrator"),
            signer=signer,
            policy=None if unwitnessed else policy_for(signer),
            project=project,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: service.stop())
        operations.start()
        try:
            service.run()
        except ForkError as error:
            # Not ended: whatever starts it again would only ask the same question again and again.
            self.stderr.write(f"{error}. Nothing is signed any more; see docs/operations.md.")
            service.linger()
            sys.exit(3)
