"""`manage.py trust_show`: what this deployment trusts, and until when."""

from typing import Any

from django.core.checks import run_checks
from django.core.management.base import BaseCommand, CommandError

from accounts import authority, checks, trust
from accounts.certificates import CertificateMalformedError
from accounts.management.keys import shown
from beep import clock


class Command(BaseCommand):
    """Reads the configuration alone, so that it works when the server refuses to start."""

    help = "Show the root, the authority's public key (to be certified) and every configured certificate."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        root, key = trust.root(), authority.public_key()
        self.stdout.write(f"root       {shown(root) if root else '(none)'}")
        self.stdout.write(f"authority  {shown(key) if key else '(none)'}")
        try:
            configured = trust.configured()
        except CertificateMalformedError as error:
            raise CommandError(f"BEEP_CERTIFICATES: {error}") from error
        for signed in configured:
            each = signed.certificate
            dates = f"{clock.from_ms(each.not_before):%Y-%m-%d} to {clock.from_ms(each.not_after):%Y-%m-%d}"
            self.stdout.write(f"{each.purpose.name.lower():10} {shown(each.key)}  {dates}  {each.name}")
        for message in run_checks(tags=[checks.TAG]):
            self.stdout.write(f"{'ERROR' if message.is_serious() else 'warning'}: {message.msg}")
