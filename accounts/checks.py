"""What must be right with the offline root's certificates before a process serves anybody.

Django's system checks (tag `trust`): `manage.py check` and the worker run them, and `beep.asgi` refuses to
start with an error. The commands of the ceremony itself do without them.
"""

from collections.abc import Sequence
from typing import Any, Final

import structlog
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from accounts import authority, trust
from accounts.certificates import (
    CertificateMalformedError,
    CertificateRefusedError,
    Purpose,
    verify_certificate,
)
from beep import clock

log = structlog.get_logger(__name__)

TAG: Final = "trust"
OFFICERS: Final = 2
"""A reset needs so many."""


@checks.register(TAG)
def certificates(app_configs: Any, **_: Any) -> Sequence[checks.CheckMessage]:
    """The configured root, authority key and certificates fit together."""
    try:
        configured = trust.configured()
    except CertificateMalformedError as error:
        return [checks.Error(f"BEEP_CERTIFICATES holds something else: {error}", id="accounts.E001")]
    if (configured or settings.AUTHORITY_KEY) and trust.root() is None:
        return [
            checks.Error(
                "BEEP_ROOT_KEY is not set; see the ceremony in docs/operations.md", id="accounts.E002"
            )
        ]
    found: list[checks.CheckMessage] = []
    for signed in configured:
        certificate = signed.certificate
        try:
            # Whenever it is valid: whether that is now is another question.
            verify_certificate(
                signed, root=trust.root(), purpose=certificate.purpose, at=certificate.not_before
            )
        except CertificateRefusedError as error:
            found.append(
                checks.Error(f"The root did not sign {certificate.name!r}: {error.rule}", id="accounts.E003")
            )
    if settings.AUTHORITY_KEY and not authority.is_configured():
        found.append(
            checks.Error("BEEP_AUTHORITY_KEY has no certificate of purpose authority now", id="accounts.E004")
        )
    found += [
        checks.Warning(
            f"The certificate {each.name!r} ends at {clock.from_ms(each.not_after):%Y-%m-%d}; certify anew",
            id="accounts.W001",
        )
        for each in trust.ending()
    ]
    officers = {each.certificate.key for each in configured if each.certificate.purpose is Purpose.OFFICER}
    if configured and len(officers) < OFFICERS:
        found.append(checks.Warning("Fewer than two reset officers: nobody can be reset", id="accounts.W002"))
    return found


def enforce() -> None:
    """Log each warning; raises ImproperlyConfigured with the first error."""
    for message in checks.run_checks(tags=[TAG]):
        if message.is_serious():
            raise ImproperlyConfigured(f"{message.id}: {message.msg}")
        log.warning("trust", id=message.id, message=message.msg)
