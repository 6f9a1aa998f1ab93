"""`manage.py reset_drop --request ID`: a reset that must not happen."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from accounts import reset_officers
from audit.events import Actor
from beep.errors import BeepError

ACTOR = Actor(system="command reset_drop")


class Command(BaseCommand):
    """Erases the credentials that came with the request; a new one needs a new letter."""

    help = "Drop an open request for a reset."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--request", type=UUID, required=True)
        parser.add_argument("--reason", required=True, help="for the audit log, without names")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reset_officers.drop(request=options["request"], reason=options["reason"], actor=ACTOR)
        except BeepError as error:
            raise CommandError("there is no such open request") from error
        self.stdout.write("Dropped.")
