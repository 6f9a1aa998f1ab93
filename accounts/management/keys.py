"""What the commands that use key files share: asking for passphrases, printing keys and certificates."""

import base64
import binascii
from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from nacl.signing import SigningKey

from accounts import key_files
from accounts.key_files import KeyFileError, Kind, open_

KEY_BYTES = 32


def add_passphrase(parser: ArgumentParser) -> None:
    """The option that answers the question for a passphrase, for machines that nobody sits at."""
    parser.add_argument(
        "--passphrase-file", type=Path, help="read the passphrase from this file's first line, do not ask"
    )


def passphrase(options: dict[str, Any], *, twice: bool) -> str:
    """The passphrase, asked for where no file has it; `twice` for a new one. Raises CommandError."""
    if options["passphrase_file"]:
        try:
            lines = options["passphrase_file"].read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from error
        if not lines:
            raise CommandError("the passphrase file is empty")
        return str(lines[0])
    typed = getpass("Passphrase: ")
    if twice and getpass("Again: ") != typed:
        raise CommandError("the two are not the same")
    return typed


def opened(path: Path, *, kind: Kind, options: dict[str, Any]) -> SigningKey:
    """The private key of a file; raises CommandError."""
    try:
        return open_(path, kind=kind, passphrase=passphrase(options, twice=False))
    except (KeyFileError, OSError) as error:
        raise CommandError(str(error)) from error


def read_key(text: str) -> bytes:
    """A public key as these commands print it; raises CommandError."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise CommandError("a public key is 32 bytes in base64")
    return key


def shown(data: bytes) -> str:
    """A key or certificate as text."""
    return base64.b64encode(data).decode()


class KeyCommand(BaseCommand):
    """`make --out FILE` and `show FILE` for keys of one kind; prints the public half."""

    kind: ClassVar[Kind]
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The two actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        make = actions.add_parser("make", help="make a key; prints its public half")
        make.add_argument("--out", type=Path, required=True, help="the new file, mode 0600")
        add_passphrase(make)
        show = actions.add_parser("show", help="print the public half of a file")
        show.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of them; raises CommandError."""
        try:
            if options["action"] == "make":
                chosen = passphrase(options, twice=True)
                public = key_files.make(options["out"], kind=self.kind, passphrase=chosen)
            else:
                public = key_files.public_key(options["file"], kind=self.kind)
        except (KeyFileError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(shown(public))
