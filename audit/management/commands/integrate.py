"""`manage.py integrate`: the process that folds the intake into the log and has it witnessed."""

import signal
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.database import connect
from audit.integrating import Service
from audit.note import Signer
from audit.policy import Policy, PolicyError
from audit.projection import project
from audit.witnessing import ForkError
from beep import operations


class Command(BaseCommand):
    """Runs until it is stopped; status 3 when a witness knows another history of the log."""

    help = __doc__ or ""

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
            self.stderr.write(f"{error}. Nothing is signed any more; see docs/operations.md.")
            sys.exit(3)


def policy_for(signer: Signer) -> Policy:
    """The policy that BEEP_WITNESSES names. Raises CommandError unless it is strong and names this log."""
    if settings.WITNESSES is None:
        raise CommandError("BEEP_WITNESSES is not set; see docs/operations.md")
    try:
        policy = Policy.parse(Path(settings.WITNESSES).read_text(encoding="utf-8"))
        policy.require_strong()
        known = policy.log(signer.verifier.name).verifier
    except (OSError, PolicyError, UnicodeDecodeError) as error:
        raise CommandError(f"BEEP_WITNESSES: {error}") from None
    if known != signer.verifier:
        raise CommandError(f"BEEP_WITNESSES names another key for {known.name} than BEEP_LOG_KEY")
    return policy
