"""`manage.py reset_file export | sign | add`: an officer signs a reset far from network and database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from accounts import reset_files, reset_officers
from accounts.key_files import Kind
from accounts.management.keys import add_passphrase, opened
from accounts.reset_files import RequestFile, ResetFileError, SignatureFile
from audit.events import Actor
from beep.errors import BeepError

ACTOR = Actor(system="command reset_file")


class Command(BaseCommand):
    """`export` and `add` run beside the database; `sign`, with BEEP_TOOLING=1, on the officer's machine."""

    help = "Take a request for a reset to an officer's machine, sign it there, and bring the signature back."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The three actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="write an open request to a new file, for an officer")
        export.add_argument("--request", type=UUID, required=True)
        export.add_argument("--out", type=Path, required=True, help="the new file, mode 0600")
        sign = actions.add_parser("sign", help="show a request's file, ask, and sign it; needs no database")
        sign.add_argument("file", type=Path, help="what export has written")
        sign.add_argument("--key", type=Path, required=True, help="the officer's key file")
        sign.add_argument(
            "--out", type=Path, required=True, help="the new file, which may be shown to anybody"
        )
        add_passphrase(sign)
        add = actions.add_parser("add", help="add an officer's signature to its request")
        add.add_argument("file", type=Path, help="what sign has written")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of them; raises CommandError."""
        act = {"export": self._export, "sign": self._sign, "add": self._add}[options["action"]]
        try:
            act(options)
        except BeepError as error:
            raise CommandError(f"{error.code}: {error.message}") from error
        except (ResetFileError, OSError) as error:
            raise CommandError(str(error)) from error

    def _export(self, options: dict[str, Any]) -> None:
        request = reset_officers.exported(request=options["request"])
        _write(options["out"], request.encode())
        self.stdout.write("\n".join(request.lines()))

    def _sign(self, options: dict[str, Any]) -> None:
        request = RequestFile.parse(reset_files.read(options["file"]))
        self.stdout.write("\n".join(request.lines()))
        self.stdout.write("Everything that this person had is replaced by this one device.")
        if input("Did you see this person, and is this their device? Type yes: ").strip() != "yes":
            raise CommandError("nothing was signed")
        key = opened(options["key"], kind=Kind.OFFICER, options=options)
        _write(options["out"], reset_files.sign(request, key=key).encode())
        self.stdout.write(f"Signed: {options['out']}")

    def _add(self, options: dict[str, Any]) -> None:
        signed = SignatureFile.parse(reset_files.read(options["file"]))
        count = reset_officers.bring_in(signed=signed, actor=ACTOR)
        self.stdout.write(f"Added; {count} of 2.")


def _write(path: Path, data: bytes) -> None:
    """A new file that only its owner reads; never over another one. Raises FileExistsError, OSError."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(data)
