"""`manage.py erase_openings --text TEXT --reason … --basis …`: entries forget a name, login or address."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import openings
from audit.events import Actor


class Command(BaseCommand):
    """Erases every opening of one text; each erasure is an entry itself, which does not repeat the text."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--text", required=True)
        parser.add_argument("--reason", required=True)
        parser.add_argument("--basis", required=True, help="what demands it, for example an article of law")

    def handle(self, *_: Any, text: str, reason: str, basis: str, **__: Any) -> None:
        if text in reason or text in basis:
            raise CommandError("the reason and the basis stand in the log: they must not repeat the text")
        actor = Actor(system="erase_openings")
        try:
            erased = sum(
                openings.erase(each, actor=actor, reason=reason, basis=basis)
                for each in openings.of_text(text)
            )
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{erased} erased")
