"""`manage.py reset_sign --request ID --key FILE`: an officer signs a reset."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from accounts import reset_officers
from accounts.key_files import Kind
from accounts.management.commands.reset_list import lines
from accounts.management.keys import add_passphrase, opened
from audit.events import Actor
from beep.errors import BeepError

ACTOR = Actor(system="command reset_sign")


class Command(BaseCommand):
    """Each officer runs it with the own key file, after having seen the person."""

    help = "Show a request for a reset, ask, and sign it with an officer's key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--request", type=UUID, required=True)
        parser.add_argument("--key", type=Path, required=True, help="the officer's key file")
        add_passphrase(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            waiting = reset_officers.one(request=options["request"])
        except BeepError as error:
            raise CommandError("there is no such open request") from error
        self.stdout.write("\n".join(lines(waiting)))
        self.stdout.write("Everything that this person had is replaced by this one device.")
        if waiting.void:
            raise CommandError("this request is void")
        if input("Did you see this person, and is this their device? Type yes: ").strip() != "yes":
            raise CommandError("nothing was signed")
        key = opened(options["key"], kind=Kind.OFFICER, options=options)
        try:
            count = reset_officers.sign(request=waiting.id, key=key, expected=waiting.hash, actor=ACTOR)
        except BeepError as error:
            raise CommandError(f"{error.code}: {error.message}") from error
        self.stdout.write(f"Signed; {count} of 2.")
