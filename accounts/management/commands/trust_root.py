"""`manage.py trust_root make --out FILE`: the offline root's key, made on the machine where it stays."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import key_files
from accounts.key_files import KeyFileError, Kind
from accounts.management.keys import add_passphrase, passphrase, shown


class Command(BaseCommand):
    """Run it with BEEP_TOOLING=1 on a machine without a network; the ceremony is in docs/operations.md."""

    help = "Make the offline root's key in a file under a passphrase, or show its public half."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        make = actions.add_parser("make", help="make a root; prints its public half, for BEEP_ROOT_KEY")
        make.add_argument("--out", type=Path, required=True, help="the new file, mode 0600")
        add_passphrase(make)
        show = actions.add_parser("show", help="print the public half of a file")
        show.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["action"] == "make":
                chosen = passphrase(options, twice=True)
                public = key_files.make(options["out"], kind=Kind.ROOT, passphrase=chosen)
            else:
                public = key_files.public_key(options["file"], kind=Kind.ROOT)
        except (KeyFileError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(shown(public))
