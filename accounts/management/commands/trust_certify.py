"""`manage.py trust_certify`: the offline root signs a certificate."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.certificates import (
    Certificate,
    CertificateMalformedError,
    Purpose,
    SignedCertificate,
    sign_certificate,
)
from accounts.key_files import Kind
from accounts.management.keys import add_passphrase, opened, read_key, shown
from beep import clock

LONGEST = 3660
"""Days: ten years."""
CLOCKS_APART = timedelta(minutes=10)
"""So much earlier it begins, for whoever's clock is behind."""


class Command(BaseCommand):
    """Run it with BEEP_TOOLING=1 on the root's machine, by a witnessed ceremony."""

    help = "Sign a certificate with the offline root; prints it, for BEEP_CERTIFICATES."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--root", type=Path, required=True, help="the root's key file")
        parser.add_argument("--key", required=True, help="the public key to certify, base64")
        parser.add_argument("--purpose", choices=[purpose.name.lower() for purpose in Purpose], required=True)
        parser.add_argument("--name", required=True, help="whose key it is, as clients show it")
        parser.add_argument("--days", type=int, required=True, help=f"how long it holds, 1 to {LONGEST}")
        add_passphrase(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= LONGEST:
            raise CommandError(f"--days must be from 1 to {LONGEST}")
        key = read_key(options["key"])
        root = opened(options["root"], kind=Kind.ROOT, options=options)
        now = clock.now()
        unsigned = Certificate(
            root=bytes(root.verify_key),
            key=key,
            purpose=Purpose[options["purpose"].upper()],
            name=options["name"],
            not_before=clock.to_ms(now - CLOCKS_APART),
            not_after=clock.to_ms(now + timedelta(days=options["days"])),
        )
        body = sign_certificate(certificate=unsigned, root=root).encode()
        try:
            SignedCertificate.parse(body)
        except CertificateMalformedError as error:
            raise CommandError(f"no client would take this certificate: {error}") from error
        self.stderr.write(
            f"{options['purpose']} {options['name']!r} until {clock.from_ms(unsigned.not_after):%Y-%m-%d}"
        )
        self.stdout.write(shown(body))
