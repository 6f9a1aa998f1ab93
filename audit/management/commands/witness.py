"""`manage.py witness`: the same as `python -m audit.witness`, which needs no Django and starts faster."""

from argparse import Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.note import NoteError
from audit.policy import PolicyError
from audit.witness import __main__ as witness
from audit.witness.state import StateError


class Command(BaseCommand):
    """Makes a witness, or runs one."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        witness.add_arguments(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            witness.run(Namespace(**options))
        except (StateError, PolicyError, NoteError, OSError) as error:
            raise CommandError(str(error)) from None
