"""`manage.py officer_key make --out FILE`: a reset officer's key, made on the officer's own machine."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import key_files
from accounts.key_files import KeyFileError, Kind
from accounts.management.keys import add_passphrase, passphrase, shown


class Command(BaseCommand):
    """The public half that it prints goes to the ceremony (`trust_certify --purpose officer`)."""

    help = "Make a reset officer's key in a file under a passphrase, or show its public half."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        make = actions.add_parser("make", help="make a key; prints its public half")
        make.add_argument("--out", type=Path, required=True, help="the new file, mode 0600")
        add_passphrase(make)
        show = actions.add_parser("show", help="print the public half of a file")
        show.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["action"] == "make":
                chosen = passphrase(options, twice=True)
                public = key_files.make(options["out"], kind=Kind.OFFICER, passphrase=chosen)
            else:
                public = key_files.public_key(options["file"], kind=Kind.OFFICER)
        except (KeyFileError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(shown(public))
